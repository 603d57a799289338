"""The training loop: for every epoch, for every batch, predict, measure the loss, go back, update."""

import math
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.data.windows import batches
from rcmlrs_core.errors import AttributeValueError, ShapeError, TrainingError
from rcmlrs_core.nn.module import Module
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.plain import INT32
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.history import Epoch, History, Step
from rcmlrs_core.train.interrupt import noted_interrupt
from rcmlrs_core.train.progress import progress_bar

Measure = Callable[[RamTensor, RamTensor], RamTensor]
"""A loss or a metric: ``measure(prediction, target)``, a tensor of one element."""


def fit(
    model: Module,
    optimizer: Optimizer,
    loss: Measure,
    x: RamTensor,
    y: RamTensor,
    *,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    shuffle: bool = True,
    validation: tuple[RamTensor, RamTensor] | None = None,
    metric: Measure | None = None,
    start_epoch: int = 0,
    progress: bool | None = None,
    on_step: Callable[[Step], object] | None = None,
    callback: Callable[[Epoch], object] | None = None,
) -> History:
    """Train ``model`` on examples ``x`` and targets ``y``, along their first axis; returns the record of the run.

    In every epoch the examples come in the order ``permutation(n, seed=seed, stream=epoch)`` (N8), ``batch_size`` at a
    time, the last batch with what is left. So an epoch depends on nothing but the model, the optimizer, the data and
    its own number: a run that goes on with ``start_epoch`` from a saved state has the bits of one that never stopped.

    Args:
        model: what is trained.
        optimizer: holds the parameters of the model.
        loss: ``loss(prediction, target)``, the mean over the batch, such as ``rc.mse_loss``.
        x: the examples.
        y: the targets, as many.
        epochs: how many passes over the data.
        batch_size: how many examples go into one update.
        seed: of the order.
        shuffle: False takes the examples as they come.
        validation: examples and targets on which the loss is measured after every epoch.
        metric: measured on the validation data after every epoch, or on the training data where there is none.
        start_epoch: the number of the first epoch, from 0: as many as were done before.
        progress: whether to show a bar; None shows it on a terminal.
        on_step: told each :class:`Step` after its update.
        callback: told each :class:`Epoch` after it; the run ends early if it returns True.

    Ctrl-C ends the run after the step that is under way; the history then says ``interrupted``.

    Raises:
        TypeError: data that are no tensors, a loss or metric that is no function, a loss that gives no tensor.
        AttributeValueError: a number of epochs below 0 or a batch size below 1.
        ShapeError: numbers of examples and targets that differ, or none.
        TrainingError: a loss that is infinite or NaN. The update is not made, so the model is as it was before it. The
            message counts epochs and batches from 1.
    """
    _check_kinds("fit", model=model, loss=loss, metric=metric)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"fit: optimizer is {_kind(optimizer)}; pass one that holds the parameters, such as "
            "optim.Adam(model.parameters())"
        )
    count = _count("fit", x, y)
    _check_int("fit: epochs", epochs, 0)
    _check_int("fit: batch_size", batch_size, 1)
    _check_int("fit: start_epoch", start_epoch, 0)
    if validation is not None:
        _count("fit: validation", *validation)
    numbers = range(start_epoch, start_epoch + epochs)
    steps_each = -(-count // batch_size)
    history = History()
    with noted_interrupt() as interrupted, progress_bar(progress, numbers, steps_each) as show:
        for epoch in numbers:
            began = perf_counter()
            weighted: list[float] = []
            order = batches(count, batch_size, seed=seed, epoch=epoch) if shuffle else _in_order(count, batch_size)
            for batch, indices in enumerate(order):
                if interrupted():
                    history.interrupted = True
                    return history
                value = _update(model, optimizer, loss, *_take(x, y, indices), f"epoch {epoch + 1}, batch {batch + 1}")
                weighted.append(value * len(indices))
                history.steps += 1
                show(epoch, history.steps, value)
                if on_step:
                    on_step(Step(epoch, batch, history.steps - 1, value))
            mean = math.fsum(weighted) / count
            show(epoch, history.steps, mean)
            record = _measure(model, loss, metric, validation, (x, y), batch_size)
            history.epochs.append(Epoch(epoch, mean, *record, seconds=perf_counter() - began))
            if callback and callback(history.epochs[-1]) is True:
                break
        history.interrupted = interrupted()  # also after the last step, where no other follows to ask
    return history


def predict(model: Module, x: RamTensor, *, batch_size: int | None = None) -> RamTensor:
    """The model's output for ``x``, without history; in pieces of ``batch_size``, which changes no bit (N3.1)."""
    _check_tensor("predict: x", x)
    if batch_size is not None:
        _check_int("predict: batch_size", batch_size, 1)
    with no_grad():
        if batch_size is None or batch_size >= x.shape[0]:
            return _tensor(model(x))
        pieces = [_tensor(model(x[i : i + batch_size])) for i in range(0, x.shape[0], batch_size)]
        return pieces[0].concat(*pieces[1:], axis=0)


def evaluate(model: Module, measure: Measure, x: RamTensor, y: RamTensor, *, batch_size: int | None = None) -> float:
    """A loss or metric over all of ``x`` and ``y``; ``batch_size`` bounds the memory and changes no bit."""
    _check_kinds("evaluate", model=model, measure=measure)
    _count("evaluate", x, y)
    with no_grad():
        return float(measure(predict(model, x, batch_size=batch_size), y))


def _update(model: Module, optimizer: Optimizer, loss: Measure, x: RamTensor, y: RamTensor, where: str) -> float:
    """One step; returns the loss before it."""
    optimizer.zero_grad()
    measured = loss(_tensor(model(x)), y)
    if not isinstance(measured, RamTensor):
        raise TypeError(
            f"fit: loss returns {_kind(measured)}, not a tensor, and gradients go back through tensors only; "
            "compute it by operations such as rc.mse_loss, without float() or item()"
        )
    value = float(measured)
    if not math.isfinite(value):
        raise TrainingError(
            f"the loss is {value} in {where}; that update was not made, and the model is as the one before left it. "
            "Look for NaN and infinities in the data, or take a smaller learning rate"
        )
    measured.backward()
    optimizer.step()
    return value


def _measure(
    model: Module,
    loss: Measure,
    metric: Measure | None,
    validation: tuple[RamTensor, RamTensor] | None,
    training: tuple[RamTensor, RamTensor],
    batch_size: int,
) -> tuple[float | None, float | None]:
    """The validation loss and the metric."""
    if validation is None and metric is None:
        return None, None
    x, y = validation or training
    with no_grad():
        prediction = predict(model, x, batch_size=batch_size)
        return float(loss(prediction, y)) if validation else None, float(metric(prediction, y)) if metric else None


def _take(x: RamTensor, y: RamTensor, indices: list[int]) -> tuple[RamTensor, RamTensor]:
    chosen = tensor(indices, x.backend, dtype=INT32)
    return x.take(chosen, axis=0), y.take(chosen, axis=0)


def _in_order(count: int, batch_size: int) -> Iterator[list[int]]:
    return (list(range(i, min(i + batch_size, count))) for i in range(0, count, batch_size))


def _check_int(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise AttributeValueError(f"{name} must be an int of at least {least}, got {value!r}")


EXAMPLES = {"model": "an nn.Module", "loss": "rc.mse_loss", "metric": "metrics.rmse", "measure": "metrics.rmse"}


def _check_kinds(where: str, **functions: Any) -> None:
    for name, function in functions.items():
        if not callable(function) and (name != "metric" or function is not None):
            raise TypeError(f"{where}: {name} is {_kind(function)}; pass a function such as {EXAMPLES[name]}")


def _check_tensor(name: str, value: Any) -> None:
    if not isinstance(value, RamTensor):
        raise TypeError(f"{name} is {_kind(value)}, not a tensor; make it one with rc.tensor(...)")


def _kind(value: Any) -> str:
    """What a thing is, in an error: a string and a number by value, anything else by its type."""
    return repr(value) if isinstance(value, str | int | float) or value is None else f"a {type(value).__name__}"


def _count(name: str, x: RamTensor, y: RamTensor) -> int:
    """How many examples there are: as many as targets, and one at least."""
    _check_tensor(f"{name}: x", x)
    _check_tensor(f"{name}: y", y)
    if not x.ndim or not y.ndim or x.shape[0] != y.shape[0]:
        raise ShapeError(f"{name}: x of shape {x.shape} and y of {y.shape} must have the same first axis: the examples")
    if not x.shape[0]:
        raise ShapeError(f"{name}: x of shape {x.shape} has no examples")
    return x.shape[0]


def _tensor(output: object) -> RamTensor:
    if not isinstance(output, RamTensor):
        raise TrainingError(
            f"the model returns a {type(output).__name__}, and a loss takes one tensor; after an RNN put LastStep()"
        )
    return output
