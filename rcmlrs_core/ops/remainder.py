"""remainder(x, y): what is left of x after a whole number of y; ``x % y``. It has the sign of y.

1. ``RN`` of the exact ``x - y floor(x / y)``, however large the quotient is (N2.1). So a tiny negative x beside a
   positive y can round to y itself.
2. An exact zero has the sign of y. Of a zero y or an infinite x it is NaN. Of an infinite y it is x where the signs
   agree, a zero with the sign of y where x is zero, and y elsewhere (the Array API standard).
3. Operands broadcast against each other. Of int32 too, to int32; there a y of zero is refused.
4. The gradient passes ``g`` to x and ``-g * floor_divide(x, y)`` to y, summed over the axes that were broadcast.
"""

from fractions import Fraction
from math import copysign, floor, inf, isinf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, IntegerRangeError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.ops.comparison import int32, mask
from rcmlrs_core.ops.op import NO_INTEGER, Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def plain(x: float, y: float) -> float:
    """Clauses 1 and 2, by fractions."""
    if x != x or y != y or isinf(x) or y == 0:
        return nan
    if isinf(y) and x:
        return x if (x < 0) == (y < 0) else y
    exact = Fraction(0) if isinf(y) else Fraction(x) - Fraction(y) * floor(Fraction(x) / Fraction(y))
    return round_number(exact) if exact else copysign(0.0, y)


def binary64(m: Any, x: Any, y: Any) -> Any:
    """``fmod`` is exact, and a binary32 number like x and y; where its sign is not that of y, y is added.

    That sum of two binary32 numbers is rounded to binary64 and then to binary32, which does no harm (see ``add``).
    Libraries differ in the sign of a zero.
    """
    left = x % y
    return m.where(left == 0.0, m.where(y < 0.0, -0.0, 0.0), left)


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 3."""
    return m.where(y == 0, NO_INTEGER, x % m.where(y == 0, 1, y))


def gradient(g: Any, r: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """Clause 4; a constant costs nothing."""
    to_x = g.sum_to(x.shape) if x.requires_grad else None
    return to_x, -(g * x.floor_divide(y)).sum_to(y.shape) if y.requires_grad else None


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([5.5, -5.5, 5.5, -5.5], [2.0, 2.0, -2.0, -2.0], want=[1.5, 0.5, -0.5, -1.5]),
        case([6.0, -6.0, 0.0, -0.0], [2.0, -2.0, -1.0, 1.0], want=[0.0, -0.0, -0.0, 0.0]),
        case([-1e-30, 1e-30], [1.0, -1.0], want=[1.0, -1.0], note="clause 1"),
        case([-(2.0**-25), -(2.0**-24)], 1.0, want=[1.0, 1 - 2.0**-24], note="a tie, and beside it"),
        case([3.4028234663852886e38, -3.4028234663852886e38, 1e38], [3.0, 7e-45, 0.1], note="quotients up to 2^277"),
        case([1.0, -1.0, 0.0, -0.0, -1.0], [inf, inf, -inf, inf, -inf], want=[1.0, inf, -0.0, 0.0, -1.0]),
        case([1.0, 0.0, inf, nan, 1.0], [0.0, -0.0, 2.0, 1.0, nan], want=[nan] * 5),
        case([2.0**-149, -(2.0**-149)], [3 * 2.0**-149] * 2, want=[2.0**-149, 2.0**-148]),
        case(int32(7, -7, 7, -7, -(2**31)), int32(3, 3, -3, -3, -1), want=[1, 2, -2, -1, 0]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(IntegerRangeError, "5, 0 is no int32", int32(1, 5), int32(1, 0)),
        refusal(DTypeError, "takes float32 or int32, got bool", mask(1), mask(1)),
    ),
)
