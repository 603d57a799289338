"""The loop of every training: epochs, batches, callbacks, progress, Ctrl-C, history. It knows no loss and no optimizer.

``train.fit`` and ``keras.Model.fit`` run on it. What they bring is a **step**, a function that makes one update and
tells what it measured, and a **source** of batches:

    def step(batch, place):                      # place: epoch and batch, from 0; str(place) is "epoch 1, batch 4"
        x, y = batch
        ...                                      # predict, measure, check the loss, go back, update
        return Measured(examples=len(x), values={"loss": loss, "accuracy": right})

    training = Training(model, step, source, epochs=range(initial_epoch, epochs), callbacks=[...], progress=verbose)
    training.validate = lambda epoch: {f"val_{name}": value for name, value in run_test(...).items()}
    history = training.run()

A source has ``steps``, the batches of an epoch (None where nobody knows), and ``batches(epoch, start=0)``, an iterator
of them from batch number ``start``; a ``data.Loader`` is one, and ``Batches`` makes one of a function. Whoever wants
fewer batches in an epoch (``steps_per_epoch``) gives a source that ends there.

The values of a step become running means over the epoch, weighted by the ``weight`` of the batch (by default its
examples) and exact (:mod:`rcmlrs_core.train.means`): the logs of callbacks, of the progress bar and of the history.
Numbers that are no means (an AUROC) come from ``tracked``, an object with ``reset()``, called before an epoch, and
``result()``, a dict that is added to the logs whenever somebody looks at them.

``run_test`` and ``run_predict`` are the loops of an evaluation and a prediction, with their hooks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.errors import DataError
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.callbacks import Callback, CallbackList, Logs
from rcmlrs_core.train.history import Epoch, History, Step
from rcmlrs_core.train.interrupt import noted_interrupt
from rcmlrs_core.train.means import Means
from rcmlrs_core.train.mode import behaving
from rcmlrs_core.train.plugins import plugin_callbacks
from rcmlrs_core.train.progress import Show, progress_of

Batch = tuple[RamTensor, ...]
"""Inputs, targets, and what else a step takes, such as weights of the examples."""
Output = TypeVar("Output")


class Place(NamedTuple):
    """Where in a run: both numbers are from 0; as text, for people, from 1."""

    epoch: int
    batch: int

    def __str__(self) -> str:
        return f"epoch {self.epoch + 1}, batch {self.batch + 1}"


class Measured(NamedTuple):
    """What a step measured: how many examples it saw, and the means over them by name, ``loss`` among them."""

    examples: int
    values: Mapping[str, float]
    weight: float | None = None
    """Of the batch in the means of the epoch; None: as many as there are examples."""


class Source(Protocol):
    """Where batches come from."""

    @property
    def steps(self) -> int | None:
        """The batches of an epoch; None if that is not known before."""

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Those of one epoch, from batch number ``start`` on."""


@dataclass(frozen=True)
class Batches:
    """A source made of a function ``batches(epoch, start)``."""

    make: Callable[[int, int], Iterator[Batch]]
    steps: int | None = None

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """What the function gives."""
        return self.make(epoch, start)


class Tracked(Protocol):
    """Numbers beside the means: of the epoch as a whole."""

    def reset(self) -> None:
        """An epoch begins."""

    def result(self) -> Mapping[str, float]:
        """The numbers so far, by name."""


class Training:
    """One run, from ``run()`` to the history that it returns.

    Args:
        model: what is trained; in training mode during the run, and as it was afterwards. Callbacks end the run with
            ``model.stop_training = True``.
        step: makes one update and returns what it :class:`Measured`.
        source: of the batches.
        epochs: the numbers of the epochs.
        callbacks: told in order, and those of plugins after them (:mod:`rcmlrs_core.train.plugins`); or a
            ``CallbackList``, which is taken as it is.
        params: what callbacks are told of the run, beside epochs, steps and verbose.
        tracked: numbers of the epoch as a whole.
        progress: 0 shows nothing, 1 a bar, 2 a line an epoch; None shows a bar on a terminal.
        on_step: told each :class:`Step`.
        on_epoch: told each :class:`Epoch`; True ends the run.

    Attributes that may be set before the run:
        validate: ``validate(epoch)`` measures after every epoch, and returns what is added to the logs under the names
            that it gives.
        save: called with this training whenever there is something to keep: after every ``save_every`` updates (None:
            after every epoch), and when the run ends, by Ctrl-C or by itself. ``epoch`` and ``batch`` are those that
            come next.
    """

    def __init__(
        self,
        model: Any,
        step: Callable[[Batch, Place], Measured],
        source: Source,
        *,
        epochs: range,
        callbacks: Iterable[Callback] | CallbackList = (),
        params: Mapping[str, Any] | None = None,
        tracked: Tracked | None = None,
        progress: int | None = None,
        on_step: Callable[[Step], object] | None = None,
        on_epoch: Callable[[Epoch], object] | None = None,
    ) -> None:
        self.model = model
        self.step = step
        self.source = source
        self.epochs = epochs
        self.tracked = tracked
        self.show: Show = progress_of(progress, epochs, source.steps)
        if isinstance(callbacks, CallbackList):
            self.callbacks = callbacks
        else:
            if isinstance(callbacks, Callback):
                raise TypeError(f"callbacks: takes a list, got a {type(callbacks).__name__}; put it into brackets")
            known = {"epochs": epochs.stop, "steps": source.steps, "verbose": self.show.verbose, **(params or {})}
            self.callbacks = CallbackList([*callbacks, *plugin_callbacks()], model, **known)
        self.on_step = on_step
        self.on_epoch = on_epoch
        self.validate: Callable[[int], Mapping[str, float]] | None = None
        self.save: Callable[[Training], object] | None = None
        self.save_every: int | None = None
        self._restore: Callable[[], object] | None = None
        self.epoch, self.batch = epochs.start, 0
        self.means = Means()
        self.history = History()
        self.stopped = False
        """Whether a callback ended the run."""
        self._saved: tuple[int, int, int] | None = None

    def go_on(
        self,
        epoch: int,
        batch: int,
        *,
        stopped: bool,
        means: Mapping[str, Any],
        history: History,
        restore: Callable[[], object],
    ) -> None:
        """Let the run begin where another one was saved: these were its attributes, ``means`` their state.

        ``restore`` sets the model and all else. It is called once, after ``on_train_begin`` and, in the middle of an
        epoch, ``on_epoch_begin``: callbacks begin, and what they change then does not matter.
        """
        self.epoch, self.batch, self.stopped, self.history = epoch, batch, stopped, history
        self.means.restore(means)
        self._restore = restore
        self._saved = epoch, batch, stopped

    def logs(self) -> Logs:
        """What the epoch that is under way has measured so far."""
        logs: Logs = self.means.result()
        if self.tracked is not None:
            logs.update(self.tracked.result())
        return logs

    def run(self) -> History:
        """Train, and return the record.

        Ctrl-C ends the run after the update that is under way or, where an epoch has just begun, after its first; the
        history then says ``interrupted``. A second one is a KeyboardInterrupt. Errors of steps and callbacks go
        through.
        """
        self._allow_stop(False)
        with noted_interrupt() as interrupted, self.show, behaving(self.model, training=True):
            self.callbacks.on_train_begin({})
            if not self.batch:
                self._resume()
            while self.epoch in self.epochs and not self.stopped and not interrupted():
                if not self._epoch(interrupted):
                    break
            self._resume()  # where there was no epoch to go on with
            self.history.interrupted = interrupted()  # also after the last update, where no other follows to ask
            self._save()
            self.callbacks.on_train_end(dict(self.history.epochs[-1].logs) if self.history.epochs else {})
        return self.history

    def _epoch(self, interrupted: Callable[[], bool]) -> bool:
        """An epoch, or what is left of it; False where Ctrl-C ended it before its end."""
        began, epoch, callbacks, show = perf_counter(), self.epoch, self.callbacks, self.show
        callbacks.on_epoch_begin(epoch, {})
        if self.batch:
            self._resume()
        else:
            self.means.clear()
            if self.tracked is not None:
                self.tracked.reset()
        begins, ends = callbacks.wants("on_train_batch_begin"), callbacks.wants("on_train_batch_end")
        for batch, content in enumerate(self.source.batches(epoch, self.batch), self.batch):
            if self.batch and interrupted():  # a first one is made: what callbacks did before it is done only once
                return False
            if begins:
                callbacks.on_train_batch_begin(batch, {})
            examples, values, weight = self.step(content, Place(epoch, batch))
            self.means.add(values, examples if weight is None else weight)
            self.batch = batch + 1
            steps = self.history.steps = self.history.steps + 1
            show.step(epoch, self.batch, examples, self.logs)
            if self.on_step:
                self.on_step(Step(epoch, batch, steps - 1, values["loss"]))
            if ends:
                callbacks.on_train_batch_end(batch, self.logs())
                if self._wants_stop():
                    break
            if self.save_every is not None and steps % self.save_every == 0:
                self._save()
        if not self.batch:
            raise DataError(f"epoch {epoch + 1} has no batches; is the iterator that gives them used up?")
        logs = self.logs()
        if self.validate is not None:
            logs.update(self.validate(epoch))
        callbacks.on_epoch_end(epoch, logs)
        self.history.epochs.append(Epoch.of(epoch, logs, seconds=perf_counter() - began))
        show.epoch(self.history.epochs[-1], self.batch)
        self.epoch, self.batch = epoch + 1, 0
        self.means.clear()
        if self.on_epoch and self.on_epoch(self.history.epochs[-1]) is True:
            self.stopped = True
        self.stopped = self.stopped or self._wants_stop()
        if self.save_every is None:
            self._save()
        return True

    def _resume(self) -> None:
        if self._restore is not None:
            self._restore()
            self._restore = None

    def _save(self) -> None:
        """Save what is not saved yet."""
        now = self.epoch, self.batch, self.stopped
        if self.save is not None and now != self._saved:
            self.save(self)
            self._saved = now

    def _allow_stop(self, value: bool) -> None:
        with suppress(AttributeError):  # a builtin function, say, has no attributes
            self.model.stop_training = value

    def _wants_stop(self) -> bool:
        return bool(getattr(self.model, "stop_training", False))


def run_test(
    model: Any,
    step: Callable[[Batch, Place], Measured],
    batches: Iterable[Batch],
    *,
    callbacks: CallbackList | None = None,
    tracked: Tracked | None = None,
    epoch: int = 0,
) -> Logs:
    """Measure a model in use (``eval``) over ``batches``, without gradients: the means of what the steps measure."""
    told = CallbackList() if callbacks is None else callbacks
    means = Means()
    if tracked is not None:
        tracked.reset()

    def logs() -> Logs:
        found: Logs = means.result()
        return found if tracked is None else {**found, **tracked.result()}

    with behaving(model, training=False), no_grad():
        told.on_test_begin({})
        ends = told.wants("on_test_batch_end")
        for batch, content in enumerate(batches):
            told.on_test_batch_begin(batch, {})
            examples, values, weight = step(content, Place(epoch, batch))
            means.add(values, examples if weight is None else weight)
            if ends:
                told.on_test_batch_end(batch, logs())
        measured = logs()
        told.on_test_end(measured)
    return measured


def run_predict(
    model: Any,
    step: Callable[[Batch], Output],
    batches: Iterable[Batch],
    *,
    callbacks: CallbackList | None = None,
) -> list[Output]:
    """What ``step`` gives for each batch, of a model in use (``eval``), without gradients."""
    told = CallbackList() if callbacks is None else callbacks
    outputs = []
    with behaving(model, training=False), no_grad():
        told.on_predict_begin({})
        for batch, content in enumerate(batches):
            told.on_predict_batch_begin(batch, {})
            outputs.append(step(content))
            told.on_predict_batch_end(batch, {})
        told.on_predict_end({})
    return outputs
