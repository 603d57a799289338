"""logical_and(x, y): true where both x and y are; ``x & y``.

1. Of bools, to bools. Operands broadcast against each other.
2. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.ops.logic import logic


def plain(x: Any, y: Any) -> Any:
    """Clause 1."""
    return x & y


operation = logic(
    __name__,
    plain,
    table=(False, False, False, True),
    broadcast=((True, False), (False, False)),
)
