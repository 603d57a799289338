"""Array libraries for tests: how one becomes a backend, and namespaces that are NumPy's but for a fault."""

import sys
from contextlib import AbstractContextManager
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy
import pytest

from rcmlrs_backend_array_api import backend_of
from rcmlrs_core import registry
from rcmlrs_core.registry import Backend

Array = Any


def build(monkeypatch: pytest.MonkeyPatch, plugin: Any, name: str = "library_of_a_test") -> Backend:
    """The backend of a plugin, built as one that is named ``module:attribute``."""
    module = ModuleType(name)
    module.plugin = plugin  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(registry, "_built", dict(registry._built))
    monkeypatch.setattr(registry, "_failed", dict(registry._failed))
    registry._built.pop(f"{name}:plugin", None)
    return registry.get_backend(f"{name}:plugin")


def namespace(**faults: Any) -> Any:
    """NumPy's functions, with some replaced."""
    names = {name: getattr(numpy, name) for name in dir(numpy) if not name.startswith("_")}
    return SimpleNamespace(**names | {"__name__": "numpy, in part", "__version__": numpy.__version__} | faults)


def fake(**faults: Any) -> Any:
    """A plugin of :func:`namespace`."""
    return backend_of(namespace(**faults))


class Fused(numpy.ndarray):
    """Arrays whose operators keep what rounding takes away, and use it when something is subtracted."""

    rest: Any = None

    def __mul__(self, other: Any) -> Any:
        product = numpy.asarray(self) * numpy.asarray(other)
        result = product.view(Fused)
        if self.KEEPS == "products":
            result.rest = product_error(numpy.asarray(self), numpy.asarray(other), product)
        return result

    def __add__(self, other: Any) -> Any:
        x, y = numpy.asarray(self), numpy.asarray(other)
        total = x + y
        result = total.view(Fused)
        if self.KEEPS == "sums":
            virtual = total - x
            result.rest = (x - (total - virtual)) + (y - virtual)
        return result

    def __sub__(self, other: Any) -> Any:
        difference = numpy.asarray(self) - numpy.asarray(other)
        if self.rest is not None and self.rest.shape == difference.shape:
            difference = difference + self.rest
        return difference.view(Fused)

    KEEPS = "nothing"


def product_error(x: Array, y: Array, product: Array) -> Array:
    """The exact error of a rounded product (T. J. Dekker, A floating-point technique, 1971)."""

    def halves(a: Array) -> tuple[Array, Array]:
        scaled = a * (2.0**27 + 1)
        high = scaled - (scaled - a)
        return high, a - high

    (a, b), (c, d) = halves(x), halves(y)
    return b * d - (((product - a * c) - b * c) - a * d)


def no_context() -> AbstractContextManager[Any]:
    """NumPy's warnings off, as the scope of a library has it."""
    return numpy.errstate(all="ignore")
