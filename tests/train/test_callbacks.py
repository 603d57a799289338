"""The base of callbacks, and the list that calls them."""

from typing import Any

import pytest

from rcmlrs_core.train.callbacks import Callback, CallbackList
from rcmlrs_core.train.callbacks.base import HOOKS, implements


class Recorder(Callback):
    """Writes down an epoch's beginning and end."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.told.append(("begin", epoch, logs))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.told.append(("end", epoch, logs))


def test_only_those_are_called_that_have_something_to_do() -> None:
    first, second = Recorder(), Recorder()
    second.on_predict_end = lambda logs=None: second.told.append(("predicted", logs))  # type: ignore[method-assign]
    callbacks = CallbackList([first, second, Callback()], model="model", epochs=3)
    callbacks.on_epoch_begin(0, None)
    callbacks.on_epoch_end(0, {"loss": 1.0})
    callbacks.on_predict_end({"a": 2.0})
    callbacks.on_test_end({})
    assert first.told == [("begin", 0, None), ("end", 0, {"loss": 1.0})]
    assert second.told == [*first.told, ("predicted", {"a": 2.0})]
    assert {hook for hook in HOOKS if callbacks.wants(hook)} == {"on_epoch_begin", "on_epoch_end", "on_predict_end"}
    assert (first.model, first.params) == ("model", {"epochs": 3})


def test_the_former_names_of_batch_hooks_are_called() -> None:
    class Old(Callback):
        batches: tuple[int, ...] = ()

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            self.batches += (batch,)

    old = Old()
    assert implements(old, "on_train_batch_end")
    assert not implements(old, "on_train_batch_begin")
    callbacks = CallbackList([old])
    callbacks.on_train_batch_begin(4, {})
    callbacks.on_train_batch_end(4, {})
    assert old.batches == (4,)


def test_what_is_no_callback_is_refused() -> None:
    with pytest.raises(TypeError, match=r"takes instances of .*Callback, got the class Recorder"):
        CallbackList([Recorder])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="got a function"):
        CallbackList([test_what_is_no_callback_is_refused])  # type: ignore[list-item]
    with pytest.raises(AttributeError, match="has the hooks on_train_begin"):
        CallbackList().on_epoch_ends(0)
