"""Every classic fault is caught, at the level that it names, with the clause that it breaks; also without the cases."""

import io
import shlex
from contextlib import redirect_stdout
from functools import cache
from typing import Any

import pytest

from rcmlrs_conformance import check_backend
from rcmlrs_conformance.bits import raw_bytes
from rcmlrs_conformance.chapters import exhaustive, subjects
from rcmlrs_conformance.chapters.operations import REFUSALS
from rcmlrs_conformance.examine import BITS, Examiner
from rcmlrs_conformance.report import Report
from rcmlrs_conformance.subjects import LEVELS
from rcmlrs_core.errors import BackendError
from rcmlrs_core.numerics.formats import to_bits
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Elementwise
from rcmlrs_core.registry import _installed, get_backend
from rcmlrs_saboteur import BEHAVIOURS, FAULTS, table

ONLY_REFUSALS = {"take_from_the_end"}
"""Right wherever a result is due."""

ONLY_LARGE = {"indices_of_eight_bits", "axes_of_four_summed_apart"}
"""Wrong only where there is too much to be written down in a line of Python."""

UNSTEADY = {"draws_go_on_from_call_to_call"}
"""Wrong in another way each time."""

RARE = {name for name, fault in FAULTS.items() if fault.caught_at in ("deep", "exhaustive")}
SAMPLED = [name for name, fault in FAULTS.items() if fault.caught_at != "exhaustive"]


first = cache(table.first)


def at_its_level(name: str) -> Report:
    report = first(name)
    assert report is not None
    return report


@pytest.mark.parametrize("name", FAULTS)
def test_is_caught_at_its_level_as_the_table_says(name: str) -> None:
    """And at no cheaper one. ``make stubs`` after a change of faults, families or inputs."""
    found = table.caught(name, first(name))
    assert found.level == FAULTS[name].caught_at
    assert table.line(name, found) in table.FILE.read_text(encoding="utf-8").splitlines()


def test_the_table_has_a_line_for_each_fault_and_no_other() -> None:
    lines = table.FILE.read_text(encoding="utf-8").splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == sorted(FAULTS | BEHAVIOURS)
    assert {table.line(name, table.declared(name)) for name in BEHAVIOURS} < set(lines)
    nothing = dict.fromkeys(FAULTS | BEHAVIOURS, table.Caught("smoke", "nothing"))
    frame = [line for line in table.page(nothing).splitlines() if not line.startswith("| `")]
    assert [line for line in lines if not line.startswith("| `")] == frame


def test_all_arguments_show_what_is_wrong_at_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 2^12 neighbours among which it is; all 2^32 take pure Python an hour."""
    pytest.importorskip("numpy")
    monkeypatch.setattr(exhaustive, "BITS_OF_A_CASE", 12)
    monkeypatch.setattr(exhaustive, "AT_A_TIME", 1 << 12)
    operation, bits = KERNELS["tanh"], to_bits(float.fromhex("0x1.6a5d3cp-2"))
    assert isinstance(operation, Elementwise)
    found = {}
    for name in ("python", "rcmlrs_saboteur:tanh_off_at_an_unmarked_input"):
        case = exhaustive.Neighbours(operation, bits >> 12, {})
        found[name] = case.examine(Examiner(get_backend(name)))
    right, wrong = found.values()
    assert right is None
    assert wrong is not None
    assert wrong.trial is not None
    assert raw_bytes(wrong.trial.operands[0]) == bits.to_bytes(4, "little")


@pytest.mark.parametrize("name", [name for name in SAMPLED if name not in ONLY_REFUSALS | RARE])
def test_is_caught_by_random_families_alone(name: str) -> None:
    """The operations' own cases were written by those who knew the faults; another operation's may be fewer."""
    there = subjects()
    everything = {family for subject in FAULTS[name].subjects for family in there[subject].families(LEVELS["standard"])}
    assert not table.run(name, "standard", sorted(everything - {"cases", REFUSALS})).ok


@pytest.mark.parametrize("name", SAMPLED)
def test_names_operation_and_clause(name: str) -> None:
    fault = FAULTS[name]
    failures = at_its_level(name).failures
    assert {failure.subject for failure in failures} <= set(fault.subjects)
    if fault.clause and name not in ONLY_REFUSALS:
        assert fault.clause in {failure.clause for failure in failures}


def test_the_faults_cover_every_kind_of_finding() -> None:
    kinds = {at_its_level(name).failures[0].kind for name in SAMPLED}
    assert kinds >= {
        BITS, "wrong shape", "wrong element type", "an exception", "an operand is changed", "not the same twice",
        "an earlier result is changed", "not refused as it should be", "storage",
    }  # fmt: skip


def test_no_saboteur_joins_the_installed_backends() -> None:
    assert not any("saboteur" in name or "saboteur" in point.value for name, ps in _installed().items() for point in ps)
    with pytest.raises(BackendError, match="there is no backend 'saboteur'"):
        check_backend("saboteur")


@pytest.mark.parametrize("name", [name for name in SAMPLED if name not in UNSTEADY])
def test_the_command_line_of_a_failure_shows_it_again(name: str, shell: Any) -> None:
    (failure, *_) = at_its_level(name).failures
    again = shell(*shlex.split(failure.command))
    assert again.status == 1
    assert f"{failure.subject}: {failure.kind}" in again.text
    for line in (failure.want, failure.got, *failure.inputs):
        assert line.strip() in again.text


@pytest.mark.parametrize("name", [name for name in SAMPLED if name not in {"order_of_the_day", *RARE, *ONLY_LARGE}])
def test_the_lines_of_python_show_it_too(name: str) -> None:
    (failure, *_) = at_its_level(name).failures
    if failure.kind != BITS or failure.subject not in FAULTS[name].operations:
        return
    assert failure.snippet
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(failure.snippet, {})
    wanted = failure.snippet.rpartition("wanted ")[2]
    assert printed.getvalue().strip() != wanted
    assert len(printed.getvalue().strip()) == len(wanted)
