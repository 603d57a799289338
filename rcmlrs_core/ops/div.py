"""div(x, y): the quotient of two tensors, elementwise; ``x / y``.

1. ``RN(x / y)``: one rounding, as in IEEE 754 (N2.1).
2. ``x / 0`` is the infinity with the sign of the quotient, ``0 / 0`` and ``inf / inf`` are NaN, ``x / inf`` is a
   zero (N2.3).
3. Operands broadcast against each other.
4. The gradient passes ``g / y`` to ``x`` and ``-(g * q) / y`` to ``y``, with q the quotient, summed over the axes
   that were broadcast. (The quotient g / y, times a q of 0, would be NaN beside a subnormal y.)
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.rows import divide
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def exact(r: Any, x: Any, y: Any) -> Any:
    """The quotient."""
    return x / y


def special(x: float, y: float) -> float | None:
    """Infinities and zeros divide as in IEEE 754."""
    return divide(x, y) if x - x != 0 or y - y != 0 or x == 0 or y == 0 else None


def binary64(m: Any, x: Any, y: Any) -> Any:
    """The binary64 quotient rounds to the right binary32, subnormal results included.

    A midpoint M has at most 25 bits. If x is not M y, both are integers of at most 24 and 49 bits times powers of
    two, so they differ by more than 2^-50 of M y, and x / y from M by more than 2^-50 of it. Rounding to binary64
    moves the quotient by 2^-53 of itself at most: never onto M, nor across. And a quotient that is M comes out as
    M.
    """
    return x / y


def gradient(g: Any, q: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """Clause 4; a constant costs nothing."""
    to_x = (g / y).sum_to(x.shape) if x.requires_grad else None
    return to_x, -(g * q / y).sum_to(y.shape) if y.requires_grad else None


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    aliases=("divide",),
    cases=(
        case(1.0, 3.0),
        case(1.0, -0.0, want=float("-inf")),
        case(-1.0, -0.0, want=float("inf")),
        case(0.0, -0.0, want=float("nan")),
        case(float("inf"), float("-inf"), want=float("nan")),
        case(float("inf"), -0.0, want=float("-inf")),
        case(-3.0, float("inf"), want=-0.0),
        case(-0.0, 5.0, want=-0.0),
        case(3 * 2.0**-149, 2.0, want=2.0**-148, note="a tie among the subnormals goes to even"),
        case(2.0**-149, 2.0, want=0.0, note="and so does half of the smallest"),
        case(-(2.0**-149), 1.9999999, want=-(2.0**-149), note="a hair above that"),
        case(16777215 * 2.0**-50, 2.0**100, want=2.0**-126, note="a tie between the subnormal and the normal numbers"),
        case(2.0**-126 - 2.0**-149, 1 - 2.0**-24, want=2.0**-126 - 2.0**-149, note="a hair below that"),
        case(16777213.0, 16777215.0, note="a long run of ones"),
        case(3.4028234663852886e38, 0.99999994, want=float("inf")),
        case(2.0**127, 2.0**-149, want=float("inf")),
        case([[6.0], [10.0]], [2.0, -4.0], want=[[3.0, -1.5], [5.0, -2.5]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32, got int32", 1.0, PlainArray.of([1], (), "int32")),
    ),
)
