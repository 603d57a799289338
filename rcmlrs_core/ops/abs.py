"""abs(x): the absolute value |x|.

1. The sign becomes plus and nothing is rounded: ``abs(-0) = +0``, ``abs(-inf) = inf``.
2. The gradient is ``g * sign(x)``, so that ``|x|'(0) = 0`` (N7).
3. Of int32 too, to int32: exact, and refused where the result is none.
"""

import math
from typing import Any

from rcmlrs_core.errors import DTypeError, IntegerRangeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray


def plain(x: float) -> float:
    """Without its sign."""
    return math.fabs(x)


def binary64(m: Any, x: Any) -> Any:
    """Without its sign."""
    return m.abs(x)


def integers(m: Any, x: Any) -> Any:
    """Clause 3."""
    return m.where(x < 0, -x, x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * sign(x)``."""
    return (g * x.sign(),)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    aliases=("absolute",),
    cases=(
        case([-0.0, 0.0], want=[0.0, 0.0]),
        case([-(2.0**-149), -3.4028234663852886e38, 1.5], want=[2.0**-149, 3.4028234663852886e38, 1.5]),
        case([float("-inf"), float("nan")], want=[float("inf"), float("nan")]),
        case(int32(0, -5, -(2**31) + 1), want=[0, 5, 2**31 - 1]),
    ),
    refusals=(
        refusal(IntegerRangeError, "-2147483648 is no int32", int32(-(2**31))),
        refusal(DTypeError, "takes float32 or int32, got bool", PlainArray.of([1], (1,), "bool")),
    ),
)
