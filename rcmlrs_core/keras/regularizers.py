"""Keras' regularizers: what large weights cost. A layer takes them as ``kernel_regularizer="l2"`` and so on."""

from math import isfinite
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.keras.lookup import Configured, Registry
from rcmlrs_core.tensor import Number, RamTensor


class Regularizer(Configured):
    """The base: a callable that gives a number for a weight."""

    def __call__(self, x: RamTensor) -> RamTensor:
        """What this weight costs."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(x)")


def _check(kind: str, **factors: Any) -> None:
    for name, value in factors.items():
        if not isinstance(value, int | float) or value < 0 or not isfinite(value):
            raise AttributeValueError(f"{kind}: {name} must be a number of at least 0, got {value!r}")


class L1(Regularizer):
    """``l1 * sum(|x|)``."""

    def __init__(self, l1: Number = 0.01) -> None:
        _check("L1", l1=l1)
        self.l1 = l1

    def __call__(self, x: RamTensor) -> RamTensor:
        """What this weight costs."""
        return self.l1 * x.abs().sum()


class L2(Regularizer):
    """``l2 * sum(x^2)``."""

    def __init__(self, l2: Number = 0.01) -> None:
        _check("L2", l2=l2)
        self.l2 = l2

    def __call__(self, x: RamTensor) -> RamTensor:
        """What this weight costs."""
        return self.l2 * x.square().sum()


class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x^2)``; a factor of 0 leaves its term out."""

    def __init__(self, l1: Number = 0.0, l2: Number = 0.0) -> None:
        _check("L1L2", l1=l1, l2=l2)
        self.l1 = l1
        self.l2 = l2

    def __call__(self, x: RamTensor) -> RamTensor:
        """What this weight costs."""
        if self.l1 and self.l2:
            return self.l1 * x.abs().sum() + self.l2 * x.square().sum()
        return self.l1 * x.abs().sum() if self.l1 else self.l2 * x.square().sum()


def l1(l1: Number = 0.01) -> L1:
    """``L1`` under its short name."""
    return L1(l1)


def l2(l2: Number = 0.01) -> L2:
    """``L2`` under its short name."""
    return L2(l2)


def l1_l2(l1: Number = 0.0, l2: Number = 0.0) -> L1L2:
    """``L1L2`` under its short name."""
    return L1L2(l1, l2)


_registry = Registry("regularizer", "regularizers", {"L1": L1, "L2": L2, "L1L2": L1L2, "l1_l2": L1L2})


def get(identifier: Any) -> Any:
    """A regularizer by name, configuration or itself."""
    return _registry.get(identifier)


def serialize(regularizer: Any) -> Any:
    """Its configuration, as Keras writes it."""
    return _registry.serialize(regularizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The regularizer of a configuration."""
    return _registry.get(config)
