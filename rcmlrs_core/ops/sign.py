"""sign(x): -1, 0 or 1.

1. 1 if x > 0, -1 if x < 0, +0 if x is a zero of either sign; NaN gives NaN.
2. The function is constant but for a jump at 0: the gradient is 0.
3. Of int32 too, to int32.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray


def plain(x: float) -> float:
    """Clause 1."""
    return 1.0 if x > 0 else -1.0 if x < 0 else 0.0 if x == 0 else x


def binary64(m: Any, x: Any) -> Any:
    """Clause 1; what compares with nothing is NaN."""
    return m.where(x > 0.0, 1.0, m.where(x < 0.0, -1.0, m.where(x == 0.0, 0.0, x)))


def integers(m: Any, x: Any) -> Any:
    """Clause 3."""
    return m.where(x > 0, 1, m.where(x < 0, -1, x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Zeros."""
    return (g.zeros_like(),)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, 0.0]),
        case([2.0**-149, -(2.0**-149)], want=[1.0, -1.0]),
        case([float("inf"), float("-inf"), float("nan")], want=[1.0, -1.0, float("nan")]),
        case(int32(0, -5, 2**31 - 1), want=[0, -1, 1]),
    ),
    refusals=(refusal(DTypeError, "takes float32 or int32, got bool", PlainArray.of([1], (1,), "bool")),),
)
