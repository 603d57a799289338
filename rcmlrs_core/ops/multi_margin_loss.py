"""multi_margin_loss(scores, labels, weight=None, *, p=1, margin=1.0, reduction="mean"): the hinge of several classes.

1. For ``scores`` (n, classes) and ``labels`` (n,), int32 in [0, classes): of each row the mean over its classes of
   ``max(0, margin - scores[label] + scores[j])^p`` for the other j, and 0 for the label; and the mean of these.
   ``sub``, ``add``, ``relu``, ``square`` and ``mean``, each rounded once (N5).
2. ``p`` is 1 or 2; ``margin`` is a number of at least 0, rounded once (N6).
3. ``weight`` (classes,) multiplies the loss of each row by the number of its label; the mean is that of the rows.
4. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the n losses themselves.
5. A label outside of the classes is refused. (PyTorch's ``multi_margin_loss``.)
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.loss import check_class_weight, check_labels, check_number, labels_of, of_labels, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def multi_margin_loss(
    scores: Any, labels: Any, weight: Any = None, *, p: int = 1, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Clause 1."""
    name = "multi_margin_loss"
    check_labels(name, "scores", scores, labels)
    if scores.ndim != 2:
        raise ShapeError(f"{name}: scores are (n, classes) and labels (n,), got {scores.shape}; reshape them")
    check_number(name, "margin", margin)
    if p not in (1, 2):
        raise AttributeValueError(f"{name}: p is 1 or 2, got {p!r}")
    of_label = of_labels(name, "scores", scores, labels).expand_dims(1)
    margins = (scores - of_label + margin).relu()
    own = labels.one_hot(classes=scores.shape[1]).equal(1.0)
    losses = (margins.square() if p == 2 else margins).masked_fill(own, 0.0).mean(axis=1)
    if weight is not None:
        check_class_weight(name, weight, scores.shape[1])
        losses = losses * weight.take(labels, axis=0)
    return reduce(name, losses, reduction)


operation = Composition(
    module=__name__,
    function=multi_margin_loss,
    cases=(
        case([[1.0, 2.0, 0.25, -1.0]], labels_of(0), want=0.5625, note="(0 + 2 + 0.25 + 0) / 4"),
        case([[1.0, 2.0, 0.25, -1.0]], labels_of(0), p=2, want=1.015625),
        case([[1.0, 2.0], [0.0, 4.0]], labels_of(0, 1), [2.0, 1.0], reduction="none", want=[2.0, 0.0]),
        case([[1.0, 2.0], [0.0, 4.0]], labels_of(0, 0), margin=0, reduction="sum", want=2.5),
    ),
    refusals=(
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(2)),
        refusal(DTypeError, "class numbers", [[1.0, 2.0]], [1.0]),
        refusal(ShapeError, "(n, classes)", [[1.0, 2.0]], labels_of(0, 1)),
        refusal(ShapeError, "one number for each class", [[1.0, 2.0]], labels_of(0), [1.0]),
        refusal(AttributeValueError, "p is 1 or 2", [[1.0, 2.0]], labels_of(0), p=3),
        refusal(AttributeValueError, "reduction is one of", [[1.0, 2.0]], labels_of(0), reduction="average"),
    ),
    calls=(
        call((3, 4), Ints((3,), 0, 4)),
        call((5, 2), Ints((5,), 0, 2), (2,), p=2),
        call((2, 3), Ints((2,), 0, 3), margin=0.3, reduction="none"),
    ),
)
