"""Optimizers: compositions of operations that update parameters by their gradients."""

from rcmlrs_core.optim.adam import Adam
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.optim.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer"]
