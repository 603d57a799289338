"""selu(x): the scaled exponential linear unit.

1. ``scale * x`` if x > 0, else ``scale * alpha (e^x - 1)``, rounded once (N2.1), with the published decimals
   ``scale = 1.0507009873554804934193349852946`` and ``alpha = 1.6732632423543772848170429916717`` as they are written
   (N2.2).
2. Zeros keep their sign; ``selu(-inf)`` is ``RN(-scale alpha)``, and ``selu(inf) = inf`` (N2.3).
3. The gradient is ``g * selu_derivative(x)``.

Source: G. Klambauer et al., Self-normalizing neural networks, arXiv:1706.02515.
"""

from fractions import Fraction
from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.numerics.reals import ratio_of
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal

SCALE = Fraction("1.0507009873554804934193349852946")
ALPHA = Fraction("1.6732632423543772848170429916717")

BELOW = float(SCALE * ALPHA)
"""scale alpha rounded to binary64: an error of at most half an ulp, so one unit of 2^-53; so is float(SCALE)."""

LIMIT = float.fromhex("-0x1.c212ccp+0")
"""RN(-scale alpha): -1.7580993408... is -14748006.195... * 2^-23."""


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return ratio_of(r, SCALE) * x if x > 0 else ratio_of(r, SCALE * ALPHA) * (r.exp(x) - 1)


def special(x: float) -> float | None:
    """Clause 2."""
    return x if x == 0 or x == inf else LIMIT if x == -inf else None


def binary64(m: Any, x: Any) -> Any:
    """A constant and a product: 2 units of 2^-53; below zero, 8 more of expm1. -0 is not below zero, and stays."""
    return m.where(x < 0.0, BELOW * m.expm1(m.minimum(x, 0.0)), float(SCALE) * x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * selu'(x)``."""
    return (g * x.selu_derivative(),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=11,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, nan], want=[0.0, -0.0, inf, nan]),
        case([1.0, -1.0], want=[1.050701, -1.1113307]),
        case([-inf, -20.0, -1e30], want=[LIMIT] * 3),
        case([2.0**-149, 10 * 2.0**-149, -(2.0**-149), -3 * 2.0**-149], note="multiples of a subnormal"),
        case([3.4028234663852886e38, 3.2386223e38, 3.2386221e38], note="the overflow threshold"),
        case([-16.0, -17.0, -18.0], note="to the limit"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
