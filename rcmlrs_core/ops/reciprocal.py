"""reciprocal(x): 1 / x.

1. ``RN(1 / x)``: one rounding, as in IEEE 754 (N2.1). ``reciprocal(-0) = -inf`` and ``reciprocal(-inf) = -0`` (N2.3).
2. The gradient is ``-g / x^2``, as ``-(g * (y * y))``.
"""

from math import copysign, inf, isinf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any) -> Any:
    """The quotient."""
    return 1 / x


def special(x: float) -> float | None:
    """Clause 1."""
    return copysign(inf, x) if x == 0 else copysign(0.0, x) if isinf(x) else None


def binary64(m: Any, x: Any) -> Any:
    """The binary64 quotient rounds to the right binary32 (see ``div``)."""
    return 1.0 / x


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 2."""
    return (-(g * (y * y)),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[inf, -inf, 0.0, -0.0, nan]),
        case([2.0, -0.25, 3.0, 10.0], want=[0.5, -4.0, 0.33333334, 0.1]),
        case([2.0**-149, -(2.0**-129), 2.0**-128], want=[inf, -inf, inf]),
        case([2.0**-128 * (1 + 2.0**-21), 2.0**-126], note="the smallest whose reciprocal is finite"),
        case([3.4028234663852886e38, -(2.0**127)], note="into the subnormals"),
        case(
            [1 + 2.0**-23, 1 - 2.0**-24], want=[1 - 2.0**-23, 1 + 2.0**-23], note="2^-46 beside 1 - 2^-23; near a tie"
        ),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(2)),),
)
