"""What the suite is made of: subjects, their families, and the cases in them.

A **subject** is what somebody can ask for by name: an operation, or something beside them such as ``storage``. Its
**families** are groups of cases that are alike; a family of a subject is a case group, the unit that runs alone, has a
status and a digest, and is a line of the certificate. A **case** is one thing that is right or wrong. Its name is
``subject/family/number``, and for a given seed and level it means the same everywhere, whatever else is run.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol, TypeVar

from rcmlrs_core.ops.op import Operation
from rcmlrs_core.registry import Backend

if TYPE_CHECKING:
    from .examine import Examiner, Finding

T = TypeVar("T")


@dataclass(frozen=True)
class Level:
    """How much is tried: elements in a family of single elements, rounds of the calls, lengths of rows."""

    name: str
    elements: int
    rounds: int
    lengths: tuple[int, ...]
    few_lengths: int
    rank: int
    """Levels in their order: a family that is only for the thorough looks at this."""

    def reaches(self, name: str) -> bool:
        """Whether this level tries what the level ``name`` tries."""
        return self.rank >= LEVELS[name].rank

    def of(self, table: Mapping[str, T]) -> T:
        """What a table by level says of this one; one that is not in it goes as far as the one before it."""
        return table[max(filter(self.reaches, table), key=lambda name: LEVELS[name].rank)]


_DEEP = (*range(71), 127, 128, 129, 255, 256, 257, 511, 513)

LEVELS = {
    level.name: level
    for level in (
        Level("smoke", 40, 1, (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 31, 33, 65), 2, rank=0),
        Level("standard", 1000, 2, tuple(range(71)), 6, rank=1),
        Level("deep", 8000, 20, _DEEP, 8, rank=2),
        Level("exhaustive", 8000, 20, _DEEP, 8, rank=3),
    )
}


class Case(Protocol):
    """One thing that is right or wrong."""

    def examine(self, examiner: "Examiner") -> "Finding | None":
        """What is wrong with it on the examiner's backend, if anything is."""


Cases = Callable[[int, Level], Iterator[Case]]
"""The cases of a family, for a seed and a level: always the same ones, each with randomness of its family's own."""


@dataclass(frozen=True)
class LongCases:
    """Cases of which each takes long: every one of the ``count`` runs alone, and is kept in a journal alone."""

    cases: Cases
    count: int

    def __call__(self, seed: int, level: Level) -> Iterator[Case]:
        """Those of the family."""
        return self.cases(seed, level)


@dataclass(frozen=True)
class Subject:
    """Something that is judged. ``origin`` tells what of a backend it tries: its own kernel, a derived one, ..."""

    name: str
    families: Callable[[Level], Mapping[str, Cases]]
    """The families that there are at a level, in the order in which they are tried."""
    origin: Callable[[Backend], str]
    operation: Operation | None = None
    only_cases: bool = False
    """Whether nothing but the operation's own cases is known for it."""


class UnknownNameError(ValueError):
    """A subject, a family, a case, a level or a version of the contract that does not exist."""


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """The error for a name that is none of those that are known: the one that was perhaps meant, or all of them."""
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
    return f"there is no {what} {name!r}; {hint}"


def case_name(subject: str, family: str, number: int) -> str:
    """The stable name of a case."""
    return f"{subject}/{family}/{number}"


def parse_case_name(name: str) -> tuple[str, str, int]:
    """The subject, the family and the number in the name of a case; raises ValueError where it is none."""
    subject, _, rest = name.partition("/")
    family, _, number = rest.rpartition("/")
    if not subject or not family or not number.isascii() or not number.isdecimal() or number != str(int(number)):
        raise ValueError(f"{name!r} is no name of a case, which is SUBJECT/FAMILY/NUMBER")
    return subject, family, int(number)
