"""The suite: every operation's cases, refusals and random trials, on one backend."""

import difflib
import time
from collections.abc import Callable, Collection, Sequence

from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Operation
from rcmlrs_core.registry import Backend, get_backend

from . import storage
from .examine import Examiner, Finding
from .generators import families_of, has_random_trials, trials
from .report import COMPOSITION, MISSING, Count, OperationReport, Report, describe
from .shrink import shrink
from .trial import LEVELS, Level

REFUSALS = "refusals"
"""The family of calls that must be refused."""

Watch = Callable[[OperationReport], None]
"""Told of each operation when it is done."""


class UnknownNameError(ValueError):
    """An operation, a family or a level that does not exist."""


def check_backend(
    name: str | Backend,
    ops: Sequence[str] | None = None,
    seed: int = 0,
    level: str = "smoke",
    families: Sequence[str] | None = None,
    fail_fast: bool = False,
    watch: Watch | None = None,
) -> Report:
    """Check the backend ``name`` against the contract; ``report.ok`` says whether every bit is right.

    ``ops`` are names of operations (all, unless said; ``"storage"`` is the round trip of elements), ``families`` those
    of their trials. The same ``seed`` and ``level`` give the same trials anywhere. Raises ``rc.BackendError`` for a
    backend that is unknown or broken, and :class:`UnknownNameError` for other names.
    """
    chosen = LEVELS[_checked(level, LEVELS, "level")]
    backend = get_backend(name)
    called = name if isinstance(name, str) else name.name
    report = Report(called, backend.about, level, seed)
    known = (storage.NAME, *TABLE)
    names = [_checked(op, known, "operation") for op in ops or known]
    started = time.perf_counter()
    for op in dict.fromkeys(names):
        if op == storage.NAME:
            tried = _storage(backend, report, families)
        else:
            tried = _check(backend, op, report, chosen, families, fail_fast)
        report.operations.append(tried)
        report.seconds = time.perf_counter() - started
        if watch:
            watch(tried)
        if fail_fast and tried.failure:
            break
    if families and not any(operation.families for operation in report.operations):
        there = ", ".join(dict.fromkeys(family for op in names for family in family_names(op)))
        raise UnknownNameError(f"there is no family {' or '.join(families)} of what is asked for; there are: {there}")
    return report


def _checked(name: str, known: Collection[str], what: str) -> str:
    """The name itself, if it is known."""
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
        raise UnknownNameError(f"there is no {what} {name!r}; {hint}")
    return name


def family_names(op: str) -> list[str]:
    """The families of an operation (or of ``"storage"``), in the order in which they are tried."""
    if op == storage.NAME:
        return list(storage.FAMILIES)
    operation = TABLE[op]
    return [*([REFUSALS] if operation.refusals else []), *families_of(operation)]


def _storage(backend: Backend, report: Report, families: Sequence[str] | None) -> OperationReport:
    """The round trips, as if they were an operation."""
    found = OperationReport(storage.NAME, "own")
    for dtype in storage.FAMILIES:
        if families is None or dtype in families:
            count = found.families.setdefault(dtype, Count())
            for x in storage.round_trips(dtype, report.seed):
                finding = storage.examine(backend, x)
                count.add(finding, len(x.values))
                if finding and found.failure is None:
                    clause = "N1.2" if dtype == "float32" and "wanted 0x7fc00000" in finding.sentence else "N1.1"
                    found.failure = describe(finding, storage.NAME, dtype, report, clause)
    return found


def _check(
    backend: Backend, name: str, report: Report, level: Level, families: Sequence[str] | None, fail_fast: bool
) -> OperationReport:
    """One operation: family by family."""
    operation = TABLE[name]
    composed = isinstance(operation, Composition)
    found = OperationReport(name, COMPOSITION if composed else backend.origins.get(name, MISSING))
    found.only_cases = not has_random_trials(operation)
    if found.kernel == MISSING:
        return found
    examiner = Examiner(backend)
    for family in family_names(name):
        if families is None or family in families:
            first = _family(examiner, operation, family, level, report.seed, found.families.setdefault(family, Count()))
            if first and found.failure is None:
                found.failure = describe(shrink(examiner, first), name, family, report)
                if fail_fast:
                    break
    return found


def _family(
    examiner: Examiner, operation: Operation, family: str, level: Level, seed: int, count: Count
) -> Finding | None:
    """Every trial of one family; the first finding, if there is one."""
    first = None
    if family == REFUSALS:
        for refusal in operation.refusals:
            finding = examiner.refuse(operation.name, refusal)
            count.add(finding)
            first = first or finding
        return first
    examiner.start_family()
    for trial in trials(operation, family, level, seed):
        before = examiner.compared
        finding = examiner.examine(trial)
        count.add(finding, examiner.compared - before)
        first = first or finding
    return first
