"""less_equal(x, y): whether x is at most y; ``x <= y``.

1. Elementwise, as a tensor of bools. ``-0`` and ``+0`` are equal; a comparison with NaN is false (IEEE 754-2019,
   5.11).
2. Both are float32 or both int32. Operands broadcast against each other.
3. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.ops.comparison import comparison


def plain(x: Any, y: Any) -> Any:
    """Clause 1."""
    return x <= y


operation = comparison(
    __name__,
    plain,
    alias="le",
    floats=[True, False, True, False, True, False],
    integers=[True, True, False],
    broadcast=[[True, True], [False, True]],
)
