"""``fit``: a model, an optimizer, a loss and data, trained by the engine; ``predict`` and ``evaluate``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.data.dataset import TensorDataset
from rcmlrs_core.data.loader import Loader
from rcmlrs_core.errors import IndexRangeError, ShapeError, TrainingError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.nn.module import Module
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.callbacks import Callback, CallbackList
from rcmlrs_core.train.checks import check_functions, check_int, check_tensor, kind, the_targets, the_tensor
from rcmlrs_core.train.engine import Batch, Measured, Place, Training
from rcmlrs_core.train.history import Epoch, History, Step
from rcmlrs_core.train.mode import behaving
from rcmlrs_core.train.resume import digest_of, keep
from rcmlrs_core.train.update import (
    LabelError,
    Loss,
    LossNotFiniteError,
    constants_of,
    put_back,
    row_not_finite,
    update,
)

Measure = Callable[[RamTensor, RamTensor], RamTensor]
"""A loss or a metric: ``measure(prediction, target)``, a tensor of one element."""


def fit(
    model: Module,
    optimizer: Optimizer,
    loss: Loss,
    x: RamTensor | Loader,
    y: RamTensor | None = None,
    *,
    epochs: int,
    batch_size: int | None = None,
    seed: int = 0,
    shuffle: bool = True,
    validation: tuple[RamTensor, RamTensor] | Loader | None = None,
    metric: Measure | None = None,
    metrics: Mapping[str, Measure] | Sequence[Measure] = (),
    start_epoch: int = 0,
    accumulate: int = 1,
    callbacks: Iterable[Callback] = (),
    progress: int | None = None,
    on_step: Callable[[Step], object] | None = None,
    callback: Callable[[Epoch], object] | None = None,
    checkpoint: FilePath | None = None,
    checkpoint_every: int | None = None,
    resume: bool = False,
) -> History:
    """Train ``model`` on examples ``x`` and targets ``y``, along their first axis; returns the record of the run.

    In every epoch the examples come in the order ``permutation(n, seed=seed, stream=epoch)`` (N8), ``batch_size`` at a
    time, the last batch with what is left. So an epoch depends on nothing but the model, the optimizer, the data and
    its own number: a run that goes on with ``start_epoch`` from a saved state has the bits of one that never stopped.

    The model is in training mode during the updates (``model.train()``), in use (``model.eval()``) when it is measured
    on validation data, and as it was afterwards.

    Args:
        model: what is trained.
        optimizer: holds the parameters of the model.
        loss: ``loss(prediction, target)``, the mean over the batch, such as ``rc.mse_loss``.
        x: the examples; or a ``data.Loader``, which has its own targets, batch size, order and seed. What its batches
            hold beyond inputs and targets goes to the loss too: ``loss(prediction, target, weights)``.
        y: the targets, as many.
        epochs: how many passes over the data.
        batch_size: how many examples go into one update.
        seed: of the order.
        shuffle: False takes the examples as they come.
        validation: examples and targets on which the loss is measured after every epoch; or a ``data.Loader`` of them.
        metric: the first of the metrics.
        metrics: measured on the whole validation data after every epoch, or on the training data where there is none:
            functions, which are called by their names, or a dict of them. In the history and the logs of callbacks
            those on validation data are called ``val_rmse``, for instance.
        start_epoch: the number of the first epoch, from 0: as many as were done before.
        accumulate: in how many pieces a batch goes through the model: less memory, and the bits of the whole batch
            (:class:`rcmlrs_core.train.Accumulation`). A model whose examples see each other is refused.
        callbacks: told of everything, in order; see :class:`rcmlrs_core.train.Callback`.
        progress: 1 (True) shows a bar, 2 a line an epoch, 0 (False) nothing; None a bar if it is on a terminal.
        on_step: told each :class:`Step` after its update.
        callback: told each :class:`Epoch` after it; the run ends early if it returns True.
        checkpoint: a file that holds the run (:mod:`rcmlrs_core.train.checkpoint`): written after every epoch, and when
            the run ends, also by Ctrl-C. It is replaced in one step, so that there is always a whole one.
        checkpoint_every: write it after so many updates instead.
        resume: go on from the checkpoint, if there is one. Called with what the run was begun with, ``fit`` then ends
            with the bits of a run that never stopped, wherever that was and on whatever backend either ran; a greater
            ``epochs`` makes it longer. The history is that of the whole run.

    Ctrl-C ends the run after the step that is under way; the history then says ``interrupted``.

    Raises:
        TypeError: data that are no tensors, a loss or metric that is no function, a loss that gives no tensor.
        AttributeValueError: a number of epochs below 0 or a batch size below 1.
        ShapeError: numbers of examples and targets that differ, or none.
        TrainingError: a loss that is infinite or NaN.
        IndexRangeError: a label outside of the classes.
        DataError: a checkpoint of another run: other data, another model, optimizer or order.
        FileFormatError: a checkpoint that is none, or one of a newer version.
        OSError: a checkpoint that cannot be written, such as on a full disk; the one before is still there.

    TrainingError and IndexRangeError name the batch and, where it is the data's fault, the example; the update is not
    made, and the model is as it was before it. Messages count epochs, batches and examples from 1.
    """
    check_functions("fit", model=model, loss=loss)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"fit: optimizer is {kind(optimizer)}; pass one that holds the parameters, such as "
            "optim.Adam(model.parameters())"
        )
    if isinstance(model, Module):
        _check_held(model, optimizer)
    measures = _measures(metric, metrics)
    loader = _loader("fit", x, y, batch_size, shuffle=shuffle, seed=seed)
    check_int("fit: epochs", epochs, 0)
    check_int("fit: start_epoch", start_epoch, 0)
    check_int("fit: accumulate", accumulate, 1)
    if validation is None or isinstance(validation, Loader):
        held_out = validation
    else:
        held_out = _loader("fit: validation", *_pair(validation), loader.batch_size, shuffle=False)
    constants = constants_of(model)

    def step(batch: Batch, place: Place) -> Measured:
        before = [constant._buffer for constant in constants]
        try:
            value = update(model, optimizer, loss, batch, accumulate)
        except BaseException as error:
            put_back(constants, before)
            if isinstance(error, LossNotFiniteError | LabelError):
                raise _explained(error, batch, place, loader) from error
            raise
        return Measured(batch[0].shape[0], {"loss": value})

    training = Training(
        model,
        step,
        loader,
        epochs=range(start_epoch, start_epoch + epochs),
        callbacks=callbacks,
        params={"optimizer": optimizer},
        progress=progress,
        on_step=on_step,
        on_epoch=callback,
    )
    if held_out is not None or measures:
        told = training.callbacks
        training.validate = lambda epoch: _measure(model, loss, measures, held_out, loader, told)
    if checkpoint is not None:
        if not isinstance(model, Module):
            raise TypeError(f"fit: a checkpoint holds an nn.Module, and the model is {kind(model)}")
        if checkpoint_every is not None:
            check_int("fit: checkpoint_every", checkpoint_every, 1)
        others = {"validation": digest_of(held_out), "loss": _called(loss), "metrics": list(measures)}
        keep(training, checkpoint, model, optimizer, loader, others=others, every=checkpoint_every, resume=resume)
    elif resume or checkpoint_every is not None:
        raise TypeError("fit: resume and checkpoint_every go with checkpoint=, the name of a file")
    return training.run()


def predict(model: Module, x: RamTensor | Loader, *, batch_size: int | None = None) -> RamTensor:
    """The output for ``x`` of a model in use (``eval``), without history.

    In pieces of ``batch_size``, which changes no bit (N3.1). Of a ``data.Loader`` the examples are taken in order.
    """
    if isinstance(x, Loader):
        return _outputs(model, _in_order(x), CallbackList())[0]
    check_tensor("predict: x", x)
    if batch_size is not None:
        check_int("predict: batch_size", batch_size, 1)
    with behaving(model, training=False), no_grad():
        if batch_size is None or batch_size >= x.shape[0]:
            return the_tensor(model(x))
        return _joined([the_tensor(model(x[i : i + batch_size])) for i in range(0, x.shape[0], batch_size)])


def evaluate(
    model: Module,
    measure: Measure,
    x: RamTensor | Loader,
    y: RamTensor | None = None,
    *,
    batch_size: int | None = None,
) -> float:
    """A loss or metric over all of ``x`` and ``y``, or of a ``data.Loader``, of a model in use (``eval``).

    ``batch_size`` bounds the memory and changes no bit.
    """
    check_functions("evaluate", model=model, measure=measure)
    if isinstance(x, Loader):
        output, parts = _outputs(model, _in_order(x), CallbackList())
        with no_grad():
            return float(measure(output, *parts))
    targets = the_targets("evaluate", x, y)
    with no_grad():
        return float(measure(predict(model, x, batch_size=batch_size), targets))


# ------------------------------------------------------------------------------------------------- parts of them


def _loader(where: str, x: Any, y: Any, batch_size: int | None, *, shuffle: bool, seed: int = 0) -> Loader:
    """The batches of ``x`` and ``y``, or the loader that ``x`` is."""
    if isinstance(x, Loader):
        if y is not None or batch_size is not None:
            raise TypeError(f"{where}: a Loader has its own targets and batch size; leave out y and batch_size")
        return x
    targets = the_targets(where, x, y)
    return Loader(
        TensorDataset(x, targets), check_int(f"{where}: batch_size", batch_size, 1), shuffle=shuffle, seed=seed
    )


def _pair(validation: Any) -> tuple[Any, Any]:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        got = f"a tuple of {len(validation)}" if isinstance(validation, tuple | list) else kind(validation)
        raise TypeError(
            f"fit: validation is {got}; pass examples and targets, (x, y), or data.Loader(dataset, batch_size)"
        )
    return validation[0], validation[1]


def _check_held(model: Module, optimizer: Optimizer) -> None:
    """The optimizer is one of this model."""
    held = {id(parameter) for parameter in optimizer.parameters}
    if not any(id(parameter) in held for parameter in model.parameters()):
        raise TrainingError(
            "fit: the optimizer holds no parameter of the model, which would learn nothing; make it after the model, "
            "of model.parameters()"
        )


def _in_order(loader: Loader) -> Loader:
    """All the examples of a loader, as they come."""
    return Loader(loader.dataset, loader.batch_size, shuffle=False)


def _measures(metric: Measure | None, metrics: Any) -> dict[str, Measure]:
    """The metrics by name."""
    if isinstance(metrics, str) or not isinstance(metrics, Mapping | list | tuple):
        raise TypeError(f"fit: metrics is {kind(metrics)}; pass a list of functions such as metrics.rmse, or a dict")
    given: list[Any] = list(metrics.items()) if isinstance(metrics, Mapping) else [(None, each) for each in metrics]
    found: dict[str, Measure] = {}
    for name, measure in [*([(None, metric)] if metric is not None else []), *given]:
        check_functions("fit", metric=measure)
        called = name or _called(measure)
        if called in found:
            raise TypeError(
                f"fit: two metrics are called {called!r}; name them in a dict: metrics={{'name': function}}"
            )
        found[called] = measure
    return found


def _number(name: str, measured: Any) -> float:
    if isinstance(measured, RamTensor) and measured.size != 1:
        raise ShapeError(f"fit: the metric {name} gives a tensor of shape {measured.shape}, and one number is expected")
    return float(measured)


def _called(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _measure(
    model: Module,
    loss: Loss,
    measures: Mapping[str, Measure],
    held_out: Loader | None,
    training: Loader,
    told: CallbackList,
) -> dict[str, float]:
    """The validation loss and the metrics, by name."""
    told.on_test_begin({})
    prediction, targets = _outputs(model, _in_order(held_out or training), told)
    prefix = "val_" if held_out else ""
    with no_grad():
        logs = {"val_loss": float(loss(prediction, *targets))} if held_out else {}
        logs.update(
            {prefix + name: _number(name, measure(prediction, targets[0])) for name, measure in measures.items()}
        )
    told.on_test_end({name.removeprefix("val_"): value for name, value in logs.items()})
    return logs


def _outputs(model: Module, loader: Loader, told: CallbackList) -> tuple[RamTensor, list[RamTensor]]:
    """What a model in use gives for all examples, and what their batches hold beyond the inputs."""
    outputs: list[RamTensor] = []
    others: list[tuple[RamTensor, ...]] = []
    with behaving(model, training=False), no_grad():
        for number, (x, *rest) in enumerate(loader.batches(0)):
            told.on_test_batch_begin(number, {})
            outputs.append(the_tensor(model(x)))
            others.append(tuple(rest))
            told.on_test_batch_end(number, {})
        return _joined(outputs), [_joined(parts) for parts in zip(*others, strict=True)]


def _joined(pieces: Sequence[RamTensor]) -> RamTensor:
    return pieces[0].concat(*pieces[1:], axis=0) if len(pieces) > 1 else pieces[0]


def _explained(error: LossNotFiniteError | LabelError, batch: Batch, place: Place, loader: Loader) -> Exception:
    """The error, with the batch and, where it is to blame, the example."""
    if isinstance(error, LossNotFiniteError):
        found = row_not_finite(batch)
        why = "the data of the batch are finite; take a smaller learning rate"
        if found is not None:
            row, what = found
            why = f"{what} holds NaN or an infinity in {_example(loader, place, row)}; leave it out or fill it in"
        return TrainingError(
            f"{error} in {place}; that update was not made, and the model is as the one before left it: {why}"
        )
    return IndexRangeError(f"{place}, {_example(loader, place, error.row)}: {error}; that update was not made")


def _example(loader: Loader, place: Place, row: int) -> str:
    """How people call a row of a batch: by its number in the data, from 1, and its index."""
    index = loader.order(place.epoch)[place.batch * loader.batch_size + row]
    return f"example {index + 1} (index {index})"
