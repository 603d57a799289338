"""Callbacks that change the learning rate: LearningRateScheduler and ReduceLROnPlateau."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.train.callbacks.base import Callback, Logs
from rcmlrs_core.train.callbacks.monitor import Monitor, optimizer_of


class LearningRateScheduler(Callback):
    """Sets the rate at the begin of every epoch to ``schedule(epoch, rate)``, or ``schedule(epoch)``.

    ``optimizer`` is the one of the run unless another is named. The rate is in the logs of the epoch.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0, *, optimizer: Any = None) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: takes a function of the epoch, got {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose
        self._optimizer = optimizer

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        optimizer = optimizer_of(self, self._optimizer)
        if _takes_two(self.schedule):
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        else:
            rate = self.schedule(epoch)
        try:
            number = float(rate)
        except (TypeError, ValueError):
            raise AttributeValueError(
                f"LearningRateScheduler: the function gave {rate!r} for epoch {epoch}, and a rate is a number"
            ) from None
        optimizer.learning_rate = number
        if self.verbose:
            print(f"epoch {epoch + 1}: the learning rate is {number:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = float(optimizer_of(self, self._optimizer).learning_rate)


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    return True


class ReduceLROnPlateau(Monitor):
    """Multiplies the rate by ``factor`` after ``patience`` epochs without an improvement; arguments as in Keras.

    After a reduction ``cooldown`` epochs pass before the count begins again, and the rate never is below ``min_lr``.
    ``optimizer`` is the one of the run unless another is named. The rate is in the logs of every epoch.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        *,
        optimizer: Any = None,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not 0 <= factor < 1:
            raise AttributeValueError(f"ReduceLROnPlateau: factor must be a number in [0, 1), got {factor!r}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._optimizer = optimizer
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the run before."""
        self.wait = 0
        self.cooldown_counter = 0
        self.best = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Count, and reduce."""
        optimizer = self.optimizer(self._optimizer)
        rate = float(optimizer.learning_rate)
        if logs is not None:
            logs["learning_rate"] = rate
        current = self.value_in(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(current, self.best):
            self.best, self.wait = current, 0
            return
        if self.cooldown_counter > 0:
            return
        self.wait += 1
        if self.wait >= self.patience and rate > self.min_lr:
            optimizer.learning_rate = max(rate * self.factor, self.min_lr)
            self.cooldown_counter, self.wait = self.cooldown, 0
            if self.verbose:
                self.say(f"epoch {epoch + 1}: the learning rate is reduced to {float(optimizer.learning_rate):g}")

    def state_dict(self) -> Mapping[str, Any]:
        """What it remembers."""
        return {name: getattr(self, name) for name in ("wait", "best", "cooldown_counter")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from it."""
        for name in ("wait", "best", "cooldown_counter"):
            setattr(self, name, state[name])
