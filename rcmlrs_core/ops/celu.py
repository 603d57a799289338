"""celu(x, *, alpha=1.0): the continuously differentiable exponential linear unit.

1. x if x > 0, else ``alpha (e^(x/alpha) - 1)``, rounded once (N2.1); ``alpha`` is a finite number above zero, rounded
   once to binary32 (N6).
2. Zeros keep their sign; ``celu(-inf) = -alpha`` and ``celu(inf) = inf``, the limits (N2.3).
3. The gradient is ``g * celu_derivative(x, alpha=alpha)``.

Source: J. Barron, Continuously differentiable exponential linear units, arXiv:1704.07483.
"""

from math import inf, isfinite, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any, *, alpha: float = 1.0) -> Any:
    """Clause 1."""
    return x if x > 0 else r.number(alpha) * (r.exp(x / r.number(alpha)) - 1)


def special(x: float, *, alpha: float) -> float | None:
    """Clauses 1, above zero, and 2; and what is as good as infinite: e^-100 is below 2^-144."""
    if x >= 0:
        return x
    return -alpha if x < -100 * alpha else None


def binary64(m: Any, x: Any, *, alpha: float) -> Any:
    """The quotient errs by 1 unit of 2^-53, which expm1 does not magnify below zero, as z e^z / (e^z - 1) <= 1 there;
    expm1 by 8, and the product by 1. -0 is not below zero, and stays."""
    return m.where(x < 0.0, alpha * m.expm1(m.minimum(x, 0.0) / alpha), x)


def attribute_check(*, alpha: float) -> dict[str, float]:
    """Clause 1."""
    return positive("celu", alpha)


def positive(name: str, alpha: float) -> dict[str, float]:
    """An alpha that is a number above zero."""
    if not (alpha > 0 and isfinite(alpha)):
        raise AttributeValueError(f"{name}: alpha must be a finite binary32 number above zero, got {alpha}")
    return {"alpha": alpha}


def gradient(g: Any, y: Any, x: Any, *, alpha: float) -> tuple[Any]:
    """``g * celu'(x)``."""
    return (g * x.celu_derivative(alpha=alpha),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=11,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.0, -0.0, inf, -1.0, nan]),
        case([1.5, -1.0, -2.0, -17.328679], want=[1.5, -0.63212056, -0.86466473, -0.99999994]),
        case([2.0**-149, -(2.0**-149), -3 * 2.0**-149], want=[2.0**-149, -(2.0**-149), -3 * 2.0**-149]),
        case([-1.0, -inf, -0.0, 2.0], alpha=2.0, want=[-0.78693867, -2.0, -0.0, 2.0]),
        case([-1.0, -(2.0**-149), -(2.0**-140)], alpha=2.0**-149, want=[-(2.0**-149), -(2.0**-149), -(2.0**-149)]),
        case([-1.0, -1e38, -3.4028234663852886e38], alpha=3.4028234663852886e38),
        case([-100.0, -99.9, -100.1], alpha=1.0, want=[-1.0, -1.0, -1.0]),
    ),
    refusals=(
        refusal(AttributeValueError, "above zero", [1.0], alpha=0.0),
        refusal(AttributeValueError, "above zero", [1.0], alpha=-1.0),
        refusal(AttributeValueError, "above zero", [1.0], alpha=1e-50),
        refusal(AttributeValueError, "above zero", [1.0], alpha=inf),
        refusal(DTypeError, "takes float32, got int32", int32(1)),
    ),
    samples=({}, *({"alpha": alpha} for alpha in (0.5, 2.5, 2.0**-149, 3e38))),
)
