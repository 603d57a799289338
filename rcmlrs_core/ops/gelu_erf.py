"""gelu_erf(x): the Gaussian error linear unit itself, x times the normal distribution function.

1. ``gelu_erf(x) = x Phi(x) = x/2 * (1 + erf(x / sqrt(2)))``, rounded once (N2.1). ``gelu`` is its tanh form, which
   approximates it; PyTorch's ``gelu(x)`` means this one.
2. ``gelu_erf(-0) = -0``; ``gelu_erf(-inf) = -0`` and ``gelu_erf(inf) = inf``, the limits (N2.3).
3. The gradient is ``g * gelu_erf_derivative(x)``.

Source: D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, arXiv:1606.08415, section 2.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal

ROOT_HALF = float.fromhex("0x1.6a09e667f3bcdp-1")
"""1/sqrt(2) rounded to binary64: an error of at most half an ulp, so one unit of 2^-53."""


def exact(r: Any, x: Any) -> Any:
    """Clause 1: far below zero the sum takes 0.72 x^2 bits more."""
    return x / 2 * (1 + r.erf(x / r.sqrt(r.number(2))))


def special(x: float) -> float | None:
    """Clause 2, and what is as good as infinite: 15 Phi(-15) < 2^-163 and, beside x, Phi(-8) < 2^-50."""
    return x if x == 0 or x > 8 else -0.0 if x < -15 else None


def binary64(m: Any, x: Any) -> Any:
    """``x/2 * erfc(-x / sqrt(2))``, which does not cancel far below zero.

    In units of 2^-53: the argument a has a relative error of 2 (constant and product), which erfc magnifies by less
    than 2 a^2 + 2 (where a > 0: a e^(-a^2) 2/sqrt(pi) / erfc(a) < 2 a^2 + 1; elsewhere by less than 1). erfc errs by
    16 for a binary32 argument (see its file), and by a^2 more as the square of this one is rounded. The product adds 1;
    x/2 is exact. With x >= -15 that is 2 (225 + 2) + 16 + 113 + 1 = 584. Below, where the result is
    smaller than 2^-163, it rounds to -0 however it errs, and an x below -15.5 is as good as that.
    """
    x = m.maximum(x, -15.5)
    return 0.5 * x * m.erfc(x * -ROOT_HALF)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * gelu_erf'(x)``."""
    return (g * x.gelu_erf_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=586,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.0, -0.0, inf, -0.0, nan]),
        case([1.0, -1.0, 2.0, -2.0], want=[0.84134475, -0.15865526, 1.9544997, -0.045500264]),
        case(
            [2.0**-149, -(2.0**-149), 3 * 2.0**-149, -3 * 2.0**-149],
            note="x/2 lies on a midpoint, the value a hair beside it",
        ),
        case([5.0, 5.3, 5.5, 8.0, 8.5], note="to x, from below"),
        case([-12.5, -13.0, -14.0, -14.2, -14.5, -15.0, -15.5], note="into the subnormals and to -0"),
        case([3.4028234663852886e38, -3.4028234663852886e38], want=[3.4028234663852886e38, -0.0]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
