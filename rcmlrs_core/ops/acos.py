"""acos(x): the arccosine, the angle in [0, pi] whose cosine is x.

1. ``RN(acos x)`` (N2.1); ``acos(-1) = RN(pi)``.
2. ``acos(1) = +0``; outside [-1, 1] the result is NaN (N2.3).
3. The gradient is ``-g / sqrt(1 - x^2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """The angle, which is no algebraic number but at one (Lindemann)."""
    return r.acos(x)


def special(x: float) -> float | None:
    """Clause 2."""
    return nan if abs(x) > 1 else None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.acos(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``-g * rsqrt(fma(-x, x, 1))``, where 1 - x^2 is rounded once."""
    return (-g * (-x).fma(x, 1.0).rsqrt(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    aliases=("arccos",),
    cases=(
        case([1.0, -1.0, 0.0, -0.0], want=[0.0, 3.1415927, 1.5707964, 1.5707964]),
        case([0.5, -0.5], want=[1.0471976, 2.0943952]),
        case([1 + 2.0**-23, -1 - 2.0**-23, inf, -inf, nan], want=[nan] * 5),
        case([2.0**-149, -(2.0**-126), 2.0**-24], want=[1.5707964, 1.5707964, 1.5707963]),
        case([1 - 2.0**-24, -1 + 2.0**-24], note="next to the ends, where the slope is infinite"),
        case(
            [0.000248686469, 1.58932547e-8, -0.0117446901],
            want=[1.5705477, 1.57079637, 1.58254123],
            note="the nearest to a midpoint of all numbers: 2^-33.5, 2^-30.9 and 2^-29.9 ulp",
        ),
    ),
)
