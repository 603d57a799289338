"""cross_entropy(logits, labels, *, reduction="mean"): the cross-entropy of a softmax with the right classes.

1. For ``logits`` (n, classes) and ``labels`` (n,), int32 in [0, classes): the mean over i of
   ``-log_softmax(logits)[i, labels[i]]``; ``log_softmax``, ``gather``, ``neg`` and ``mean``, each rounded once (N5).
2. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the n losses themselves.
3. A label outside of the classes is refused; so are labels that are not int32, such as one-hot rows.
4. The gradient flows back through ``log_softmax``: ``(softmax(logits) - one_hot(labels)) / n``.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.loss import reduce
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.plain import INT32, PlainArray


def cross_entropy(logits: Any, labels: Any, *, reduction: str = "mean") -> Any:
    """Clause 1."""
    if getattr(labels, "dtype", None) != INT32:
        got = getattr(labels, "dtype", type(labels).__name__)
        raise DTypeError(f"cross_entropy: labels are int32 class numbers, got {got}; rc.tensor(labels, dtype='int32')")
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ShapeError(
            f"cross_entropy: logits are (n, classes) and labels (n,), got {logits.shape} and {labels.shape}; "
            "reshape them"
        )
    try:
        chosen = logits.log_softmax(axis=1).gather(labels.reshape((labels.shape[0], 1)), axis=1)
    except IndexRangeError as error:
        raise IndexRangeError(
            f"cross_entropy: a label is not in [0, {logits.shape[1]}), the classes of logits of shape {logits.shape}; "
            f"{error}"
        ) from None
    return reduce("cross_entropy", -chosen.reshape(labels.shape), reduction)


def labels_of(*labels: int) -> PlainArray:
    """Labels for a case."""
    return PlainArray.of(labels, (len(labels),), INT32)


operation = Composition(
    module=__name__,
    function=cross_entropy,
    cases=(
        case([[0.0, 0.0], [0.0, 0.0]], labels_of(0, 1), want=0.6931471824645996, note="log 2"),
        case([[1.0, 2.0, 3.0]], labels_of(2), want=0.40760597586631775),
        case([[1.0, 2.0, 3.0]], labels_of(0), reduction="sum", want=2.4076058864593506),
        case([[100.0, 0.0], [0.0, 100.0]], labels_of(0, 0), reduction="none"),
        case([[1e38, -1e38]], labels_of(1), want=2e38, note="nothing overflows on the way"),
    ),
    refusals=(
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(2)),
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(-1)),
        refusal(DTypeError, "class numbers", [[1.0, 2.0]], [1.0]),
        refusal(ShapeError, "(n, classes)", [[1.0, 2.0]], labels_of(0, 1)),
        refusal(ShapeError, "(n, classes)", [1.0, 2.0], labels_of(0)),
        refusal(AttributeValueError, "reduction is one of", [[1.0, 2.0]], labels_of(0), reduction="average"),
    ),
    calls=(
        call((3, 4), Ints((3,), 0, 4)),
        call((5, 2), Ints((5,), 0, 2), reduction="sum"),
        call((2, 3), Ints((2,), 0, 3), reduction="none"),
    ),
)
