"""softsign(x): x / (1 + |x|).

1. ``RN(x / (1 + |x|))`` (N2.1).
2. ``softsign(-0) = -0``; ``softsign(+-inf) = +-1``, the limits (N2.3).
3. The gradient is ``g * softsign_derivative(x)``.

Source: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return x / (1 + abs(x))


def binary64(m: Any, x: Any) -> Any:
    """The sum and the quotient: 2 units of 2^-53, but for their product. Beyond 2^60 the result rounds to 1."""
    x = m.minimum(m.maximum(x, -(2.0**60)), 2.0**60)
    return x / (1.0 + m.abs(x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * softsign'(x)``."""
    return (g * x.softsign_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-1.0, minus_zero=-0.0, plus_infinity=1.0),
    binary64=binary64,
    bound=3,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.0, -0.0, 1.0, -1.0, nan]),
        case([1.0, -3.0, 0.5, 7.0], want=[0.5, -0.75, 0.33333334, 0.875]),
        case([2.0**-149, -3 * 2.0**-149, 2.0**-24, 2.0**-12]),
        case([16777216.0, 33554432.0, 33554430.0, 3.4028234663852886e38], note="to 1, beside the midpoint 1 - 2^-25"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
