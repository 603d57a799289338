"""softplus(x): log(1 + e^x), a smooth rectifier.

1. ``RN(log(1 + e^x))`` (N2.1).
2. ``softplus(-inf) = +0``, ``softplus(inf) = inf`` (N2.3).
3. The gradient is ``g * sigmoid(x)``.

Source: C. Dugas et al., Incorporating second-order functional knowledge for better option pricing, NIPS 2000.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1: far below zero the sum takes e^x's exponent of bits, until e^x is below any rounding boundary."""
    return r.log(1 + r.exp(x))


def binary64(m: Any, x: Any) -> Any:
    """``max(x, 0) + log1p(e^-|x|)``: the same, as log(1 + e^x) = x + log(1 + e^-x), within 17 units of 2^-53.

    8 of exp, which log1p does not magnify as e / ((1 + e) log(1 + e)) <= 1, 8 of log1p, and the sum of two numbers
    that are not negative adds 1. Where e^-|x| is below the normal numbers of binary64, it makes no difference in
    binary32.
    """
    return m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x)))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * sigmoid(x)``."""
    return (g * x.sigmoid(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=0.0, plus_infinity=inf),
    binary64=binary64,
    bound=18,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.6931472, 0.6931472]),
        case([inf, -inf, nan], want=[inf, 0.0, nan]),
        case([2.0**-149, -(2.0**-149), 2.0**-24], note="log 2 + x/2"),
        case([15.0, 16.635532, 17.5, 20.0], note="to x, from above"),
        case([-16.0, -17.328679, -50.0], note="to e^x, from below"),
        case([-87.33655, -95.0, -103.97207, -103.97208], note="into the subnormals and to +0"),
        case([3.4028234663852886e38, -1e30], want=[3.4028234663852886e38, 0.0]),
        case(
            [0.000446809921, 5.12408829],
            want=[0.69337064, 5.13002205],
            note="the nearest to a midpoint of all numbers: 2^-33.5 and 2^-29.2 ulp",
        ),
    ),
)
