"""How likely a model thinks what is true."""

from rcmlrs_core.errors import DataError, DTypeError, ShapeError
from rcmlrs_core.metrics.labels import binary_labels, check_range, check_tensors
from rcmlrs_core.metrics.metric import MeanMetric, spread_weight
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor


def perplexity(logits: RamTensor, labels: RamTensor, *, ignore_index: int | None = None) -> RamTensor:
    """``exp`` of the mean cross-entropy: of logits that are all alike, how many classes there are.

    ``logits`` are ``(n, classes)`` or ``(n, ..., classes)``, ``labels`` int32 ``(n,)`` or ``(n, ...)``; those that are
    ``ignore_index`` do not count.
    """
    return Perplexity(ignore_index=ignore_index)(logits, labels)


class Perplexity(MeanMetric):
    """:func:`perplexity` over batches: the exact mean of all losses before its one rounding, and ``exp`` of that."""

    def __init__(self, name: str = "perplexity", *, ignore_index: int | None = None) -> None:
        super().__init__(_losses, name, finish=RamTensor.exp)
        self.ignore_index = ignore_index

    def update(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> None:
        """Take a batch."""
        if self.ignore_index is None:
            super().update(prediction, target, weight)
            return
        check_tensors(self.name, prediction, target)
        counted = target.not_equal(self.ignore_index)
        share = counted.astype(dtype=FLOAT32)
        if weight is not None:
            share = share * spread_weight(self.name, weight, target.shape)
        if prediction.shape[:-1] == target.shape:  # whatever stands beside an ignored label does not count
            prediction = counted.expand_dims(-1).where(prediction, 0.0)
        super().update(prediction, counted.where(target, target.zeros_like()), share)


def _losses(logits: RamTensor, labels: RamTensor) -> RamTensor:
    check_tensors("perplexity", logits, labels)
    if logits.ndim < 2 or labels.shape != logits.shape[:-1]:
        raise ShapeError(f"perplexity: logits are (n, classes) and labels (n,), got {logits.shape} and {labels.shape}")
    classes = logits.shape[-1]
    each = logits.reshape((-1, classes)).cross_entropy(labels.flatten(), reduction="none")
    return each.reshape(labels.shape)


def log_loss(probabilities: RamTensor, labels: RamTensor) -> RamTensor:
    """The mean of ``-log`` of the probability that was given to what is true.

    Of classes: ``probabilities`` ``(n, classes)``, taken as they are, and int32 labels ``(n,)``. Of one class:
    probabilities of any shape, and labels 0 and 1 of the same shape; ``log(1 - p)`` is ``log1p(-p)``, one rounding. A
    probability of 0 for what is true gives infinity: nothing is clipped.

    Raises:
        DataError: a probability outside of [0, 1], or NaN.
        IndexRangeError: a label that is not in [0, classes).
    """
    return _log_losses(probabilities, labels).mean()


class LogLoss(MeanMetric):
    """:func:`log_loss` over batches."""

    def __init__(self, name: str = "log_loss") -> None:
        super().__init__(_log_losses, name)


def _log_losses(probabilities: RamTensor, labels: RamTensor) -> RamTensor:
    check_tensors("log_loss", probabilities, labels)
    if probabilities.dtype != FLOAT32:
        raise DTypeError(f"log_loss: probabilities are float32, got {probabilities.dtype}")
    if not bool(probabilities.greater_equal(0.0).logical_and(probabilities.less_equal(1.0)).all()):
        raise DataError("log_loss: a probability is not in [0, 1]; of logits, take softmax or sigmoid first")
    if probabilities.ndim != 2 or labels.ndim != 1:
        true = binary_labels("log_loss", probabilities, labels)
        return -true.where(probabilities.log(), (-probabilities).log1p())
    if labels.dtype != INT32:
        raise DTypeError(
            f"log_loss: labels are int32 class numbers, got {labels.dtype}; rc.tensor(labels, dtype='int32')"
        )
    if labels.shape != probabilities.shape[:1]:
        raise ShapeError(
            f"log_loss: probabilities are (n, classes) and labels (n,), got {probabilities.shape} and {labels.shape}"
        )
    check_range("log_loss", labels, probabilities.shape[1])
    return -probabilities.gather(labels.reshape((-1, 1)), axis=1).flatten().log()
