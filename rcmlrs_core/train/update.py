"""``update``: one step of a training, of model, optimizer and loss; and what is said of a batch that cannot be learned.

A batch is ``(x, *targets)``, and its loss ``loss(model(x), *targets)``.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import IndexRangeError, ShapeError, TrainingError
from rcmlrs_core.nn.module import Module
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.plain import FLOAT32, INT32
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.accumulate import FEWEST, Accumulation
from rcmlrs_core.train.checks import kind, the_tensor

Loss = Callable[..., RamTensor]
"""``loss(prediction, *targets)``, a tensor of one element: the mean over the batch."""
Batch = tuple[RamTensor, ...]


class LossNotFiniteError(TrainingError):
    """A loss that is infinite or NaN, before any parameter has changed."""


def update(model: Module, optimizer: Optimizer, loss: Loss, batch: Batch, pieces: int = 1) -> float:
    """One step, with the gradients of one pass back; returns the loss before it.

    The batch goes through the model in so many ``pieces``, which changes no bit
    (:class:`~rcmlrs_core.train.accumulate.Accumulation`). Where it raises, no parameter has changed.

    Raises:
        LossNotFiniteError: the loss is infinite or NaN.
        TypeError: the loss is no tensor.
    """
    optimizer.zero_grad()
    x, *targets = batch
    if pieces == 1 or x.shape[0] < FEWEST:
        measured = loss_of(the_tensor(model(x)), loss, targets)
        value = checked(measured)
        measured.backward()
    else:
        size = -(-x.shape[0] // pieces)
        parts = Accumulation(model, lambda prediction, *y: loss_of(prediction, loss, y), x, *targets, size=size)
        value = checked(parts.value)
        parts.backward()
    optimizer.step()
    return value


def loss_of(prediction: RamTensor, loss: Loss, targets: Sequence[RamTensor]) -> RamTensor:
    """The loss of a prediction."""
    try:
        measured = loss(prediction, *targets)
    except IndexRangeError as error:
        where = label_outside(prediction, targets)
        if where is None:
            raise
        raise LabelError(where, prediction.shape[1], error) from error
    if not isinstance(measured, RamTensor):
        raise TypeError(
            f"fit: loss returns {kind(measured)}, not a tensor, and gradients go back through tensors only; "
            "compute it by operations such as rc.mse_loss, without float() or item()"
        )
    if measured.size != 1:
        raise ShapeError(
            f"fit: loss gives a tensor of shape {measured.shape}, and a single number is made small: its mean, say"
        )
    return measured


def checked(loss: RamTensor) -> float:
    """The loss as a number, if it is finite."""
    value = float(loss)
    if not math.isfinite(value):
        raise LossNotFiniteError(f"the loss is {value}")
    return value


class LabelError(IndexRangeError):
    """A label outside of the classes: ``row`` of the batch."""

    def __init__(self, found: tuple[int, int], classes: int, error: Exception) -> None:
        self.row, label = found
        super().__init__(
            f"the label {label} is none of the {classes} classes of the model, 0 to {classes - 1}: {error}"
        )


def label_outside(prediction: RamTensor, targets: Sequence[RamTensor]) -> tuple[int, int] | None:
    """The first row of a batch with a label that is no class, and the label: those too large before negative ones,
    some of which a loss may leave out. Classes are the second axis of the prediction.
    """
    if not targets or targets[0].dtype != INT32 or targets[0].ndim != prediction.ndim - 1:
        return None
    rows = targets[0].reshape((targets[0].shape[0], -1)).tolist()
    outside = [(row, label) for row, labels in enumerate(rows) for label in labels if label >= prediction.shape[1]]
    negative = [(row, label) for row, labels in enumerate(rows) for label in labels if label < 0]
    return next(iter(outside + negative), None)


def row_not_finite(batch: Batch) -> tuple[int, str] | None:
    """The first row of a batch that holds NaN or an infinity, and in what; None if all is finite."""
    for i, part in enumerate(batch):
        if part.dtype == FLOAT32 and part.size:
            with no_grad():
                finite = part.detach().isfinite().reshape((part.shape[0], -1)).all(axis=1).tolist()
            if not all(finite):
                return finite.index(False), ("x", "y", "the weights")[min(i, 2)]
    return None


def constants_of(model: Any) -> list[RamTensor]:
    """The tensors of a model that are not trained."""
    return [t for _, t in model.named_tensors() if not t.requires_grad] if isinstance(model, Module) else []


def put_back(constants: Sequence[RamTensor], buffers: Sequence[Any]) -> None:
    """After an update that failed: what it changed on the way forward (running means) is as it was."""
    for tensor, buffer in zip(constants, buffers, strict=True):
        tensor._buffer = buffer
