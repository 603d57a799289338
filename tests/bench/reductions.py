"""Sums along an axis and softmax of the NumPy backend beside plain binary64."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy

from rcmlrs_core.registry import get_backend
from tests.bench.data import gaussian
from tests.bench.measure import Effort, Result, compared

Array = Any

GROUP = "reductions"


def softmax(x: Array) -> Array:
    e = numpy.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    d = x - x.max(axis=-1, keepdims=True)
    return d - numpy.log(numpy.exp(d).sum(axis=-1, keepdims=True))


def logsumexp(x: Array) -> Array:
    largest = x.max(axis=-1, keepdims=True)
    return (largest + numpy.log(numpy.exp(x - largest).sum(axis=-1, keepdims=True)))[..., 0]


MAPS: dict[str, Callable[[Array], Array]] = {"softmax": softmax, "log_softmax": log_softmax}
PLAIN: dict[str, Callable[..., Array]] = {"sum": numpy.sum, "mean": numpy.mean, "var": numpy.var, "max": numpy.max}
AXES: dict[str, tuple[int, ...]] = {"rows": (1,), "columns": (0,), "all": (0, 1)}


def results(effort: Effort) -> Iterator[Result]:
    """A thousand rows of a thousand."""
    x = gaussian(1000, 1000, seed=1)
    for name, formula in MAPS.items():
        yield _compared(name, "rows", formula, x, effort, axis=(1,))
    yield _compared("logsumexp", "rows", logsumexp, x, effort, axis=(1,), keepdims=False)
    for name, function in PLAIN.items():
        for words, axis in AXES.items():
            attributes: dict[str, Any] = {"axis": axis, "keepdims": False}
            if name == "var":
                attributes["correction"] = 0.0
            yield _compared(name, words, partial(function, axis=axis), x, effort, **attributes)


def _compared(
    name: str, words: str, formula: Callable[[Array], Array], x: Array, effort: Effort, **attributes: Any
) -> Result:
    kernel = get_backend("numpy").kernels[name]

    def peer() -> Array:
        return formula(x.astype(numpy.float64)).astype(numpy.float32)

    return compared(GROUP, f"{name}, {words}", lambda: kernel(x, **attributes), peer, effort)
