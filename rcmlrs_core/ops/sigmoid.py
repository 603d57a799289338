"""sigmoid(x): the logistic function.

1. ``sigmoid(x) = 1 / (1 + e^-x)``, rounded once (N2.1).
2. ``sigmoid(-inf) = +0``, ``sigmoid(inf) = 1`` (N2.3).
3. The gradient is ``g * sigmoid_derivative(x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1: a sum of positive numbers, in which nothing is lost."""
    return r.sigmoid(x)


def binary64(m: Any, x: Any) -> Any:
    """Clause 1, within 10 units of 2^-53: 8 of exp, which the sum does not magnify, and one each of sum and quotient.

    Where e^-x overflows binary64 (x < -709), the result is 0, and sigmoid(x) < e^x rounds to 0.
    """
    return 1.0 / (1.0 + m.exp(-x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * sigmoid'(x)``."""
    return (g * x.sigmoid_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=0.0, plus_infinity=1.0),
    binary64=binary64,
    bound=11,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.5, 0.5]),
        case([inf, -inf, nan], want=[1.0, 0.0, nan]),
        case([2.0**-149, -(2.0**-149)], want=[0.5, 0.5]),
        case(
            [-(2.0**-24), 2.0**-23], want=[0.5, 0.5], note="1/2 + x/4 is a midpoint, which -x^3/48 leaves by 2^-52 ulp"
        ),
        case([3 * 2.0**-23, 5 * 2.0**-23, -3 * 2.0**-24], note="likewise"),
        case([17.328678, 17.32868], want=[1 - 2.0**-24, 1.0], note="to 1"),
        case([-87.33655, -95.0, -103.97207, -103.97208], note="into the subnormals and to +0"),
        case([1e30, -1e30], want=[1.0, 0.0]),
    ),
)
