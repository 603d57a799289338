"""What a model is judged by: functions of all examples at once, and the same gathered over batches.

* ``metrics.accuracy(scores, labels)`` and its like give a tensor, of one element where nothing else is said.
* ``metrics.Accuracy()`` and its like are :class:`Metric`: ``update(prediction, target)`` for every batch, then
  ``result()``. What they keep is exact, so the result has the bits of the function of all examples at once, however
  these were cut into batches and in whatever order they came.

Metrics are compositions of operations (N5). What is counted is counted exactly, beyond 2^24 too, where binary32 has no
odd numbers, in Python's integers; so are sums, as counts of 2^-149. A ratio of them is rounded once (N6).
"""

from rcmlrs_core.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    TopKAccuracy,
    accuracy,
    binary_accuracy,
    top_k_accuracy,
)
from rcmlrs_core.metrics.auroc import AUROC, auroc
from rcmlrs_core.metrics.classes import F1, Precision, Recall, f1, precision, recall
from rcmlrs_core.metrics.confusion import ConfusionMatrix, confusion_matrix
from rcmlrs_core.metrics.likelihood import LogLoss, Perplexity, log_loss, perplexity
from rcmlrs_core.metrics.metric import Mean, MeanMetric, Metric
from rcmlrs_core.metrics.regression import MAE, MSE, R2, RMSE, mae, mse, r2, rmse

__all__ = [
    "AUROC",
    "F1",
    "MAE",
    "MSE",
    "R2",
    "RMSE",
    "Accuracy",
    "BinaryAccuracy",
    "ConfusionMatrix",
    "LogLoss",
    "Mean",
    "MeanMetric",
    "Metric",
    "Perplexity",
    "Precision",
    "Recall",
    "TopKAccuracy",
    "accuracy",
    "auroc",
    "binary_accuracy",
    "confusion_matrix",
    "f1",
    "log_loss",
    "mae",
    "mse",
    "perplexity",
    "precision",
    "r2",
    "recall",
    "rmse",
    "top_k_accuracy",
]
