"""floor(x): the largest integer that is not above x.

1. ``floor(2.5) = 2``, ``floor(-2.5) = -3``.
2. The result has the sign of x: ``floor(-0) = -0``, and infinities and NaN stay (N2.3). Nothing is rounded.
3. Of int32 too, to int32, which are integers already.
4. The function is constant but for jumps: the gradient is 0.
"""

import math
from typing import Any

from rcmlrs_core.ops.whole import to_whole


def binary64(m: Any, x: Any) -> Any:
    """Clauses 1 and 2, which every m.floor keeps."""
    return m.floor(x)


operation = to_whole(
    __name__,
    math.floor,
    binary64,
    [-3.0, -2.0, -1.0, -1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 4194304.0, 8388607.0, -8388606.0],
)
