"""equal(x, y): whether two elements are equal; ``x == y``.

1. Elementwise, as a tensor of bools. ``-0`` and ``+0`` are equal; a comparison with NaN is false (IEEE 754-2019,
   5.11).
2. Both are float32, both int32 or both bool. Operands broadcast against each other.
3. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.ops.comparison import comparison


def plain(x: Any, y: Any) -> Any:
    """Clause 1."""
    return x == y


operation = comparison(
    __name__,
    plain,
    alias="eq",
    floats=[True, False, True, False, False, False],
    integers=[False, True, False],
    broadcast=[[True, False], [False, True]],
    bools=[True, False, True],
)
