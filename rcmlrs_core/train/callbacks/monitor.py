"""What callbacks share that watch a number: which way is better, and by how much."""

import sys
import warnings
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.train.callbacks.base import Callback, Logs

RISING = ("acc", "auc", "auroc", "precision", "recall", "f1", "fbeta", "r2", "true_", "cosine_similarity", "iou")
"""In the name of a metric that is better when it is larger."""


class Monitor(Callback):
    """Watches ``monitor`` in the logs of epochs. ``mode`` is min, max, or auto: by the name, as Keras has it.

    An improvement is a value better than the best so far by more than ``min_delta``.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise AttributeValueError(f"{type(self).__name__}: mode is auto, min or max, got {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best: float | None = None

    def rising(self) -> bool:
        """Whether larger is better."""
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        return "loss" not in name and any(part in name for part in RISING)

    def improves(self, value: float, reference: float | None) -> bool:
        """Whether ``value`` is better than ``reference`` by more than ``min_delta``; NaN never is."""
        if reference is None:
            return value == value
        return value - self.min_delta > reference if self.rising() else value + self.min_delta < reference

    def value_in(self, logs: Logs | None) -> float | None:
        """The number that is watched; None, with a warning, where it is not measured."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            known = ", ".join(logs or {}) or "none"
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor}, which is not measured; there are {known}", stacklevel=3
            )
        return value

    def say(self, text: str) -> None:
        """A line on standard error."""
        print(text, file=sys.stderr, flush=True)

    def optimizer(self, given: Any) -> Any:
        """The optimizer whose rate is changed: the one given, that of the run, or the model's, as in Keras."""
        return optimizer_of(self, given)


def optimizer_of(callback: Callback, given: Any) -> Any:
    """The optimizer whose rate a callback changes: the one given to it, that of the run, or the model's."""
    known = callback.params.get("optimizer") or getattr(callback.model, "optimizer", None)
    found = known if given is None else given
    if found is None:
        name = type(callback).__name__
        raise AttributeValueError(f"{name}: the model knows no optimizer; name it, {name}(..., optimizer=optimizer)")
    return found
