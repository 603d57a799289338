"""copysign(x, y): the magnitude of x with the sign of y.

1. Nothing is rounded. The sign of NaN cannot be seen (N1.2): of a y that is NaN the result is |x|, and of an x that is
   NaN it is NaN.
2. Operands broadcast against each other.
3. The gradient passes ``g * sign(x)`` with the sign of ``y`` to ``x``, and zeros to ``y``.
"""

import math
from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def plain(x: float, y: float) -> float:
    """Clause 1."""
    return math.copysign(x, y if y == y else 1.0)


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Clause 1."""
    return m.copysign(x, m.where(y == y, y, 1.0))


def gradient(g: Any, z: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Clause 3."""
    return (g * (x.sign() * x.ones_like().copysign(y))).sum_to(x.shape), y.zeros_like()


operation = Elementwise(
    module=__name__,
    clause="N1.2",
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([1.0, -1.0, 0.0, -0.0, inf], [-0.0, 0.0, -1.0, 1.0, -inf], want=[-1.0, 1.0, -0.0, 0.0, -inf]),
        case([-1.0, 2.0, nan], [nan, -nan, -1.0], want=[1.0, 2.0, nan]),
        case([[1.0], [-(2.0**-149)]], [-1.0, 1.0], want=[[-1.0, 1.0], [-(2.0**-149), 2.0**-149]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32, got int32", int32(1), int32(-1)),
    ),
)
