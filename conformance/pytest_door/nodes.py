"""What pytest collects of the suite: ``rcmlrs_conformance::gelu::edges::3`` is the case ``gelu/edges/3``.

A case that is wrong fails with the whole explanation. What the backend declares not to have is skipped, with its
reason; a case that it waives is expected to fail, and fails as a test if it is right.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rcmlrs_core.errors import BackendError
from rcmlrs_core.registry import UNSUPPORTED, Backend, UnsupportedOperationError, get_backend

from ..chapters import subjects
from ..examine import Examiner, Finding
from ..report.results import FamilyReport, Report
from ..report.terminal import show_failure
from ..report.words import Run, describe
from ..shrink import shrink
from ..status import FAIL
from ..subjects import Case, Subject, case_name
from ..suite import Plan, UnknownNameError, judge, numbered, plan, start_subject
from ..waivers import of_group, of_no_use, without_a_group

NAME = "rcmlrs_conformance"

WIDTH = 120
"""Of an explanation, where it is told in columns."""


class WrongError(Exception):
    """What is wrong, as it is to be read."""


@dataclass(frozen=True)
class Settings:
    """What the options of the run say."""

    backend: Backend
    reference: Backend | None
    plan: Plan
    run: Run
    head: str

    @classmethod
    def of(cls, name: str, options: Any) -> "Settings":
        """From the options; raises ``pytest.UsageError`` for a name that is unknown, or waivers that cannot be read."""
        against, level, seed = options.rcmlrs_against, options.rcmlrs_level, options.rcmlrs_seed
        try:
            backend = get_backend(name)
            reference = get_backend(against) if against else None
            chosen = plan(options.rcmlrs_op, cases=options.rcmlrs_case, level=level, seed=seed)
            without_a_group(backend)
        except (BackendError, UnknownNameError) as error:
            raise pytest.UsageError(f"{NAME}: {error}") from error
        head = Report(name, backend.about, level, seed).head
        return cls(backend, reference, chosen, Run(name, level, seed, against or ""), head)


class Suite(pytest.Directory):
    """The whole."""

    settings: Settings
    _loaded: "tuple[Group, list[Case], Examiner] | None" = None

    @classmethod
    def of(cls, path: Path, parent: pytest.Collector, settings: Settings) -> "Suite":
        """In the place of the folder ``path``."""
        suite: Suite = cls.from_parent(parent, path=path, name=NAME, nodeid=NAME)
        suite.settings = settings
        return suite

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """What was asked for, and what is wrong with the waivers as such."""
        problems = without_a_group(self.settings.backend)
        if problems:
            yield Broken.of(self, "waivers", "\n".join(problems))
        there = subjects()
        for name, families in self.settings.plan.groups.items():
            node: Operation = Operation.from_parent(self, name=name)
            node.suite, node.subject, node.families = self, there[name], families
            yield node

    def load(self, group: "Group") -> tuple[list[Case], Examiner]:
        """The cases of a group, of which those of one are kept at a time, and who examines them one after the other."""
        if self._loaded is None or self._loaded[0] is not group:
            examiner = Examiner(self.settings.backend, self.settings.reference)
            self._loaded = group, [case for _, case in group.numbered()], examiner
        return self._loaded[1:]


class Operation(pytest.Collector):
    """A subject."""

    suite: Suite
    subject: Subject
    families: list[str]

    def collect(self) -> "Iterator[Group]":
        """Its families."""
        for family in self.families:
            node: Group = Group.from_parent(self, name=family)
            node.suite, node.subject = self.suite, self.subject
            yield node


class Group(pytest.Collector):
    """A family of a subject."""

    suite: Suite
    subject: Subject

    def numbered(self) -> Iterator[tuple[int, Case]]:
        """The cases, made anew: a test holds no more than a number."""
        chosen = self.suite.settings.plan
        return numbered(self.subject, self.name, chosen.level, chosen.seed)

    def collect(self) -> Iterator[pytest.Item]:
        """Its cases; and waivers of cases that it does not have."""
        chosen = self.suite.settings.plan
        backend = self.suite.settings.backend
        waivers = of_group(backend, self.subject.name, self.name, chosen.level.name, chosen.seed)
        found: set[int] = set()
        wanted = chosen.numbers.get(f"{self.subject.name}/{self.name}")
        for number, _ in self.numbered():
            if wanted is not None and number not in wanted:
                continue
            item: CaseItem = CaseItem.from_parent(self, name=str(number))
            item.number, waiver = number, waivers.pop(number, None)
            if waiver:
                item.waived = f"{waiver.reason} ({waiver.link})"
                item.if_right = of_no_use(backend, waiver, "the case is right")
            yield item
            found.add(number)
        if wanted is None:
            for number, waiver in waivers.items():
                yield Broken.of(self, str(number), of_no_use(backend, waiver, "there is no such case"))
        for number in sorted((wanted or set()) - found):
            yield Broken.of(self, str(number), f"there is no case {case_name(self.subject.name, self.name, number)}")


class SuiteItem(pytest.Item):
    """A test that explains itself."""

    @property
    def location(self) -> tuple[str, int | None, str]:
        """There is no line of a file to point to; the last part is the headline of a failure."""
        return NAME, None, self.nodeid.removeprefix(f"{NAME}::").replace("::", "/")

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where a skip is told to be."""
        return Path(NAME), 0, self.nodeid

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The explanation; a traceback only for what the suite itself did not expect."""
        return str(excinfo.value) if isinstance(excinfo.value, WrongError) else super().repr_failure(excinfo, style)


class Broken(SuiteItem):
    """A test that fails: something that is asked for does not exist."""

    why: str

    @classmethod
    def of(cls, parent: pytest.Collector, name: str, why: str) -> "Broken":
        """With its reason."""
        item: Broken = cls.from_parent(parent, name=name)
        item.why = why
        return item

    def runtest(self) -> None:
        """Fail."""
        raise WrongError(self.why)


class CaseItem(SuiteItem):
    """A case."""

    number: int
    waived = ""
    """Why the case may be wrong, if it may."""
    if_right = ""
    """What is wrong if it is not."""

    def runtest(self) -> None:
        """Compare bits."""
        group = self.parent
        assert isinstance(group, Group)
        settings, subject = group.suite.settings, group.subject
        cases, examiner = group.suite.load(group)
        try:
            finding = judge(examiner, subject, cases[self.number])
        except UnsupportedOperationError as error:
            pytest.skip(str(error))
        if finding is None:
            if self.waived:
                raise WrongError(self.if_right)
            if subject.origin(settings.backend) == UNSUPPORTED:
                pytest.skip(f"{subject.name}: {settings.backend.unsupported[subject.name]}")
            return
        if self.waived:
            pytest.xfail(self.waived)
        raise WrongError(explanation(finding, settings, subject, group.name, self.number, examiner))


def explanation(
    finding: Finding, settings: Settings, subject: Subject, family: str, number: int, examiner: Examiner
) -> str:
    """What the command would print of the failure."""
    failure = describe(shrink(examiner, finding), subject.name, family, number, settings.run, settings.backend)
    report = start_subject(subject, settings.backend)
    report.families[family] = FamilyReport(FAIL, cases=1, failed=1, failure=failure)
    console = Console(file=io.StringIO(), width=WIDTH, emoji=False)
    show_failure(report, failure, console)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().strip("\n").splitlines())
