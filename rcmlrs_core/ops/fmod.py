"""fmod(x, y): what is left of x after a whole number of y, with the sign of x.

1. ``x - y trunc(x / y)``, which is a binary32 number whatever the quotient is: nothing is rounded (IEEE 754-2008
   and C call it so). An exact zero has the sign of x.
2. Of a zero y or an infinite x it is NaN; of an infinite y it is x (N2.3).
3. Operands broadcast against each other. ``remainder`` is the one that has the sign of y, as Python's ``%``.
4. The gradient passes ``g`` to x and ``-g * trunc(x / y)`` to y, summed over the axes that were broadcast. The whole
   number is ``floor_divide(|x|, |y|)`` with the sign of the quotient, and constant but for jumps.
"""

from math import fmod as exact_fmod
from math import inf, isinf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def plain(x: float, y: float) -> float:
    """Clauses 1 and 2: C's fmod is exact."""
    return nan if x != x or y != y or isinf(x) or y == 0 else exact_fmod(x, y)


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Of magnitudes it is the remainder, and exact."""
    return m.copysign(m.abs(x) % m.abs(y), x)


def gradient(g: Any, r: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """Clause 4; a constant costs nothing."""
    to_x = g.sum_to(x.shape) if x.requires_grad else None
    if not y.requires_grad:
        return to_x, None
    times = x.abs().floor_divide(y.abs()) * (x.sign() * y.sign())
    return to_x, -(g * times).sum_to(y.shape)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([5.5, -5.5, 5.5, -5.5], [2.0, 2.0, -2.0, -2.0], want=[1.5, -1.5, 1.5, -1.5]),
        case([6.0, -6.0, 0.0, -0.0], [2.0, -2.0, -1.0, 1.0], want=[0.0, -0.0, 0.0, -0.0]),
        case([-1e-30, 1e-30], [1.0, -1.0], want=[-1e-30, 1e-30]),
        case([3.4028234663852886e38, -3.4028234663852886e38, 1e38], [3.0, 7e-45, 0.1], note="quotients up to 2^277"),
        case([1.0, -1.0, -0.0, 2.0**-149], [inf, inf, -inf, -inf], want=[1.0, -1.0, -0.0, 2.0**-149]),
        case([1.0, 0.0, inf, nan, 1.0], [0.0, -0.0, 2.0, 1.0, nan], want=[nan] * 5),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32, got int32", int32(1), int32(1)),
    ),
)
