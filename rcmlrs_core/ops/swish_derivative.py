"""swish_derivative(x): the derivative of swish.

1. ``swish'(x) = s(x) + x s(x) (1 - s(x))`` with s = sigmoid; rounded once (N2.1).
2. ``swish'(-inf) = -0`` and ``swish'(inf) = 1``, the limits (N2.3). It is zero near -1.2785 and negative below.
3. The gradient is ``g * s'(x) * (2 - x tanh(x/2))``, with s' = sigmoid_derivative, at x clipped to [-200, 200], beyond
   which it is below the smallest number.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1 as s(x) (1 + x s(-x))."""
    return r.sigmoid(x) * (1 + x * r.sigmoid(-x))


def binary64(m: Any, x: Any) -> Any:
    """``s (1 + w)`` with e = e^-x, s = 1 / (1 + e) and w = x (e s); the error is relative to s (1 + |w|).

    In units of 2^-53: the 8 of exp reach s as 8 e / (1 + e) and e s as 8 / (1 + e), the same 8 in sum. To s, the
    sum and the quotient add 2; to w, these and two products add 4; the sum 1 + w and the last product add 2: 16 at
    most.

    An x beyond -200 or 200 is as good as these. Above, |swish'(x) - 1| < x e^-x < 2^-25; below, swish'(x) is
    negative and smaller than |x| e^x < 2^-150: the results round to 1 and -0 just so.
    """
    x = m.minimum(m.maximum(x, -200.0), 200.0)
    e = m.exp(-x)
    s = 1.0 / (1.0 + e)
    w = x * (e * s)
    return s * (1.0 + w), s * (1.0 + m.abs(w))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3."""
    x = x.maximum(-200.0).minimum(200.0)
    return (g * (x.sigmoid_derivative() * (2.0 - x * (0.5 * x).tanh())),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-0.0, plus_infinity=1.0),
    binary64=binary64,
    bound=17,
    gradient=gradient,
    aliases=("silu_derivative",),
    cases=(
        case([0.0, -0.0], want=[0.5, 0.5]),
        case([inf, -inf, nan], want=[1.0, -0.0, nan]),
        case([2.0**-149, -(2.0**-149)], want=[0.5, 0.5]),
        case(
            [-(2.0**-25), 2.0**-24], want=[0.5, 0.5], note="1/2 + x/2 is a midpoint, which -x^3/12 leaves by 2^-52 ulp"
        ),
        case([3 * 2.0**-24, 5 * 2.0**-24, -3 * 2.0**-25], note="likewise"),
        case([-1.2784645, -1.2784646, -1.2784644], note="next to the zero: the terms cancel"),
        case([19.5, 20.0, 20.5], note="to 1, from above"),
        case([-91.0, -100.0, -108.5, -109.0], note="into the subnormals and to -0"),
        case([1e30, -1e30], want=[1.0, -0.0]),
    ),
)
