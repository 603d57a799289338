"""isfinite(x): whether an element is a number, neither infinite nor NaN.

1. Elementwise, as a tensor of bools. Every int32 is.
2. A mask has no gradient.
"""

import math
from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32, mask
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, FLOAT32, INT32


def plain(x: float) -> bool:
    """Clause 1."""
    return math.isfinite(x)


def binary64(m: Any, x: Any) -> Any:
    """``x - x`` is NaN of an infinity, and of NaN, and 0 of everything else."""
    return x - x == 0


operation = Elementwise(
    module=__name__,
    clause="N1.1",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    gives=BOOL,
    gradient=NoGradient("it gives a mask of bools"),
    cases=(
        case([nan, inf, -inf, -0.0, 3.4028234663852886e38], want=[False, False, False, True, True]),
        case(int32(0, -(2**31)), want=[True, True]),
    ),
    refusals=(refusal(DTypeError, "takes float32 or int32, got bool", mask(1)),),
)
