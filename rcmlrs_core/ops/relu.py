"""relu(x): the rectified linear unit.

1. ``relu(x) = max(0, x)``; nothing is rounded. ``relu(-0) = +0``, and NaN stays NaN (N2.3).
2. The gradient is ``g * relu_derivative(x)``.

Source: V. Nair, G. Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.numerics.rows import larger
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def plain(x: float) -> float:
    """Clause 1."""
    return larger(x, 0.0)


def binary64(m: Any, x: Any) -> Any:
    """NaN is not below zero, and stays."""
    return m.where(x <= 0.0, 0.0, x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * relu'(x)``."""
    return (g * x.relu_derivative(),)


operation = Elementwise(
    module=__name__,
    clause="N2.3",
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([-0.0, 0.0], want=[0.0, 0.0]),
        case([2.0**-149, -(2.0**-149)], want=[2.0**-149, 0.0]),
        case([inf, -inf, nan], want=[inf, 0.0, nan]),
        case([[1.5, -2.0], [-3.0, 4.0]], want=[[1.5, 0.0], [0.0, 4.0]]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),),
)
