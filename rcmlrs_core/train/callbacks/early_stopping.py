"""EarlyStopping: the run ends when a number no longer gets better."""

from collections.abc import Mapping
from typing import Any

from rcmlrs_core.train.callbacks.base import Logs
from rcmlrs_core.train.callbacks.monitor import Monitor


class EarlyStopping(Monitor):
    """Ends the run after ``patience`` epochs without an improvement of ``monitor``; arguments as in Keras.

    Args:
        monitor: the number that is watched.
        min_delta: by how much at least a value must be better to be an improvement.
        patience: how many epochs may pass without one.
        verbose: 1 says so.
        mode: min, max, or auto.
        baseline: what must be beaten too, for the count to begin anew.
        restore_best_weights: at the end the model has the tensors of the best epoch again.
        start_from_epoch: epochs before this one are not looked at.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the run before."""
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best = None
        self.best_weights: dict[str, Any] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Count the epochs since the last improvement."""
        current = self.value_in(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.state_dict(), epoch
        self.wait += 1
        if self.improves(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.state_dict()
            if self.baseline is None or self.improves(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Put the best tensors back."""
        if self.stopped_epoch > 0 and self.verbose:
            self.say(f"epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                self.say(f"the weights are those of the best epoch, {self.best_epoch + 1}")
            self.model.load_state_dict(self.best_weights)

    def state_dict(self) -> Mapping[str, Any]:
        """What it remembers."""
        numbers = {name: getattr(self, name) for name in ("wait", "best", "best_epoch", "stopped_epoch")}
        return {**numbers, **{f"best_weights.{name}": t for name, t in (self.best_weights or {}).items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from it."""
        for name in ("wait", "best", "best_epoch", "stopped_epoch"):
            setattr(self, name, state[name])
        head = "best_weights."
        self.best_weights = {name[len(head) :]: t for name, t in state.items() if name.startswith(head)} or None
