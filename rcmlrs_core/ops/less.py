"""less(x, y): whether x is below y; ``x < y``.

1. Elementwise, as a tensor of bools. ``-0`` and ``+0`` are equal; a comparison with NaN is false (IEEE 754-2019,
   5.11).
2. Both are float32 or both int32. Operands broadcast against each other.
3. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.ops.comparison import comparison


def plain(x: Any, y: Any) -> Any:
    """Clause 1."""
    return x < y


operation = comparison(
    __name__,
    plain,
    alias="lt",
    floats=[False, False, False, False, True, False],
    integers=[True, False, False],
    broadcast=[[False, True], [False, False]],
)
