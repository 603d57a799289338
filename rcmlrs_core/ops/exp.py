"""exp(x): e to the x.

1. ``RN(e^x)`` (N2.1).
2. ``exp(-inf) = +0``, ``exp(inf) = inf`` (N2.3); ``exp(0) = 1`` is the only exact value (Hermite, Lindemann).
3. The gradient is ``g * exp(x)``.
"""

from math import inf
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """The exponential."""
    return r.exp(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53.

    Where e^x is no normal binary64 number (x < -708, x > 709), it rounds to +0 or inf in binary32, and so does what
    exp returns there.
    """
    return m.exp(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * y``."""
    return (g * y,)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=0.0, plus_infinity=inf),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[1.0, 1.0]),
        case([float("-inf"), float("inf"), float("nan")], want=[0.0, float("inf"), float("nan")]),
        case(1.0, want=2.7182817459106445),
        case([2.0**-149, -(2.0**-149)], want=[1.0, 1.0]),
        case([2.0**-24, -(2.0**-25)], want=[1 + 2.0**-23, 1.0], note="next to midpoints: 1 + x lies on one"),
        case([88.72283, 88.722839], want=[3.4027985e38, float("inf")], note="the overflow threshold"),
        case([-103.97208, -103.972084], want=[2.0**-149, 0.0], note="half of the smallest subnormal"),
        case([-87.33654, -95.0, -103.2789], note="into the subnormals"),
        case([1e30, -1e30], want=[float("inf"), 0.0]),
        case(
            [-14.56709, -0.00735258358],
            want=[4.71621064e-07, 0.99267441],
            note="the nearest to a midpoint of all numbers: 2^-28.7 and 2^-27.7 ulp",
        ),
    ),
)
