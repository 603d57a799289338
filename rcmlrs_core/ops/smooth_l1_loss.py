"""smooth_l1_loss(prediction, target, *, beta=1.0, reduction="mean"): the absolute error, squared near zero.

1. With ``a = |prediction - target|``: ``a^2 / (2 beta)`` up to ``beta``, and ``a - beta/2`` beyond it, which is
   ``(c / beta) (a - c/2)`` with ``c = min(a, beta)``, each operation rounded once (N5): ``huber_loss / beta``, but
   without its rounding beyond ``beta``. With ``beta=0`` it is ``mae_loss``.
2. ``beta`` is a number of at least 0, rounded once (N6).
3. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
4. The shapes must be equal: nothing is broadcast.

Source: R. Girshick, Fast R-CNN, ICCV 2015; PyTorch for ``beta``.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_number, check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def smooth_l1_loss(prediction: Any, target: Any, *, beta: float = 1.0, reduction: str = "mean") -> Any:
    """Clause 1."""
    check_same_shape("smooth_l1_loss", prediction, target)
    errors = (prediction - target).abs()
    if check_number("smooth_l1_loss", "beta", beta):
        near = errors.minimum(beta)
        errors = near / beta * (errors - near * 0.5)
    return reduce("smooth_l1_loss", errors, reduction)


operation = Composition(
    module=__name__,
    function=smooth_l1_loss,
    cases=(
        case([1.0, 2.0, 4.0], [1.5, 4.0, 1.0], reduction="none", want=[0.125, 1.5, 2.5]),
        case([1.0, 2.0, 4.0], [1.5, 4.0, 1.0], beta=2, reduction="sum", want=3.0625),
        case([1.0, 2.0, 4.0], [1.5, 4.0, 1.0], beta=0.0, reduction="sum", want=5.5),
        case([float("nan"), 1e30], [0.0, -1e30], beta=0.5, reduction="none", want=[float("nan"), 2e30]),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(AttributeValueError, "beta is a number of at least 0", [1.0], [1.0], beta=-1),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), beta=0.3, reduction="sum"),
        call((2, 3), (2, 3), beta=0, reduction="none"),
    ),
)
