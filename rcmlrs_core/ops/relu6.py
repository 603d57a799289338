"""relu6(x): the rectified linear unit that saturates at 6.

1. ``relu6(x) = min(max(0, x), 6)``; nothing is rounded. ``relu6(-0) = +0``, and NaN stays NaN (N2.3).
2. The gradient is ``g * relu6_derivative(x)``.

Source: A. Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def plain(x: float) -> float:
    """Clause 1."""
    return 0.0 if x <= 0 else 6.0 if x > 6 else x


def binary64(m: Any, x: Any) -> Any:
    """NaN is neither, and stays."""
    return m.where(x <= 0.0, 0.0, m.where(x > 6.0, 6.0, x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * relu6'(x)``."""
    return (g * x.relu6_derivative(),)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.0, 0.0, 6.0, 0.0, nan]),
        case([6.0, 6 - 2.0**-21, 6 + 2.0**-21, 2.0**-149], want=[6.0, 6 - 2.0**-21, 6.0, 2.0**-149]),
        case([3.0, -3.0, 1e30], want=[3.0, 0.0, 6.0]),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", int32(1)),),
)
