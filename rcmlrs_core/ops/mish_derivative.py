"""mish_derivative(x): the derivative of mish.

1. With ``e = e^x`` and ``w = e (e + 2)``: ``w / (w + 2) + 4 x e (1 + e) / (w + 2)^2``, rounded once (N2.1). The first
   term is tanh(softplus(x)), the second x times its derivative.
2. ``mish_derivative(-inf) = -0`` and ``mish_derivative(inf) = 1``, the limits (N2.3). It is zero near -1.1924.
3. With T the first term, D = 1 - T^2 and s = sigmoid(x), the gradient is ``g * D s (2 + x (1 - s - 2 T s))`` at x
   clipped to [-200, 200], beyond which it is below the smallest number.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    e = r.exp(x)
    w = e * (e + 2)
    return w / (w + 2) + 4 * x * e * (1 + e) / (w + 2) ** 2


def binary64(m: Any, x: Any) -> tuple[Any, Any]:
    """Clause 1; the error is relative to the sum of both magnitudes.

    In units of 2^-53: exp errs by 8, so w by 18 and the first term by 20 (see ``mish``). In the second, e has 8, 1 + e
    9, w + 2 19, and each counts as often as it occurs: 8 + 9 + 38, and 4 for the products and the quotient (4 x is
    exact). The sum adds 1: 60 at most.

    Above 50 the result is 1 but for 2^-130, and below -200 it is negative and smaller than 2^-150: an x beyond is as
    good as these.
    """
    x = m.minimum(m.maximum(x, -200.0), 50.0)
    e = m.exp(x)
    w = e * (e + 2.0)
    first, second = w / (w + 2.0), 4.0 * x * (e * (1.0 + e)) / ((w + 2.0) * (w + 2.0))
    return first + second, first + m.abs(second)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3."""
    x = x.maximum(-200.0).minimum(200.0)
    soft, s = x.softplus(), x.sigmoid()
    return (g * (soft.tanh_derivative() * s * (2.0 + x * (1.0 - s - 2.0 * (soft.tanh() * s)))),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-0.0, plus_infinity=1.0),
    binary64=binary64,
    bound=62,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.6, 0.6]),
        case([inf, -inf, nan], want=[1.0, -0.0, nan]),
        case([2.0**-149, -(2.0**-149)], want=[0.6, 0.6]),
        case([-1.1924, -1.1924311, -1.192, -1.193], note="next to the zero: the terms cancel"),
        case([1.0, -1.0, 3.0, -3.0, 1.5]),
        case([8.0, 9.5, 10.0, 20.0, 60.0, 3.4028234663852886e38], note="to 1, from above"),
        case([-90.0, -100.0, -108.0, -109.0, -1e30], note="into the subnormals and to -0"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
