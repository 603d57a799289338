"""tanh_derivative(x): the derivative of the hyperbolic tangent.

1. ``tanh'(x) = 1 - tanh(x)^2 = (2 / (e^x + e^-x))^2``, rounded once (N2.1).
2. ``tanh'(-inf) = tanh'(inf) = +0`` (N2.3). The function is even.
3. The gradient is ``-2 g tanh'(x) tanh(x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1 in its second form: far from zero, 1 - tanh(x)^2 would take its own exponent of bits."""
    return (2 / (r.exp(x) + r.exp(-x))) ** 2


def binary64(m: Any, x: Any) -> Any:
    """``4 e / (1 + e)^2`` with e = e^(-2|x|) in (0, 1], within 12 units of 2^-53.

    A relative error of e is multiplied by (1 - e) / (1 + e) <= 1: 8 units of exp. The sum counts twice, its square
    and the quotient once each: 4 more. -2|x| and 4 e are exact.
    """
    e = m.exp(-2.0 * m.abs(x))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3."""
    return (-2.0 * (g * (y * x.tanh())),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=0.0, plus_infinity=0.0),
    binary64=binary64,
    bound=13,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[1.0, 1.0]),
        case([inf, -inf, nan], want=[0.0, 0.0, nan]),
        case([2.0**-149, -(2.0**-149)], want=[1.0, 1.0]),
        case([2.0**-12, 3 * 2.0**-12, 2.0**-11], note="1 - x^2 beside a number"),
        case([-44.361415, 50.0, -52.67918, 52.67919], note="into the subnormals and to +0"),
        case([1e30, -1e30], want=[0.0, 0.0]),
        case(
            [1.16647696, -2.25660777],
            want=[0.322441399, 0.0429066643],
            note="the nearest to a midpoint of all numbers: 2^-26.8 and 2^-26 ulp",
        ),
    ),
)
