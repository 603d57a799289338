"""huber_loss(prediction, target, *, delta=1.0, reduction="mean"): squared near zero, linear further away.

1. With ``a = |prediction - target|``: ``a^2 / 2`` up to ``delta``, and ``delta (a - delta/2)`` beyond it; which is
   ``c (a - c/2)`` with ``c = min(a, delta)``: ``sub``, ``abs``, ``minimum``, ``mul``, ``sub``, ``mul`` and ``mean``,
   each rounded once (N5); up to ``delta`` only the difference and the square are.
2. ``delta`` is a number above 0, rounded once (N6).
3. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
4. The shapes must be equal: nothing is broadcast.

Source: P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_number, check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Clause 1."""
    check_same_shape("huber_loss", prediction, target)
    check_number("huber_loss", "delta", delta, positive=True)
    errors = (prediction - target).abs()
    near = errors.minimum(delta)
    return reduce("huber_loss", near * (errors - near * 0.5), reduction)


operation = Composition(
    module=__name__,
    function=huber_loss,
    cases=(
        case([1.0, 2.0, 4.0], [1.5, 4.0, 1.0], reduction="none", want=[0.125, 1.5, 2.5]),
        case([1.0, 2.0, 4.0], [1.5, 4.0, 1.0], want=1.375),
        case([1.0, 2.0, 4.0], [1.5, 4.0, 1.0], delta=2, reduction="sum", want=6.125),
        case([0.0, 1.0], [0.0, 0.0], reduction="none", want=[0.0, 0.5], note="both pieces meet"),
        case([float("inf"), float("nan")], [0.0, 0.0], reduction="none", want=[float("inf"), float("nan")]),
        case([1e30], [-1e30], want=2e30),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(AttributeValueError, "delta is a number above 0", [1.0], [1.0], delta=0),
        refusal(AttributeValueError, "delta is a number above 0", [1.0], [1.0], delta=float("nan")),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), delta=0.3, reduction="sum"),
        call((2, 3), (2, 3), delta=2.5, reduction="none"),
    ),
)
