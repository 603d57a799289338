"""cosh(x): the hyperbolic cosine.

1. ``RN((e^x + e^-x) / 2)`` (N2.1).
2. ``cosh(+-0) = 1``, ``cosh(+-inf) = inf`` (N2.3). The function is even.
3. The gradient is ``g * sinh(x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return r.cosh(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53. Overflow (|x| > 710) is overflow in binary32 too."""
    return m.cosh(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * sinh(x)``."""
    return (g * x.sinh(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=inf, plus_infinity=inf, minus_zero=1.0, plus_zero=1.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[1.0, 1.0]),
        case([inf, -inf, nan], want=[inf, inf, nan]),
        case(
            [2.0**-149, -(2.0**-126), 2.0**-12, float.fromhex("0x1.6a09e8p-12")],
            want=[1.0, 1.0, 1.0, 1 + 2.0**-23],
            note="1 + x^2/2 next to 1 and to a midpoint",
        ),
        case([89.41598, 89.41599, -89.41599], want=[3.4027937e38, inf, inf], note="the overflow threshold"),
        case([1e30, -3.4028234663852886e38], want=[inf, inf]),
        case(
            [0.000913490541, 0.0548297465, 0.0010358009],
            want=[1.00000048, 1.00150359, 1.00000048],
            note="the nearest to a midpoint of all numbers: 2^-30.3, 2^-29.7 and 2^-27.7 ulp",
        ),
    ),
)
