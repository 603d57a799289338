"""celu_derivative(x, *, alpha=1.0): the derivative of the continuously differentiable exponential linear unit.

1. 1 if x > 0, else ``e^(x/alpha)``, rounded once (N2.1); ``alpha`` is a finite number above zero, rounded once to
   binary32 (N6).
2. ``celu_derivative(-inf) = +0`` and ``celu_derivative(inf) = 1``, the limits (N2.3).
3. The gradient is ``g * e^(x/alpha) / alpha`` if x < 0, else 0.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.celu import positive
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, x: Any, *, alpha: float = 1.0) -> Any:
    """Clause 1."""
    return r.number(1) if x > 0 else r.exp(x / r.number(alpha))


def special(x: float, *, alpha: float) -> float | None:
    """Clauses 1, above zero, and 2; and what is as good as infinite: e^-200 is below 2^-288."""
    return 1.0 if x >= 0 else 0.0 if x < -200 * alpha else None


def binary64(m: Any, x: Any, *, alpha: float) -> Any:
    """The quotient z errs by 1 unit of 2^-53, so e^z by |z|, and exp by 8 more: 112 down to z = -104.

    Below that e^z < 2^-150 rounds to +0 however it errs; a z below -200 is as good as -200.
    """
    return m.where(x > 0.0, 1.0, m.exp(m.maximum(m.minimum(x, 0.0) / alpha, -200.0)))


def attribute_check(*, alpha: float) -> dict[str, float]:
    """Clause 1."""
    return positive("celu_derivative", alpha)


def gradient(g: Any, y: Any, x: Any, *, alpha: float) -> tuple[Any]:
    """Clause 3."""
    return (x.less(0.0).where(g * (y / alpha), 0.0),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=113,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[1.0, 1.0, 1.0, 0.0, nan]),
        case([1.5, -1.0, 2.0**-149, -(2.0**-149)], want=[1.0, 0.36787945, 1.0, 1.0]),
        case([-(2.0**-25), -(2.0**-24), -3 * 2.0**-25], note="beside midpoints below 1"),
        case([-87.5, -103.0, -103.97207, -103.97208, -1e30], note="into the subnormals and to +0"),
        case([-1.0, -200.0, -208.0, 0.0], alpha=2.0, note="likewise"),
        case(
            [-1.0, -(2.0**-149), -3 * 2.0**-149, -(2.0**-140)],
            alpha=2.0**-149,
            want=[0.0, 0.36787945, 0.049787067, 0.0],
        ),
        case([-1.0, -1e38, -3.4028234663852886e38], alpha=3.4028234663852886e38),
    ),
    refusals=(
        refusal(AttributeValueError, "above zero", [1.0], alpha=0.0),
        refusal(DTypeError, "takes float32, got int32", int32(1)),
    ),
    samples=({}, *({"alpha": alpha} for alpha in (0.5, 2.5, 2.0**-149, 3e38))),
)
