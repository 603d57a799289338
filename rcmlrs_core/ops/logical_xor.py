"""logical_xor(x, y): true where one of x and y is, and not the other.

1. Of bools, to bools. Operands broadcast against each other.
2. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.ops.logic import logic


def plain(x: Any, y: Any) -> Any:
    """Clause 1."""
    return x ^ y


operation = logic(
    __name__,
    plain,
    table=(False, True, True, False),
    broadcast=((False, True), (True, False)),
)
