"""powf(x, y): x to the y, elementwise; ``x ** y`` for a y that is no int.

1. ``RN(x^y)`` (N2.1). Below zero there is a power only for an integer y; otherwise the result is NaN.
2. ``x^0 = 1`` and ``1^y = 1``, even for NaN; any other NaN gives NaN.
3. ``0^y`` is 0 for y > 0 and infinite for y < 0; ``(+-inf)^y`` the other way around. Of the four, those of a
   negative x and an odd integer y are negative. ``(-1)^(+-inf) = 1``; other powers of infinite exponent are their
   limits, 0 or inf. (IEEE 754-2019, 9.2.1, ``pow``; N2.3.)
4. The gradient passes ``g * (y * x^(y-1))`` to ``x``, 0 where y or x^(y-1) is 0, and ``g * (x^y * log x)`` to ``y``,
   0 where x^y is 0 and where x = 0 = y; each summed over the axes that were broadcast.
5. Of int32 too, to int32: exact, and refused where the result is none or ``y`` is negative.
"""

from math import copysign, floor, inf, isinf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, IntegerRangeError, ShapeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import HIGHEST, LOWEST, NO_INTEGER, Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def exact(r: Any, x: Any, y: Any) -> Any:
    """Square roots and an integer power: with y = n / 2^k, x^y is the n-th power of the k-th square root of x.

    What comes out exactly, such as ties, does so in the enclosure. k is at most 149, and n below 2^128, whose
    powers take 128 squarings of as many bits as are asked for.
    """
    return r.power(x, y)


def special(x: float, y: float) -> float | None:
    """Clauses 2, 3 and 1, in this order."""
    if y == 0 or x == 1:
        return 1.0
    if x != x or y != y:
        return nan
    if isinf(y) and x == -1:
        return 1.0
    if x == 0 or isinf(x) or isinf(y):
        limit = inf if (abs(x) > 1) == (y > 0) else 0.0
        odd = y % 2 == 1  # no infinity is
        return copysign(limit, x) if odd else limit
    if x < 0 and y != floor(y):
        return nan
    return None


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53.

    Where x^y is no normal binary64 number, it rounds to a zero or an infinity in binary32, and so does what pow
    returns there. A library may take a square root for an exponent of 1/2 (NumPy does for one that is broadcast), which
    differs from the power at -0 and -inf; so these, which are their own double, lose their sign before.
    """
    return m.power(m.where((y == 0.5) & (x + x == x), m.abs(x), x), y)


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 5, by squaring (see ``powi``). From 32 on only 0, 1 and -1 have powers, those of 32 or 33."""
    exponent = m.where(y > 33, 32 + y % 2, y)
    result, factor = x * 0 + 1, x
    for _ in range(6):
        result = m.where(exponent % 2 == 1, clipped(m, result * factor), result)
        exponent = exponent // 2
        factor = clipped(m, factor * factor)
    return m.where(y < 0, NO_INTEGER, result)


def clipped(m: Any, x: Any) -> Any:
    """x, and next to int32 where it lies outside of it."""
    return m.where(x > HIGHEST, HIGHEST + 1, m.where(x < LOWEST, LOWEST - 1, x))


def gradient(g: Any, p: Any, x: Any, y: Any) -> tuple[Any, Any | None]:
    """Clause 4. Where it says 0, no infinity or NaN is made on the way, which gradients of this one would meet.

    With y = 0, x^(y-1) = 1/x is finite only for an x that is not subnormal; then its own derivative by y counts.
    """
    flat = y.equal(0.0).logical_and(x.abs().greater_equal(SMALLEST_NORMAL).logical_not())
    power = flat.where(1.0, x).powf(y - 1.0)
    limit = y.isinf().logical_and(power.equal(0.0))
    to_x = (g * (flat.logical_or(limit).where(0.0, y) * power)).sum_to(x.shape)
    if not y.requires_grad:
        return to_x, None
    none = p.equal(0.0).logical_or(x.equal(0.0).logical_and(y.equal(0.0)))
    to_y = g * (p * none.where(1.0, x).log())
    return to_x, to_y.sum_to(y.shape)


SMALLEST_NORMAL = 2.0**-126
MAXIMUM = 3.4028234663852886e38
NAN, INF = nan, inf

operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    sees_nan=True,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    aliases=("pow", "power"),
    cases=(
        case([NAN, INF, -8.0, 0.0, 1.0, NAN], [0.0, -0.0, 0.0, 0.0, NAN, 1.0], want=[1.0] * 5 + [NAN]),
        case([-1.0, -1.0, 1.0], [INF, -INF, -INF], want=[1.0, 1.0, 1.0]),
        case([0.5, 0.5, -2.0, -2.0, 0.0, -0.0], [INF, -INF, INF, -INF, INF, -INF], want=[0.0, INF, INF, 0.0, 0.0, INF]),
        case(
            [-0.0] * 5, [3.0, 2.0, 0.5, -3.0, -0.5], want=[-0.0, 0.0, 0.0, -INF, INF], note="odd integers keep the sign"
        ),
        case([-INF] * 5, [3.0, 2.0, 0.5, -3.0, -2.0], want=[-INF, INF, INF, -0.0, 0.0]),
        case([-8.0, -8.0, -8.0], [1 / 3, 3.0, -2.0], want=[NAN, -512.0, 0.015625]),
        case(
            [2.25, 4.0, 81.0, 2.0**-148], [1.5, -0.5, 0.25, 0.5], want=[3.375, 0.5, 3.0, 2.0**-74], note="exact roots"
        ),
        case(
            [2.0, -2.0, 2.0**-75],
            [-150.0, -149.0, 2.0],
            want=[0.0, -(2.0**-149), 0.0],
            note="ties among the subnormals",
        ),
        case([2.0**-100, 2.0**-100], [1.5, 1.4899999], want=[0.0, 2.0**-149], note="a tie by a root, and beside it"),
        case([4097.0, 289.0, 83521.0], [2.0, 3.0, 1.5], want=[16785408.0, 24137568.0, 24137568.0], note="ties"),
        case(2.0, -149.5, note="between the smallest subnormal and half of it"),
        case([MAXIMUM, MAXIMUM, 2.0**-149, -MAXIMUM], [MAXIMUM, -MAXIMUM, MAXIMUM, 3.0], want=[INF, 0.0, 0.0, -INF]),
        case([1.0000001, 1.0000001, 0.99999994], [1e9, -1e9, 1e9], note="overflow and underflow of a base next to 1"),
        case([1.0000001, 0.99999994, 1.0000001], [7.4e8, 1.4e9, 2.0**-149], note="and not quite"),
        case([2.0, 2.0, 2.0], [127.99999, 128.0, -126.5], note="the overflow threshold, and into the subnormals"),
        case([1 + 2.0**-23, 1 - 2.0**-24], [0.5, 1.5], note="next to midpoints"),
        case([[2.0], [3.0]], [2.0, -1.0], want=[[4.0, 0.5], [9.0, 0.33333334]]),
        case(int32(-2, 0, 0, 3, -1, -1), int32(31, 0, 5, 19, 2**31 - 1, 40), want=[-(2**31), 1, 0, 1162261467, -1, 1]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(IntegerRangeError, "2, 32 is no int32", int32(2), int32(32)),
        refusal(IntegerRangeError, "2, -1 is no int32", int32(2), int32(-1)),
        refusal(DTypeError, "float32 and int32 differ", 2.0, int32(2)),
    ),
)
