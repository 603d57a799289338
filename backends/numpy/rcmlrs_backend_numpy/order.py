"""Comparing and ordering: max, min (contract N2.3), argmax, argmin, argsort, median (N4.2)."""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy

from rcmlrs_core.numerics.formats import BINARY32

Array = Any


SHORT = 32
"""Up to so many elements are compared sooner one after the other, for all rows at once: rows of a few, and windows."""


def _reduced(function: Any, x: Array, axis: Sequence[int], keepdims: bool) -> Array:
    lengths = [x.shape[i] for i in axis]
    if prod(lengths) > SHORT or x.size <= SHORT * prod(lengths):
        return numpy.asarray(function.reduce(x, axis=axis, keepdims=keepdims))
    places: Iterator[tuple[Any, ...]] = numpy.ndindex(*lengths)
    columns = x.transpose(*axis, *(i for i in range(x.ndim) if i not in axis))
    found = columns[next(places)].copy()
    for place in places:
        function(found, columns[place], out=found)
    return found.reshape([1 if i in axis else n for i, n in enumerate(x.shape)]) if keepdims else found


def _extreme(function: Any, first: float) -> Callable[..., Array]:
    """NumPy's maximum and minimum pass NaN on, but return either zero: the result is ``first`` where any element is."""
    sign = numpy.float32(first).view(numpy.int32)

    def kernel(x: Array, *, axis: Sequence[int], keepdims: bool) -> Array:
        found = _reduced(function, x, tuple(axis), keepdims)
        zero = found == 0
        if zero.any():
            any_first = (x.view(numpy.int32) == sign).any(axis=tuple(axis), keepdims=keepdims)
            found = numpy.where(zero, numpy.where(any_first, numpy.float32(first), numpy.float32(-first)), found)
        return found

    return kernel


def _arg(function: Callable[..., Array]) -> Callable[..., Array]:
    """NumPy's argmax and argmin take the first among equals, and the first NaN before everything."""

    def kernel(x: Array, *, axis: Sequence[int], keepdims: bool) -> Array:
        if len(axis) == 1:
            found = function(x, axis=axis[0], keepdims=keepdims)
        else:
            found = function(x, axis=None, keepdims=keepdims)
        return numpy.asarray(found, dtype=numpy.int32)

    return kernel


def keys(x: Array) -> Array:
    """Integers in the order of N4.2: -0 before +0, every NaN last."""
    bits = numpy.ascontiguousarray(x).view(numpy.int32)
    bits = numpy.where(numpy.isnan(x), numpy.int32(BINARY32.nan), bits)
    return numpy.where(bits < 0, bits ^ numpy.int32(0x7FFFFFFF), bits)


def argsort(x: Array, *, axis: Sequence[int]) -> Array:
    """Stable, by the keys; of all axes together, as one row that keeps its place."""
    if len(axis) != 1:
        order = numpy.argsort(keys(x).reshape(-1), kind="stable")
        return order.astype(numpy.int32).reshape(x.shape)
    return numpy.argsort(keys(x), axis=axis[0], kind="stable").astype(numpy.int32)


def median(x: Array, *, axis: Sequence[int], keepdims: bool) -> Array:
    """The middle, or the mean of the middle two: their sum in binary64 rounds to the right binary32, as in add."""
    kept = [i for i in range(x.ndim) if i not in axis]
    n = prod(x.shape[i] for i in axis)
    rows = numpy.ascontiguousarray(x.transpose(*kept, *axis)).reshape(*(x.shape[i] for i in kept), n)
    order = keys(rows)
    middle = numpy.partition(order, ((n - 1) // 2, n // 2, n - 1), axis=-1)[..., [(n - 1) // 2, n // 2, n - 1]]
    low, high, last = numpy.moveaxis(numpy.where(middle < 0, middle ^ numpy.int32(0x7FFFFFFF), middle), -1, 0)
    low, high, last = (numpy.ascontiguousarray(v).view(numpy.float32) for v in (low, high, last))
    with numpy.errstate(all="ignore"):
        if n % 2:
            result = numpy.where(numpy.isnan(last), last, low + numpy.float32(0))  # an exact zero is +0 (N3.2)
        else:
            mean = (low.astype(numpy.float64) + high.astype(numpy.float64)) * 0.5 + 0.0
            result = numpy.where(numpy.isnan(last), last, mean.astype(numpy.float32))
    shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape) if keepdims or i not in axis)
    return numpy.asarray(result).reshape(shape)


KERNELS: dict[str, Any] = {
    "max": _extreme(numpy.maximum, 0.0),
    "min": _extreme(numpy.minimum, -0.0),
    "argmax": _arg(numpy.argmax),
    "argmin": _arg(numpy.argmin),
    "argsort": argsort,
    "median": median,
}
