"""The command: exit statuses, what it prints, and what it refuses."""

from dataclasses import replace
from typing import Any

import pytest

from rcmlrs_conformance import UnknownNameError, check_backend
from rcmlrs_conformance.judge import definition
from rcmlrs_core.ops import TABLE
from rcmlrs_core.registry import Backend, get_backend

FAULTY = "rcmlrs_saboteur:sum_in_float32"


def test_right_is_0(shell: Any) -> None:
    result = shell(
        "rcmlrs", "conformance", "--backend", "python", "--op", "gelu", "--op", "storage", "--level", "smoke"
    )
    assert result.status == 0
    assert "Not one wrong bit" in result.text
    assert "backend python: CPython" in result.text
    assert "contract version 1" in result.text


def test_wrong_is_1_and_the_first_wrong_bit_is_shown(shell: Any) -> None:
    result = shell("rcmlrs", "conformance", "--backend", FAULTY, "--op", "sum", "--level", "smoke", "--family", "ties")
    assert result.status == 1
    for words in ("sum: wrong bits", "N3.1  sum mean dot matmul", "wanted", "ulp", "0x", "--case sum/ties/"):
        assert words in result.text
    assert "import rcmlrs_core as rc" in result.text
    assert "1 subject is wrong (sum)" in result.text


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--backend", "pyton"), "did you mean 'python'?"),
        (("--backend", "no_such_module:plugin"), "cannot be imported"),
        (("--backend", "python", "--op", "gleu"), "there is no operation 'gleu'; did you mean 'gelu'?"),
        (("--backend", "python", "--level", "depp"), "there is no level 'depp'; did you mean 'deep'?"),
        (("--backend", "python", "--op", "gelu", "--family", "tie", "--level", "smoke"), "there is no family tie"),
        (("--backend", "python", "--seed", "x"), "--seed"),
        ((), "--backend"),
    ],
)
def test_usage_is_2(shell: Any, words: tuple[str, ...], answer: str) -> None:
    result = shell("rcmlrs", "conformance", *words)
    assert result.status == 2
    assert answer in result.text


def test_fail_fast_stops_at_the_first() -> None:
    operations = ["add", "sum", "mul"]
    report = check_backend(FAULTY, ops=operations, fail_fast=True)
    assert [operation.name for operation in report.subjects] == ["add", "sum"]
    everything = check_backend(FAULTY, ops=operations)
    assert [operation.name for operation in everything.subjects] == operations
    assert sum(len(o.families) for o in report.subjects) < sum(len(o.families) for o in everything.subjects)


def test_unknown_names_raise() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'gelu'"):
        check_backend("python", ops=["gelo"])
    with pytest.raises(UnknownNameError, match="there are: smoke, standard, deep"):
        check_backend("python", level="xyz")
    with pytest.raises(UnknownNameError, match=r"there are: .*gaussian"):
        check_backend("python", ops=["gelu"], families=["xyz"])


def test_an_operation_that_lists_no_calls_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "matmul", replace(TABLE["matmul"], calls=()))
    report = check_backend("python", ops=["matmul"])
    assert report.of("matmul").verdict == "cases only"
    assert "No generator is known for matmul: only their own cases were tried." in report.summary
    assert report.ok


def test_a_backend_without_a_kernel_says_so() -> None:
    python = get_backend("python")
    kernels = {name: kernel for name, kernel in python.kernels.items() if name != "gelu"}
    origins = {name: origin for name, origin in python.origins.items() if name != "gelu"}
    report = check_backend(Backend("partial", python.storage, kernels, origins, "without gelu"), ops=["gelu", "tanh"])
    assert report.of("gelu").verdict == "error"
    assert report.of("tanh").verdict == "right"
    assert "The suite could not tell of gelu." in report.summary
    assert "there is no kernel" in report.of("gelu").families["edges"].error
    assert not report.ok


def test_only_the_families_that_are_asked_for() -> None:
    report = check_backend("python", ops=["gelu", "storage"], families=["edges", "int32"])
    assert [list(operation.families) for operation in report.subjects] == [["edges"], ["int32"]]


def test_it_watches_every_operation() -> None:
    seen: list[str] = []
    check_backend("python", ops=["add", "mul"], families=["cases"], watch=lambda operation: seen.append(operation.name))
    assert seen == ["add", "mul"]


def test_what_the_definitions_give_is_kept_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definition, "_kept", kept := dict[bytes, definition.Outcomes]())
    monkeypatch.setattr(definition, "_weight", 0)
    monkeypatch.setattr(definition, "MOST_KEPT", 10_000)
    digest = check_backend("python", ops=["add"]).digest
    assert 0 < sum(400 + len(part.raw) for outcome in kept.values() for part in outcome) <= 10_000
    monkeypatch.setattr(definition, "MOST_KEPT", 1 << 26)
    assert check_backend("python", ops=["add"]).digest == digest
    assert sum(400 + len(part.raw) for outcome in kept.values() for part in outcome) > 10_000
