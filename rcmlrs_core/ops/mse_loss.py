"""mse_loss(prediction, target, *, reduction="mean"): the mean squared error.

1. ``mean((prediction - target)^2)``: ``sub``, ``square`` and ``mean``, each rounded once (N5).
2. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the squares themselves.
3. The shapes must be equal: nothing is broadcast.
4. ``mse_loss_derivative`` is the derivative, with the bits of the gradient that flows back from here.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.plain import PlainArray


def mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Clause 1."""
    check_same_shape("mse_loss", prediction, target)
    return reduce("mse_loss", (prediction - target).square(), reduction)


operation = Composition(
    module=__name__,
    function=mse_loss,
    cases=(
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], want=4.333333492279053),
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], reduction="sum", want=13.0),
        case([1.0, 2.0, 4.0], [1.0, 4.0, 1.0], reduction="none", want=[0.0, 4.0, 9.0]),
        case([float("inf")], [float("inf")], want=float("nan")),
        case([1e30], [-1e30], want=float("inf")),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(ShapeError, "differ", [1.0], 0.0),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
        refusal(DTypeError, "float32", [1.0], PlainArray.of([1], (1,), "int32")),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
