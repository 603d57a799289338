"""gelu(x): the Gaussian error linear unit in its tanh form.

1. ``gelu(x) = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))``, rounded once (N2.1); 0.044715 is 44715/1000000 and
   pi is pi (N2.2).
2. ``gelu(-0) = -0``; ``gelu(-inf) = -0`` and ``gelu(inf) = inf``, the limits (N2.3).
3. The gradient is ``g * gelu_derivative(x)``.
4. PyTorch's ``gelu(x)`` is ``gelu_erf``, and its ``gelu(x, approximate="tanh")`` is this one.

Source: D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, arXiv:1606.08415, section 2.
"""

from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits

SQRT_2_OVER_PI = float.fromhex("0x1.9884533d43651p-1")
"""sqrt(2/pi) rounded to binary64: an error of at most half an ulp."""


def exact(r: Any, x: Any) -> Any:
    """Clause 1, with (1 + tanh u)/2 = 1/(1 + e^(-2u)), which does not cancel far below zero."""
    inner = r.sqrt(2 / r.pi) * (x + r.ratio(44715, 1000000) * x**3)
    return x * r.sigmoid(2 * inner)


def binary64(m: Any, x: Any) -> Any:
    """``x / (1 + e^(-2 inner))``: the same, as (1 + tanh u)/2 = 1/(1 + e^(-2u)), without the cancellation.

    The argument of exp has a relative error of 6 units of 2^-53. Where it exceeds 104 the result is below 2^-150 and
    rounds to zero however exp errs; up to there the absolute error is 104 * 6 = 624 units, to which exp (8), the
    sum, the quotient and the product add a few. An x below -20 is as good as -20: its result rounds to -0 just so.
    """
    x = m.maximum(x, -20.0)
    return x / (1.0 + m.exp(x * (1.0 + 0.044715 * (x * x)) * (-2.0 * SQRT_2_OVER_PI)))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * gelu'(x)``."""
    return (g * x.gelu_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-0.0, minus_zero=-0.0, plus_infinity=float("inf")),
    binary64=binary64,
    bound=650,
    gradient=gradient,
    cases=(
        case(-0.0, want=-0.0),
        case(float("-inf"), want=-0.0),
        case(float("inf"), want=float("inf")),
        case(2.0**-149, note="x/2 lies on a midpoint, and the exact value a hair beside it"),
        case(-3 * 2.0**-149, note="likewise, below zero"),
        case([-14.5, -13.0, -12.5], note="into the subnormals and to -0"),
        case(3.4028234663852886e38, want=3.4028234663852886e38),
    ),
)
