"""floor_divide(x, y): the largest integer that is not above x / y; ``x // y``.

1. ``RN`` of the exact ``floor(x / y)`` (N2.1): the quotient is not rounded before. A zero is -0 where x is a zero of
   the other sign than y.
2. ``x / 0`` is an infinity with the sign of the quotient, and so is ``inf / y``; ``0 / 0`` and ``inf / inf`` are NaN.
   Of a finite x and an infinite y it is +0, and -1 where the signs differ (the Array API standard).
3. Operands broadcast against each other. Of int32 too, to int32; there a y of zero is refused, and so is the one
   quotient that is no int32.
4. The function is constant but for jumps: the gradients are 0.
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
    if x != x or y != y or (x == 0 and y == 0) or (isinf(x) and isinf(y)):
        return nan
    sign = copysign(1.0, x) * copysign(1.0, y)
    if x == 0:
        return copysign(0.0, sign)
    if isinf(x) or y == 0:
        return copysign(inf, sign)
    if isinf(y):
        return 0.0 if sign > 0 else -1.0
    return round_number(floor(Fraction(x) / Fraction(y)))


def binary64(m: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """The floor of the binary64 quotient q, which is exact below 2^29, and off by at most 1 + |q| 2^-51 beyond.

    The floor is wrong only where the rounding of the quotient reaches an integer n, which below 2^29 it does from a
    distance of at most 2^-25. With x and y multiples of units of which they have less than 2^24, x - n y is a multiple
    of the smaller unit. If that is y's, a quotient that is no integer is at least 2^-24 away from n; if it is x's, at
    least |n| 2^-24, but for a factor of 1 - 2^-24, as y is about x / n. And |n| is at least 1: a quotient of finite
    numbers other than zero is no zero in binary64. Of an infinite y it is, and the floor -1 where it is negative.
    """
    q = x / y
    below = ((x < 0.0) & (y > 0.0)) | ((x > 0.0) & (y < 0.0))
    value = m.where((q == 0.0) & below, -1.0, m.floor(q))
    size = m.abs(q)
    return value, m.where((size >= 2.0**29) & (size < 2.0**300), 2.0**51 + size, 0.0)


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 3."""
    return m.where(y == 0, NO_INTEGER, x // m.where(y == 0, 1, y))


def gradient(g: Any, q: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Zeros."""
    return x.zeros_like(), y.zeros_like()


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=4,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([5.5, -5.5, 5.5, -5.5], [2.0, 2.0, -2.0, -2.0], want=[2.0, -3.0, -3.0, 2.0]),
        case([6.0, -6.0, 1.0, -1.0], [2.0, 2.0, 3.0, -3.0], want=[3.0, -3.0, 0.0, 0.0]),
        case([-1e-30, 2.0**-149, -(2.0**-149)], [1.0, 3e38, 3e38], want=[-1.0, 0.0, -1.0]),
        case([0.0, -0.0, 0.0, -0.0], [1.0, 1.0, -1.0, -1.0], want=[0.0, -0.0, -0.0, 0.0]),
        case([1.0, 3.0], [0.1, 0.3], want=[9.0, 9.0], note="the binary32 0.1 and 0.3 are above those numbers"),
        case([16777215.0, 16777214.0, -16777215.0], [16777216.0, 16777215.0, 16777216.0], want=[0.0, 0.0, -1.0]),
        case([2.0**29 + 64, 3 * 2.0**30], [1 + 2.0**-23, 1 + 2.0**-22], note="quotients of more than 24 bits"),
        case([3.4028234663852886e38, 1e38, -1e30], [2.0**-149, 0.1, 3.0], note="beyond binary32, and large"),
        case([1.0, -1.0, 0.0, -0.0], [inf, inf, -inf, -inf], want=[0.0, -1.0, -0.0, 0.0]),
        case([1.0, -1.0, inf, -inf, inf], [0.0, 0.0, 2.0, 2.0, -2.0], want=[inf, -inf, inf, -inf, -inf]),
        case([0.0, inf, nan, 1.0], [-0.0, -inf, 1.0, nan], want=[nan] * 4),
        case(int32(7, -7, 7, -7, -(2**31)), int32(3, 3, -3, -3, 1), want=[2, -3, -3, 2, -(2**31)]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(IntegerRangeError, "5, 0 is no int32", int32(1, 5), int32(1, 0)),
        refusal(IntegerRangeError, "-2147483648, -1 is no int32", int32(-(2**31)), int32(-1)),
        refusal(DTypeError, "takes float32 or int32, got bool", mask(1), mask(1)),
    ),
)
