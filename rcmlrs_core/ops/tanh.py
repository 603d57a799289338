"""tanh(x): the hyperbolic tangent.

1. ``tanh(x) = (e^x - e^-x) / (e^x + e^-x)``, rounded once (N2.1).
2. ``tanh(-0) = -0``, ``tanh(-inf) = -1``, ``tanh(inf) = 1`` (N2.3). The function is odd.
3. The gradient is ``g * tanh_derivative(x)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1: next to zero the difference takes the bits of x's exponent, which are 149 at most."""
    return r.tanh(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.tanh(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * tanh'(x)``."""
    return (g * x.tanh_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-1.0, plus_infinity=1.0, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[1.0, -1.0, nan]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x - x^3/3 next to x"),
        case([9.010913, 9.010914, -9.010914], want=[1 - 2.0**-24, 1.0, -1.0], note="to 1"),
        case([100.0, -1e30], want=[1.0, -1.0]),
        case(
            [0.00149148353, -0.00149148353],
            want=[0.00149148249, -0.00149148249],
            note="the nearest to a midpoint of all numbers: 2^-26.7 ulp",
        ),
    ),
)
