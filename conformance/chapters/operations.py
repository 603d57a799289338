"""Every operation is a subject: its refusals, its cases, and seeded random calls by its form.

``MORE`` lists the modules that add families to the operations: ``families(operation, level)``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Operation, Refusal
from rcmlrs_core.registry import Backend

from ..examine import Examiner, Finding
from ..inputs.generators import families_of, has_random_trials, trials
from ..status import COMPOSITION, ERROR
from ..subjects import Case, Cases, Level, Subject
from . import aliasing, exhaustive, gradients, invariances, memory, provenance, search, sizes, worst

REFUSALS = "refusals"
"""The family of calls that must be refused."""

MORE: tuple[ModuleType, ...] = (
    worst,
    gradients,
    invariances,
    sizes,
    aliasing,
    memory,
    provenance,
    search,
    exhaustive,
)


@dataclass(frozen=True)
class Refused:
    """A call that must be refused."""

    operation: str
    refusal: Refusal

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with the refusal, if anything is."""
        return examiner.try_refusal(self.operation, self.refusal)


def _families(operation: Operation, level: Level) -> dict[str, Cases]:
    found: dict[str, Cases] = {}
    if operation.refusals:
        found[REFUSALS] = lambda seed, level: (Refused(operation.name, refusal) for refusal in operation.refusals)
    for family in families_of(operation):
        found[family] = _trials(operation, family)
    for module in MORE:
        found |= module.families(operation, level)
    return found


def _trials(operation: Operation, family: str) -> Cases:
    def cases(seed: int, level: Level) -> Iterator[Case]:
        return trials(operation, family, level, seed)

    return cases


def _subject(operation: Operation) -> Subject:
    def families(level: Level) -> dict[str, Cases]:
        return _families(operation, level)

    def origin(backend: Backend) -> str:
        if isinstance(operation, Composition):
            return COMPOSITION
        return backend.origins.get(operation.name, ERROR)

    return Subject(operation.name, families, origin, operation, not has_random_trials(operation))


def subjects() -> Iterator[Subject]:
    """One for each operation of the table."""
    for operation in TABLE.values():
        yield _subject(operation)
