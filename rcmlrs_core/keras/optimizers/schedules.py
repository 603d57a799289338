"""Keras' learning rate schedules: those of :mod:`rcmlrs_core.optim`, which have its names and arguments.

Rates are RN of the exact value (N6); Keras computes them in binary32, with an error of some units in the last place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.keras.lookup import Registry
from rcmlrs_core.optim.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Schedule,
)
from rcmlrs_core.tensor import Number

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "schedule_of",
    "serialize",
]


class LearningRateSchedule(Schedule):
    """The base of one's own: a subclass defines ``__call__(step)`` for step = 0, 1, ..., and ``get_config()``."""

    def __call__(self, step: int) -> Any:
        """The rate of a step."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """The arguments by name; a subclass gives its own."""
        return {}


@dataclass(frozen=True)
class _Asked(Schedule):
    """A function that is asked for the rate of each step; what it gives is turned into a number."""

    ask: Callable[[int], Any] = field(compare=False)

    def rate(self, step: int) -> Number:
        """What the function gives."""
        return float(self.ask(step))

    def get_config(self) -> dict[str, Any]:
        """Nothing that can be saved: the function."""
        return {"ask": getattr(self.ask, "__name__", type(self.ask).__name__)}


def schedule_of(rate: Any) -> Any:
    """What an optimizer of :mod:`rcmlrs_core.optim` takes as ``lr``: a number, or a schedule that gives numbers."""
    if isinstance(rate, LearningRateSchedule):
        return _Asked(rate)
    if isinstance(rate, Schedule):
        return rate
    if isinstance(rate, Mapping):
        return deserialize(rate)
    if callable(rate):
        return _Asked(lambda step: rate())
    if isinstance(rate, int) and not isinstance(rate, bool):
        return rate
    try:
        return float(rate)
    except (TypeError, ValueError):
        raise AttributeValueError(
            f"keras: a learning rate is a number, a schedule or a function without arguments, got {rate!r}"
        ) from None


_registry = Registry(
    "schedule",
    "optimizers.schedules",
    {
        kind.__name__: kind
        for kind in (
            CosineDecay,
            CosineDecayRestarts,
            ExponentialDecay,
            InverseTimeDecay,
            PiecewiseConstantDecay,
            PolynomialDecay,
        )
    },
)


def serialize(schedule: Any) -> Any:
    """Its configuration, as Keras writes it."""
    return _registry.serialize(schedule)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The schedule of a configuration; Keras gives schedules names, which mean nothing here."""
    arguments = {key: value for key, value in (config.get("config") or {}).items() if key != "name"}
    return _registry.get({**config, "config": arguments})
