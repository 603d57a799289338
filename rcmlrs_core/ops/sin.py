"""sin(x): the sine of x radians.

1. ``RN(sin x)`` (N2.1), of any finite x: pi is pi, however large x is.
2. ``sin(-0) = -0``; the sine of an infinity is NaN (N2.3). The function is odd.
3. The gradient is ``g * cos(x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """The sine, which is no algebraic number but at zero (Lindemann)."""
    return r.sin(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53.

    Of all binary32 numbers none is nearer to a multiple of pi/2 than about 2^-30, so nothing underflows.
    """
    return m.sin(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * cos(x)``."""
    return (g * x.cos(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=nan, plus_infinity=nan, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[nan, nan, nan]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x - x^3/6 next to x"),
        case(
            [3.1415927, -3.1415927, 6.2831855],
            want=[-8.742278e-08, 8.742278e-08, 1.7484556e-07],
            note="next to multiples of pi",
        ),
        case([1.5707964, -1.5707963, 4.712389], want=[1.0, -1.0, -1.0], note="next to its extremes"),
        case(
            [3.4028234663852886e38, -3.4028234663852886e38, 2.0**127],
            note="127 bits of the quotient by pi/2 are dropped",
        ),
        case(
            [1.30129235e31, 9830.39844, 2.78975113e13],
            want=[0.289508939, -0.347613245, -0.994050443],
            note="the nearest to a midpoint of all numbers: 2^-31.0, 2^-30.5 and 2^-29.6 ulp",
        ),
    ),
)
