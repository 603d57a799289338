"""relu_derivative(x): the derivative of the rectified linear unit.

1. 1 if x > 0, else 0: at zero, of either sign, it is 0 (N7). NaN gives NaN (N2.3).
2. The function is constant but for a jump at 0: the gradient is 0.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def plain(x: float) -> float:
    """Clause 1."""
    return 1.0 if x > 0 else 0.0 if x <= 0 else x


def binary64(m: Any, x: Any) -> Any:
    """Clause 1; what compares with nothing is NaN."""
    return m.where(x > 0.0, 1.0, m.where(x <= 0.0, 0.0, x))


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
        case([-0.0, 0.0], want=[0.0, 0.0]),
        case([2.0**-149, -(2.0**-149)], want=[1.0, 0.0]),
        case([inf, -inf, nan], want=[1.0, 0.0, nan]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),),
)
