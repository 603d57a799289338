"""gelu_erf_derivative(x): the derivative of gelu_erf.

1. ``Phi(x) + x phi(x)``, with ``Phi(x) = (1 + erf(x / sqrt(2))) / 2`` and ``phi(x) = e^(-x^2/2) / sqrt(2 pi)``;
   rounded once (N2.1).
2. ``gelu_erf_derivative(-inf) = -0`` and ``gelu_erf_derivative(inf) = 1``, the limits (N2.3). It is zero near -0.7518
   and negative below.
3. The gradient is ``g * phi(x) (2 - x^2)`` at x clipped to [-20, 20], beyond which it is below the smallest number.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.gelu_erf import ROOT_HALF
from rcmlrs_core.ops.op import Elementwise, case, refusal

DENSITY = float.fromhex("0x1.9884533d43651p-2")
"""1/sqrt(2 pi) rounded to binary64: an error of at most half an ulp, so one unit of 2^-53."""


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return (1 + r.erf(x / r.sqrt(r.number(2)))) / 2 + x * r.exp(-(x**2) / 2) / r.sqrt(2 * r.pi)


def special(x: float) -> float | None:
    """Clause 2, and what is as good as infinite: 16 phi(16) < 2^-180, and beside 1, 8 phi(8) < 2^-44."""
    return 1.0 if x > 8 else -0.0 if x < -16 else None


def binary64(m: Any, x: Any) -> tuple[Any, Any]:
    """The error is relative to Phi + |x| phi, in units of 2^-53.

    Phi: 584 down to x = -15, as in ``gelu_erf``. x phi: exp errs by 8, as x^2 / 2 is exact; a constant and two products
    add 3. The sum adds 1. Below -15 the result is smaller than 2^-159, and negative: Phi is less than |x| phi / 225. So
    it rounds to -0, and so does the formula down to -15.5, where arrays have no erfc below any more. An x beyond that,
    or beyond 20, is as good as these.
    """
    x = m.minimum(m.maximum(x, -15.5), 20.0)
    first, second = 0.5 * m.erfc(x * -ROOT_HALF), x * (DENSITY * m.exp(-0.5 * (x * x)))
    return first + second, first + m.abs(second)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3. The constant is rounded to binary32, as every number in a composition (N6)."""
    x = x.maximum(-20.0).minimum(20.0)
    square = x * x
    return (g * (DENSITY * (-0.5 * square).exp() * (2.0 - square)),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=588,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.5, 0.5]),
        case([inf, -inf, nan], want=[1.0, -0.0, nan]),
        case([2.0**-149, -(2.0**-149)], want=[0.5, 0.5]),
        case([-0.7517916, -0.75179154, -0.7518, -0.75], note="next to the zero: the terms cancel"),
        case([1.0, -1.0, 3.0, -3.0, 1.4142135, -1.4142135]),
        case([5.0, 5.5, 6.0, 8.0, 9.0], note="to 1, from above"),
        case([-12.5, -13.0, -14.0, -14.4, -14.6, -15.0, -16.0, -17.0], note="into the subnormals and to -0"),
        case([3.4028234663852886e38, -3.4028234663852886e38], want=[1.0, -0.0]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
