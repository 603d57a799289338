"""hypot(x, y): the length of the vector (x, y), elementwise.

1. ``RN(sqrt(x^2 + y^2))``: one rounding, without overflow or underflow on the way (N2.1).
2. If either is infinite the length is inf, even beside NaN; any other NaN gives NaN (IEEE 754-2019, 9.2.1; N2.3).
3. Operands broadcast against each other.
4. The gradient passes ``g * (x / h)`` to ``x`` and ``g * (y / h)`` to ``y``, with the length h, also where that is
   above the largest number; each summed over the axes that were broadcast. Where h is 0 it is 0 to both. Where x or y
   is infinite it is the limit: a finite one beside it receives 0.
"""

from math import inf, isinf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def exact(r: Any, x: Any, y: Any) -> Any:
    """Clause 1: what comes out exactly, midpoints among it, does so in the enclosure."""
    return r.sqrt(x * x + y * y)


def special(x: float, y: float) -> float | None:
    """Clause 2."""
    if isinf(x) or isinf(y):
        return inf
    return nan if x != x or y != y else None


def binary64(m: Any, x: Any, y: Any) -> Any:
    """The squares of binary32 numbers are exact in binary64, as normal numbers or zeros.

    The sum is within 1 unit of 2^-53, of which the root leaves a half, and the root adds 1. What is infinite is said.
    """
    infinite = (m.abs(x) == inf) | (m.abs(y) == inf)
    return m.where(infinite, inf, m.sqrt(x * x + y * y))


def gradient(g: Any, h: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Clause 4."""
    a, b, _ = finite(x, y, h)
    h = a.hypot(b)
    g = h.equal(0.0).where(0.0, g)
    h = h.equal(0.0).where(1.0, h)
    return (g * (a / h)).sum_to(x.shape), (g * (b / h)).sum_to(y.shape)


def finite(x: Any, y: Any, h: Any) -> tuple[Any, Any, Any]:
    """``(s x, s y, s)``, of the same direction as (x, y) and with a finite length: s is 1 almost everywhere.

    It is 1/4 where the length h of finite x and y is above the largest number. Infinite ones become 1 or -1 and finite
    ones beside them 0, which is the limit's direction; s is 0 there.
    """
    s = h.equal(inf).where(0.25, 1.0)
    infinite = x.isinf().logical_or(y.isinf())
    a = infinite.where(x.isinf().where(x.sign(), 0.0), x * s)
    b = infinite.where(y.isinf().where(y.sign(), 0.0), y * s)
    return a, b, infinite.where(0.0, s)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=2,
    sees_nan=True,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, -0.0], [0.0, 0.0, -0.0], want=[0.0, 0.0, 0.0]),
        case([inf, -inf, inf, nan], [nan, 1.0, -inf, -inf], want=[inf, inf, inf, inf]),
        case([nan, 1.0], [1.0, nan], want=[nan, nan]),
        case([3.0, -5.0, 8.0, 0.0], [4.0, 12.0, -15.0, -7.5], want=[5.0, 13.0, 17.0, 7.5]),
        case(
            [3 * 2.0**-149, 2.0**-149], [4 * 2.0**-149, 2.0**-149], want=[5 * 2.0**-149, 2.0**-149], note="subnormals"
        ),
        case([3e38, 2.4061593e38], [3e38, 2.4061593e38], want=[inf, 3.4028231e38], note="no overflow before its time"),
        case(
            [1.0, 1.0, 1.0],
            [2.0**-12, float.fromhex("0x1.6a09e8p-12"), 2.0**-149],
            want=[1.0, 1 + 2.0**-23, 1.0],
            note="next to a midpoint",
        ),
        case(
            [10603395.0, -11804775.0],
            [17884468.0, 25760000.0],
            want=[20791492.0, 28336024.0],
            note="Pythagorean triples with ties for hypotenuses",
        ),
        case([3.4028234663852886e38, 2.0**-149], [2.0**-149, 3.4028234663852886e38], want=[3.4028234663852886e38] * 2),
        case([[3.0], [5.0]], [4.0, 12.0], want=[[5.0, 12.369317], [6.4031243, 13.0]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (), "int32"), 1.0),
    ),
)
