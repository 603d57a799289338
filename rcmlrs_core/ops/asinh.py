"""asinh(x): the inverse hyperbolic sine.

1. ``RN(log(x + sqrt(x^2 + 1)))`` (N2.1).
2. ``asinh(-0) = -0``, ``asinh(-inf) = -inf``, ``asinh(inf) = inf`` (N2.3). The function is odd.
3. The gradient is ``g / sqrt(1 + x^2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case
from rcmlrs_core.ops.special import limits


def exact(r: Any, x: Any) -> Any:
    """Clause 1: next to zero the logarithm takes the bits of x's exponent, which are 149 at most."""
    return r.asinh(x)


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.asinh(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / hypot(x, 1)``, which does not overflow."""
    return (g / x.hypot(1.0),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=limits(minus_infinity=-inf, plus_infinity=inf, minus_zero=-0.0, plus_zero=0.0),
    binary64=binary64,
    bound=8,
    gradient=gradient,
    aliases=("arcsinh",),
    cases=(
        case([0.0, -0.0], want=[0.0, -0.0]),
        case([inf, -inf, nan], want=[inf, -inf, nan]),
        case([2.0**-149, -(2.0**-149), 3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), 3 * 2.0**-149]),
        case([2.0**-126, 2.0**-12, -(2.0**-11)], note="x - x^3/6 next to x"),
        case([1.0, -1.0, 1e10], want=[0.8813736, -0.8813736, 23.718998]),
        case([3.4028234663852886e38, -3.4028234663852886e38], want=[89.415985, -89.415985]),
        case(
            [6.39189185e22, 117601776.0, 29018954.0],
            want=[53.2050514, 19.2759628, 17.8766079],
            note="the nearest to a midpoint of all numbers: 2^-34.0, 2^-32.6 and 2^-32.0 ulp",
        ),
    ),
)
