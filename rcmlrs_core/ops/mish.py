"""mish(x): x * tanh(softplus(x)).

1. ``x tanh(log(1 + e^x))``, rounded once (N2.1). With ``w = e^x (e^x + 2)`` that is ``x w / (w + 2)``.
2. ``mish(-0) = -0``; ``mish(-inf) = -0`` and ``mish(inf) = inf``, the limits (N2.3).
3. The gradient is ``g * mish_derivative(x)``.

Source: D. Misra, Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1: tanh(log t) = (t^2 - 1) / (t^2 + 1), and with t = 1 + e^x, t^2 - 1 is w. No term cancels."""
    e = r.exp(x)
    w = e * (e + 2)
    return x * (w / (w + 2))


def binary64(m: Any, x: Any) -> Any:
    """Clause 1, within 24 units of 2^-53: exp errs by 8, which counts twice at most in w, whose sum and product add 2;
    w / (w + 2) magnifies none of this and adds 2, as does the last product 1.

    An x above 50 has the factor of 50, which is 1 but for 2^-140; an x below -200 is as good as -200: |x| e^x falls
    with |x| there and is below 2^-150, so that both round to -0.
    """
    e = m.exp(m.minimum(m.maximum(x, -200.0), 50.0))
    w = e * (e + 2.0)
    return m.maximum(x, -200.0) * (w / (w + 2.0))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * mish'(x)``."""
    return (g * x.mish_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-0.0, minus_zero=-0.0, plus_zero=0.0, plus_infinity=inf),
    binary64=binary64,
    bound=24,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.0, -0.0, inf, -0.0, nan]),
        case([1.0, -1.0, 5.0, -5.0], want=[0.8650984, -0.30340147, 4.9995522, -0.03357624]),
        case([2.0**-149, -(2.0**-149), 5 * 2.0**-149, -2 * 2.0**-149], note="0.6 x"),
        case([8.0, 9.0, 10.0, 20.0, 60.0, 3.4028234663852886e38], note="to x, from below"),
        case([-1.1924, -90.0, -100.0, -108.0, -109.0, -1e30], note="into the subnormals and to -0"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
