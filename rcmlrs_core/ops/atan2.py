"""atan2(y, x): the angle of the point (x, y), in [-pi, pi], elementwise.

1. ``RN`` of the angle (N2.1): ``atan(y/x)`` for x > 0, pi more or less for x < 0.
2. On the axes: ``atan2(+-0, x)`` is +-0 for x >= +0 and +-RN(pi) for x <= -0; ``atan2(y, +-0)`` is +-RN(pi/2) with the
   sign of y. At infinity it is the limit along the axis or the diagonal: +-0, +-RN(pi/4), +-RN(pi/2), +-RN(3 pi/4) or
   +-RN(pi). (IEEE 754-2019, 9.2.1; N2.3.)
3. Operands broadcast against each other.
4. The gradient passes ``g * x / (x^2 + y^2)`` to ``y`` and ``-g * y / (x^2 + y^2)`` to ``x``, 0 to both in the origin
   and where either is infinite; each summed over the axes that were broadcast.
"""

from math import copysign, inf, isinf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.hypot import finite
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray

PI = float.fromhex("0x1.921fb6p+1")
"""RN(pi); its half and its quarter are those of the halves."""
THREE_QUARTERS = float.fromhex("0x1.2d97c8p+1")
"""RN(3 pi/4)."""


def exact(r: Any, y: Any, x: Any) -> Any:
    """Clause 1. No angle is algebraic but on an axis; where it is close to y/x, 3 |log2(y/x)| bits tell them apart."""
    angle = r.atan(y / x)
    if x > 0:
        return angle
    return angle + r.pi if y > 0 else angle - r.pi


def special(y: float, x: float) -> float | None:
    """Clause 2."""
    left = copysign(1.0, x) < 0
    if isinf(y):
        return copysign((THREE_QUARTERS if left else PI / 4) if isinf(x) else PI / 2, y)
    if y == 0 or isinf(x):
        return copysign(PI if left else 0.0, y)
    return copysign(PI / 2, y) if x == 0 else None


def binary64(m: Any, y: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53. The quotient of binary32 numbers is a normal number of binary64."""
    return m.atan2(y, x)


def gradient(g: Any, a: Any, y: Any, x: Any) -> tuple[Any, Any]:
    """Clause 4, as ``g * (x / h / h)`` with h = sqrt(x^2 + y^2), which neither overflows nor underflows.

    Of s x and s y, that is the gradient at x and y divided by s.
    """
    a, b, s = finite(x, y, x.hypot(y))
    h = a.hypot(b)
    g = h.equal(0.0).where(0.0, g)
    h = h.equal(0.0).where(1.0, h)
    return (g * (a / h / h * s)).sum_to(y.shape), (g * (-b / h / h * s)).sum_to(x.shape)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    aliases=("arctan2",),
    cases=(
        case([0.0, -0.0, 0.0, -0.0], [0.0, 0.0, -0.0, -0.0], want=[0.0, -0.0, 3.1415927, -3.1415927]),
        case([0.0, -0.0, 0.0, -0.0], [1.0, 2.0, -1.0, -2.0], want=[0.0, -0.0, 3.1415927, -3.1415927]),
        case([1.0, -1.0, 2.0**-149, -inf], [0.0, -0.0, -0.0, 0.0], want=[1.5707964, -1.5707964, 1.5707964, -1.5707964]),
        case([inf, -inf, inf, -inf], [inf, inf, -inf, -inf], want=[0.7853982, -0.7853982, 2.3561945, -2.3561945]),
        case(
            [inf, -inf, 1.0, -1.0, 1.0, -1.0],
            [1.0, -1.0, inf, inf, -inf, -inf],
            want=[1.5707964, -1.5707964, 0.0, -0.0, 3.1415927, -3.1415927],
        ),
        case([nan, 1.0, nan, inf], [1.0, nan, inf, nan], want=[nan] * 4),
        case([1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], want=[0.7853982, 2.3561945, -0.7853982, -2.3561945]),
        case(
            [2.0**-149, -(2.0**-149), 2.0**-149],
            [3.4028234663852886e38, 3.4028234663852886e38, 3.4028234663852886e38],
            want=[0.0, -0.0, 0.0],
            note="underflow keeps the sign",
        ),
        case(
            [2.0**-149, 3 * 2.0**-149, -3 * 2.0**-149],
            [2.0, 2.0, 2.0],
            want=[0.0, 2.0**-149, -(2.0**-149)],
            note="a hair below midpoints",
        ),
        case([2.0**-149, -1e-30], [-1.0, -1e30], want=[3.1415927, -3.1415927]),
        case([3.4028234663852886e38, -3.4028234663852886e38], [2.0**-149, -(2.0**-149)], want=[1.5707964, -1.5707964]),
        case([[1.0], [-1.0]], [1.0, -1.0], want=[[0.7853982, 2.3561945], [-0.7853982, -2.3561945]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (), "int32"), 1.0),
    ),
)
