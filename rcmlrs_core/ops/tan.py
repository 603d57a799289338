"""tan(x): the tangent of x radians.

1. ``RN(sin x / cos x)`` (N2.1), of any finite x: pi is pi, however large x is. No binary number is a pole.
2. ``tan(-0) = -0``; the tangent of an infinity is NaN (N2.3). The function is odd.
3. The gradient is ``g * (1 + tan^2 x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """The quotient."""
    return r.tan(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53.

    Of all binary32 numbers none is nearer to a multiple of pi/2 than about 2^-30, so nothing overflows.
    """
    return m.tan(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * fma(y, y, 1)``."""
    return (g * y.fma(y, 1.0),)


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
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x + x^3/3 next to x"),
        case([0.7853982, -0.7853982], want=[1.0, -1.0]),
        case([1.5707964, 1.5707963, 4.712389], want=[-22877332.0, 13245402.0, -83858280.0], note="next to its poles"),
        case([3.1415927, -6.2831855], want=[8.742278e-08, -1.7484556e-07], note="next to its zeros"),
        case(
            [3.4028234663852886e38, -3.4028234663852886e38, 2.0**127],
            note="127 bits of the quotient by pi/2 are dropped",
        ),
        case(
            [3.64902137e19, 9.74812578e17, 4.04551554],
            want=[1.62831259, 0.325683028, 1.27036107],
            note="the nearest to a midpoint of all numbers: 2^-30.8, 2^-28.8 and 2^-28.2 ulp",
        ),
    ),
)
