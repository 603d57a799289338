"""The suite: what is asked for, group by group, on one backend, in this process."""

import difflib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from rcmlrs_core.registry import UNSUPPORTED, Backend, UnsupportedOperationError, get_backend

from .chapters import subjects
from .examine import REFUSAL, Examiner, Finding
from .report.results import Asked, FamilyReport, Report, SubjectReport, status_of
from .report.words import Run, describe
from .shrink import shrink
from .status import ERROR, PASSED
from .subjects import LEVELS, Case, Level, Subject, case_name, parse_case_name
from .waivers import Waiver, of_group, of_no_use, without_a_group

Watch = Callable[[SubjectReport], None]
"""Told of each subject when it is done."""


class UnknownNameError(ValueError):
    """A subject, a family, a case or a level that does not exist."""


@dataclass(frozen=True)
class Plan:
    """What is to be run: these families of these subjects, and of them these cases, or all."""

    level: Level
    seed: int
    groups: dict[str, list[str]]
    """The families of each subject, in their order."""
    numbers: dict[str, set[int]]
    """The cases that were asked for by number, by group; of any other group, all of them."""


def plan(
    ops: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    cases: Sequence[str] | None = None,
    *,
    level: str = "smoke",
    seed: int = 0,
) -> Plan:
    """What is asked for, by names; raises :class:`UnknownNameError` for those that do not exist."""
    chosen = LEVELS[_checked(level, LEVELS, "level")]
    there = subjects()
    names = list(dict.fromkeys(_checked(op, there, "operation") for op in ops or ([] if cases else there)))
    found = {name: list(there[name].families(chosen)) for name in names}
    if families:
        known = dict.fromkeys(family for name in names for family in found[name])
        if not set(families) & set(known):
            raise UnknownNameError(
                f"there is no family {' or '.join(families)} of what is asked for; there are: {', '.join(known)}"
            )
        found = {name: [family for family in found[name] if family in families] for name in names}
    numbers: dict[str, set[int]] = {}
    for case in cases or ():
        subject = case.partition("/")[0]
        known = dict.fromkeys(there[_checked(subject, there, "operation")].families(chosen))
        try:
            _, family, number = parse_case_name(case)
        except ValueError:
            family, number = "", 0
        if family not in known:
            raise UnknownNameError(
                f"there is no case {case!r}; a case is {subject}/FAMILY/NUMBER, with a family of: {', '.join(known)}"
            )
        numbers.setdefault(f"{subject}/{family}", set()).add(number)
        if family not in found.setdefault(subject, []):
            found[subject].append(family)
    return Plan(chosen, seed, found, numbers)


def _checked(name: str, known: Collection[str], what: str) -> str:
    """The name itself, if it is known."""
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
        raise UnknownNameError(f"there is no {what} {name!r}; {hint}")
    return name


def check_backend(
    name: str | Backend,
    ops: Sequence[str] | None = None,
    seed: int = 0,
    level: str = "smoke",
    families: Sequence[str] | None = None,
    fail_fast: bool = False,
    watch: Watch | None = None,
    *,
    cases: Sequence[str] | None = None,
    against: str | Backend | None = None,
) -> Report:
    """Check the backend ``name`` against the contract; ``report.ok`` says whether every bit is right.

    ``ops`` are names of operations or other subjects (all, unless said), ``families`` those of their cases, and
    ``cases`` single ones, ``"gelu/edges/0"``. The same ``seed`` and ``level`` give the same cases anywhere. What is
    right is what the exact definitions say, or another backend: ``against``. Everything runs in this process: a backend
    that takes it down takes the caller with it (``rcmlrs conformance`` runs in processes of their own).

    Raises ``rc.BackendError`` for a backend that is unknown or broken, and :class:`UnknownNameError` for other names.
    """
    wanted = plan(ops, families, cases, level=level, seed=seed)
    backend = get_backend(name)
    reference = None if against is None else get_backend(against)
    report = Report(name_of(name), backend.about, level, seed)
    run = Run(report.backend, level, seed, "" if against is None else name_of(against))
    report.against = run.against or report.against
    report.asked = Asked("", tuple(ops or ()), tuple(families or ()), tuple(cases or ()))
    report.problems += without_a_group(backend)
    there = subjects()
    started = time.perf_counter()
    for subject, names in wanted.groups.items():
        tried = start_subject(there[subject], backend)
        for family in names:
            examiner = Examiner(backend, reference)
            tried.families[family] = run_group(
                examiner, there[subject], family, wanted.level, run, wanted.numbers.get(f"{subject}/{family}")
            )
            report.problems += tried.families[family].problems
            if fail_fast and not tried.families[family].ok:
                break
        report.subjects.append(tried)
        report.seconds = time.perf_counter() - started
        if watch:
            watch(tried)
        if fail_fast and not all(family.ok for family in tried.families.values()):
            break
    return report


def name_of(backend: str | Backend) -> str:
    """What somebody called it."""
    return backend if isinstance(backend, str) else backend.name


def start_subject(subject: Subject, backend: Backend) -> SubjectReport:
    """The report of a subject of which nothing was run yet."""
    reason = backend.unsupported.get(subject.name, "")
    return SubjectReport(subject.name, subject.origin(backend), only_cases=subject.only_cases, reason=reason)


def run_group(
    examiner: Examiner,
    subject: Subject,
    family: str,
    level: Level,
    run: Run,
    numbers: Collection[int] | None = None,
    starting: Callable[[int], None] = lambda number: None,
) -> FamilyReport:
    """Run one case group, or the cases of it with these ``numbers``; ``starting`` is told each number before it."""
    began = time.perf_counter()
    kernel = subject.origin(examiner.backend)
    group = FamilyReport(kernel, reason=examiner.backend.unsupported.get(subject.name, ""))
    if kernel not in (*PASSED, UNSUPPORTED):
        group.status, group.error = ERROR, f"there is no kernel for {subject.name}: the table says {kernel!r}"
        return group
    waivers = of_group(examiner.backend, subject.name, family, level.name, run.seed)
    wrong: dict[bool, tuple[int, Finding]] = {}  # the first case that is not waived, and the first that is
    useless: list[Waiver] = []
    ran = set()
    examiner.start_family()
    compared = examiner.compared
    try:
        for number, case in numbered(subject, family, level, run.seed):
            if numbers is not None and number not in numbers:
                continue
            starting(number)
            ran.add(number)
            group.cases += 1
            try:
                finding = judge(examiner, subject, case)
            except UnsupportedOperationError as error:
                finding = None
                group.unsupported += 1
                group.reason = group.reason or str(error)
            if finding:
                group.waived += number in waivers
                group.failed += number not in waivers
                group.wrong += len(finding.wrong)
                wrong.setdefault(number in waivers, (number, finding))
            elif number in waivers:
                useless.append(waivers[number])
    except Exception as error:
        group.error = f"{case_name(subject.name, family, len(ran) - 1)}: {type(error).__name__}: {error}"
    group.elements = examiner.compared - compared
    group.digest = examiner.digest
    if numbers is not None and not group.cases and not group.error:
        group.error = f"there is no case {case_name(subject.name, family, min(numbers))}; see the numbers of the family"
    for waived, (number, finding) in wrong.items():
        failure = describe(shrink(examiner, finding), subject.name, family, number, run, examiner.backend)
        if waived:
            group.waived_failure, group.reason = failure, f"{waivers[number].reason} ({waivers[number].link})"
        else:
            group.failure = failure
    group.problems = [of_no_use(examiner.backend, waiver, "the case is right") for waiver in useless]
    if numbers is None and not group.error:
        missing = [waiver for number, waiver in waivers.items() if number not in ran]
        group.problems += [of_no_use(examiner.backend, waiver, "there is no such case") for waiver in missing]
    group.status = status_of(
        kernel, failed=group.failed, waived=group.waived, error=group.error, unsupported=group.unsupported
    )
    group.seconds = time.perf_counter() - began
    return group


def numbered(subject: Subject, family: str, level: Level, seed: int) -> Iterator[tuple[int, Case]]:
    """The cases of a group with their numbers."""
    return enumerate(subject.families(level)[family](seed, level))


def judge(examiner: Examiner, subject: Subject, case: Case) -> Finding | None:
    """What is wrong with a case, if anything is; of an operation that the backend declares not to have: not refusing.

    Raises ``UnsupportedOperationError`` where anything else needs such an operation.
    """
    declared = subject.origin(examiner.backend) == UNSUPPORTED
    try:
        finding = case.examine(examiner)
    except UnsupportedOperationError as error:
        if declared and error.operation == subject.name:
            return None
        raise
    if not declared or finding is None:
        return finding  # None: refused by the core, as everywhere
    wanted = UnsupportedOperationError.__name__
    return Finding(REFUSAL, f"wanted {wanted}, as the backend declares; {finding.kind}: {finding.sentence}")
