"""nll_loss(x, labels, weight=None, *, ignore_index=None, reduction="mean"): the negative log-likelihood of labels.

1. For log-probabilities ``x`` (n, classes) and ``labels`` (n,), int32 in [0, classes): the mean over i of
   ``-x[i, labels[i]]``; ``gather``, ``neg`` and ``mean``, each rounded once (N5). Further axes may follow: (n, classes,
   d1, ...) and (n, d1, ...).
2. ``weight`` (classes,) multiplies the losses of each class, and the mean is ``sum(losses) / sum(weight[labels])``, as
   in PyTorch.
3. A label that is ``ignore_index`` has the loss 0 and does not count in the mean; where all are ignored, that is NaN.
   None, the default, ignores nothing: any label outside of the classes is refused. (PyTorch's default is -100.)
4. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
"""

from math import nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.loss import (
    check_class_weight,
    check_ignore_index,
    check_labels,
    check_reduction,
    counted,
    labels_of,
    of_labels,
    reduce_counted,
)
from rcmlrs_core.ops.op import Composition, case, refusal


def nll_loss(
    x: Any, labels: Any, weight: Any = None, *, ignore_index: int | None = None, reduction: str = "mean"
) -> Any:
    """Clause 1."""
    check_labels("nll_loss", "log-probabilities", x, labels)
    return of_log_probabilities("nll_loss", "log-probabilities", x, labels, weight, ignore_index, reduction)


def of_log_probabilities(
    name: str, scores: str, x: Any, labels: Any, weight: Any, ignore_index: int | None, reduction: str
) -> Any:
    """The same for any loss of that kind, whose errors have its name."""
    check_reduction(name, reduction)
    check_ignore_index(name, ignore_index)
    ignored = None if ignore_index is None else labels.equal(ignore_index)
    if ignored is not None:
        labels = ignored.where(0, labels)
    losses = -of_labels(name, scores, x, labels)
    if weight is not None:
        check_class_weight(name, weight, x.shape[1])
        losses = losses * weight.take(labels.flatten(), axis=0).reshape(labels.shape)
    if ignored is not None:
        losses = losses.masked_fill(ignored, 0.0)
    return reduce_counted(name, losses, counted(labels, weight, ignored), reduction)


operation = Composition(
    module=__name__,
    function=nll_loss,
    cases=(
        case([[-0.5, -1.0], [-2.0, -0.25]], labels_of(0, 1), want=0.375),
        case([[-0.5, -1.0], [-2.0, -0.25]], labels_of(1, 0), reduction="sum", want=3.0),
        case([[-0.5, -1.0], [-2.0, -0.25]], labels_of(1, 0), [1.0, 3.0], reduction="none", want=[3.0, 2.0]),
        case([[-0.5, -1.0], [-2.0, -0.25]], labels_of(1, 0), [1.0, 3.0], want=1.25, note="5 / (3 + 1)"),
        case([[-0.5, -1.0], [-2.0, -0.25]], labels_of(1, -100), ignore_index=-100, want=1.0),
        case([[-0.5, -1.0]], labels_of(5), ignore_index=5, want=nan, note="0 / 0"),
        case(
            [[-1.0, float("nan")]], labels_of(1), ignore_index=1, reduction="sum", want=0.0, note="ignored is ignored"
        ),
        case([[-1.0, float("-inf")]], labels_of(1), want=float("inf")),
    ),
    refusals=(
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(2)),
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(-100)),
        refusal(DTypeError, "class numbers", [[1.0, 2.0]], [1.0]),
        refusal(ShapeError, "(n, classes)", [[1.0, 2.0]], labels_of(0, 1)),
        refusal(ShapeError, "one number for each class", [[1.0, 2.0]], labels_of(0), [1.0]),
        refusal(AttributeValueError, "ignore_index is", [[1.0, 2.0]], labels_of(0), ignore_index=0.5),
        refusal(AttributeValueError, "reduction is one of", [[1.0, 2.0]], labels_of(0), reduction="average"),
    ),
    calls=(
        call((3, 4), Ints((3,), 0, 4)),
        call((5, 2), Ints((5,), 0, 2), (2,)),
        call((2, 3, 2, 2), Ints((2, 2, 2), 0, 3), (3,), ignore_index=1),
        call((4, 3), Ints((4,), -1, 3), ignore_index=-1, reduction="none"),
        call((2, 3, 0), Ints((2, 0), 0, 3), reduction="sum"),
    ),
)
