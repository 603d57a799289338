"""leaky_relu_derivative(x, *, slope=0.01): the derivative of the leaky rectified linear unit.

1. While slope <= 1: 1 if x > 0, else ``slope``; at zero it is ``slope``, so with a slope of 0 this is
   ``relu_derivative``.
2. For a slope above 1, where max(slope * x, x) is steep above zero: ``slope`` if x > 0, else 1.
3. NaN gives NaN (N2.3); ``slope`` is a finite number, rounded once to binary32 (N6).
4. The function is constant but for a jump at 0: the gradient is 0.
"""

from math import inf, isfinite, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def plain(x: float, *, slope: float = 0.01) -> float:
    """Clauses 1 and 2: the larger slope is on the right."""
    return max(1.0, slope) if x > 0 else min(1.0, slope) if x <= 0 else x


def binary64(m: Any, x: Any, *, slope: float) -> Any:
    """Clauses 1 and 2; what compares with nothing is NaN."""
    return m.where(x > 0.0, max(1.0, slope), m.where(x <= 0.0, min(1.0, slope), x))


def attribute_check(*, slope: float) -> dict[str, float]:
    """Clause 3."""
    if not isfinite(slope):
        raise AttributeValueError(f"leaky_relu_derivative: slope must be a finite binary32 number, got {slope}")
    return {"slope": slope}


def gradient(g: Any, y: Any, x: Any, *, slope: float) -> tuple[Any]:
    """Zeros."""
    return (g.zeros_like(),)


operation = Elementwise(
    module=__name__,
    clause="N7",
    plain=plain,
    binary64=binary64,
    bound=0,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([1.0, -1.0, 0.0, -0.0], want=[1.0, 0.01, 0.01, 0.01]),
        case([2.0**-149, -(2.0**-149)], slope=0.25, want=[1.0, 0.25]),
        case([inf, -inf, nan], slope=0.25, want=[1.0, 0.25, nan]),
        case([1.0, -1.0, 0.0, -inf], slope=2.0, want=[2.0, 1.0, 1.0, 1.0]),
        case([1.0, -1.0, -0.0], slope=0.0, want=[1.0, 0.0, 0.0]),
        case([1.0, -1.0], slope=-0.5, want=[1.0, -0.5]),
    ),
    refusals=(
        refusal(AttributeValueError, "finite", [1.0], slope=nan),
        refusal(AttributeValueError, "of type float", [1.0], slope=None),
        refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),
    ),
    samples=(
        {},
        {"slope": 0.2},
        {"slope": 0.0},
        {"slope": -1.0},
    ),
)
