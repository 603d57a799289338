"""sinh(x): the hyperbolic sine.

1. ``RN((e^x - e^-x) / 2)`` (N2.1).
2. ``sinh(-0) = -0``, ``sinh(-inf) = -inf``, ``sinh(inf) = inf`` (N2.3). The function is odd.
3. The gradient is ``g * cosh(x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1: next to zero the difference takes the bits of x's exponent, which are 149 at most."""
    return r.sinh(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53. Overflow (|x| > 710) is overflow in binary32 too."""
    return m.sinh(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * cosh(x)``."""
    return (g * x.cosh(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-inf, plus_infinity=inf, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[inf, -inf, nan]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x + x^3/6 next to x"),
        case([89.41598, 89.41599, -89.41599], want=[3.4027937e38, inf, -inf], note="the overflow threshold"),
        case([1e30, -3.4028234663852886e38], want=[inf, -inf]),
        case(
            [0.000558942498, 0.00278723962, 0.991979122],
            want=[0.000558942498, 0.00278724334, 1.16286206],
            note="the nearest to a midpoint of all numbers: 2^-31.1, 2^-27.2 and 2^-26.8 ulp",
        ),
    ),
)
