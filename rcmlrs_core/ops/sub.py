"""sub(x, y): the difference of two tensors, elementwise; ``x - y``.

1. ``RN(x - y)``: one rounding, as in IEEE 754 (N2.1). ``(-0) - (+0) = -0``; any other exact zero is +0.
2. Operands broadcast against each other.
3. The gradient passes ``g`` to ``x`` and ``-g`` to ``y``, summed over the axes that were broadcast.
4. Of int32 too, to int32: exact, and refused where the result is none.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, IntegerRangeError, ShapeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def exact(r: Any, x: Any, y: Any) -> Any:
    """The difference."""
    return x - y


def special(x: float, y: float) -> float | None:
    """Infinities and zeros subtract as in IEEE 754, and so does Python."""
    return x - y if x - x != 0 or y - y != 0 or (x == 0 and y == 0) else None


def binary64(m: Any, x: Any, y: Any) -> Any:
    """The binary64 difference rounds to the right binary32, as the sum does: 53 >= 2 * 24 + 2 (see ``add``)."""
    return x - y


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 4."""
    return x - y


def gradient(g: Any, d: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """``g`` and ``-g``; a constant costs no sum."""
    return g.sum_to(x.shape) if x.requires_grad else None, -g.sum_to(y.shape) if y.requires_grad else None


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    aliases=("subtract",),
    cases=(
        case(-0.0, 0.0, want=-0.0),
        case(0.0, 0.0, want=0.0),
        case(-0.0, -0.0, want=0.0),
        case(1.5, 1.5, want=0.0),
        case(float("inf"), float("inf"), want=float("nan")),
        case(1.0, float("inf"), want=float("-inf")),
        case(1.0, 2.0**-25, want=1.0, note="a tie goes to even: below 1 the numbers are twice as dense"),
        case(1.0, 3 * 2.0**-26, want=1 - 2.0**-24, note="a hair beyond the tie"),
        case(16777216.0, -1.0000001, want=16777218.0, note="a hair above a tie"),
        case(2.0**-126, 2.0**-149, want=2.0**-126 - 2.0**-149, note="into the subnormals, where nothing is rounded"),
        case(-3.4028234663852886e38, 1.0141204801825835e31, want=float("-inf"), note="overflows on the tie"),
        case(3.4028234663852886e38, 2.0**-149, want=3.4028234663852886e38),
        case([[1.0], [2.0]], [10.0, 20.0], want=[[-9.0, -19.0], [-8.0, -18.0]]),
        case(int32(2**24 + 1, -(2**31)), int32(1, -1), want=[2**24, -(2**31) + 1]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(IntegerRangeError, "-2147483648, 1 is no int32", int32(-(2**31)), int32(1)),
        refusal(DTypeError, "int32 and float32 differ", int32(1), [1.0]),
    ),
)
