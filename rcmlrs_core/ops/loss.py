"""What the losses share: shapes that must be equal, and the reduction to one number."""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError

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
