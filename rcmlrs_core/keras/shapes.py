"""How targets, predictions and weights are brought together, in losses and metrics: as Keras does."""

from typing import Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import DataError, IndexRangeError, ShapeError
from rcmlrs_core.keras.layer import as_tensor
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor


def as_float(x: Any) -> RamTensor:
    """Data as a float32 tensor."""
    made: RamTensor = as_tensor(x)
    return made if made.dtype == FLOAT32 else made.astype(dtype=FLOAT32)


def as_int32(x: RamTensor) -> RamTensor:
    """The whole parts of numbers, as Keras casts. No operation makes int32 of float32, so they become Python's ints.

    Raises :class:`DataError` for NaN and infinities, and DTypeError for what is beyond int32.
    """
    if x.dtype != FLOAT32:
        return x.astype(dtype=INT32)
    try:
        numbers = list(map(int, x.detach().flatten().tolist()))
    except (ValueError, OverflowError):
        raise DataError("keras: expected whole numbers, found NaN or an infinity among them") from None
    return tensor(numbers, x._backend, dtype=INT32).reshape(x.shape)


def as_labels(name: str, x: Any) -> RamTensor:
    """Class numbers as int32; floats are taken if they are whole.

    Raises :class:`DataError` for one that is not.
    """
    made: RamTensor = as_tensor(x)
    if made.dtype != INT32:
        whole = made.astype(dtype=FLOAT32)
        if whole.size and not bool(whole.trunc().equal(whole).all().item()):
            raise DataError(f"{name}: labels are whole numbers, and one of these is not; are they one-hot or scores?")
        made = as_int32(whole)
    return made


def chosen(name: str, scores: RamTensor, labels: RamTensor) -> RamTensor:
    """The score of the label of each row.

    Raises :class:`DataError` for a label that is none of the classes.
    """
    try:
        return scores.take_along_axis(labels.expand_dims(axis=-1), axis=-1).squeeze(axis=-1)
    except IndexRangeError as error:
        classes, found = scores.shape[-1], labels.flatten().tolist()
        outside = [label for label in found if not 0 <= label < classes]
        if not outside:
            raise
        raise DataError(
            f"{name}: the label {outside[0]} is not in [0, {classes}), the classes of the model; the last layer needs "
            f"at least {max(found) + 1} units, and labels begin at 0"
        ) from error


def same_rank(x: RamTensor, y: RamTensor) -> tuple[RamTensor, RamTensor]:
    """A last axis of length 1 taken from, or given to, the one whose rank differs by one."""
    if x.ndim == y.ndim + 1 and x.shape[-1] == 1:
        return (x, y.expand_dims(axis=-1)) if y.ndim == 1 else (x.squeeze(axis=-1), y)
    if y.ndim == x.ndim + 1 and y.shape[-1] == 1:
        return (x.expand_dims(axis=-1), y) if x.ndim == 1 else (x, y.squeeze(axis=-1))
    return x, y


def fitted(name: str, y_true: Any, y_pred: Any) -> tuple[RamTensor, RamTensor]:
    """Both as float32 of one shape. Raises :class:`ShapeError` where they are not."""
    y_true, y_pred = same_rank(as_float(y_true), as_float(y_pred))
    if y_true.shape != y_pred.shape:
        hint = ""
        if y_true.ndim < y_pred.ndim or y_true.shape[-1:] == (1,):
            hint = "; for class numbers take sparse_categorical_crossentropy, or make them one-hot"
        raise ShapeError(f"{name}: targets of shape {y_true.shape} and predictions of {y_pred.shape} differ{hint}")
    return y_true, y_pred


def weights_for(name: str, weight: Any, values: RamTensor) -> RamTensor:
    """Weights of the rank of ``values``: one for each example, or for each of the first axes."""
    found = as_float(weight)
    if found.ndim == values.ndim + 1 and found.shape[-1] == 1:
        found = found.squeeze(axis=-1)
    if found.shape != values.shape[: found.ndim] and found.shape not in ((), (1,)):
        raise ShapeError(
            f"{name}: sample weights of shape {found.shape} do not fit losses of shape {values.shape}; give one for "
            "each example"
        )
    return found.reshape(found.shape + (1,) * (values.ndim - found.ndim)) if found.ndim else found
