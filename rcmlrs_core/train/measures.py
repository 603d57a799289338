"""Losses and metrics by the names that a configuration and a saved model have for them, by task."""

from collections.abc import Callable
from functools import partial
from typing import Any

from rcmlrs_core import losses, metrics
from rcmlrs_core.tensor import RamTensor

REGRESSION, CLASSIFICATION = "regression", "classification"
LOSSES = {
    REGRESSION: ("mse_loss", "mae_loss", "huber_loss", "smooth_l1_loss", "log_cosh_loss", "poisson_nll_loss"),
    CLASSIFICATION: ("cross_entropy", "multi_margin_loss"),
}
"""The default is the first one. ``mae`` is ``mae_loss``, and so on."""

Metric = Callable[[RamTensor, RamTensor], RamTensor]
METRICS: dict[str, dict[str, Metric]] = {
    REGRESSION: {"mae": metrics.mae, "rmse": metrics.rmse, "mse": metrics.mse, "r2": metrics.r2},
    CLASSIFICATION: {
        "accuracy": metrics.accuracy,
        "precision": metrics.Precision(average="macro"),
        "recall": metrics.Recall(average="macro"),
        "f1": metrics.F1(average="macro"),
        "top_k_accuracy": metrics.top_k_accuracy,
    },
}
"""The default is the first one. Precision, recall and F1 are the means of those of all classes."""


def full_name(task: str, name: str) -> str:
    """The name of a loss, of which ``_loss`` may be left out."""
    lower = name.lower()
    return f"{lower}_loss" if f"{lower}_loss" in LOSSES[task] else lower


def loss_of(name: str, arguments: dict[str, Any]) -> Callable[..., RamTensor]:
    """The loss ``loss(prediction, target)`` of this full name."""
    found: Callable[..., RamTensor] = partial(getattr(losses, name), **arguments)
    return found
