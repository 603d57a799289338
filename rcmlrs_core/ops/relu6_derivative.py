"""relu6_derivative(x): the derivative of relu6.

1. 1 if 0 < x < 6, else 0; at both kinks it is 0, as that of relu at 0 (N7). NaN gives NaN (N2.3).
2. The function is constant but for jumps: the gradient is 0.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def plain(x: float) -> float:
    """Clause 1."""
    return x if x != x else 1.0 if 0 < x < 6 else 0.0


def binary64(m: Any, x: Any) -> Any:
    """Clause 1; what compares with nothing is NaN."""
    return m.where((x > 0.0) & (x < 6.0), 1.0, m.where(x == x, 0.0, x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Zeros."""
    return (g.zeros_like(),)


operation = Elementwise(
    module=__name__,
    clause="N7",
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, 6.0, inf, -inf, nan], want=[0.0, 0.0, 0.0, 0.0, 0.0, nan]),
        case([2.0**-149, 3.0, 6 - 2.0**-21, 6 + 2.0**-21, -1.0], want=[1.0, 1.0, 1.0, 0.0, 0.0]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
