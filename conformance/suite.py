"""The suite: what is asked for, group by group, on one backend or several, in this process or in others."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from rcmlrs_core.registry import UNSUPPORTED, Backend, UnsupportedOperationError, get_backend

from .chapters import subjects
from .examine import REFUSAL, Examiner, Finding
from .report.results import FamilyReport, Report, SubjectReport, status_of
from .report.words import Run, describe
from .running.collect import Collector, Done, Interrupted, Loaded, Progress, Watch
from .running.journal import Journal
from .running.plan import Plan, Unit, plan
from .running.workers import MEMORY, Workers
from .shrink import shrink
from .status import ERROR, PASSED
from .subjects import Case, Level, Subject, UnknownNameError, case_name
from .waivers import Waiver, of_group, of_no_use, without_a_group

__all__ = ["Plan", "UnknownNameError", "check_backend", "check_backends", "plan", "run_group", "start_subject"]


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
    that takes it down takes the caller with it (:func:`check_backends` runs in processes of their own).

    Raises ``rc.BackendError`` for a backend that is unknown or broken, and :class:`UnknownNameError` for other names.
    """
    wanted = plan(ops, families, cases, level=level, seed=seed)
    backend = get_backend(name)
    run = Run(name_of(name), level, seed, "" if against is None else name_of(against))
    collector = Collector(wanted, [run], fail_fast=fail_fast)
    here = Here(wanted, [run], [backend], None if against is None else get_backend(against))
    (report,) = _collect(collector, here, None, None, watch)
    return report


def check_backends(
    names: Sequence[str],
    ops: Sequence[str] | None = None,
    seed: int = 0,
    level: str = "smoke",
    families: Sequence[str] | None = None,
    fail_fast: bool = False,
    *,
    cases: Sequence[str] | None = None,
    contract: str | None = None,
    against: str | None = None,
    jobs: int = 1,
    timeout: float | None = None,
    memory: float = MEMORY,
    journal: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Report]:
    """Check several backends in ``jobs`` processes of their own; one report for each, the same for any ``jobs``.

    A backend that takes its process down, gives no answer to a case within ``timeout`` seconds (unless said, what the
    level allows) or takes more than ``memory`` GiB has failed that case group, and the others are tried all the same.
    What a backend prints is kept from the terminal, and told. With ``jobs=0`` all of it runs in this process, without
    any of this. What is right and written in ``journal`` is taken from there; what is found is added to it. With
    ``fail_fast`` nothing is reported beyond the first case group that fails. In place of ``ops``, ``contract`` names a
    version of the contract: exactly what that comprises. Otherwise as :func:`check_backend`.

    Raises :class:`Interrupted` with the reports of what was done, on Ctrl-C.
    """
    return run_plan(
        plan(ops, families, cases, level=level, seed=seed, contract=contract), names, fail_fast,
        against=against, jobs=jobs, timeout=timeout, memory=memory, journal=journal, progress=progress,
    )  # fmt: skip


def run_plan(
    wanted: Plan,
    names: Sequence[str],
    fail_fast: bool = False,
    *,
    against: str | None = None,
    jobs: int = 1,
    timeout: float | None = None,
    memory: float = MEMORY,
    journal: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Report]:
    """Run what is planned already, otherwise as :func:`check_backends`."""
    runs = [Run(name, wanted.level.name, wanted.seed, against or "") for name in dict.fromkeys(names)]
    collector = Collector(wanted, runs, fail_fast=fail_fast)
    with ExitStack() as stack:
        running: Running
        if jobs:
            running = stack.enter_context(Workers(wanted, runs, jobs, timeout, memory))
        else:
            reference = None if against is None else get_backend(against)
            running = Here(wanted, runs, [get_backend(run.backend) for run in runs], reference)
        return _collect(collector, running, stack.enter_context(Journal(journal)) if journal else None, progress)


class Running(Protocol):
    """Where units run."""

    def load(self) -> list[Loaded]:
        """Load the backends."""

    def run(self, collector: Collector) -> Iterator[tuple[int, Done]]:
        """What the units give that the collector lacks, with their places, in any order."""


def _collect(
    collector: Collector,
    running: Running,
    journal: Journal | None,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> list[Report]:
    started = time.perf_counter()
    collector.loaded = running.load()
    if journal:
        journal.begin([report.head for report in collector.reports(0)], collector.runs[0].against)
        for place, done in journal.done(collector):
            collector.add(place, done)
    try:
        for place, done in running.run(collector):
            collector.add(place, done)
            unit = collector.units[place]
            if journal:
                journal.add(collector, place, done)
            if progress:
                progress(unit, done, len(collector.done), len(collector.units))
            if watch and collector.is_last_of_subject(place):
                subject = collector.subject(unit.backend, unit.subject)
                if subject:
                    watch(subject)
    except KeyboardInterrupt:
        raise Interrupted(collector.reports(time.perf_counter() - started)) from None
    return collector.reports(time.perf_counter() - started)


class Here:
    """Runs units in this process, one after the other."""

    def __init__(self, wanted: Plan, runs: Sequence[Run], backends: Sequence[Backend], against: Backend | None) -> None:
        self._wanted = wanted
        self._runs = runs
        self._backends = backends
        self._examiners = [Examiner(backend, against) for backend in backends]
        self._subjects = subjects()

    def load(self) -> list[Loaded]:
        """They are loaded."""
        return [
            Loaded(
                backend.about,
                {name: start_subject(self._subjects[name], backend) for name in self._wanted.groups},
                tuple(without_a_group(backend)),
            )
            for backend in self._backends
        ]

    def run(self, collector: Collector) -> Iterator[tuple[int, Done]]:
        """In their order."""
        for place in collector.left:
            if place > collector.last:
                return
            yield place, Done(self.run_unit(collector.units[place]))

    def run_unit(self, unit: Unit, starting: Callable[[int], None] = lambda number: None) -> FamilyReport:
        """One of them; ``starting`` is told the number of each case before it."""
        subject, run, numbers = self._subjects[unit.subject], self._runs[unit.backend], self._wanted.wanted(unit)
        examiner = self._examiners[unit.backend]
        return run_group(examiner, subject, unit.family, self._wanted.level, run, numbers, starting)


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
            try:
                finding = judge(examiner, subject, case)
            except UnsupportedOperationError as error:
                finding = None
                group.unsupported += 1
                group.reason = group.reason or str(error)
            group.cases += 1
            if finding:
                group.waived += number in waivers
                group.failed += number not in waivers
                group.wrong += len(finding.wrong)
                wrong.setdefault(number in waivers, (number, finding))
            elif number in waivers:
                useless.append(waivers[number])
    except Exception as error:
        group.error = f"{case_name(subject.name, family, group.cases)}: {type(error).__name__}: {error}"
    group.elements = examiner.compared - compared
    group.digest = examiner.digest
    if numbers is not None and not group.cases and not group.error:
        there = sum(1 for _ in numbered(subject, family, level, run.seed))
        group.error = f"there is no case {case_name(subject.name, family, min(numbers))} at level {level.name}; " + (
            f"the last one is {case_name(subject.name, family, there - 1)}" if there else "the family has none"
        )
    for waived, (number, finding) in wrong.items():
        starting(number)  # making it small runs it again
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
    compared = examiner.compared
    try:
        finding = case.examine(examiner)
    except UnsupportedOperationError as error:
        examiner.compared = compared  # nothing was
        if declared and error.operation == subject.name:
            return None
        raise
    if not declared or finding is None:
        return finding  # None: refused by the core, as everywhere
    wanted = UnsupportedOperationError.__name__
    return Finding(REFUSAL, f"wanted {wanted}, as the backend declares; {finding.kind}: {finding.sentence}")
