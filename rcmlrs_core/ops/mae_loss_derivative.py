"""mae_loss_derivative(prediction, target, *, reduction="mean"): the derivative of mae_loss by the prediction.

1. ``sign(prediction - target) / n`` for n elements, as the sign times ``RN(1 / n)``; the sign of 0 is 0 (N7). There is
   no factor ``1 / n`` where ``reduction`` is ``"sum"`` or ``"none"``. Of the prediction's shape.
2. The bits are those that ``mae_loss(prediction, target).backward()`` puts into ``prediction.grad``.
"""

from fractions import Fraction
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_reduction, check_same_shape
from rcmlrs_core.ops.op import Composition, case, refusal


def mae_loss_derivative(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Clause 1."""
    check_same_shape("mae_loss_derivative", prediction, target)
    check_reduction("mae_loss_derivative", reduction)
    signs = (prediction - target).sign()
    return signs * Fraction(1, prediction.size or 1) if reduction == "mean" else signs


operation = Composition(
    module=__name__,
    function=mae_loss_derivative,
    cases=(
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], want=[0.0, -0.3333333432674408, 0.3333333432674408]),
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], reduction="sum", want=[0.0, -1.0, 1.0]),
    ),
    refusals=(refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
