"""mul(x, y): the product of two tensors, elementwise; ``x * y``.

1. ``RN(x * y)``: one rounding, as in IEEE 754 (N2.1). The sign of a zero is the product of the signs; ``0 * inf``
   is NaN.
2. Operands broadcast against each other.
3. The gradient passes ``g * y`` to ``x`` and ``g * x`` to ``y``, summed over the axes that were broadcast.
4. Of int32 too, to int32: exact, and refused where the result is none.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, IntegerRangeError, ShapeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray


def exact(r: Any, x: Any, y: Any) -> Any:
    """The product."""
    return x * y


def special(x: float, y: float) -> float | None:
    """Infinities and zeros multiply as in IEEE 754, and so does Python."""
    return x * y if x - x != 0 or y - y != 0 or x == 0 or y == 0 else None


def binary64(m: Any, x: Any, y: Any) -> Any:
    """The binary64 product is exact: 24 + 24 bits, and between 2^-298 and 2^256."""
    return x * y


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 4."""
    return x * y


def gradient(g: Any, p: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """``g * y`` and ``g * x``; a constant costs no product and no sum."""
    to_x = (g * y).sum_to(x.shape) if x.requires_grad else None
    return to_x, (g * x).sum_to(y.shape) if y.requires_grad else None


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    aliases=("multiply",),
    cases=(
        case(-0.0, 3.0, want=-0.0),
        case(-0.0, -3.0, want=0.0),
        case(0.0, float("inf"), want=float("nan")),
        case(-2.0, float("inf"), want=float("-inf")),
        case(4095.0, 8191.0, want=33542144.0, note="33542145 is a tie, which goes to even"),
        case(31.0, 1082401 * 2.0**103, want=float("inf"), note="(2^25 - 1) 2^103: the least that overflows"),
        case(1 + 2.0**-23, 3.4028234663852886e38, want=float("inf")),
        case(1 - 2.0**-24, 2.0**127, want=2.0**127 - 2.0**103),
        case(2.0**-75, 2.0**-75, want=0.0, note="half of the smallest subnormal is a tie"),
        case(-(2.0**-75), 2.0**-75, want=-0.0),
        case(2.0**-75, 2.0**-75 * (1 + 2.0**-23), want=2.0**-149, note="a hair above it"),
        case(0.5, 3 * 2.0**-149, want=2.0**-148, note="a tie among the subnormals"),
        case([[2.0], [3.0]], [5.0, 7.0], want=[[10.0, 14.0], [15.0, 21.0]]),
        case(int32(46341, -65536, 0), int32(46340, 32768, -(2**31)), want=[2147441940, -(2**31), 0]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32 or int32, got bool", 1.0, PlainArray.of([1], (), "bool")),
        refusal(IntegerRangeError, "46341, 46341 is no int32", int32(1, 46341), int32(46341)),
        refusal(IntegerRangeError, "astype('float32')", int32(-(2**31)), int32(-(2**31))),
    ),
)
