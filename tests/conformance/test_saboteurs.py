"""Every classic fault is caught, at the level that it names, with the clause that it breaks; also without the cases."""

import io
import shlex
from contextlib import redirect_stdout
from typing import Any

import pytest

from rcmlrs_conformance import check_backend
from rcmlrs_conformance.chapters import subjects
from rcmlrs_conformance.chapters.operations import REFUSALS
from rcmlrs_conformance.examine import BITS
from rcmlrs_conformance.report import Report
from rcmlrs_conformance.subjects import LEVELS as ALL
from rcmlrs_core.errors import BackendError
from rcmlrs_core.registry import _installed
from rcmlrs_saboteur import FAULTS

LEVELS = ("smoke", "standard")

ONLY_REFUSALS = {"take_from_the_end"}
"""Right wherever a result is due."""


def run(name: str, level: str, *, cases: bool = True) -> Report:
    """The suite, on the operations that the fault is in."""
    operations = list(FAULTS[name].operations[:12]) or ["storage"]
    there = subjects()
    everything = {family for name in operations for family in there[name].families(ALL[level])}
    families = None if cases else sorted(everything - {"cases", REFUSALS})
    return check_backend(f"rcmlrs_saboteur:{name}", ops=operations, level=level, families=families)


@pytest.mark.parametrize("name", FAULTS)
def test_is_caught_at_its_level(name: str) -> None:
    caught_at = next(level for level in LEVELS if not run(name, level).ok)
    assert caught_at == FAULTS[name].caught_at


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in ONLY_REFUSALS])
def test_is_caught_by_random_families_alone(name: str) -> None:
    """The operations' own cases were written by those who knew the faults; another operation's may be fewer."""
    assert not run(name, "standard", cases=False).ok


@pytest.mark.parametrize("name", FAULTS)
def test_names_operation_and_clause(name: str) -> None:
    fault = FAULTS[name]
    failures = run(name, fault.caught_at).failures
    assert {failure.subject for failure in failures} <= {*fault.operations, "storage"}
    if fault.clause and name not in ONLY_REFUSALS:
        assert fault.clause in {failure.clause for failure in failures}


def test_the_faults_cover_every_kind_of_finding() -> None:
    kinds = {run(name, fault.caught_at).failures[0].kind for name, fault in FAULTS.items()}
    assert kinds >= {
        BITS, "wrong shape", "wrong element type", "an exception", "an operand is changed", "not the same twice",
        "an earlier result is changed", "not refused as it should be", "storage",
    }  # fmt: skip


def test_no_saboteur_joins_the_installed_backends() -> None:
    assert not any("saboteur" in name or "saboteur" in point.value for name, ps in _installed().items() for point in ps)
    with pytest.raises(BackendError, match="there is no backend 'saboteur'"):
        check_backend("saboteur")


@pytest.mark.parametrize("name", FAULTS)
def test_the_command_line_of_a_failure_shows_it_again(name: str, shell: Any) -> None:
    (failure, *_) = run(name, FAULTS[name].caught_at).failures
    again = shell(*shlex.split(failure.command))
    assert again.status == 1
    assert f"{failure.subject}: {failure.kind}" in again.text
    for line in (failure.want, failure.got, *failure.inputs):
        assert line.strip() in again.text


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "order_of_the_day"])
def test_the_lines_of_python_show_it_too(name: str) -> None:
    (failure, *_) = run(name, FAULTS[name].caught_at).failures
    if failure.kind != BITS:
        return
    assert failure.snippet
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(failure.snippet, {})
    wanted = failure.snippet.rpartition("wanted ")[2]
    assert printed.getvalue().strip() != wanted
    assert len(printed.getvalue().strip()) == len(wanted)
