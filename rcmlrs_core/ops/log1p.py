"""log1p(x): log(1 + x), without the loss that the sum would mean near zero.

1. ``RN(log(1 + x))`` (N2.1).
2. ``log1p(-0) = -0``, ``log1p(-1) = -inf``, ``log1p(inf) = inf``; below -1 the result is NaN (N2.3).
3. The gradient is ``g / (1 + x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """Clause 1: 1 + x is exact in 150 bits."""
    return r.log(1 + x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0 or x == inf:
        return x
    if x <= -1:
        return -inf if x == -1 else nan
    return None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.log1p(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / (1 + x)``."""
    return (g / (1.0 + x),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([-1.0, -1 - 2.0**-23, float("-inf")], want=[float("-inf"), float("nan"), float("nan")]),
        case([float("inf"), float("nan")], want=[float("inf"), float("nan")]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, -(2.0**-126)], want=[2.0**-126, -(2.0**-126)]),
        case([2.0**-23, -(2.0**-24), 2.0**-12], note="x - x^2/2 next to a number or a midpoint"),
        case(-1 + 2.0**-24, want=-16.635532),
        case(3.4028234663852886e38, want=88.72284),
        case(
            [7.15255908e-07, -7.15255567e-07, 1.27837837e23],
            want=[7.1525568e-07, -7.15255794e-07, 53.2050514],
            note="the nearest to a midpoint of all numbers: 2^-42.8, 2^-42.8 and 2^-34 ulp",
        ),
    ),
)
