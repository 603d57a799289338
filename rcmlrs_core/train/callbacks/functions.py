"""LambdaCallback, of functions; TerminateOnNaN."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from rcmlrs_core.train.callbacks.base import HOOKS, Callback, Logs


class LambdaCallback(Callback):
    """A callback of functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))``."""

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        super().__init__()
        for hook, function in functions.items():
            if hook not in HOOKS and hook not in ("on_batch_begin", "on_batch_end"):
                raise TypeError(f"LambdaCallback: there is no hook {hook}; the hooks are {', '.join(HOOKS)}")
            if function is not None:
                setattr(self, hook, function)


class TerminateOnNaN(Callback):
    """Ends the run when the loss is NaN or infinite.

    ``fit`` never makes such an update; without this callback it raises a TrainingError that says where it was.
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not isfinite(loss):
            print(f"batch {batch + 1}: the loss is {loss}, and the training ends")
            self.model.stop_training = True
