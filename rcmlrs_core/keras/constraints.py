"""Keras' constraints: what a weight is brought back to after every update."""

from typing import Any

from rcmlrs_core.keras.lookup import Configured, Registry
from rcmlrs_core.tensor import Number, RamTensor

EPSILON = 1e-7
"""Keras' ``backend.epsilon()``: in denominators."""


class Constraint(Configured):
    """The base: a callable that gives a weight for a weight."""

    def __call__(self, w: RamTensor) -> RamTensor:
        """The weight to go on with."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(w)")


def _norms(w: RamTensor, axis: Any) -> RamTensor:
    return w.square().sum(axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=True).sqrt()


class MaxNorm(Constraint):
    """``w * clip(n, 0, max_value) / (1e-7 + n)``, where n is the norm along ``axis``."""

    def __init__(self, max_value: Number = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: RamTensor) -> RamTensor:
        """The weight to go on with."""
        norms = _norms(w, self.axis)
        return w * (norms.clip(0.0, self.max_value) / (norms + EPSILON))


class NonNeg(Constraint):
    """``max(w, 0)``."""

    def __call__(self, w: RamTensor) -> RamTensor:
        """The weight to go on with."""
        return w.maximum(0.0)


class UnitNorm(Constraint):
    """``w / (1e-7 + n)``, where n is the norm along ``axis``."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: RamTensor) -> RamTensor:
        """The weight to go on with."""
        return w / (_norms(w, self.axis) + EPSILON)


class MinMaxNorm(Constraint):
    """``w * d / (1e-7 + n)`` with ``d = rate * clip(n, min_value, max_value) + (1 - rate) * n``."""

    def __init__(self, min_value: Number = 0.0, max_value: Number = 1.0, rate: Number = 1.0, axis: Any = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: RamTensor) -> RamTensor:
        """The weight to go on with."""
        norms = _norms(w, self.axis)
        desired = self.rate * norms.clip(self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (desired / (norms + EPSILON))


_registry = Registry(
    "constraint",
    "constraints",
    {"MaxNorm": MaxNorm, "NonNeg": NonNeg, "UnitNorm": UnitNorm, "MinMaxNorm": MinMaxNorm}
    | {"max_norm": MaxNorm, "non_neg": NonNeg, "unit_norm": UnitNorm, "min_max_norm": MinMaxNorm},
)


def get(identifier: Any) -> Any:
    """A constraint by name, configuration or itself."""
    return _registry.get(identifier)


def serialize(constraint: Any) -> Any:
    """Its configuration, as Keras writes it."""
    return _registry.serialize(constraint)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The constraint of a configuration."""
    return _registry.get(config)
