"""cos(x): the cosine of x radians.

1. ``RN(cos x)`` (N2.1), of any finite x: pi is pi, however large x is.
2. ``cos(+-0) = 1``; the cosine of an infinity is NaN (N2.3). The function is even.
3. The gradient is ``g * -sin(x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """The cosine, which is no algebraic number but at zero (Lindemann)."""
    return r.cos(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.cos(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * -sin(x)``."""
    return (g * -x.sin(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=nan, plus_infinity=nan, minus_zero=1.0, plus_zero=1.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[1.0, 1.0]),
        case([inf, -inf, nan], want=[nan, nan, nan]),
        case(
            [2.0**-149, -(2.0**-126), 2.0**-12, 2.0**-13],
            want=[1.0, 1.0, 1.0, 1.0],
            note="1 - x^2/2 next to 1 and to a midpoint",
        ),
        case(
            [1.5707964, -1.5707964, 4.712389],
            want=[-4.371139e-08, -4.371139e-08, 1.1924881e-08],
            note="next to its zeros",
        ),
        case([3.1415927, 6.2831855], want=[-1.0, 1.0], note="next to its extremes"),
        case(
            [3.4028234663852886e38, -3.4028234663852886e38, 2.0**127],
            note="127 bits of the quotient by pi/2 are dropped",
        ),
        case(
            [1.72699834e20, 3.45219432e15, 1.10046776e19],
            want=[0.969057977, 0.759267926, 0.996410072],
            note="the nearest to a midpoint of all numbers: 2^-31.9, 2^-31.9 and 2^-31.6 ulp",
        ),
    ),
)
