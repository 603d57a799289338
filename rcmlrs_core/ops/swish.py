"""swish(x): the sigmoid-weighted linear unit, x * sigmoid(x).

1. ``swish(x) = x / (1 + e^-x)``, rounded once (N2.1).
2. ``swish(-0) = -0``; ``swish(-inf) = -0`` and ``swish(inf) = inf``, the limits (N2.3).
3. The gradient is ``g * swish_derivative(x)``.

Source: P. Ramachandran, B. Zoph, Q. Le, Searching for activation functions, arXiv:1710.05941.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return x * r.sigmoid(x)


def binary64(m: Any, x: Any) -> Any:
    """Clause 1, within 10 units of 2^-53: 8 of exp, which the sum does not magnify, and one each of sum and quotient.

    An x below -200 is as good as -200: |x| e^x falls with |x| there and is below 2^-150, so that both round to -0.
    """
    x = m.maximum(x, -200.0)
    return x / (1.0 + m.exp(-x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * swish'(x)``."""
    return (g * x.swish_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-0.0, plus_infinity=inf, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=11,
    gradient=gradient,
    aliases=("silu",),
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[inf, -0.0, nan]),
        case(
            [2.0**-149, 3 * 2.0**-149, 5 * 2.0**-149], want=[2.0**-149, 2 * 2.0**-149, 3 * 2.0**-149], note="above ties"
        ),
        case([-(2.0**-149), -3 * 2.0**-149], want=[-0.0, -(2.0**-149)], note="x/2 is a tie, and x^2/4 decides"),
        case([2.0**-126, -(2.0**-126), 2.0**-125]),
        case([2.0**-23, -(2.0**-24)], note="x/2 + x^2/4 is a midpoint, which -x^4/48 leaves by 2^-50 and 2^-52 ulp"),
        case([6 * 2.0**-23, -6 * 2.0**-23, 2.0**-24, -(2.0**-23)], note="likewise, or next to a number"),
        case([-91.0, -100.0, -108.0, -109.0], note="into the subnormals and to -0"),
        case([3.4028234663852886e38, -1e30], want=[3.4028234663852886e38, -0.0]),
    ),
)
