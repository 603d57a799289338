"""hinge_loss(prediction, target, *, squared=False, reduction="mean"): how far predictions are from the right side of 1.

1. ``mean(max(0, 1 - target prediction))`` for targets -1 and 1: ``fma``, ``relu`` and ``mean``, each rounded once (N5).
   Of targets 0 and 1, ``2 target - 1`` are these.
2. ``squared=True`` squares each (Keras' ``squared_hinge``).
3. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
4. The shapes must be equal: nothing is broadcast.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def hinge_loss(prediction: Any, target: Any, *, squared: bool = False, reduction: str = "mean") -> Any:
    """Clause 1."""
    check_same_shape("hinge_loss", prediction, target)
    losses = (-target).fma(prediction, 1.0).relu()
    return reduce("hinge_loss", losses.square() if squared else losses, reduction)


operation = Composition(
    module=__name__,
    function=hinge_loss,
    cases=(
        case([0.5, -2.0, 3.0], [1.0, 1.0, 1.0], reduction="none", want=[0.5, 3.0, 0.0]),
        case([0.5, -2.0, 3.0], [-1.0, -1.0, 1.0], want=0.5),
        case([0.5, -2.0, 3.0], [1.0, 1.0, 1.0], squared=True, reduction="sum", want=9.25),
        case([float("nan")], [1.0], want=float("nan")),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), squared=True, reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
