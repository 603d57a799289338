"""The API of Keras 3 on the operations of RCMLRS: ``from rcmlrs_core import keras``, and the rest of a script stays.

Names, defaults, weight layouts and formulas are Keras'; every number is rounded as the contract says, so a script has
the same bits on every backend. Random numbers are drawn by N8: first weights and dropout masks differ from Keras' own
in their numbers, and not in how they are distributed.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

from rcmlrs_core.errors import did_you_mean as _did_you_mean

if TYPE_CHECKING:
    from rcmlrs_core.keras import (
        activations,
        backend,
        callbacks,
        constraints,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        regularizers,
        saving,
        utils,
    )
    from rcmlrs_core.keras.callbacks import Callback
    from rcmlrs_core.keras.input import Input
    from rcmlrs_core.keras.layer import InputSpec, Layer, Variable
    from rcmlrs_core.keras.losses import Loss
    from rcmlrs_core.keras.metrics import Metric
    from rcmlrs_core.keras.models import Functional, Model, Sequential
    from rcmlrs_core.keras.optimizers import Optimizer
    from rcmlrs_core.keras.tensor import KerasTensor

_PARTS = (
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
)
_MEMBERS = {
    "Callback": "callbacks",
    "Functional": "models",
    "Input": "input",
    "InputSpec": "layer",
    "KerasTensor": "tensor",
    "Layer": "layer",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Optimizer": "optimizers",
    "Sequential": "models",
    "Variable": "layer",
}
"""Parts of the package, and names in them that stand here too; a part is imported when it is first named."""

__all__ = [
    "Callback",
    "Functional",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Sequential",
    "Variable",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
]


if not TYPE_CHECKING:  # a type checker knows the names above, and finds a misspelt one

    def __getattr__(name: str) -> _Any:
        if name in _PARTS:
            return _import_module(f"{__name__}.{name}")
        if name in _MEMBERS:
            return getattr(_import_module(f"{__name__}.{_MEMBERS[name]}"), name)
        raise AttributeError(f"keras has no {name!r}{_did_you_mean(name, (*_PARTS, *_MEMBERS))}", name=name)


def __dir__() -> list[str]:
    return sorted({*_PARTS, *_MEMBERS})
