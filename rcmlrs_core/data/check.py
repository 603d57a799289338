"""Looking at data before they are learned from: numbers that are none, and labels outside of the classes."""

from typing import Any

from rcmlrs_core.data.dataset import Dataset, watched
from rcmlrs_core.errors import DataError
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor

CHECKED_AT_ONCE = 256


def check_finite(x: RamTensor, name: str = "x", first: int = 0) -> None:
    """Refuse NaN and infinities: a :class:`DataError` that says where the first one is.

    Along the first axis are the examples, which are counted from ``first``.
    """
    good = x.isfinite()
    if good.all().item():
        return
    place = good.logical_not().argwhere()[0].tolist()
    value = x[tuple(place)].item()
    at = f", at {place[1:]}" if len(place) > 1 else ""
    found = "NaN, which stands for a missing value" if value != value else str(value)
    raise DataError(
        f"{name}: example {first + place[0]}{at} is {found}; leave the example out, or fill it: read_csv has missing=, "
        "a Schema fills with the mean"
    )


def check_labels(y: RamTensor, classes: int, name: str = "y", first: int = 0) -> None:
    """Refuse labels that are no int32 in 0 ... classes - 1: a :class:`DataError` that says where the first is."""
    if y.dtype != INT32:
        raise DataError(f"{name}: labels are int32, got {y.dtype}; make them with rc.tensor(..., dtype='int32')")
    wrong = y.less(0).logical_or(y.greater_equal(classes))
    if wrong.any().item():
        place = wrong.argwhere()[0].tolist()
        raise DataError(
            f"{name}: the label of example {first + place[0]} is {y[tuple(place)].item()}, and there are {classes} "
            f"classes, 0 to {classes - 1}; mend the label, or give the model as many outputs"
        )


def check_dataset(dataset: Dataset, *, classes: int | None = None) -> None:
    """Read all of a data set once, and refuse NaN, infinities and, with ``classes``, labels that are none.

    Labels are the second tensor of a batch. Everything else that is wrong with an example shows too: a damaged
    picture, a field that is no number.
    """
    for start in watched(range(0, len(dataset), CHECKED_AT_ONCE), "check"):
        batch: Any = dataset.take(range(start, min(start + CHECKED_AT_ONCE, len(dataset))))
        for place, part in enumerate(batch):
            name = ("x", "y")[place] if place < 2 else f"tensor {place}"
            if part.dtype == FLOAT32:
                check_finite(part, name, start)
        if classes is not None:
            if len(batch) < 2:
                raise DataError(f"check_dataset: classes={classes}, but a batch has no second tensor, of labels")
            check_labels(batch[1], classes, "y", start)
