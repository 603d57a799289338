"""``Callback``, the base of all, with the names that Keras gives the hooks; and ``CallbackList``, which calls them.

Epochs and batches count from 0 here, as in :mod:`rcmlrs_core.train.history`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Logs = dict[str, float]
"""What was measured, by name: ``loss``, ``accuracy``, and after an epoch with validation ``val_loss`` ..."""


class Callback:
    """The base of callbacks. A subclass overrides the hooks that it needs; the others cost nothing.

        class Patience(train.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if logs["val_loss"] < 0.01:
                    self.model.stop_training = True   # the run ends after this epoch

    ``model`` is what is trained and ``params`` what is known of the run: ``epochs``, ``steps`` (batches of an epoch,
    None if unknown), ``verbose``, and in ``train.fit`` the ``optimizer``. ``self.model.stop_training = True`` ends the
    run after the batch or epoch that is under way.

    The logs of a batch hold the means over the examples of the epoch so far, those of an epoch over all of it. What a
    callback adds to the logs of an epoch is recorded in the history.
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self.model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Told before the run: ``epochs``, ``steps``, ``verbose``."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Told before the run: what is trained."""
        self.model = model

    # ------------------------------------------------------------------------------------------- training

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, also where Ctrl-C or ``stop_training`` ended the run; not after an error."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before an update; calls ``on_batch_begin``."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After an update; calls ``on_batch_end``."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The former name of ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The former name of ``on_train_batch_end``."""

    # ------------------------------------------------------------------------------ validation, prediction

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation, also that of an epoch on the validation data."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After it."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of it."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of it."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After it."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of it."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of it."""

    # ----------------------------------------------------------------------------------------- checkpoints

    @property
    def checkpoint_name(self) -> str:
        """What it is, by which a checkpoint finds its state again: the name of the class."""
        return type(self).__name__

    def state_dict(self) -> Mapping[str, Any]:
        """What a checkpoint keeps of this callback, by name: tensors, and what JSON can hold.

        A callback that remembers something from one epoch to the next (the best loss so far) gives it here and takes
        it back in ``load_state_dict``; then a resumed run is the run that was never stopped.
        """
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` gave; called after ``on_train_begin``."""


FORMER = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}
HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_") and name not in FORMER.values())
"""The hooks that are called: all but the former names."""


def implements(callback: Callback, hook: str) -> bool:
    """Whether a callback has something of its own for a hook: in its class, in itself, or under its former name."""
    return (
        hook in vars(callback)
        or getattr(type(callback), hook) is not getattr(Callback, hook)
        or (hook in FORMER and implements(callback, FORMER[hook]))
    )


class CallbackList:
    """Callbacks in order, called as one: ``callbacks.on_epoch_end(3, logs)`` calls each that has something to do there.

    Has the hooks of :class:`Callback`, in that each is a method of the same name and arguments. ``wants(hook)`` tells
    whether there is anybody to call, so that logs nobody looks at need not be made.
    """

    def __init__(self, callbacks: Iterable[Any] = (), model: Any = None, **params: Any) -> None:
        given: list[Any] = list(callbacks)
        for callback in given:
            if not isinstance(callback, Callback):
                got = f"the class {callback.__name__}" if isinstance(callback, type) else f"a {type(callback).__name__}"
                raise TypeError(
                    f"callbacks: takes instances of rcmlrs_core.train.Callback, got {got}; for a function of an epoch "
                    "take LambdaCallback(on_epoch_end=function), or fit(..., callback=function)"
                )
        self.callbacks: list[Callback] = given
        self.params = params
        self._called: dict[str, list[Callable[..., None]]] = {
            hook: [getattr(callback, hook) for callback in self.callbacks if implements(callback, hook)]
            for hook in HOOKS
        }
        for callback in self.callbacks:
            callback.set_params(params)
            callback.set_model(model)

    def wants(self, hook: str) -> bool:
        """Whether a callback has something to do there."""
        return bool(self._called[hook])

    def __getattr__(self, hook: str) -> Callable[..., None]:
        """The hook of all callbacks."""
        called = self.__dict__.get("_called", {}).get(hook)
        if called is None:
            raise AttributeError(f"a CallbackList has the hooks {', '.join(HOOKS)}; got {hook!r}")

        def every(*arguments: Any) -> None:
            for function in called:
                function(*arguments)

        setattr(self, hook, every)  # from now on found without this method
        return every
