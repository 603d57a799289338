"""mae_loss(prediction, target, *, reduction="mean"): the mean absolute error.

1. ``mean(|prediction - target|)``: ``sub``, ``abs`` and ``mean``, each rounded once (N5).
2. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the errors themselves.
3. The shapes must be equal: nothing is broadcast.
4. ``mae_loss_derivative`` is the derivative, with the bits of the gradient that flows back from here.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def mae_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Clause 1."""
    check_same_shape("mae_loss", prediction, target)
    return reduce("mae_loss", (prediction - target).abs(), reduction)


operation = Composition(
    module=__name__,
    function=mae_loss,
    cases=(
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], want=1.6666666269302368),
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], reduction="sum", want=5.0),
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], reduction="none", want=[0.0, 2.0, 3.0]),
        case([3e38, -3e38], [0.0, 0.0], want=3e38, note="no overflow in the mean"),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
