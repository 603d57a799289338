"""atanh(x): the inverse hyperbolic tangent.

1. ``RN(log((1 + x) / (1 - x)) / 2)`` (N2.1).
2. ``atanh(-0) = -0``, ``atanh(+-1) = +-inf``; outside [-1, 1] the result is NaN (N2.3). The function is odd.
3. The gradient is ``g / (1 - x^2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """Clause 1: next to zero the quotient takes the bits of x's exponent, which are 149 at most."""
    return r.atanh(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0:
        return x
    if abs(x) >= 1:
        return x * inf if abs(x) == 1 else nan
    return None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.atanh(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / fma(-x, x, 1)``, where 1 - x^2 is rounded once."""
    return (g / (-x).fma(x, 1.0),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    aliases=("arctanh",),
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([1.0, -1.0], want=[inf, -inf]),
        case([1 + 2.0**-23, -1 - 2.0**-23, inf, -inf, nan], want=[nan] * 5),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x + x^3/3 next to x"),
        case([1 - 2.0**-24, -1 + 2.0**-24], want=[8.66434, -8.66434]),
        case(
            [0.000922793581, 0.000352111703, 0.00163435692],
            want=[0.000922793872, 0.000352111732, 0.00163435831],
            note="the nearest to a midpoint of all numbers: 2^-29.0, 2^-28.9 and 2^-28.1 ulp",
        ),
    ),
)
