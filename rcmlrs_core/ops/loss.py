"""What the losses share: shapes that must be equal, labels, weights, and the reduction to one number."""

from fractions import Fraction
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.numerics.scalars import is_number, number
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray

REDUCTIONS = ("mean", "sum", "none")


def check_same_shape(name: str, prediction: Any, target: Any) -> None:
    """A loss broadcasts nothing: a column beside a row would make a table of differences that nobody meant."""
    shape = getattr(target, "shape", None)
    if shape is None:
        raise ShapeError(
            f"{name}: target must be a tensor of the prediction's shape {prediction.shape}, got {target!r}"
        )
    if shape != prediction.shape:
        raise ShapeError(
            f"{name}: prediction of shape {prediction.shape} and target of {shape} differ, and a loss broadcasts "
            "nothing; reshape one of them"
        )


def check_reduction(name: str, reduction: Any) -> None:
    """One of ``REDUCTIONS``."""
    if reduction not in REDUCTIONS:
        raise AttributeValueError(f"{name}: reduction is one of {', '.join(REDUCTIONS)}, got {reduction!r}")


def reduce(name: str, losses: Any, reduction: str) -> Any:
    """The mean or the sum, rounded once (N3.1), or all of them."""
    check_reduction(name, reduction)
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def check_number(name: str, key: str, value: Any, *, positive: bool = False, most: float | None = None) -> Fraction:
    """The exact value of an attribute that is a number of at least 0, or above it, and at most ``most``."""
    wanted = f"a number {'above' if positive else 'of at least'} 0" + (
        f" and at most {most}" if most is not None else ""
    )
    if not is_number(value) or getattr(value, "shape", ()) != ():
        raise AttributeValueError(f"{name}: {key} is {wanted}, got {value!r}")
    found = number(value)
    if not (found > 0 or (found == 0 and not positive)) or found == float("inf") or (most is not None and found > most):
        raise AttributeValueError(f"{name}: {key} is {wanted}, got {value!r}")
    return Fraction(found)


def check_weight(name: str, weight: Any, shape: tuple[int, ...], what: str = "weight") -> None:
    """A tensor that broadcasts to the losses without making them more."""
    got = getattr(weight, "shape", None)
    if got is None:
        raise ShapeError(f"{name}: {what} is a tensor that broadcasts to {shape}, got {weight!r}; use rc.tensor(...)")
    if len(got) > len(shape) or any(a not in (1, b) for a, b in zip(reversed(got), reversed(shape), strict=False)):
        raise ShapeError(f"{name}: {what} of shape {got} does not broadcast to {shape}, the shape of the losses")


def check_labels(name: str, scores: str, x: Any, labels: Any) -> None:
    """``x`` is (n, classes, ...) and float32, ``labels`` (n, ...) and int32."""
    if getattr(labels, "dtype", None) != INT32:
        got = getattr(labels, "dtype", type(labels).__name__)
        raise DTypeError(f"{name}: labels are int32 class numbers, got {got}; rc.tensor(labels, dtype='int32')")
    if x.ndim < 2 or labels.shape != x.shape[:1] + x.shape[2:]:
        raise ShapeError(
            f"{name}: {scores} are (n, classes) and labels (n,), got {x.shape} and {labels.shape}; reshape them"
        )


def check_class_weight(name: str, weight: Any, classes: int) -> None:
    """One number for each class."""
    if getattr(weight, "shape", None) != (classes,) or weight.dtype != FLOAT32:
        got = getattr(weight, "shape", type(weight).__name__)
        raise ShapeError(f"{name}: weight is a float32 tensor of one number for each class, ({classes},); got {got}")


def outside(name: str, scores: str, x: Any, error: IndexRangeError) -> IndexRangeError:
    """The error for a label that is no class, from that of the operation that noticed."""
    return IndexRangeError(
        f"{name}: a label is not in [0, {x.shape[1]}), the classes of {scores} of shape {x.shape}; {error}"
    )


def check_ignore_index(name: str, ignore_index: Any) -> None:
    """An int32, or None."""
    if ignore_index is not None and (not isinstance(ignore_index, int) or not -(1 << 31) <= ignore_index < 1 << 31):
        raise AttributeValueError(f"{name}: ignore_index is an int32 or None, got {ignore_index!r}")


def of_labels(name: str, scores: str, x: Any, labels: Any) -> Any:
    """Of each row of ``x`` the element that the label names; of the shape of the labels."""
    try:
        return x.gather(labels.expand_dims(1), axis=1).reshape(labels.shape)
    except IndexRangeError as error:
        raise outside(name, scores, x, error) from None


def counted(labels: Any, weight: Any, ignored: Any) -> Any:
    """How much each label counts: the weight of its class, and nothing if it is ignored; None if all count alike."""
    if weight is None:
        return None if ignored is None else ignored.logical_not().astype(dtype=FLOAT32)
    shares = weight.take(labels.flatten(), axis=0).reshape(labels.shape)
    return shares if ignored is None else shares.masked_fill(ignored, 0.0)


def reduce_counted(name: str, losses: Any, shares: Any, reduction: str) -> Any:
    """As ``reduce``, of losses that their shares are in already; the mean is divided by the sum of the shares."""
    if shares is None or reduction != "mean":
        return reduce(name, losses, reduction)
    return losses.sum() / shares.sum()


def labels_of(*labels: int) -> PlainArray:
    """Labels for a case."""
    return PlainArray.of(labels, (len(labels),), INT32)
