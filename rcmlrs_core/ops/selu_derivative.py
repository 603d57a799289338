"""selu_derivative(x): the derivative of the scaled exponential linear unit.

1. ``scale`` if x > 0, else ``scale * alpha e^x``, rounded once (N2.1), with the decimals of ``selu``; at 0 it is
   ``RN(scale * alpha)``.
2. ``selu_derivative(-inf) = +0`` and ``selu_derivative(inf) = RN(scale)``, the limits (N2.3).
3. The gradient is ``g * scale alpha e^x`` if x < 0, else 0.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.numerics.reals import ratio_of
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.ops.selu import ALPHA, BELOW, SCALE

ABOVE = float.fromhex("0x1.0cfabep+0")
"""RN(scale): 1.0507009873... is 8813918.708... * 2^-23."""


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return ratio_of(r, SCALE) if x > 0 else ratio_of(r, SCALE * ALPHA) * r.exp(x)


def special(x: float) -> float | None:
    """Clause 2."""
    return ABOVE if x == inf else 0.0 if x == -inf else None


def binary64(m: Any, x: Any) -> Any:
    """8 units of 2^-53 of exp, 1 of the constant, and 1 of the product."""
    return m.where(x > 0.0, float(SCALE), BELOW * m.exp(m.minimum(x, 0.0)))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """Clause 3."""
    return (x.less(0.0).where(g * y, 0.0),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=11,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[1.7580993, 1.7580993]),
        case([inf, -inf, nan, 1.0, 2.0**-149], want=[ABOVE, 0.0, nan, ABOVE, ABOVE]),
        case([-1.0, -(2.0**-149)], want=[0.6467686, 1.7580993]),
        case([-87.5, -103.0, -104.5, -104.6, -1e30], note="into the subnormals and to +0"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
