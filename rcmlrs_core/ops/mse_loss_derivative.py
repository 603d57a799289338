"""mse_loss_derivative(prediction, target, *, reduction="mean"): the derivative of mse_loss by the prediction.

1. ``2 (prediction - target) / n`` for n elements, as ``2 (prediction - target)`` times ``RN(1 / n)``. There is no
   factor ``1 / n`` where ``reduction`` is ``"sum"`` or ``"none"``. Of the prediction's shape.
2. The bits are those that ``mse_loss(prediction, target).backward()`` puts into ``prediction.grad``.
"""

from fractions import Fraction
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_reduction, check_same_shape
from rcmlrs_core.ops.op import Composition, case, refusal


def mse_loss_derivative(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Clause 1."""
    check_same_shape("mse_loss_derivative", prediction, target)
    check_reduction("mse_loss_derivative", reduction)
    doubled = 2.0 * (prediction - target)
    return doubled * Fraction(1, prediction.size or 1) if reduction == "mean" else doubled


operation = Composition(
    module=__name__,
    function=mse_loss_derivative,
    cases=(
        case([1.0, 2.0, 4.0, 0.0], [1.0, 4.0, 1.0, 0.5], want=[0.0, -1.0, 1.5, -0.25]),
        case([1.0, 2.0, 4.0, 0.0], [1.0, 4.0, 1.0, 0.5], reduction="sum", want=[0.0, -4.0, 6.0, -1.0]),
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], want=[0.0, -1.3333333730697632, 2.0]),
    ),
    refusals=(refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
