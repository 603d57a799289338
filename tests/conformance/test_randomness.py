"""The chapters of draws and of fused kernels: what they know is right, and each of their families can fail."""

import time
from typing import Any

import pytest

from rcmlrs_conformance import check_backend
from rcmlrs_conformance.chapters import fused, randomness
from rcmlrs_conformance.judge import known_draws
from rcmlrs_core import random
from rcmlrs_core.errors import BackendError
from rcmlrs_core.fused import FUSED
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.random import DRAWS
from rcmlrs_core.registry import Backend, KernelTable, get_backend
from tests.installed import BACKENDS


def python_with(kernels: dict[str, Any]) -> Backend:
    """The Python backend with these kernels for compositions."""
    right = get_backend("python")
    return Backend("mine", right.storage, dict(right.kernels), dict(right.origins), "mine", kernels)


def test_the_known_digests_are_those_of_mpmath() -> None:
    assert known_draws.digests() == known_draws.DIGESTS
    assert {name for name, _ in known_draws.DIGESTS} == set(randomness.KNOWN)


def test_the_stored_places_are_what_they_are_said_to_be() -> None:
    for top, (seed, stream) in fused.ON_THE_EDGE.items():
        assert random.draw_words(1, seed, stream)[0] >> 8 == top
    words = random.draw_words(500, *fused.EQUAL_FIRST_WORDS, words=2)
    assert words[2 * 135] == words[2 * 463] == 0xBACD8AE6
    assert words[2 * 135 + 1] > words[2 * 463 + 1]


def test_every_composition_is_a_subject_and_says_whose_kernel_it_is() -> None:
    def kernel(**attributes: Any) -> tuple[PlainArray]:
        return (DRAWS["random_uniform"](**attributes),)

    report = check_backend(python_with({"random_uniform": kernel}), ops=list(FUSED))
    assert report.ok, report.summary
    found = {subject.name: subject.kernel for subject in report.subjects}
    assert found == dict.fromkeys(FUSED, "composition") | {"random_uniform": "own"}


@pytest.mark.skipif("native" not in BACKENDS or "numpy" not in BACKENDS, reason="needs native and NumPy")
def test_native_draws_by_numpy_and_says_so() -> None:
    report = check_backend("native", ops=list(FUSED), families=["edges"])
    want = dict.fromkeys(("adam_update", "sgd_update"), "own") | dict.fromkeys(DRAWS, "derived")
    assert {subject.name: subject.kernel for subject in report.subjects} == want
    assert report.ok


@pytest.mark.skipif("native" not in BACKENDS, reason="needs native")
def test_native_draws_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    from rcmlrs_backend_native import _native, plugin

    def missing(name: str) -> Backend:
        raise BackendError(f"no {name}")

    monkeypatch.setattr("rcmlrs_backend_native.get_backend", missing)
    table = KernelTable("native", KERNELS)
    plugin.rcmlrs_register(table)
    assert set(table.fused) == set(_native.FUSED)
    assert table.fused_derived == set()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("against", ["python", "numpy"])
def test_backends_agree_with_each_other(backend: str, against: str) -> None:
    if against not in BACKENDS:
        pytest.skip(f"{against} is not there")
    report = check_backend(backend, ops=[*FUSED, "randomness"], against=against, seed=5)
    assert report.ok, report.summary


@pytest.mark.parametrize(
    ("family", "fault"),
    [
        ("known", "normal_by_box_and_muller"),
        ("independence", "draws_go_on_from_call_to_call"),
        ("generators", "draws_forget_the_upper_half_of_the_stream"),
        ("masks", "draws_forget_the_upper_half_of_the_stream"),
        ("threads", "draws_go_on_from_call_to_call"),
    ],
)
def test_each_family_of_randomness_can_fail(family: str, fault: str) -> None:
    report = check_backend(f"rcmlrs_saboteur:{fault}", ops=["randomness"], families=[family])
    assert [failure.family for failure in report.failures] == [family]


def test_threads_that_share_a_scratch_are_caught() -> None:
    """A kernel that is right, but for memory in which another thread is writing."""
    scratch: dict[str, int] = {}

    def kernel(*, seed: int, **attributes: Any) -> tuple[PlainArray]:
        scratch["seed"] = seed
        time.sleep(0.002)
        return (DRAWS["random_normal"](seed=scratch["seed"], **attributes),)

    backend = python_with({"random_normal": kernel})
    assert check_backend(backend, ops=["random_normal"], families=["edges"]).ok
    assert not check_backend(backend, ops=["randomness"], families=["threads"]).ok


def test_the_default_generator_of_the_caller_is_left_alone() -> None:
    before = random.default_generator().seed, random.default_generator().stream
    assert check_backend("python", ops=["randomness"], families=["generators"]).ok
    assert (random.default_generator().seed, random.default_generator().stream) == before


def test_a_failing_update_tells_what_it_began_with() -> None:
    report = check_backend("rcmlrs_saboteur:sgd_contracts", ops=["sgd_update"], families=["gaussian"])
    (failure,) = report.failures
    assert failure.clause == "N5"
    assert failure.inputs[0].startswith("SGD(momentum=")
    assert [line.split(" = 0x")[0] for line in failure.inputs[1:]] == ["p", "g", "b"]
    assert failure.want != failure.got
