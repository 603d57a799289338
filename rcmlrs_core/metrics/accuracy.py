"""The share of examples that are classified rightly."""

from functools import partial

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.metrics.labels import binary_labels, check_range, check_tensors
from rcmlrs_core.metrics.metric import MeanMetric
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import Number, RamTensor


def accuracy(scores: RamTensor, labels: RamTensor) -> RamTensor:
    """The share of examples whose highest score is that of their label: ``RN`` of the exact ratio.

    ``scores`` (logits or probabilities) are ``(n, classes)``, ``labels`` ``(n,)`` of int32; or ``(n, ..., classes)``
    and ``(n, ...)``. Labels of float32 are rows as of ``one_hot``, of the shape of the scores; of each the highest
    counts. Among equal scores the first counts (N4.2).

    Raises:
        IndexRangeError: a label that is not in [0, classes).
    """
    return _right(scores, labels).astype(dtype=FLOAT32).mean()


def binary_accuracy(scores: RamTensor, labels: RamTensor, *, threshold: Number = 0.5) -> RamTensor:
    """The share of ``scores > threshold`` that are as the labels say: 0 and 1, of any element type and the same shape.

    For logits, ``threshold=0``. A score that is NaN is wrong, whatever the label.
    """
    return _right_side(scores, labels, threshold=threshold).astype(dtype=FLOAT32).mean()


def top_k_accuracy(scores: RamTensor, labels: RamTensor, *, k: int = 5) -> RamTensor:
    """The share of examples whose label is among those of the ``k`` highest scores.

    Shapes are those of :func:`accuracy`, which this is with ``k=1``: among equal scores the first ones count (N4.2), so
    that never more than k do. (Keras counts all that are equal to the k-th.)
    """
    return _among_first(scores, labels, k=k).astype(dtype=FLOAT32).mean()


class Accuracy(MeanMetric):
    """:func:`accuracy` over batches."""

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(_right, name)


class BinaryAccuracy(MeanMetric):
    """:func:`binary_accuracy` over batches."""

    def __init__(self, name: str = "binary_accuracy", *, threshold: Number = 0.5) -> None:
        super().__init__(partial(_right_side, threshold=threshold), name)


class TopKAccuracy(MeanMetric):
    """:func:`top_k_accuracy` over batches."""

    def __init__(self, name: str = "top_k_accuracy", *, k: int = 5) -> None:
        super().__init__(partial(_among_first, k=k), name)


def _labels(name: str, scores: RamTensor, labels: RamTensor) -> RamTensor:
    """The labels as class numbers; with the checks."""
    check_tensors(name, scores, labels)
    if labels.dtype == FLOAT32 and scores.ndim > 1 and labels.shape == scores.shape:
        return labels.argmax(axis=-1)
    if labels.dtype != INT32:
        raise DTypeError(
            f"{name}: labels are int32 class numbers, got {labels.dtype} of shape {labels.shape}; "
            "rc.tensor(labels, dtype='int32')"
        )
    if scores.ndim < 2 or labels.shape != scores.shape[:-1]:
        raise ShapeError(f"{name}: scores are (n, classes) and labels (n,), got {scores.shape} and {labels.shape}")
    check_range(name, labels, scores.shape[-1])
    return labels


def _right(scores: RamTensor, labels: RamTensor) -> RamTensor:
    """Which examples :func:`accuracy` counts."""
    labels = _labels("accuracy", scores, labels)
    return scores.argmax(axis=-1).equal(labels)


def _right_side(scores: RamTensor, labels: RamTensor, *, threshold: Number) -> RamTensor:
    check_tensors("binary_accuracy", scores, labels)
    labels = binary_labels("binary_accuracy", scores, labels)
    return scores.greater(threshold).equal(labels).logical_and(scores.isnan().logical_not())


def _among_first(scores: RamTensor, labels: RamTensor, *, k: int) -> RamTensor:
    labels = _labels("top_k_accuracy", scores, labels)
    if k < 1:
        raise AttributeValueError(f"top_k_accuracy: k is how many scores count, at least 1, got {k!r}")
    _, first = (scores + 0.0).topk(min(k, scores.shape[-1]), axis=-1)  # of which no zero is below another
    return first.equal(labels.expand_dims(axis=-1)).any(axis=-1)
