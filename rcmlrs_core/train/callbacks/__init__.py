"""Callbacks: what happens beside the training, at its beginning and end and at those of every epoch and batch."""

from rcmlrs_core.train.callbacks.base import Callback, CallbackList, Logs

__all__ = ["Callback", "CallbackList", "Logs"]
