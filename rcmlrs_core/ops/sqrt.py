"""sqrt(x): the non-negative square root.

1. ``RN(sqrt(x))``, as in IEEE 754 (N2.1).
2. ``sqrt(-0) = -0`` and ``sqrt(inf) = inf``; below zero the result is NaN (N2.3).
3. The gradient is ``g / (2 sqrt(x))``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """The root."""
    return r.sqrt(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0 or x == inf:
        return x
    return nan if x < 0 else None


def binary64(m: Any, x: Any) -> Any:
    """IEEE 754 rounds the binary64 root correctly, and that rounds to the right binary32: 53 >= 2 * 24 + 2.

    (S. Figueroa, When is double rounding innocuous?) A root of a binary32 number is never subnormal.
    """
    return m.sqrt(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / (2 y)``."""
    return (g / (2.0 * y),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([-0.0, 0.0], want=[-0.0, 0.0]),
        case([float("inf"), float("-inf")], want=[float("inf"), float("nan")]),
        case(-(2.0**-149), want=float("nan")),
        case([4.0, 2.25, 2.0**-148], want=[2.0, 1.5, 2.0**-74]),
        case(16777216 - 2.0, note="just below a power of two"),
        case(1 + 2.0**-23, want=1.0, note="2^-49 below a midpoint"),
        case(4 - 2.0**-22, want=2 - 2.0**-23, note="2^-49 below a midpoint"),
        case([2.0**-149, 3 * 2.0**-149], note="odd subnormals"),
        case(3.4028234663852886e38, want=1.8446743e19),
    ),
)
