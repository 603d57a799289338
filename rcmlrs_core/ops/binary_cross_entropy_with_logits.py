"""binary_cross_entropy_with_logits(logits, target, weight=None, pos_weight=None, *, reduction="mean"): of a sigmoid.

1. For logits x and targets t in [0, 1] the mean of ``t softplus(-x) + (1 - t) softplus(x)``, which is the
   ``binary_cross_entropy`` of ``sigmoid(x)``: nothing overflows and nothing cancels, however large a logit is.
   ``softplus``, ``sub``, ``mul``, ``fma`` and ``mean``, each rounded once (N5); for targets of 0 and 1, the
   ``softplus`` and the mean alone.
2. ``pos_weight`` multiplies the part of t, and ``weight`` the whole loss; each broadcasts to the logits. The mean is
   that of all losses, whatever their weights (PyTorch).
3. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
4. Logits and targets have one shape, and targets are float32: nothing is broadcast between them.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_same_shape, check_weight, labels_of, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def binary_cross_entropy_with_logits(
    logits: Any, target: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str = "mean"
) -> Any:
    """Clause 1."""
    name = "binary_cross_entropy_with_logits"
    check_same_shape(name, logits, target)
    positive = target * (-logits).softplus()
    if pos_weight is not None:
        check_weight(name, pos_weight, logits.shape, "pos_weight")
        positive = positive * pos_weight
    losses = (1.0 - target).fma(logits.softplus(), positive)
    if weight is not None:
        check_weight(name, weight, logits.shape)
        losses = losses * weight
    return reduce(name, losses, reduction)


operation = Composition(
    module=__name__,
    function=binary_cross_entropy_with_logits,
    cases=(
        case([0.0, 0.0], [0.0, 1.0], want=0.6931471824645996, note="log 2"),
        case([1000.0, -1000.0], [0.0, 1.0], reduction="sum", want=2000.0, note="nothing overflows"),
        case([100.0, -100.0], [1.0, 0.0], reduction="none", want=[3.783505853677006e-44, 3.783505853677006e-44]),
        case([0.0, 0.0], [0.25, 1.0], reduction="none", want=[0.6931471824645996, 0.6931471824645996]),
        case(
            [0.0, 0.0], [0.0, 1.0], [2.0, 1.0], [4.0], reduction="none", want=[1.3862943649291992, 2.7725887298583984]
        ),
        case([[0.0, 0.0], [1.0, 2.0]], [[0.0, 1.0], [0.5, 0.5]], [[2.0], [1.0]], reduction="none"),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(ShapeError, "weight of shape (3,) does not broadcast", [1.0, 2.0], [0.0, 1.0], [1.0, 1.0, 1.0]),
        refusal(ShapeError, "pos_weight of shape (1, 2) does not", [1.0, 2.0], [0.0, 1.0], [1.0, 1.0], [[1.0, 1.0]]),
        refusal(DTypeError, "float32", [1.0], labels_of(1)),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), (4,), (3, 1), reduction="sum"),
        call((2, 3), (2, 3), (2, 1), reduction="none"),
    ),
)
