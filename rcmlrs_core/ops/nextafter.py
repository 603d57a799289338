"""nextafter(x, y): the binary32 number next to x in the direction of y.

1. y itself where they are equal, so of two zeros the second; NaN if either is NaN (IEEE 754-2019, 9.2: nextUp and
   nextDown; the Array API standard).
2. Next to zero lie the subnormals +-2^-149; next to the largest numbers, the infinities.
3. Operands broadcast against each other.
4. It moves in jumps of no fixed size: there is no gradient.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.formats import from_bits, to_bits
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal

MAXIMUM = 3.4028234663852886e38
SMALLEST = 2.0**-149
STEP = 2.0**-24 * (1 + 2.0**-20)


def plain(x: float, y: float) -> float:
    """By the bits, which count the numbers of one sign."""
    if x != x or y != y:
        return nan
    if x == y:
        return y
    if x == 0:
        return SMALLEST if y > 0 else -SMALLEST
    bits = to_bits(x)
    away = (x < y) == (x > 0)
    return from_bits(bits + 1 if away else bits - 1)


def binary64(m: Any, x: Any, y: Any) -> Any:
    """x and more than half of the distance to the next number, but less than one and a half: RN gives the next one.

    With 2^e <= |x| < 2^(e+1), x STEP is more than 2^(e-24) and at most 2^(e-23) (1 + 2^-20); the numbers lie 2^(e-23)
    apart, or towards zero from 2^e half of that. The error of the binary64 sum is 2^-29 of this. Among the subnormals,
    and up to 2^-125, three quarters of 2^-149 do. Beyond the largest number the sum is more than half of a step too,
    and rounds to infinity; from infinity, the next number is the largest.
    """
    size = m.where(m.abs(x) < 2.0**-125, 0.75 * SMALLEST, m.abs(x) * STEP)
    moved = m.where(x < y, x + size, x - size)
    moved = m.where(m.abs(x) == inf, m.where(x > 0.0, MAXIMUM, -MAXIMUM), moved)
    return m.where(x == y, y, m.where(y == y, moved, y))


operation = Elementwise(
    module=__name__,
    clause="N2.3",
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=NoGradient("the next number lies a jump away"),
    cases=(
        case([0.0, -0.0, 0.0, -0.0], [1.0, -1.0, -0.0, 0.0], want=[SMALLEST, -SMALLEST, -0.0, 0.0]),
        case(
            [SMALLEST, -SMALLEST, 2.0**-126, 2.0**-126], [0.0, 0.0, 0.0, 1.0], note="to zero, and into the subnormals"
        ),
        case(
            [1.0, 1.0, -1.0, -1.0],
            [2.0, 0.0, 0.0, -2.0],
            want=[1 + 2.0**-23, 1 - 2.0**-24, -1 + 2.0**-24, -1 - 2.0**-23],
        ),
        case([MAXIMUM, -MAXIMUM, inf, -inf, inf], [inf, -inf, 0.0, 0.0, inf], want=[inf, -inf, MAXIMUM, -MAXIMUM, inf]),
        case([nan, 1.0, inf], [1.0, nan, nan], want=[nan, nan, nan]),
        case([2.0**-125, 2.0**-125, 16777216.0, 1.9999999], [0.0, 1.0, 0.0, 2.0]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32, got int32", int32(1), int32(2)),
    ),
)
