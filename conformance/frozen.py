"""What each version of the contract comprises, frozen: ``contract-1.txt`` lists the subjects of version 1.

An operation that is added later is checked with all the others, but what "conforms to contract 1" means stays the same.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from .chapters import search, subjects
from .subjects import LEVELS, UnknownNameError

HERE = Path(__file__).parent


class UnknownContractError(UnknownNameError):
    """A version of the contract that this suite has no list of."""


@cache
def contracts() -> dict[str, tuple[str, ...]]:
    """The names of the subjects of each version, in the order of the list."""
    return {
        path.stem.removeprefix("contract-"): tuple(path.read_text(encoding="utf-8").split())
        for path in sorted(HERE.glob("contract-*.txt"))
    }


def subjects_of(contract: str) -> tuple[str, ...]:
    """The subjects that a version comprises; raises :class:`UnknownContractError` for one that there is not."""
    if contract not in contracts():
        raise UnknownContractError(f"there is no contract {contract!r}; there are: {', '.join(contracts())}")
    return contracts()[contract]


def chosen_by(contract: str | None, ops: Sequence[str] | None) -> list[str]:
    """The subjects that somebody asks for who names a version of the contract; none where nobody does."""
    if contract is None:
        return []
    if ops:
        raise UnknownContractError(f"contract {contract} says what is run; leave out {', '.join(ops)}, or the contract")
    return list(subjects_of(contract))


def groups_of(contract: str, level: str) -> list[str]:
    """The case groups that a version comprises at a level; of a search there may be one more for each subject."""
    there = subjects()
    return [
        f"{name}/{family}"
        for name in subjects_of(contract)
        for family in (there[name].families(LEVELS[level]) if name in there else ["?"])
        if family != search.FAMILY  # what it tries depends on what is installed
    ]
