"""elu_derivative(x, *, alpha=1.0): the derivative of the exponential linear unit.

1. 1 if x > 0, else ``alpha e^x``, rounded once (N2.1); so at 0 it is ``alpha``, which is a finite number, rounded once
   to binary32 (N6).
2. ``elu_derivative(-inf)`` is a zero with the sign of alpha, the limit, and ``elu_derivative(inf) = 1`` (N2.3). With an
   alpha of 0 it is +0 below zero.
3. The gradient is ``g * alpha e^x`` if x < 0, else 0.
"""

from math import copysign, inf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.elu import finite
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any, *, alpha: float = 1.0) -> Any:
    """Clause 1."""
    return r.number(1) if x > 0 else r.number(alpha) * r.exp(x)


def special(x: float, *, alpha: float) -> float | None:
    """Clauses 1, above zero, and 2."""
    if x > 0:
        return 1.0
    return copysign(0.0, alpha) if x == -inf or alpha == 0 else None


def binary64(m: Any, x: Any, *, alpha: float) -> Any:
    """8 units of 2^-53 of exp, and 1 of the product. Where e^x is no normal binary64 number, both round to zero."""
    return m.where(x > 0.0, 1.0, alpha * m.exp(m.minimum(x, 0.0)))


def attribute_check(*, alpha: float) -> dict[str, float]:
    """Clause 1; an alpha of -0 is 0."""
    return finite("elu_derivative", alpha)


def gradient(g: Any, y: Any, x: Any, *, alpha: float) -> tuple[Any]:
    """Clause 3."""
    return (x.less(0.0).where(g * y, 0.0),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=10,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[1.0, 1.0, 1.0, 0.0, nan]),
        case([1.5, -1.0, 2.0**-149, -(2.0**-149)], want=[1.0, 0.36787945, 1.0, 1.0]),
        case([-(2.0**-25), -(2.0**-24), -3 * 2.0**-25], note="beside midpoints below 1"),
        case([-87.5, -103.0, -103.97207, -103.97208, -1e30], note="into the subnormals and to +0"),
        case([0.0, -0.0, -1.0, -inf, 2.0], alpha=0.0, want=[0.0, 0.0, 0.0, 0.0, 1.0]),
        case([0.0, -1.0, -inf, -200.0], alpha=-0.5, want=[-0.5, -0.18393972, -0.0, -0.0]),
        case([-1.0, -180.0, -192.0, -193.0], alpha=3.4028234663852886e38),
    ),
    refusals=(
        refusal(AttributeValueError, "finite", [1.0], alpha=nan),
        refusal(DTypeError, "takes float32, got int32", int32(1)),
    ),
    samples=({}, *({"alpha": alpha} for alpha in (0.5, 0.0, 1.6732632, -0.3, 2.0**-149, 3e38))),
)
