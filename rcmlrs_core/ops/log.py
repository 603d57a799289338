"""log(x): the natural logarithm.

1. ``RN(log x)`` (N2.1).
2. ``log(0) = -inf`` for either zero, ``log(inf) = inf``; below zero the result is NaN; ``log(1) = +0`` (N2.3).
3. The gradient is ``g / x``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """The logarithm."""
    return r.log(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0:
        return -inf
    if x < 0:
        return nan
    return x if x == inf else None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53; so exactly 0 at 1."""
    return m.log(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / x``."""
    return (g / x,)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[float("-inf"), float("-inf")]),
        case([-1.0, -(2.0**-149), float("-inf")], want=[float("nan")] * 3),
        case([float("inf"), float("nan")], want=[float("inf"), float("nan")]),
        case(1.0, want=0.0),
        case([1 + 2.0**-23, 1 - 2.0**-24], note="next to 1: x - 1 - (x - 1)^2 / 2 beside a number or a midpoint"),
        case([2.0**-149, 3 * 2.0**-149, 2.0**-126], note="subnormals have their logarithm too"),
        case(3.4028234663852886e38, want=88.72284),
        case(
            [1.27837837e23, 58037908.0, 235203552.0],
            want=[53.2050514, 17.8766079, 19.2759628],
            note="the nearest to a midpoint of all numbers: 2^-34, 2^-33.5 and 2^-32.7 ulp",
        ),
    ),
)
