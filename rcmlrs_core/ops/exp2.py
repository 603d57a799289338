"""exp2(x): 2 to the x.

1. ``RN(2^x)`` (N2.1), which is the power itself for an integer x.
2. ``exp2(-inf) = +0``, ``exp2(inf) = inf`` (N2.3).
3. The gradient is ``g * (2^x * log 2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case

LOG_2 = 0.6931471805599453


def exact(r: Any, x: Any) -> Any:
    """The power: exact for an integer (2^-150 is a tie), e^(x log 2) for any other x, which is irrational."""
    return r.exp2(x)


def special(x: float) -> float | None:
    """Clause 2, and what is as good as infinite."""
    return inf if x >= 128 else 0.0 if x <= -151 else None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53.

    Where 2^x is no normal binary64 number, it rounds to +0 or inf in binary32, and so does what exp2 returns there.
    """
    return m.exp2(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * (y * log 2)``."""
    return (g * (y * LOG_2),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, 1.0, -1.0, 10.0], want=[1.0, 1.0, 2.0, 0.5, 1024.0]),
        case([-inf, inf, nan], want=[0.0, inf, nan]),
        case([127.0, 128.0, 127.99999], want=[2.0**127, inf, 3.4028056e38], note="the overflow threshold"),
        case([-126.0, -149.0, -150.0], want=[2.0**-126, 2.0**-149, 0.0], note="2^-150 is a tie"),
        case([-149.99998, -150.00002, -148.5], want=[2.0**-149, 0.0, 2.0**-149], note="beside the tie"),
        case([-126.5, -140.25], note="into the subnormals"),
        case([2.0**-149, -(2.0**-149), 2.0**-24], want=[1.0, 1.0, 1.0]),
        case([1e30, -1e30, 3.4028234663852886e38], want=[inf, 0.0, inf]),
        case(
            [-6.44935085e-7, -0.0297437739, 0.00296957581],
            want=[0.999999523, 0.97959429, 1.00206053],
            note="the nearest to a midpoint of all numbers: 2^-34.9, 2^-32.9 and 2^-30.2 ulp",
        ),
    ),
)
