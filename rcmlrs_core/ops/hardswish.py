"""hardswish(x): a piecewise quadratic swish, x * hardsigmoid(x).

1. ``x (x + 3) / 6`` between -3 and 3, rounded once (N2.1); -0 below, and x above.
2. ``hardswish(-0) = -0``; ``hardswish(-inf) = -0`` and ``hardswish(inf) = inf``, the limits (N2.3).
3. The gradient is ``g * hardswish_derivative(x)``.

Source: A. Howard et al., Searching for MobileNetV3, arXiv:1905.02244, section 5.2.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return r.number(0) if x < -3 else x if x > 3 else x * (x + 3) / 6


def special(x: float) -> float | None:
    """Clauses 1, where nothing is rounded, and 2."""
    return -0.0 if x <= -3 else x if x >= 3 or x == 0 else None


def binary64(m: Any, x: Any) -> Any:
    """The sum, the product and the quotient: 3 units of 2^-53, but for their products. The other pieces are exact."""
    inside = m.minimum(m.maximum(x, -3.0), 3.0)
    return m.where(x > 3.0, x, inside * (inside + 3.0) / 6.0)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * hardswish'(x)``."""
    return (g * x.hardswish_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=4,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, 3.0, -3.0], want=[0.0, -0.0, 3.0, -0.0]),
        case([inf, -inf, nan, 1e30, -1e30], want=[inf, -0.0, nan, 1e30, -0.0]),
        case([1.0, -1.0, -1.5, 1.5], want=[0.6666667, -0.33333334, -0.375, 1.125]),
        case(
            [2.0**-149, -(2.0**-149), 3 * 2.0**-149, -3 * 2.0**-149],
            note="x/2 lies on a midpoint, the value a hair above",
        ),
        case([-3 + 2.0**-22, 3 - 2.0**-22], note="next to the ends"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
