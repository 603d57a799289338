"""Family ``worst``: the inputs of a function that come nearest to a midpoint, and what lies beside them."""

from collections.abc import Iterator

from rcmlrs_core.ops.op import Operation

from ..bits import SIGN, floats
from ..corpus import read
from ..inputs.trial import Trial
from ..subjects import Cases, Level

FAMILY = "worst"

AT_SMOKE = 5
"""The nearest of each function."""


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """One call of each function whose worst cases are known."""
    worst = read().get(operation.name, [])

    def cases(seed: int, level: Level) -> Iterator[Trial]:
        inputs = [case.input for case in worst]
        if level.reaches("standard"):
            beside = [bits + step for bits in inputs for step in (-1, 0, 1)]
            inputs = [bits ^ sign for sign in (0, SIGN) for bits in beside]
        else:
            inputs = inputs[:AT_SMOKE]
        yield Trial(operation, FAMILY, (floats(inputs),))

    return {FAMILY: cases} if worst else {}
