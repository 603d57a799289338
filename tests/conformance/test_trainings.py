"""Whole trainings as a chapter of the suite: right on every backend, and caught where something in them is wrong."""

import shlex
from itertools import islice
from typing import Any

import pytest

from rcmlrs_conformance import check_backend
from rcmlrs_conformance.chapters.trainings import LARGE_STEPS, NAME
from rcmlrs_conformance.examine import BITS, RAISES
from rcmlrs_conformance.judge.definition import DEFINITION
from rcmlrs_conformance.trainings import EVERY, LARGE, LIBRARY, SMALL, TRAININGS, Tensors, states, stored
from rcmlrs_core import losses, nn, optim
from rcmlrs_core.io.state import state_digest
from rcmlrs_core.registry import OWN, Backend, backends, get_backend, use_backend

HEALTHY = [status.name for status in backends() if status.state == "healthy"]


def digests(backend: str | Backend, name: str, steps: int, size: Any = LARGE, seed: int = stored.SEED) -> list[str]:
    with use_backend(backend):
        return [state_digest(state) for state in states(TRAININGS[name], size, steps, seed)]


def spoilt(**replaced: Any) -> Backend:
    """The Python backend with other kernels, or other fused ones."""
    right = get_backend("python")
    kernels = {name: replaced.pop(name, kernel) for name, kernel in right.kernels.items()}
    return Backend("spoilt", right.storage, kernels, dict.fromkeys(kernels, OWN), "spoilt", replaced)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_backend_is_right(name: str) -> None:
    report = check_backend(name, ops=[NAME], level="standard")
    assert report.ok
    assert list(report.of(NAME).families) == list(TRAININGS)
    assert all(family.cases == 2 for family in report.of(NAME).families.values())


@pytest.mark.parametrize("name", TRAININGS)
def test_what_is_stored_is_what_the_definitions_give(name: str) -> None:
    assert stored.right_digests(name)[:1] == digests(DEFINITION, name, 1)


@pytest.mark.parametrize("name", TRAININGS)
def test_what_is_stored_is_what_the_python_backend_gives(name: str) -> None:
    assert stored.right_digests(name) == digests("python", name, stored.STEPS)
    assert len(set(stored.right_digests(name))) == stored.STEPS >= max(LARGE_STEPS.values())


@pytest.mark.parametrize("name", TRAININGS)
def test_a_step_changes_every_tensor_that_is_trained(name: str) -> None:
    with use_backend("python"):
        first, second = islice(TRAININGS[name].steps(SMALL), 2)

    def same(a: Tensors, b: Tensors) -> list[str]:
        return [key for key in a if a[key].tobytes() == b[key].tobytes()]

    assert list(first) == list(second)
    assert any(key.startswith("optimizer.0.") for key in first)
    assert same(first, second) == []


def test_a_seed_is_all_there_is_to_say() -> None:
    assert digests("python", "transformer", 2, SMALL, 5) == digests("python", "transformer", 2, SMALL, 5)
    assert digests("python", "transformer", 2, SMALL, 5) != digests("python", "transformer", 2, SMALL, 6)


def test_the_draws_of_others_are_left_alone() -> None:
    from rcmlrs_core.random import default_generator

    before = default_generator().stream
    digests("python", "transformer", 1, SMALL)
    assert default_generator().stream == before


def test_a_wrong_operation_is_caught_with_the_tensor_and_the_step_and_how_to_find_it(shell: Any) -> None:
    report = check_backend("rcmlrs_saboteur:gelu_in_pieces", ops=[NAME])
    (failure,) = report.failures
    assert failure.kind == BITS
    assert failure.sentence.startswith("2.weight of mlp, small, step 1: ")
    found_by = "    rcmlrs bisect rcmlrs_saboteur:gelu_in_pieces definition --training mlp --steps 1"
    assert failure.inputs[-1] == found_by
    assert {name for name, family in report.of(NAME).families.items() if not family.ok} == {"mlp", "transformer"}
    again = shell(*shlex.split(failure.command))
    assert again.status == 1
    assert failure.sentence in again.text
    assert failure.want in again.text


def test_a_large_training_is_judged_by_its_digest_and_told_by_its_bits() -> None:
    report = check_backend("rcmlrs_saboteur:gelu_in_pieces", level="standard", cases=["trainings/mlp/1"])
    (failure,) = report.failures
    assert " of mlp, large, step " in failure.sentence
    assert failure.want
    assert failure.inputs[-1].strip().startswith("rcmlrs bisect rcmlrs_saboteur:gelu_in_pieces python --training mlp")


def test_a_wrong_fused_kernel_is_caught() -> None:
    def nearly(p: Any, g: Any, m: Any, v: Any, **numbers: Any) -> tuple[Any, ...]:
        return p, m, v

    report = check_backend(spoilt(adam_update=nearly), ops=[NAME])
    assert {name for name, family in report.of(NAME).families.items() if not family.ok} == {
        "mlp",
        "lstm",
        "transformer",
    }


def test_an_operation_that_raises_is_told() -> None:
    def broken(*operands: Any, **attributes: Any) -> Any:
        raise OSError("out of paper")

    report = check_backend(spoilt(conv=broken), ops=[NAME])
    (failure,) = report.failures
    assert (failure.kind, failure.family) == (RAISES, "cnn")
    assert "OSError: out of paper" in failure.sentence


def test_against_another_backend() -> None:
    assert check_backend("numpy", ops=[NAME], level="standard", against="python").ok
    report = check_backend("numpy", ops=[NAME], families=["mlp"], against="rcmlrs_saboteur:gelu_in_pieces")
    assert not report.ok
    assert "rcmlrs bisect numpy rcmlrs_saboteur:gelu_in_pieces" in report.failures[0].inputs[-1]


def test_nothing_but_a_wrong_digest_is_said_where_nothing_has_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stored._stored()["trainings"], "rnn", ["0" * 64] * stored.STEPS)
    report = check_backend("python", level="standard", cases=["trainings/rnn/1"])
    (failure,) = report.failures
    assert f"wanted {'0' * 64}" in failure.sentence


NO_LAYERS = {"KeyValueCache", "Layer", "Module", "Parameter", "Swish", "causal_mask", "init"}
"""What ``nn`` has beside layers; Swish is SiLU by another name."""


def test_everything_in_the_library_has_a_training() -> None:
    assert set(LIBRARY["layers"]) == set(nn.__all__) - NO_LAYERS
    assert set(LIBRARY["losses"]) >= {name for name in losses.__all__ if not name.endswith("_derivative")}
    made = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    rates = {name for name in made if issubclass(getattr(optim, name), optim.Schedule)}
    assert set(LIBRARY["schedules"]) == rates - {"Schedule"}
    assert made - rates - {"Optimizer"} <= set(LIBRARY["optimizers"])


@pytest.mark.parametrize("kind", LIBRARY)
def test_the_library_is_right_on_every_backend(kind: str) -> None:
    for name in HEALTHY:
        report = check_backend(name, ops=[kind], level="standard")
        assert report.ok, name
        assert len(report.of(kind).families) == len(LIBRARY[kind])


@pytest.mark.parametrize("name", [name for kind in LIBRARY.values() for name in (t.name for t in kind.values())])
def test_a_training_of_the_library_changes_what_it_trains(name: str) -> None:
    with use_backend("python"):
        first, second = islice(EVERY[name].steps(SMALL), 2)
    assert any(first[key].tobytes() != second[key].tobytes() for key in first)


def test_a_layer_that_is_wrong_on_one_backend_is_found() -> None:
    """Here tanh, by the kernel of sin: in the layer of that name, and wherever one is inside."""
    wrong = spoilt(tanh=get_backend("python").kernels["sin"])
    report = check_backend(wrong, ops=["layers"], level="standard")
    found = {name for name, family in report.of("layers").families.items() if not family.ok}
    assert found == {"AllSteps", "GRU", "GRUCell", "LSTM", "LSTMCell", "LastStep", "RNNCell", "Sequential", "Tanh"}
