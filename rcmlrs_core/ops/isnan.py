"""isnan(x): whether an element is NaN.

1. Elementwise, as a tensor of bools. No int32 is NaN.
2. A mask has no gradient.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32, mask
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, FLOAT32, INT32


def plain(x: float) -> bool:
    """NaN differs from itself."""
    return x != x


def binary64(m: Any, x: Any) -> Any:
    """NaN differs from itself."""
    return x != x


operation = Elementwise(
    module=__name__,
    clause="N1.2",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    gives=BOOL,
    gradient=NoGradient("it gives a mask of bools"),
    cases=(
        case([nan, inf, -inf, -0.0, 2.0**-149], want=[True, False, False, False, False]),
        case(int32(0, -(2**31)), want=[False, False]),
    ),
    refusals=(refusal(DTypeError, "takes float32 or int32, got bool", mask(1)),),
)
