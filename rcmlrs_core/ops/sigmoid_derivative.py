"""sigmoid_derivative(x): the derivative of the logistic function.

1. ``sigmoid'(x) = s(x) (1 - s(x))`` with s = sigmoid; rounded once (N2.1).
2. ``sigmoid'(-inf) = sigmoid'(inf) = +0`` (N2.3). The function is even.
3. The gradient is ``g * sigmoid'(x) * (1 - 2 s(x))``, in which 1 - 2 s(x) = -tanh(x/2).
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1, with 1 - s(x) = s(-x): far above zero, the difference would take its own exponent of bits."""
    return r.sigmoid(x) * r.sigmoid(-x)


def binary64(m: Any, x: Any) -> Any:
    """``e / (1 + e)^2`` with e = e^-|x| in (0, 1], within 12 units of 2^-53.

    A relative error of e is multiplied by (1 - e) / (1 + e) <= 1: 8 units of exp. The sum counts twice, its square
    and the quotient once each: 4 more.
    """
    e = m.exp(-m.abs(x))
    return e / ((1.0 + e) * (1.0 + e))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3."""
    return (-(g * (y * (0.5 * x).tanh())),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=0.0, plus_infinity=0.0),
    binary64=binary64,
    bound=13,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.25, 0.25]),
        case([inf, -inf, nan], want=[0.0, 0.0, nan]),
        case([2.0**-149, -(2.0**-149)], want=[0.25, 0.25]),
        case([2.0**-11, 3 * 2.0**-12, 2.0**-12], note="1/4 - x^2/16 next to a midpoint or a number"),
        case([-87.33655, 95.0, -103.97207, 103.97208], note="into the subnormals and to +0"),
        case([1e30, -1e30], want=[0.0, 0.0]),
        case(
            [2.33295393, -4.51321554],
            want=[0.0806103498, 0.0107266661],
            note="the nearest to a midpoint of all numbers: 2^-26.8 and 2^-26 ulp",
        ),
    ),
)
