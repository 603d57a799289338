"""Family ``search``: Hypothesis looks for operands at which an operation is wrong, and for the smallest of them.

The other families are lists that somebody thought of. Here operands share elements, their negatives and neighbours,
within a row and across operands, in shapes and with attributes at random; what fails is made smaller until nothing can
be left out. What is drawn depends on the seed, and on Hypothesis's version: so the family has no digest, and it is no
part of what a version of the contract comprises. Without Hypothesis there is no such family, which the report says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from rcmlrs_core.ops.op import Operation

from ..examine import Examiner, Finding
from ..inputs.trial import Trial
from ..subjects import Case, Cases, Level

FAMILY = "search"

FROM = "standard"
"""The level from which on there is a search."""

EXAMPLES = {"standard": 20}
MOST_EXAMPLES = 300
"""At the levels beyond."""

NOTE = "There was no search by Hypothesis, which is not installed: pip install 'rcmlrs[conformance]'."


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """One search of each operation whose operands are known how to draw."""
    from ..inputs.generators import has_random_trials

    if not level.reaches(FROM) or not is_there() or not has_random_trials(operation):
        return {}

    def cases(seed: int, level: Level) -> Iterator[Case]:
        yield Search(operation, seed, EXAMPLES.get(level.name, MOST_EXAMPLES))

    return {FAMILY: cases}


def is_there() -> bool:
    """Whether Hypothesis is installed."""
    return find_spec("hypothesis") is not None


def note(level: Level) -> list[str]:
    """What a report says of a run at this level from which the search is left out."""
    return [NOTE] if level.reaches(FROM) and not is_there() else []


@dataclass(frozen=True)
class Search:
    """So many calls of an operation, and what is the smallest of those that are wrong."""

    operation: Operation
    seed: int
    examples: int

    def examine(self, examiner: Examiner) -> Finding | None:
        """The smallest call that is wrong, if any is."""
        from ..inputs.strategies import smallest, trials

        inner = Examiner(examiner.backend, examiner.reference)  # what it sees depends on Hypothesis: no digest
        first: list[Finding] = []

        def wrong(trial: Trial) -> bool:
            inner.start_family()
            finding = inner.try_call(trial)
            if finding:
                first[:1] = first[:1] or [finding]
            return finding is not None

        name = f"rcmlrs conformance {self.seed} {self.operation.name} {FAMILY}"
        found = smallest(trials(self.operation, FAMILY), wrong, name, self.examples)
        examiner.compared += inner.compared
        if found is None:
            return None
        inner.start_family()
        return inner.try_call(found) or first[0]  # a kernel that is not the same twice may be right now
