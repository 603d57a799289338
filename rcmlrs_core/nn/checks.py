"""The checks that layers share: of the arguments that they are made with, and of the tensor that they take."""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.convolution import AXES
from rcmlrs_core.tensor import RamTensor


def check_sizes(layer: str, **sizes: Any) -> None:
    """Sizes of a layer are positive ints."""
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ShapeError(f"{layer}: {name} must be a positive int, got {size!r}")


def check_between(layer: str, name: str, value: Any, low: float, high: float) -> None:
    """A number from ``low`` to ``high``, and finite."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high or value == float("inf"):
        allowed = f"from {low:g} to {high:g}" if high < float("inf") else f"that is finite and at least {low:g}"
        raise AttributeValueError(f"{layer}: {name} must be a number {allowed}, got {value!r}")


def check_divides(layer: str, groups: int, **channels: int) -> None:
    """Channels are cut into groups of equal size."""
    for name, n in channels.items():
        if n % groups:
            raise AttributeValueError(
                f"{layer}: {name} = {n} cannot be cut into {groups} groups; it must be a multiple"
            )


def check_channels(layer: str, x: RamTensor, rank: int, channels: int) -> None:
    """``x`` is (batch, channels) and ``rank`` spatial axes."""
    if x.ndim == rank + 2 and x.shape[1] == channels:
        return
    hint = ""
    if x.ndim == rank + 2 and x.shape[-1] == channels:
        hint = "; channels are the second axis here: x.moveaxis(-1, 1)"
    elif x.ndim == rank + 1 and channels == 1:
        hint = "; for one channel, x.expand_dims(1)"
    elif x.ndim == rank + 1 and x.shape[0] == channels:
        hint = "; for a batch of one, x.expand_dims(0)"
    axes = ", ".join(["batch", str(channels), *([AXES[rank]] if rank else [])])
    raise ShapeError(f"{layer}: takes ({axes}), got a tensor of shape {x.shape}{hint}")


def check_batch_first(layer: str, batch_first: bool) -> None:
    """PyTorch's argument: here the batch is always the first axis."""
    if batch_first is not True:
        raise AttributeValueError(
            f"{layer}: batch_first={batch_first!r}, and the batch is the first axis here: (batch, time, features); "
            "leave it out, and bring other tensors into that order with x.swapaxes(0, 1)"
        )
