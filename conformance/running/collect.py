"""From what units gave, in whatever order they ended, to one report for each backend."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..chapters import search
from ..report.results import FamilyReport, Report, SubjectReport, joined
from ..report.words import Run
from .plan import Plan, Unit


@dataclass(frozen=True)
class Loaded:
    """A backend that was loaded: what it says of itself, and the subjects of which nothing was run yet."""

    about: str
    subjects: dict[str, SubjectReport]
    problems: tuple[str, ...] = ()
    """What is wrong with what it declares."""
    stdout: str = ""
    """The first line that it printed meanwhile."""
    stderr: str = ""


class Done(NamedTuple):
    """What a unit gave, and the first line of what was printed meanwhile."""

    group: FamilyReport
    stdout: str = ""
    stderr: str = ""


Watch = Callable[[SubjectReport], None]
"""Told of each subject when it is done."""

Progress = Callable[[Unit, Done, int, int], None]
"""Told of each unit when it is done, how many of them are, and of how many in all."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. ``reports`` tell what was done until then."""

    def __init__(self, reports: list[Report]) -> None:
        super().__init__("the run was interrupted")
        self.reports = reports


class Collector:
    """Takes what units give, by their place in the plan, and makes the reports: the same ones in any order."""

    def __init__(self, wanted: Plan, runs: Sequence[Run], *, fail_fast: bool = False) -> None:
        self.wanted = wanted
        self.runs = runs
        self.units = list(wanted.units(len(runs)))
        self.last = len(self.units) - 1
        """The place of the last unit that is wanted: with ``fail_fast``, the first that fails in the plan's order."""
        self.loaded: list[Loaded] = []
        self.done: dict[int, Done] = {}
        self._fail_fast = fail_fast
        self._first_missing = 0
        self._places: dict[tuple[int, str], list[int]] = {}
        for place, unit in enumerate(self.units):
            self._places.setdefault((unit.backend, unit.subject), []).append(place)

    def add(self, place: int, done: Done) -> None:
        """Take what the unit at ``place`` gave."""
        self.done[place] = done
        if self._fail_fast and not done.group.ok:
            self.last = min(self.last, place)

    @property
    def complete(self) -> bool:
        """Whether nothing is left."""
        while self._first_missing in self.done:
            self._first_missing += 1
        return self._first_missing > self.last

    @property
    def left(self) -> list[int]:
        """The places of the units that are still to be run."""
        return [place for place in range(self.last + 1) if place not in self.done]

    def subject(self, backend: int, name: str) -> SubjectReport | None:
        """What is known of a subject; None while nothing is, unless nothing was asked for."""
        if not self.wanted.groups[name]:
            return self.loaded[backend].subjects[name]
        families: dict[str, dict[int | None, FamilyReport]] = {}
        for place in self._places[backend, name]:
            if place <= self.last and place in self.done:
                unit = self.units[place]
                families.setdefault(unit.family, {})[unit.part] = self.done[place].group
        if not families:
            return None
        found = {
            family: parts.get(None) or joined({number: part for number, part in parts.items() if number is not None})
            for family, parts in families.items()
        }
        return replace(self.loaded[backend].subjects[name], families=found)

    def is_last_of_subject(self, place: int) -> bool:
        """Whether its subject is done with this unit."""
        unit = self.units[place]
        return all(other > self.last or other in self.done for other in self._places[unit.backend, unit.subject])

    def reports(self, seconds: float) -> list[Report]:
        """One for each backend, of what is done; that something is missing is a problem."""
        found = []
        for backend, (run, loaded) in enumerate(zip(self.runs, self.loaded, strict=True)):
            report = Report(run.backend, loaded.about, run.level, run.seed, seconds=seconds)
            report.against = run.against or report.against
            report.asked = self.wanted.asked
            report.problems += loaded.problems
            report.notes += search.note(self.wanted.level)
            tried = (self.subject(backend, name) for name in self.wanted.groups)
            report.subjects = [subject for subject in tried if subject]
            for subject in report.subjects:
                for family in subject.families.values():
                    report.problems += family.problems
            missing = sum(self.units[place].backend == backend for place in self.left)
            if missing:
                total = sum(unit.backend == backend for unit in self.units)
                report.problems.append(f"The run was interrupted: {missing:,} of {total:,} case groups were not run.")
            for stream, where in (("stdout", report.problems), ("stderr", report.notes)):
                during, line = next(self._printed(backend, stream), ("", ""))
                if line:
                    where.append(f"The backend prints to {stream}, first {during}: {line!r}.")
            found.append(report)
        return found

    def _printed(self, backend: int, stream: str) -> Iterator[tuple[str, str]]:
        """What the backend printed to a stream, and when, in the plan's order."""
        if line := getattr(self.loaded[backend], stream):
            yield "when it is loaded", line
        for place, done in sorted(self.done.items()):
            unit = self.units[place]
            if unit.backend == backend and place <= self.last and (line := getattr(done, stream)):
                yield f"in {unit.name}", line
