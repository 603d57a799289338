"""softsign_derivative(x): the derivative of softsign.

1. ``RN(1 / (1 + |x|)^2)`` (N2.1).
2. At both infinities it is +0, the limit (N2.3).
3. The gradient is ``g * -2 sign(x) / (1 + |x|)^3``, and 0 at 0 (N7).
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return 1 / (1 + abs(x)) ** 2


def binary64(m: Any, x: Any) -> Any:
    """The sum counts twice, the square and the quotient once: 4 units of 2^-53, but for their products."""
    root = 1.0 + m.abs(x)
    return 1.0 / (root * root)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3."""
    return (g * (-2.0 * x.sign() * (y / (1.0 + x.abs()))),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=0.0, plus_infinity=0.0),
    binary64=binary64,
    bound=5,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[1.0, 1.0, 0.0, 0.0, nan]),
        case([1.0, -3.0, 0.5, -7.0], want=[0.25, 0.0625, 0.44444445, 0.015625]),
        case([2.0**-149, -(2.0**-25), 2.0**-26], note="beside 1 and midpoints below it"),
        case([2.0**64, 2.0**74, 2.0**75, 3.7e22, 3.4028234663852886e38], note="into the subnormals and to +0"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
