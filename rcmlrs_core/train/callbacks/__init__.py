"""Callbacks: what happens beside the training, at its beginning and end and at those of every epoch and batch."""

from rcmlrs_core.train.callbacks.base import Callback, CallbackList, Logs
from rcmlrs_core.train.callbacks.csv_logger import CSVLogger
from rcmlrs_core.train.callbacks.early_stopping import EarlyStopping
from rcmlrs_core.train.callbacks.functions import LambdaCallback, TerminateOnNaN
from rcmlrs_core.train.callbacks.model_checkpoint import ModelCheckpoint
from rcmlrs_core.train.callbacks.rates import LearningRateScheduler, ReduceLROnPlateau

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateScheduler",
    "Logs",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
