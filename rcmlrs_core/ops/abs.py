"""abs(x): the absolute value |x|.

1. The sign becomes plus and nothing is rounded: ``abs(-0) = +0``, ``abs(-inf) = inf``.
2. The gradient is ``g * sign(x)``, so that ``|x|'(0) = 0`` (N7).
"""

import math
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def plain(x: float) -> float:
    """Without its sign."""
    return math.fabs(x)


def binary64(m: Any, x: Any) -> Any:
    """Without its sign."""
    return m.abs(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * sign(x)``."""
    return (g * x.sign(),)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    aliases=("absolute",),
    cases=(
        case([-0.0, 0.0], want=[0.0, 0.0]),
        case([-(2.0**-149), -3.4028234663852886e38, 1.5], want=[2.0**-149, 3.4028234663852886e38, 1.5]),
        case([float("-inf"), float("nan")], want=[float("inf"), float("nan")]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),),
)
