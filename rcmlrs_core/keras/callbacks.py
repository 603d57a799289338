"""Keras' callbacks: those of :mod:`rcmlrs_core.train.callbacks`, which ``train.fit`` takes too, and History."""

from typing import Any

from rcmlrs_core.train.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    Logs,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]


class History(Callback):
    """What ``fit`` returns: ``history``, the numbers of all epochs by name; ``epoch``, their numbers from 0."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew with the numbers of the epochs."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record what was measured."""
        self.epoch.append(epoch)
        for name, value in sorted((logs or {}).items()):
            self.history.setdefault(name, []).append(value)
        self.model.history = self
