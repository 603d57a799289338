"""cbrt(x): the real cube root.

1. ``RN(x^(1/3))``, negative below zero (N2.1).
2. ``cbrt(-0) = -0``, ``cbrt(-inf) = -inf``, ``cbrt(inf) = inf`` (N2.3).
3. The gradient is ``g / (3 cbrt(x)^2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """The root: of a cube it comes out exactly. No root is a midpoint, whose cube has more than 24 bits."""
    return r.cbrt(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 28 units of 2^-53: 4 ulp are 8 units; a power, with 1/3 rounded, is within 28 (``ArrayMath``)."""
    return m.cbrt(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / (3 y^2)``."""
    return (g / (3.0 * y.square()),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-inf, plus_infinity=inf, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=28,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[inf, -inf, nan]),
        case([8.0, -27.0, 0.125, 1.0, 16581375.0], want=[2.0, -3.0, 0.5, 1.0, 255.0], note="cubes"),
        case([2.0**-147, -(2.0**-129), 2.0**126], want=[2.0**-49, -(2.0**-43), 2.0**42]),
        case([2.0, 3.0, 2.0**-149, 3 * 2.0**-149], want=[1.2599211, 1.4422495, 1.1190347e-15, 1.6139273e-15]),
        case([1 + 2.0**-23, 1 - 2.0**-24, 7.9999995], note="next to cubes"),
        case([3.4028234663852886e38, -3.4028234663852886e38], want=[6.9814635e12, -6.9814635e12]),
    ),
)
