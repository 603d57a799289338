"""expm1(x): e^x - 1, without the loss that the subtraction would mean near zero.

1. ``RN(e^x - 1)`` (N2.1).
2. ``expm1(-0) = -0``, ``expm1(-inf) = -1``, ``expm1(inf) = inf`` (N2.3).
3. The gradient is ``g * exp(x)``.
"""

from math import inf
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1: next to zero the difference takes the bits of x's exponent, which are 149 at most."""
    return r.exp(x) - 1


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53. Overflow (x > 709) is overflow in binary32 too."""
    return m.expm1(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * e^x``."""
    return (g * x.exp(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-1.0, plus_infinity=inf, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([float("-inf"), float("inf"), float("nan")], want=[-1.0, float("inf"), float("nan")]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, -(2.0**-126)], want=[2.0**-126, -(2.0**-126)]),
        case([2.0**-23, -(2.0**-24)], note="x + x^2/2 next to a midpoint"),
        case([-17.328679, -17.32868, -18.0], note="to -1"),
        case([88.72283, 88.722839], want=[3.4027985e38, float("inf")], note="the overflow threshold"),
        case([1e30, -1e30], want=[float("inf"), -1.0]),
        case(
            [0.0948846117, 0.000630594441],
            want=[0.0995319709, 0.000630793336],
            note="the nearest to a midpoint of all numbers: 2^-29.1 and 2^-28.9 ulp",
        ),
    ),
)
