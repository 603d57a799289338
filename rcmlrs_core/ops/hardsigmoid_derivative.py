"""hardsigmoid_derivative(x): the derivative of hardsigmoid.

1. ``RN(1/6)`` if -3 < x < 3, else 0, at both kinks too. NaN gives NaN (N2.3).
2. The function is constant but for jumps: the gradient is 0.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal

SIXTH = float.fromhex("0x1.555556p-3")
"""1/6, whose bits are 0.0010101..., to 24 bits: the next two are 10, and more follow, so it is rounded up."""


def plain(x: float) -> float:
    """Clause 1."""
    return x if x != x else SIXTH if -3 < x < 3 else 0.0


def binary64(m: Any, x: Any) -> Any:
    """Clause 1; what compares with nothing is NaN."""
    return m.where((x > -3.0) & (x < 3.0), SIXTH, m.where(x == x, 0.0, x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Zeros."""
    return (g.zeros_like(),)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([0.0, 3.0, -3.0, inf, -inf, nan], want=[0.16666667, 0.0, 0.0, 0.0, 0.0, nan]),
        case([-3 + 2.0**-22, 3 - 2.0**-22, 3 + 2.0**-22], want=[0.16666667, 0.16666667, 0.0]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
