"""Optimizers: compositions of operations that update parameters by their gradients; and schedules of their rates."""

from rcmlrs_core.optim.adam import Adam, AdamW
from rcmlrs_core.optim.clip import clip_grad_norm_, clip_grad_value_
from rcmlrs_core.optim.optimizer import Optimizer
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
    "Adam",
    "AdamW",
    "Constant",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "MultiStepDecay",
    "OneCycle",
    "Optimizer",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "ReduceOnPlateau",
    "Schedule",
    "Warmup",
    "clip_grad_norm_",
    "clip_grad_value_",
]
