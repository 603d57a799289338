"""ceil(x): the smallest integer that is not below x.

1. ``ceil(2.5) = 3``, ``ceil(-2.5) = -2``.
2. The result has the sign of x: ``ceil(-0.5) = -0``, and infinities and NaN stay (N2.3). Nothing is rounded.
3. Of int32 too, to int32, which are integers already.
4. The function is constant but for jumps: the gradient is 0.
"""

import math
from typing import Any

from rcmlrs_core.ops.whole import to_whole


def binary64(m: Any, x: Any) -> Any:
    """Clauses 1 and 2, which every m.ceil keeps."""
    return m.ceil(x)


operation = to_whole(
    __name__,
    math.ceil,
    binary64,
    [-2.0, -1.0, -1.0, -0.0, -0.0, -0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4194305.0, 8388608.0, -8388605.0],
)
