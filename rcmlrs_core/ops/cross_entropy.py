"""cross_entropy(logits, labels, weight=None, *, ignore_index=None, label_smoothing=0.0, reduction="mean"): of softmax.

1. The cross-entropy of a softmax with the right classes. For ``logits`` (n, classes) and ``labels`` (n,), int32 in
   [0, classes): the mean over i of ``-log_softmax(logits)[i, labels[i]]``; ``log_softmax``, ``gather``, ``neg`` and
   ``mean``, each rounded once (N5). Further axes may follow: (n, classes, d1, ...) and (n, d1, ...).
2. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the n losses themselves.
3. A label outside of the classes is refused. One that is ``ignore_index`` has the loss 0 and does not count in the
   mean, which is NaN where all are ignored. None, the default, ignores nothing. (PyTorch's default is -100.)
4. ``weight`` (classes,) multiplies the losses of each class, and the mean is ``sum(losses) / sum(weight[labels])``.
5. Labels of float32, of the shape of the logits, are probabilities p of the classes, such as rows of ``one_hot``: the
   loss is ``-sum_c(weight_c p_c log_softmax(logits)_c)``, an exact sum of products (``vecdot``), and the mean is over
   the n. Nothing is asked of the rows, such as a sum of 1, and nothing is ignored.
6. ``label_smoothing`` e in [0, 1] mixes the labels with the uniform distribution: ``(1 - e) p + e / classes`` in the
   place of p, one rounding where the labels are class numbers (of probabilities, an ``fma``). The loss is that of
   clause 5; of class numbers the mean is still divided as in clauses 3 and 4.
7. The gradient flows back through ``log_softmax``: ``(softmax(logits) - one_hot(labels)) / n``.

Source: PyTorch for clauses 4 to 6; C. Szegedy et al., Rethinking the Inception architecture, CVPR 2016, for 6.
"""

from fractions import Fraction
from math import nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.loss import (
    check_class_weight,
    check_ignore_index,
    check_labels,
    check_number,
    check_reduction,
    counted,
    labels_of,
    outside,
    reduce,
    reduce_counted,
)
from rcmlrs_core.ops.nll_loss import of_log_probabilities
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.plain import FLOAT32, PlainArray


def cross_entropy(
    logits: Any,
    labels: Any,
    weight: Any = None,
    *,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Any:
    """Clause 1."""
    name = "cross_entropy"
    check_reduction(name, reduction)
    check_ignore_index(name, ignore_index)
    smoothing = check_number(name, "label_smoothing", label_smoothing, most=1.0)
    if getattr(labels, "dtype", None) == FLOAT32 and logits.ndim > 1 and labels.shape == logits.shape:
        if ignore_index is not None:
            raise AttributeValueError(
                f"{name}: ignore_index is {ignore_index}, and labels that are probabilities are not ignored; "
                "give some of them the weight 0, or pass class numbers"
            )
        if smoothing:
            labels = labels.fma(round_number(1 - smoothing), round_number(smoothing / logits.shape[1]))
        return reduce(name, _of_probabilities(name, logits, labels, weight), reduction)
    check_labels(name, "logits", logits, labels)
    if not smoothing:
        return of_log_probabilities(name, "logits", logits.log_softmax(axis=1), labels, weight, ignore_index, reduction)
    ignored = None if ignore_index is None else labels.equal(ignore_index)
    if ignored is not None:
        labels = ignored.where(0, labels)
    losses = _of_probabilities(name, logits, _smoothed(name, logits, labels, smoothing), weight)
    if ignored is not None:
        losses = losses.masked_fill(ignored, 0.0)
    return reduce_counted(name, losses, counted(labels, weight, ignored), reduction)


def _smoothed(name: str, logits: Any, labels: Any, smoothing: Fraction) -> Any:
    """Clause 6, of class numbers: two numbers, each rounded once."""
    classes = logits.shape[1]
    try:
        chosen = labels.one_hot(classes=classes).moveaxis(-1, 1).equal(1.0)
    except IndexRangeError as error:
        raise outside(name, "logits", logits, error) from None
    rest = logits.full_like(round_number(smoothing / classes))
    return chosen.where(round_number(1 - smoothing + smoothing / classes), rest)


def _of_probabilities(name: str, logits: Any, probabilities: Any, weight: Any) -> Any:
    """The losses of clause 5."""
    if weight is not None:
        check_class_weight(name, weight, logits.shape[1])
        probabilities = probabilities * weight.reshape((-1,) + (1,) * (logits.ndim - 2))
    return -logits.log_softmax(axis=1).vecdot(probabilities, axis=1 - logits.ndim)


def image(*labels: int) -> PlainArray:
    """Labels (1, n) for a case."""
    return PlainArray.of(labels, (1, len(labels)), "int32")


operation = Composition(
    module=__name__,
    function=cross_entropy,
    cases=(
        case([[0.0, 0.0], [0.0, 0.0]], labels_of(0, 1), want=0.6931471824645996, note="log 2"),
        case([[1.0, 2.0, 3.0]], labels_of(2), want=0.40760597586631775),
        case([[1.0, 2.0, 3.0]], labels_of(0), reduction="sum", want=2.4076058864593506),
        case([[100.0, 0.0], [0.0, 100.0]], labels_of(0, 0), reduction="none"),
        case([[1e38, -1e38]], labels_of(1), want=2e38, note="nothing overflows on the way"),
        case([[1e38, -1e38], [0.0, 0.0]], labels_of(1, 0), [1.0, 2.0], reduction="none"),
        case([[0.0, 0.0], [1.0, 3.0]], labels_of(0, -1), ignore_index=-1, want=0.6931471824645996),
        case([[1.0, 3.0]], labels_of(7), [1.0, 2.0], ignore_index=7, want=nan, note="clause 3: 0 / 0"),
        case([[0.0, 0.0]], [[0.5, 0.5]], want=0.6931471824645996),
        case([[1.0, 2.0, 3.0]], [[0.0, 0.0, 1.0]], want=0.40760597586631775, note="the same as label 2"),
        case([[1.0, 2.0, 3.0]], [[0.25, 0.5, 0.25]], [1.0, 2.0, 0.5]),
        case([[0.0, 0.0], [2.0, 0.0]], labels_of(0, 1), label_smoothing=0.5),
        case([[0.0, 0.0]], labels_of(0), label_smoothing=1, want=0.6931471824645996),
        case([[0.0, 0.0], [2.0, 0.0]], labels_of(0, 5), [1.0, 2.0], ignore_index=5, label_smoothing=0.25),
        case([[[0.0, 1.0, 5.0], [0.0, 1.0, 5.0]]], image(0, 1, 1), want=0.6931471824645996, note="further axes"),
    ),
    refusals=(
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(2)),
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(-1)),
        refusal(DTypeError, "class numbers", [[1.0, 2.0]], [1.0]),
        refusal(ShapeError, "(n, classes)", [[1.0, 2.0]], labels_of(0, 1)),
        refusal(ShapeError, "(n, classes)", [1.0, 2.0], labels_of(0)),
        refusal(AttributeValueError, "reduction is one of", [[1.0, 2.0]], labels_of(0), reduction="average"),
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(2), label_smoothing=0.5),
        refusal(IndexRangeError, "not in [0, 2)", [[1.0, 2.0]], labels_of(2), ignore_index=-1),
        refusal(ShapeError, "one number for each class", [[1.0, 2.0]], labels_of(0), [[1.0, 2.0]]),
        refusal(AttributeValueError, "are not ignored", [[1.0, 2.0]], [[0.0, 1.0]], ignore_index=0),
        refusal(AttributeValueError, "at most 1", [[1.0, 2.0]], labels_of(0), label_smoothing=1.5),
        refusal(AttributeValueError, "at least 0", [[1.0, 2.0]], labels_of(0), label_smoothing=-0.5),
    ),
    calls=(
        call((3, 4), Ints((3,), 0, 4)),
        call((5, 2), Ints((5,), 0, 2), reduction="sum"),
        call((2, 3), Ints((2,), 0, 3), reduction="none"),
        call((3, 4), Ints((3,), 0, 4), (4,)),
        call((4, 3), Ints((4,), -1, 3), (3,), ignore_index=-1, label_smoothing=0.1),
        call((3, 4), (3, 4), reduction="none"),
        call((2, 3, 2), (2, 3, 2), (3,), label_smoothing=0.25),
        call((2, 3, 2, 2), Ints((2, 2, 2), 0, 3), ignore_index=2),
    ),
)
