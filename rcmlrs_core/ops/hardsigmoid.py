"""hardsigmoid(x): a piecewise linear sigmoid.

1. ``x/6 + 1/2`` between -3 and 3, rounded once (N2.1); 0 below and 1 above.
2. The gradient is ``g * hardsigmoid_derivative(x)``.

Source: PyTorch. (M. Courbariaux et al., BinaryConnect, arXiv:1511.00363, has x/2 + 1/2.)
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return r.number(0) if x < -3 else r.number(1) if x > 3 else (x + 3) / 6


def special(x: float) -> float | None:
    """Clause 1, where nothing is rounded."""
    return 0.0 if x <= -3 else 1.0 if x >= 3 else None


def binary64(m: Any, x: Any) -> Any:
    """The sum and the quotient: 2 units of 2^-53, but for their product. The ends are exact."""
    return (m.minimum(m.maximum(x, -3.0), 3.0) + 3.0) / 6.0


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * hardsigmoid'(x)``."""
    return (g * x.hardsigmoid_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=3,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, 3.0, -3.0], want=[0.5, 0.5, 1.0, 0.0]),
        case([inf, -inf, nan, 1e30], want=[1.0, 0.0, nan, 1.0]),
        case([1.5, -1.5, 2.0, -2.0], want=[0.75, 0.25, 0.8333333, 0.16666667]),
        case([-3 + 2.0**-22, 3 - 2.0**-22, 2.0**-149, -(2.0**-149)], note="next to the ends, and to 1/2"),
        case([3 * 2.0**-24, 9 * 2.0**-24, -3 * 2.0**-25], want=[0.5, 0.5 + 2.0**-23, 0.5], note="ties"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
