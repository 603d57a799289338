"""asin(x): the arcsine, the angle in [-pi/2, pi/2] whose sine is x.

1. ``RN(asin x)`` (N2.1); ``asin(1) = RN(pi/2)``.
2. ``asin(-0) = -0``; outside [-1, 1] the result is NaN (N2.3). The function is odd.
3. The gradient is ``g / sqrt(1 - x^2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """The angle, which is no algebraic number but at zero (Lindemann)."""
    return r.asin(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0:
        return x
    return nan if abs(x) > 1 else None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.asin(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * rsqrt(fma(-x, x, 1))``, where 1 - x^2 is rounded once."""
    return (g * (-x).fma(x, 1.0).rsqrt(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    aliases=("arcsin",),
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([1.0, -1.0, 0.5], want=[1.5707964, -1.5707964, 0.5235988]),
        case([1 + 2.0**-23, -1 - 2.0**-23, inf, -inf, nan], want=[nan] * 5),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x + x^3/6 next to x"),
        case([1 - 2.0**-24, -1 + 2.0**-24], note="next to the ends, where the slope is infinite"),
        case(
            [0.532136559, 0.112293467, 0.033101663],
            want=[0.56112206, 0.112530813, 0.0331077091],
            note="the nearest to a midpoint of all numbers: 2^-30.4, 2^-28.6 and 2^-27.3 ulp",
        ),
    ),
)
