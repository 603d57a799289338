"""signbit(x): whether an element has a minus sign; -0 has one.

1. Elementwise, as a tensor of bools. NaN has no sign that could be seen (N1.2): the result is false.
2. A mask has no gradient.
"""

from math import copysign, inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL


def plain(x: float) -> bool:
    """Clause 1."""
    return x == x and copysign(1.0, x) < 0


def binary64(m: Any, x: Any) -> Any:
    """Clause 1."""
    return m.signbit(x) & (x == x)


operation = Elementwise(
    module=__name__,
    clause="N1.2",
    plain=plain,
    binary64=binary64,
    bound=0,
    gives=BOOL,
    gradient=NoGradient("it gives a mask of bools"),
    cases=(
        case([0.0, -0.0, 2.0**-149, -(2.0**-149)], want=[False, True, False, True]),
        case([inf, -inf, nan, -nan], want=[False, True, False, False]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(-1)),),
)
