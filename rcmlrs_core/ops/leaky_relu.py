"""leaky_relu(x, *, slope=0.01): the rectified linear unit with a slope below zero.

1. ``leaky_relu(x) = max(slope * x, x)``, the product rounded once (N2.1); ``slope`` is a finite number, rounded
   once to binary32 (N6).
2. So it is x above zero and slope * x below while slope <= 1, and the other way around for a slope above 1.
3. Zeros keep their sign. A slope of 0 gives -0 below zero, at -inf too, which is the limit (N2.3).
4. The gradient is ``g * leaky_relu_derivative(x, slope=slope)``.

Source: A. Maas, A. Hannun, A. Ng, Rectifier nonlinearities improve neural network acoustic models, ICML 2013.
"""

from math import inf, isfinite, isinf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def exact(r: Any, x: Any, *, slope: float = 0.01) -> Any:
    """Clause 2."""
    return r.number(slope) * x if (x > 0) == (slope > 1) else x


def special(x: float, *, slope: float) -> float | None:
    """Clause 3."""
    if x == 0:
        return x
    if x < 0 and slope == 0:
        return -0.0
    if isinf(x):
        return slope * x if (x > 0) == (slope > 1) else x
    return None


def binary64(m: Any, x: Any, *, slope: float) -> Any:
    """The binary64 product of two binary32 numbers is exact. A slope of 0 gives -0 below zero, at -inf too."""
    if slope > 1.0:
        return m.where(x > 0.0, slope * x, x)
    return m.where(x < 0.0, slope * x if slope else -0.0, x)


def attribute_check(*, slope: float) -> dict[str, float]:
    """Clause 1."""
    if not isfinite(slope):
        raise AttributeValueError(f"leaky_relu: slope must be a finite binary32 number, got {slope}")
    return {"slope": slope}


def gradient(g: Any, y: Any, x: Any, *, slope: float) -> tuple[Any]:
    """``g * leaky_relu'(x)``."""
    return (g * x.leaky_relu_derivative(slope=slope),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=0,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([1.0, -1.0, 0.0, -0.0], want=[1.0, -0.01, 0.0, -0.0]),
        case([inf, -inf, nan], want=[inf, -inf, nan]),
        case([inf, -inf, -1.0, 1.0], slope=0.0, want=[inf, -0.0, -0.0, 1.0]),
        case([inf, -inf, -1.0, 1.0, -0.0], slope=-0.5, want=[inf, inf, 0.5, 1.0, -0.0]),
        case([inf, -inf, -1.0, 1.0, -0.0], slope=2.0, want=[inf, -inf, -1.0, 2.0, -0.0], note="clause 2"),
        case([-1.0, 1.0], slope=1.0, want=[-1.0, 1.0]),
        case([-(2.0**-149), -3 * 2.0**-149], slope=0.5, want=[-0.0, -(2.0**-148)], note="ties among the subnormals"),
        case(-4095.0, slope=8191 / 8192, want=-4094.5, note="a tie"),
        case([-100.0, -(2.0**-149)], slope=0.1),
        case(3.4028234663852886e38, slope=1.0000001, want=inf),
    ),
    refusals=(
        refusal(AttributeValueError, "finite", [1.0], slope=inf),
        refusal(AttributeValueError, "finite", [1.0], slope=1e39),
        refusal(AttributeValueError, "of type float", [1.0], slope="steep"),
        refusal(AttributeValueError, "no attribute 'alpha'", [1.0], alpha=0.1),
        refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),
    ),
    samples=(
        {},
        *({"slope": slope} for slope in (0.2, 0.0, 1.0, -0.5, 2.0**-149)),
    ),
)
