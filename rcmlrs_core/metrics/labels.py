"""What metrics ask of labels, and how predictions become class numbers."""

from collections import Counter

from rcmlrs_core.errors import AttributeValueError, DataError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.plain import BOOL, FLOAT32, INT32
from rcmlrs_core.tensor import Number, RamTensor


def check_tensors(name: str, *given: RamTensor) -> None:
    """Predictions and targets are tensors."""
    for x in given:
        if not isinstance(x, RamTensor):
            raise TypeError(f"{name}: takes tensors, got {type(x).__name__}; make them with rc.tensor(...)")


def check_range(name: str, labels: RamTensor, classes: int) -> None:
    """Every label is one of the classes."""
    wrong = labels.less(0).logical_or(labels.greater_equal(classes))
    if bool(wrong.any()):
        place = wrong.flatten().astype(dtype=INT32).argmax().item()
        raise IndexRangeError(
            f"{name}: label {labels.flatten()[place].item()} (element {place}) is not in [0, {classes}), the classes"
        )


def binary_labels(name: str, scores: RamTensor, labels: RamTensor) -> RamTensor:
    """Labels that are 0 or 1, as bool; of the shape of the scores, which are float32."""
    if scores.dtype != FLOAT32:
        raise DTypeError(f"{name}: scores are float32, got {scores.dtype}; convert them with .astype('float32')")
    if labels.shape != scores.shape:
        raise ShapeError(
            f"{name}: scores of shape {scores.shape} and labels of {labels.shape} differ, and nothing is broadcast; "
            "reshape one of them"
        )
    if labels.dtype == BOOL:
        return labels
    one = labels.equal(1)
    if not bool(one.logical_or(labels.equal(0)).all()):
        raise DataError(f"{name}: a label is neither 0 nor 1; for more classes, give scores (n, classes)")
    return one


def above(name: str, scores: RamTensor, threshold: Number) -> RamTensor:
    """Which scores are above the threshold; a NaN is on neither side, and refused."""
    refuse_nan(name, scores)
    return scores.greater(threshold)


def refuse_nan(name: str, scores: RamTensor) -> None:
    """Scores must have an order."""
    if bool(scores.isnan().any()):
        raise DataError(f"{name}: a score is NaN, which is neither high nor low; look for what made it")


def class_numbers(
    name: str, prediction: RamTensor, target: RamTensor, classes: int | None
) -> tuple[RamTensor, RamTensor, int]:
    """Predicted and true classes, int32 of one axis, and how many classes there are.

    Predictions are scores (n, classes) of float32, of which the highest counts (N4.2), or class numbers of int32;
    targets are class numbers of int32, or rows as of ``one_hot``.
    """
    if prediction.dtype == FLOAT32:
        if prediction.ndim < 2:
            raise ShapeError(f"{name}: scores are (n, classes), got {prediction.shape}; class numbers are int32")
        refuse_nan(name, prediction)
        given, classes = classes, prediction.shape[-1]
        if given not in (None, classes):
            raise AttributeValueError(f"{name}: classes is {given}, and the scores are of {classes}")
        if target.dtype == FLOAT32 and target.shape == prediction.shape:
            target = target.argmax(axis=-1)
        prediction = prediction.argmax(axis=-1)
    for what, x in (("predicted classes", prediction), ("labels", target)):
        if x.dtype != INT32:
            raise DTypeError(
                f"{name}: {what} are int32 class numbers, got {x.dtype} of shape {x.shape}; "
                "rc.tensor(labels, dtype='int32')"
            )
    if prediction.shape != target.shape:
        raise ShapeError(
            f"{name}: predictions are of {prediction.shape} and labels of {target.shape}; they must be as many"
        )
    if classes is None:
        raise AttributeValueError(
            f"{name}: predictions that are class numbers do not say how many classes there are; pass classes=..."
        )
    for x in (prediction, target):
        check_range(name, x, classes)
    return prediction.flatten(), target.flatten(), classes


def counts(x: RamTensor, classes: int) -> list[int]:
    """How often each of the class numbers from 0 stands in ``x``."""
    found = Counter(x.tolist())
    return [found[number] for number in range(classes)]
