"""Optimizers: compositions of operations that update parameters by their gradients; and schedules of their rates."""

from rcmlrs_core.optim.adadelta import Adadelta
from rcmlrs_core.optim.adagrad import Adagrad
from rcmlrs_core.optim.adam import Adam, AdamW
from rcmlrs_core.optim.adamax import Adamax
from rcmlrs_core.optim.clip import clip_grad_norm_, clip_grad_value_
from rcmlrs_core.optim.lion import Lion
from rcmlrs_core.optim.nadam import NAdam
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.optim.rmsprop import RMSprop
from rcmlrs_core.optim.schedules import (
    Constant,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    MultiStepDecay,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    ReduceOnPlateau,
    Schedule,
    Warmup,
)
from rcmlrs_core.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Constant",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "Lion",
    "MultiStepDecay",
    "NAdam",
    "OneCycle",
    "Optimizer",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "Warmup",
    "clip_grad_norm_",
    "clip_grad_value_",
]
