"""square(x): x times x.

1. ``RN(x^2)``: one rounding (N2.1). The square of a zero is +0, that of an infinity +inf.
2. The gradient is ``g * 2x``.
3. Of int32 too, to int32: exact, and refused where the result is none.
"""

from math import inf
from typing import Any

from rcmlrs_core.errors import IntegerRangeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.ops.special import limits
from rcmlrs_core.plain import FLOAT32, INT32


def exact(r: Any, x: Any) -> Any:
    """The square."""
    return x**2


def binary64(m: Any, x: Any) -> Any:
    """The binary64 square is exact: 48 bits, and between 2^-298 and 2^256."""
    return x * x


def integers(m: Any, x: Any) -> Any:
    """Clause 3."""
    return x * x


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * 2x``."""
    return (g * (2.0 * x),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=inf, plus_infinity=inf),
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([-0.0, 0.0], want=[0.0, 0.0]),
        case([float("-inf"), float("nan")], want=[float("inf"), float("nan")]),
        case(4097.0, want=16785408.0, note="16785409 is a tie, which goes to even"),
        case(-4099.0, want=16801800.0, note="16801801 is a tie, which goes to even"),
        case(2.0**-75, want=0.0, note="half of the smallest subnormal is a tie"),
        case(2.0**-75 * (1 + 2.0**-23), want=2.0**-149, note="a hair above it"),
        case(1.8446743e19, want=3.4028233e38, note="the largest square that is finite"),
        case(2.0**64, want=float("inf")),
        case(int32(-46340, 3), want=[2147395600, 9]),
    ),
    refusals=(refusal(IntegerRangeError, "46341 is no int32", int32(46341)),),
)
