"""gelu_derivative(x): the derivative of gelu, in its tanh form.

1. With ``v = 2 sqrt(2/pi) (x + 0.044715 x^3)``, so that gelu(x) = x s(v) with s = sigmoid:
   ``gelu'(x) = s(v) + x v' s(v) (1 - s(v))``, ``v' = 2 sqrt(2/pi) (1 + 3 * 0.044715 x^2)``; rounded once (N2.1).
   0.044715 is 44715/1000000 and pi is pi (N2.2).
2. ``gelu'(-inf) = -0`` and ``gelu'(inf) = 1``, the limits (N2.3). It is zero near -0.7525 and negative below.
3. The gradient is ``g * s'(v) * (4 sqrt(2/pi) (1 + 6 * 0.044715 x^2) - x v'^2 tanh(v/2))`` at x clipped to [-20, 20],
   beyond which it is below the smallest number; s' = sigmoid_derivative.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits

TWO_SQRT_2_OVER_PI = float.fromhex("0x1.9884533d43651p+0")
"""2 sqrt(2/pi) rounded to binary64: an error of at most half an ulp, so one unit of 2^-53."""


def exact(r: Any, x: Any) -> Any:
    """Clause 1, as s(v) (1 + x v' s(-v))."""
    scale, cubic = 2 * r.sqrt(2 / r.pi), r.ratio(44715, 1000000)
    v = scale * (x + cubic * x**3)
    slope = scale * (1 + 3 * cubic * x**2)
    return r.sigmoid(v) * (1 + x * slope * r.sigmoid(-v))


def binary64(m: Any, x: Any) -> Any:
    """``s (1 + w)`` with e = e^-v, s = 1 / (1 + e) and w = x v' (e s); the error is relative to s (1 + |w|).

    In units of 2^-53: v has a relative error of 6 (two constants, three products, a sum; x^2 is exact), so e^-v one
    of E = 6 |v| + 8. It reaches s as E e / (1 + e) and e s as E / (1 + e), which is E in sum. To s, the sum and the
    quotient add 2; to w, these and the product e s add 3, and v' (two constants, two products, a sum), x and the
    last product 7; the sum 1 + w and the product with s add 2: E + 14. Up to |v| = 112 that is 694.

    Beyond, |x v'| <= 3 |v| tells the result. Above zero, |s - 1| < e^-v and w < 3 v e^-v, both below 2^-150: it
    rounds to 1. Below zero it is negative and smaller than 3 |v| e^-|v| < 2^-150: it rounds to -0. The errors, of
    3700 units at most, change neither; and an x beyond -20 or 20 is as good as these, where |v| is 602.
    """
    x = m.minimum(m.maximum(x, -20.0), 20.0)
    square = x * x
    e = m.exp(x * (1.0 + 0.044715 * square) * -TWO_SQRT_2_OVER_PI)
    s = 1.0 / (1.0 + e)
    w = x * ((1.0 + 0.134145 * square) * TWO_SQRT_2_OVER_PI) * (e * s)
    return s * (1.0 + w), s * (1.0 + m.abs(w))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3. The constants are rounded to binary32, as every number in a composition (N6)."""
    x = x.maximum(-20.0).minimum(20.0)
    square = x * x
    v = TWO_SQRT_2_OVER_PI * (x + 0.044715 * (square * x))
    slope = TWO_SQRT_2_OVER_PI * (1.0 + 0.134145 * square)
    bracket = 2.0 * TWO_SQRT_2_OVER_PI * (1.0 + 0.26829 * square) - x * (slope * slope) * (0.5 * v).tanh()
    return (g * (v.sigmoid_derivative() * bracket),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-0.0, plus_infinity=1.0),
    binary64=binary64,
    bound=700,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.5, 0.5]),
        case([inf, -inf, nan], want=[1.0, -0.0, nan]),
        case([2.0**-149, -(2.0**-149)], want=[0.5, 0.5]),
        case([-0.7524614, -0.75246143, -0.7524615], note="next to the zero: the terms cancel"),
        case([1.0, -1.0, 3.0, -3.0, 0.7524614]),
        case([4.5, 5.0, 5.5, 6.0], note="to 1, from above"),
        case([-10.0, -10.5, -10.7, -10.9, -11.5], note="into the subnormals and to -0"),
        case([3.4028234663852886e38, -3.4028234663852886e38, 1e13], want=[1.0, -0.0, 1.0]),
        case(
            [3.7351672e-08, -1.8675836e-08],
            want=[0.50000006, 0.49999997],
            note="the nearest to a midpoint of all numbers: 2^-34 ulp",
        ),
    ),
)
