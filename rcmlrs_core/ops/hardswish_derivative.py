"""hardswish_derivative(x): the derivative of hardswish.

1. ``(2x + 3) / 6`` between -3 and 3, rounded once (N2.1); 0 below and 1 above. At -3 it is 0 and at 3 it is 1: where
   the slope jumps, that of the straight piece. NaN gives NaN (N2.3).
2. The gradient is ``g / 3`` where -3 < x < 3, else 0.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return r.number(0) if x < -3 else r.number(1) if x > 3 else (2 * x + 3) / 6


def special(x: float) -> float | None:
    """Clause 1, where nothing is rounded."""
    return 0.0 if x <= -3 else 1.0 if x >= 3 else None


def binary64(m: Any, x: Any) -> Any:
    """The sum and the quotient: 2 units of 2^-53, but for their product. The other pieces are exact."""
    inside = (2.0 * m.minimum(m.maximum(x, -3.0), 3.0) + 3.0) / 6.0
    return m.where(x <= -3.0, 0.0, m.where(x >= 3.0, 1.0, inside))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 2: 1/3 is twice ``hardsigmoid``'s slope."""
    return (g * (2.0 * x.hardsigmoid_derivative()),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=3,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, 3.0, -3.0, -1.5], want=[0.5, 0.5, 1.0, 0.0, 0.0]),
        case([inf, -inf, nan, 1e30], want=[1.0, 0.0, nan, 1.0]),
        case([3 - 2.0**-22, -3 + 2.0**-22], want=[1.5 - 2.0**-23, -0.5 + 3 * 2.0**-25], note="next to the jumps"),
        case([1.5, -1.0, 1.0, -1.5000001], want=[1.0, 0.16666667, 0.8333333, -3.973643e-08]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
