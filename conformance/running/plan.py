"""What is to be run: subjects, families and cases by name, and the units of which a run is made."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..chapters import subjects
from ..frozen import chosen_by
from ..report.results import Asked
from ..subjects import LEVELS, Level, LongCases, UnknownNameError, parse_case_name, unknown


class Unit(NamedTuple):
    """What runs at a time: a case group, or one case of it where that takes long, on one of the backends."""

    subject: str
    family: str
    part: int | None
    """The number of the case, where it runs alone."""
    backend: int
    """Which of the backends."""

    @property
    def name(self) -> str:
        """``gelu/edges``, or ``gelu/exhaustive/7``."""
        return f"{self.subject}/{self.family}" + ("" if self.part is None else f"/{self.part}")


@dataclass(frozen=True)
class Plan:
    """What is to be run: these families of these subjects, and of them these cases, or all."""

    level: Level
    seed: int
    groups: dict[str, list[str]]
    """The families of each subject, in their order."""
    numbers: dict[str, set[int]]
    """The cases that were asked for by number, by group; of any other group, all of them."""
    asked: Asked = field(default_factory=Asked)
    """The names of which it was made."""

    def units(self, backends: int) -> Iterator[Unit]:
        """In their order: what one backend is asked, the others are asked next, as the definitions are slow."""
        there = subjects()
        for subject, names in self.groups.items():
            families = there[subject].families(self.level)
            for family in names:
                cases = families[family]
                parts: Sequence[int | None] = [None]
                if isinstance(cases, LongCases):
                    parts = sorted(self.numbers.get(f"{subject}/{family}", range(cases.count)))
                for part in parts:
                    for backend in range(backends):
                        yield Unit(subject, family, part, backend)

    def wanted(self, unit: Unit) -> Collection[int] | None:
        """The numbers of the cases of a unit; None for all of its group."""
        return self.numbers.get(f"{unit.subject}/{unit.family}") if unit.part is None else {unit.part}


def plan(
    ops: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    cases: Sequence[str] | None = None,
    *,
    level: str = "smoke",
    seed: int = 0,
    contract: str | None = None,
) -> Plan:
    """What is asked for, by names, or exactly what a version of the contract comprises.

    Raises :class:`UnknownNameError` for names that do not exist, and for a version that is not known.
    """
    asked = Asked(contract or "", tuple(ops or ()), tuple(families or ()), tuple(cases or ()))
    ops = chosen_by(contract, ops) or ops
    chosen = LEVELS[_checked(level, LEVELS, "level")]
    there = subjects()
    names = list(dict.fromkeys(_checked(op, there, "operation") for op in ops or ([] if cases else there)))
    found = {name: list(there[name].families(chosen)) for name in names}
    if not ops:  # some have nothing to try at the first levels
        found = {name: there_are for name, there_are in found.items() if there_are}
    if families:
        known = dict.fromkeys(family for there_are in found.values() for family in there_are)
        if not set(families) & set(known):
            raise UnknownNameError(
                f"there is no family {' or '.join(families)} of what is asked for; there are: {', '.join(known)}"
            )
        found = {name: [family for family in there_are if family in families] for name, there_are in found.items()}
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
    return Plan(chosen, seed, found, numbers, asked)


def _checked(name: str, known: Collection[str], what: str) -> str:
    """The name itself, if it is known."""
    if name not in known:
        raise UnknownNameError(unknown(what, name, known))
    return name
