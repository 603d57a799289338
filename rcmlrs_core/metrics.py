"""What a model is judged by. Metrics are compositions of operations (N5); each gives a tensor of one element."""

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor


def accuracy(scores: RamTensor, labels: RamTensor) -> RamTensor:
    """The share of samples whose highest score is that of their label.

    ``scores`` (logits or probabilities) are ``(n, classes)``, ``labels`` ``(n,)`` of int32. Among equal scores the
    first counts (N4.2).
    """
    if labels.dtype != INT32:
        raise DTypeError(
            f"accuracy: labels are int32 class numbers, got {labels.dtype}; rc.tensor(labels, dtype='int32')"
        )
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ShapeError(f"accuracy: scores are (n, classes) and labels (n,), got {scores.shape} and {labels.shape}")
    return scores.argmax(axis=1).equal(labels).astype(dtype=FLOAT32).mean()


def rmse(prediction: RamTensor, target: RamTensor) -> RamTensor:
    """The root of the mean squared error, in the unit of the target."""
    return prediction.mse_loss(target).sqrt()


def mae(prediction: RamTensor, target: RamTensor) -> RamTensor:
    """The mean absolute error, in the unit of the target."""
    return prediction.mae_loss(target)
