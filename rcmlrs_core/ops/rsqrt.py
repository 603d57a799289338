"""rsqrt(x): the reciprocal of the square root.

1. ``RN(1 / sqrt(x))``: one rounding (N2.1).
2. ``rsqrt(+-0) = +-inf`` and ``rsqrt(inf) = +0``; below zero the result is NaN (IEEE 754-2019, 9.2.1, ``rSqrt``; N2.3).
3. The gradient is ``g * -1/2 x^(-3/2)``.
"""

from math import copysign, inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """The reciprocal: of a power of four it comes out exactly. No other is a binary number."""
    return 1 / r.sqrt(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0:
        return copysign(inf, x)
    if x < 0:
        return nan
    return 0.0 if x == inf else None


def binary64(m: Any, x: Any) -> Any:
    """Within 2 units of 2^-53 and a hair: those of the root and of the quotient. Both are normal numbers."""
    return 1.0 / m.sqrt(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * (-1/2 * (y / x))``."""
    return (g * (-0.5 * (y / x)),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=3,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[inf, -inf]),
        case([inf, nan], want=[0.0, nan]),
        case([-1.0, -(2.0**-149), -inf], want=[nan] * 3),
        case([1.0, 4.0, 0.25, 2.0**-148, 2.0**126], want=[1.0, 0.5, 2.0, 2.0**74, 2.0**-63], note="powers of four"),
        case([2.0, 3.0, 2.0**-149], want=[0.70710678, 0.57735027, 2.6713738e22]),
        case([1 + 2.0**-23, 1 - 2.0**-24, 4 - 2.0**-22], note="next to powers of four"),
        case(3.4028234663852886e38, want=5.421011e-20),
        case(
            [3.41806599e-38, 1.3672264e-37, 5.46890559e-37],
            want=[5.40891001e18, 2.70445501e18, 1.3522275e18],
            note="the nearest to a midpoint of all numbers: 2^-28.5, 2^-28.5 and 2^-28.5 ulp",
        ),
    ),
)
