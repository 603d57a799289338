"""Training: the loop, what it reports, and prediction with the trained model."""

from rcmlrs_core.train.accumulate import Accumulation
from rcmlrs_core.train.callbacks import Callback, CallbackList
from rcmlrs_core.train.checkpoint import Checkpoint
from rcmlrs_core.train.history import Epoch, History, Step
from rcmlrs_core.train.loop import evaluate, fit, predict
from rcmlrs_core.train.saved import SavedModel, load

__all__ = [
    "Accumulation",
    "Callback",
    "CallbackList",
    "Checkpoint",
    "Epoch",
    "History",
    "SavedModel",
    "Step",
    "evaluate",
    "fit",
    "load",
    "predict",
]
