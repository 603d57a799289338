"""atan(x): the arctangent, the angle in (-pi/2, pi/2) whose tangent is x.

1. ``RN(atan x)`` (N2.1).
2. ``atan(-0) = -0``, ``atan(+-inf) = +-RN(pi/2)``, the limits (N2.3). The function is odd.
3. The gradient is ``g / (1 + x^2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits

HALF_PI = float.fromhex("0x1.921fb6p+0")
"""RN(pi/2)."""


def exact(r: Any, x: Any) -> Any:
    """The angle, which is no algebraic number but at zero (Lindemann)."""
    return r.atan(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.atan(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / h / h`` with h = sqrt(1 + x^2) rounded once, which does not overflow."""
    return (g / (h := x.hypot(1.0)) / h,)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-HALF_PI, plus_infinity=HALF_PI, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    aliases=("arctan",),
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[1.5707964, -1.5707964, nan]),
        case([1.0, -1.0, 3.4028234663852886e38, -16777216.0], want=[0.7853982, -0.7853982, 1.5707964, -1.5707963]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x - x^3/3 next to x"),
        case(
            [0.0690520033, 0.00163435866, 0.00384687097],
            want=[0.0689425692, 0.00163435726, 0.00384685211],
            note="the nearest to a midpoint of all numbers: 2^-31.9, 2^-28.1 and 2^-28.0 ulp",
        ),
    ),
)
