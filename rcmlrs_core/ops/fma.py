"""fma(x, y, z): the fused multiply-add x y + z, elementwise.

1. ``RN(x y + z)``: one rounding, as in IEEE 754 (N2.1). A sum that is exactly zero is +0, but for two terms of -0.
2. ``0 * inf`` gives NaN, and so do the infinities of both signs; otherwise an infinite term gives that infinity (N2.3).
3. Operands broadcast against each other.
4. The gradient passes ``g * y`` to ``x``, ``g * x`` to ``y`` and ``g`` to ``z``, each summed over the axes that
   were broadcast.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.accurate import two_sum
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def exact(r: Any, x: Any, y: Any, z: Any) -> Any:
    """Clause 1."""
    return x * y + z


def special(x: float, y: float, z: float) -> float | None:
    """Infinities and zeros as in IEEE 754; the product of binary32 numbers is exact in binary64."""
    product = x * y
    return product + z if product - product != 0 or z - z != 0 or (product == 0 and z == 0) else None


def binary64(m: Any, x: Any, y: Any, z: Any) -> Any:
    """The product is exact in binary64, a normal number or a zero; the sum is within 1 unit of 2^-53.

    Its error is known (:func:`two_sum`): where that is 0, so that the sum is exact, and where the sum is infinite or
    NaN, it rounds to the right binary32 as it stands.
    """
    value, error = two_sum(x * y, z)
    return value, m.where((error < 0.0) | (error > 0.0), m.abs(value), 0.0)


def gradient(g: Any, s: Any, x: Any, y: Any, z: Any) -> tuple[Any, Any, Any]:
    """Clause 4."""
    return (g * y).sum_to(x.shape), (g * x).sum_to(y.shape), g.sum_to(z.shape)


HUGE = 3.4028234663852886e38

operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=1,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, -0.0, 0.0], [1.0, 1.0, 1.0, -1.0], [-0.0, 0.0, -0.0, -0.0], want=[0.0, 0.0, -0.0, -0.0]),
        case([1.5, 3.0], [2.0, -1.0], [-3.0, 3.0], want=[0.0, 0.0], note="an exact zero is +0"),
        case([inf, 0.0, inf, inf], [0.0, -inf, 1.0, -1.0], [1.0, nan, -inf, -inf], want=[nan, nan, nan, -inf]),
        case([1.0, nan, 1.0], [1.0, 1.0, 1.0], [inf, 1.0, nan], want=[inf, nan, nan]),
        case(
            4097.0,
            4097.0,
            [0.0, 2.0**-149, -(2.0**-149)],
            want=[16785408.0, 16785410.0, 16785408.0],
            note="4097^2 is a tie; a hair beside it",
        ),
        case(
            1 + 2.0**-12,
            1 + 2.0**-12,
            [-1.0, -1 - 2.0**-11],
            want=[2.0**-11 + 2.0**-24, 2.0**-24],
            note="what a rounded product would lose",
        ),
        case(1 + 2.0**-23, 1 - 2.0**-23, -1.0, want=-(2.0**-46)),
        case(
            [HUGE, HUGE, 2.0**64],
            [2.0, 1 + 2.0**-23, 2.0**64],
            [-HUGE, -(2.0**104), -(2.0**103)],
            want=[HUGE, inf, inf],
            note="the product overflows, the sum may not",
        ),
        case(2.0**64, 2.0**64, [-(2.0**104), -1.5 * 2.0**103], want=[HUGE, HUGE]),
        case(
            [2.0**-75, 2.0**-75, 2.0**-149],
            [2.0**-75, 2.0**-75, 2.0**-149],
            [0.0, 2.0**-149, -0.0],
            want=[0.0, 2.0**-148, 0.0],
            note="ties among the subnormals, and underflow",
        ),
        case([2.0**-149, -(2.0**-149)], [2.0**-149, 2.0**-149], [1.0, 2.0**-149], want=[1.0, 2.0**-149]),
        case(
            2.0**-80,
            [2.0**-70, -(2.0**-70)],
            [3 * 2.0**-149, 2.0**-149],
            want=[4 * 2.0**-149, 0.0],
            note="ties go to even",
        ),
        case([[1.0], [2.0]], [3.0, 4.0], 0.5, want=[[3.5, 4.5], [6.5, 8.5]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0], 1.0),
        refusal(DTypeError, "takes float32, got int32", 1.0, 1.0, PlainArray.of([1], (), "int32")),
    ),
)
