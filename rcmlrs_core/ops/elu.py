"""elu(x, *, alpha=1.0): the exponential linear unit.

1. x if x > 0, else ``alpha (e^x - 1)``, rounded once (N2.1); ``alpha`` is a finite number, rounded once to binary32
   (N6).
2. Zeros keep their sign; ``elu(-inf) = -alpha`` and ``elu(inf) = inf``, the limits (N2.3). With an alpha of 0 it is -0
   below zero.
3. The gradient is ``g * elu_derivative(x, alpha=alpha)``.

Source: D. Clevert, T. Unterthiner, S. Hochreiter, Fast and accurate deep network learning by exponential linear units
(ELUs), arXiv:1511.07289.
"""

from math import inf, isfinite, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any, *, alpha: float = 1.0) -> Any:
    """Clause 1."""
    return x if x > 0 else r.number(alpha) * (r.exp(x) - 1)


def special(x: float, *, alpha: float) -> float | None:
    """Clauses 1, above zero, and 2."""
    if x >= 0:
        return x
    if alpha == 0:
        return -0.0
    return -alpha if x == -inf else None


def binary64(m: Any, x: Any, *, alpha: float) -> Any:
    """8 units of 2^-53 of expm1, and 1 of the product; -0 is not below zero, and stays."""
    return m.where(x < 0.0, alpha * m.expm1(m.minimum(x, 0.0)), x)


def attribute_check(*, alpha: float) -> dict[str, float]:
    """Clause 1; an alpha of -0 is 0."""
    return finite("elu", alpha)


def finite(name: str, alpha: float) -> dict[str, float]:
    """An alpha that is a number."""
    if not isfinite(alpha):
        raise AttributeValueError(f"{name}: alpha must be a finite binary32 number, got {alpha}")
    return {"alpha": alpha + 0.0}


def gradient(g: Any, y: Any, x: Any, *, alpha: float) -> tuple[Any]:
    """``g * elu'(x)``."""
    return (g * x.elu_derivative(alpha=alpha),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=10,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.0, -0.0, inf, -1.0, nan]),
        case([1.5, -1.0, -2.0, 3.4028234663852886e38], want=[1.5, -0.63212056, -0.86466473, 3.4028234663852886e38]),
        case([-17.0, -17.328679, -18.0, -1e30], note="to -1, from above"),
        case(
            [2.0**-149, -(2.0**-149), -(2.0**-25), -(2.0**-24)],
            want=[2.0**-149, -(2.0**-149), -(2.0**-25), -(2.0**-24)],
        ),
        case(
            [-(2.0**-149), -3 * 2.0**-149, -(2.0**-24)],
            alpha=0.5,
            note="alpha x lies on a midpoint, the value a hair above",
        ),
        case([0.0, -0.0, -1.0, -inf, 2.0, nan], alpha=0.0, want=[0.0, -0.0, -0.0, -0.0, 2.0, nan]),
        case([-1.0, -0.0, -inf], alpha=-1.0, want=[0.63212056, -0.0, 1.0]),
        case([-1.0, -100.0], alpha=3.4028234663852886e38, want=[-2.1509947e38, -3.4028234663852886e38]),
        case([-1.0, -0.5, -100.0], alpha=2.0**-149, want=[-(2.0**-149), -0.0, -(2.0**-149)]),
    ),
    refusals=(
        refusal(AttributeValueError, "finite", [1.0], alpha=inf),
        refusal(AttributeValueError, "of type float", [1.0], alpha="a"),
        refusal(AttributeValueError, "no attribute 'slope'", [1.0], slope=0.1),
        refusal(DTypeError, "takes float32, got int32", int32(1)),
    ),
    samples=({}, *({"alpha": alpha} for alpha in (0.5, 0.0, 1.6732632, -0.3, 2.0**-149, 3e38))),
)
