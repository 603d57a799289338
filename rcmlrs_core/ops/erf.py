"""erf(x): the error function.

1. ``RN(2/sqrt(pi) * integral from 0 to x of e^(-t^2))`` (N2.1).
2. ``erf(-0) = -0``, ``erf(-inf) = -1``, ``erf(inf) = 1`` (N2.3). The function is odd.
3. The gradient is ``g * 2/sqrt(pi) e^(-x^2)``.
"""

from math import copysign, inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case

TWO_OVER_ROOT_PI = 1.1283791670955126


def exact(r: Any, x: Any) -> Any:
    """The Maclaurin series."""
    return r.erf(x)


def special(x: float) -> float | None:
    """Clause 2, and what is as good as infinite: 1 - erf(6) is below 2^-55."""
    return x if x == 0 else copysign(1.0, x) if abs(x) > 6 else None


def binary64(m: Any, x: Any) -> Any:
    """Within 8 ulp, which are 16 units of 2^-53: C libraries are within 1.5 ulp, and arrays within 6 units.

    (B. Gladman et al., Accuracy of mathematical functions in single, double, double extended, and quadruple precision,
    2024; ``rcmlrs_backend_array_api.math``.)
    """
    return m.erf(x)


def gauss(x: Any) -> Any:
    """e^(-x^2) for a gradient, as e^-s e^-t: s is x^2 rounded and t what the rounding lost, which fma gives exactly.

    Beyond 16 it is 0 in any case, and the square stays finite.
    """
    x = x.maximum(-16.0).minimum(16.0)
    s = x.square()
    return (-s).exp() * (-x.fma(x, -s)).exp()


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * (2/sqrt(pi) * gauss(x))``."""
    return (g * (TWO_OVER_ROOT_PI * gauss(x)),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=16,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[1.0, -1.0, nan]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, 0.5, -1.0], want=[1.3264034e-38, 0.00027548318, 0.5204999, -0.8427008]),
        case([3.8325067, 3.8325071, 4.0, -3.9], note="to 1, which is RN from there on"),
        case([6.5, -1e30, 3.4028234663852886e38], want=[1.0, -1.0, 1.0]),
        case(
            [0.000183980301, 0.000366251828, 1.06255686e-6],
            want=[0.000207599544, 0.000413270929, 1.19896708e-6],
            note="the nearest to a midpoint of all numbers: 2^-32.6, 2^-27.6 and 2^-26.9 ulp",
        ),
    ),
)
