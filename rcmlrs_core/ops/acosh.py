"""acosh(x): the inverse hyperbolic cosine, the number from 0 up whose hyperbolic cosine is x.

1. ``RN(log(x + sqrt(x^2 - 1)))`` (N2.1).
2. ``acosh(1) = +0``, ``acosh(inf) = inf``; below 1 the result is NaN (N2.3).
3. The gradient is ``g / sqrt(x^2 - 1)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """Clause 1, with x^2 - 1 = (x - 1)(x + 1), which is exactly 0 at 1."""
    return r.acosh(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x < 1:
        return nan
    return inf if x == inf else None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.acosh(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / (sqrt(x - 1) sqrt(x + 1))``, which neither cancels nor overflows."""
    return (g / ((x - 1.0).sqrt() * (x + 1.0).sqrt()),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    aliases=("arccosh",),
    cases=(
        case([1.0, inf, nan], want=[0.0, inf, nan]),
        case([1 - 2.0**-24, 0.0, -0.0, -1.0, -inf], want=[nan] * 5),
        case([1 + 2.0**-23, 1 + 2.0**-22, 1.5, 2.0], want=[2.0**-11, 0.00069053395, 0.9624236, 1.316958]),
        case([1e10, 3.4028234663852886e38], want=[23.718998, 89.415985]),
        case(
            [6.39189185e22, 29018954.0, 117601776.0],
            want=[53.2050514, 17.876606, 19.2759628],
            note="the nearest to a midpoint of all numbers: 2^-34.0, 2^-33.7 and 2^-32.8 ulp",
        ),
    ),
)
