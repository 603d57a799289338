"""add(x, y): the sum of two tensors, elementwise; ``x + y``.

1. ``RN(x + y)``: one rounding, as in IEEE 754 (N2.1). ``(-0) + (-0) = -0``; any other exact zero is +0.
2. Operands broadcast against each other. A sum of more than two is ``add_n``, which rounds once.
3. The gradient passes ``g`` to both, summed over the axes that were broadcast.
4. Of int32 too, to int32: exact, and refused where the result is none.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, IntegerRangeError, ShapeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def exact(r: Any, x: Any, y: Any) -> Any:
    """The sum."""
    return x + y


def special(x: float, y: float) -> float | None:
    """Infinities and zeros add as in IEEE 754, and so does Python."""
    return x + y if x - x != 0 or y - y != 0 or (x == 0 and y == 0) else None


def binary64(m: Any, x: Any, y: Any) -> Any:
    """One binary64 rounding does no harm: 53 >= 2 * 24 + 2 (S. Figueroa, When is double rounding innocuous?)."""
    return x + y


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 4."""
    return x + y


def gradient(g: Any, s: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """``g`` to both; a constant costs no sum."""
    return g.sum_to(x.shape) if x.requires_grad else None, g.sum_to(y.shape) if y.requires_grad else None


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case(-0.0, -0.0, want=-0.0),
        case(-0.0, 0.0, want=0.0),
        case(1.5, -1.5, want=0.0),
        case(float("inf"), float("-inf"), want=float("nan")),
        case(16777216.0, 1.0, want=16777216.0, note="a tie goes to even"),
        case(16777216.0, 1.0000001, want=16777218.0, note="a hair above the tie"),
        case(3.4028234663852886e38, 1.0141204801825835e31, want=float("inf"), note="overflows on the tie"),
        case([[1.0], [2.0]], [10.0, 20.0, 30.0], want=[[11.0, 21.0, 31.0], [12.0, 22.0, 32.0]]),
        case(int32(2**24, -5, 2**31 - 2), int32(1, 5, 1), want=[2**24 + 1, 0, 2**31 - 1]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(IntegerRangeError, "2147483647, 1 is no int32", int32(0, 2**31 - 1), int32(1)),
        refusal(DTypeError, "int32 and float32 differ", int32(1), [1.0]),
    ),
)
