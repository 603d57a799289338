"""round(x): the nearest integer, of two the even one.

1. ``round(2.5) = 2``, ``round(3.5) = 4``, ``round(-0.5) = -0`` (IEEE 754-2019, 5.9: roundToIntegralTiesToEven).
2. The result has the sign of x: ``round(-0.5) = -0``, and infinities and NaN stay (N2.3). Nothing is rounded.
3. Of int32 too, to int32, which are integers already.
4. The function is constant but for jumps: the gradient is 0.
"""

from typing import Any

from rcmlrs_core.ops.whole import to_whole


def binary64(m: Any, x: Any) -> Any:
    """Clauses 1 and 2, which every m.round keeps."""
    return m.round(x)


operation = to_whole(
    __name__,
    round,
    binary64,
    [-2.0, -2.0, -1.0, -1.0, -0.0, -0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 4194304.0, 8388608.0, -8388606.0],
)
