"""not_equal(x, y): whether two elements differ; ``x != y``.

1. Elementwise, as a tensor of bools. ``-0`` and ``+0`` are equal; a comparison with NaN is true (IEEE 754-2019,
   5.11).
2. Both are float32, both int32 or both bool. Operands broadcast against each other.
3. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.ops.comparison import comparison


def plain(x: Any, y: Any) -> Any:
    """Clause 1."""
    return x != y


operation = comparison(
    __name__,
    plain,
    alias="ne",
    floats=[False, True, False, True, True, True],
    integers=[True, False, True],
    broadcast=[[False, True], [True, False]],
    bools=[False, True, False],
)
