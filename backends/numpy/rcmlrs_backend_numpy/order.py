"""Comparing and ordering: max, min (contract N2.3), argmax, argmin, argsort, sort, median,
quantile, searchsorted (N4.2); any, all, count_nonzero."""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy

from rcmlrs_backend_numpy.moves import check_range
from rcmlrs_core.numerics.formats import BINARY32
from rcmlrs_core.ops.quantile import between, places
from rcmlrs_core.ops.searchsorted import unsorted

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


def numbers(order: Array) -> Array:
    """Back from :func:`keys` to binary32."""
    return numpy.where(order < 0, order ^ numpy.int32(0x7FFFFFFF), order).view(numpy.float32)


def argsort(x: Array, *, axis: Sequence[int], descending: bool, stable: bool = True) -> Array:
    """Stable, by the keys; of all axes together, as one row that keeps its place."""
    order = ~keys(x) if descending else keys(x)  # ~ reverses the order of integers
    if len(axis) != 1:
        return numpy.argsort(order.reshape(-1), kind="stable").astype(numpy.int32).reshape(x.shape)
    return numpy.argsort(order, axis=axis[0], kind="stable").astype(numpy.int32)


def sort(x: Array, *, axis: Sequence[int], descending: bool, stable: bool = True) -> Array:
    """The keys sorted, which are numbers again then."""
    order = ~keys(x) if descending else keys(x)
    if len(axis) != 1:
        order = numpy.sort(order.reshape(-1)).reshape(x.shape)
    else:
        order = numpy.sort(order, axis=axis[0])
    return numbers(~order if descending else order)


def _truth(function: Callable[..., Array], dtype: Any) -> Callable[..., Array]:
    """NumPy's truth of a NaN is the contract's."""

    def kernel(x: Array, *, axis: Sequence[int], keepdims: bool) -> Array:
        with numpy.errstate(all="ignore"):  # a signalling NaN
            return numpy.asarray(function(x, axis=tuple(axis), keepdims=keepdims), dtype=dtype)

    return kernel


def median(x: Array, *, axis: Sequence[int], keepdims: bool) -> Array:
    """The middle, or the mean of the middle two: their sum in binary64 rounds to the right binary32, as in add."""
    kept = [i for i in range(x.ndim) if i not in axis]
    n = prod(x.shape[i] for i in axis)
    rows = numpy.ascontiguousarray(x.transpose(*kept, *axis)).reshape(*(x.shape[i] for i in kept), n)
    order = keys(rows)
    middle = numpy.partition(order, ((n - 1) // 2, n // 2, n - 1), axis=-1)[..., [(n - 1) // 2, n // 2, n - 1]]
    low, high, last = (numbers(v) for v in numpy.moveaxis(middle, -1, 0))
    with numpy.errstate(all="ignore"):
        if n % 2:
            result = numpy.where(numpy.isnan(last), last, low + numpy.float32(0))  # an exact zero is +0 (N3.2)
        else:
            mean = (low.astype(numpy.float64) + high.astype(numpy.float64)) * 0.5 + 0.0
            result = numpy.where(numpy.isnan(last), last, mean.astype(numpy.float32))
    shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape) if keepdims or i not in axis)
    return numpy.asarray(result).reshape(shape)


UNITS = 8 * 2.0**-53
"""The error of an interpolation: three roundings, and two more of the ends."""


def quantile(x: Array, *, q: Any, axis: Sequence[int], keepdims: bool, method: str) -> Array:
    """Between two sorted elements a + f (b - a) in binary64, or by the definition where that does not decide."""
    kept = [i for i in range(x.ndim) if i not in axis]
    n = prod(x.shape[i] for i in axis)
    shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape) if keepdims or i not in axis)
    rows = numpy.sort(keys(x.transpose(*kept, *axis).reshape(-1, n)), axis=1)
    orders = q if isinstance(q, tuple) else (q,)
    result = numpy.empty((len(orders), len(rows)), numpy.float32)
    nan = numpy.isnan(numbers(rows[:, -1]))
    with numpy.errstate(all="ignore"):
        for found, order in zip(result, orders, strict=True):
            first, last, share = places(n, order, method)
            a, b = numbers(rows[:, first]), numbers(rows[:, last])
            if share == 0:
                found[:] = a + numpy.float32(0)
            else:
                f, low, high = float(share), a.astype(numpy.float64), b.astype(numpy.float64)
                step = f * (high - low)
                value = low + step
                error = (numpy.abs(value) + numpy.abs(step)) * UNITS
                found[:] = value - error + 0.0
                other = (value + error).astype(numpy.float32)
                unlike = (found.view(numpy.int32) != other.view(numpy.int32)) | ~numpy.isfinite(value)
                for i in numpy.nonzero(unlike & ~nan)[0]:
                    found[i] = between(float(a[i]), float(b[i]), share)
            found[nan] = numpy.nan
    return result.reshape((len(orders), *shape) if isinstance(q, tuple) else shape)


def searchsorted(x: Array, v: Array, sorter: Array | None = None, *, side: Any) -> Array:
    """NumPy's, in which NaN is the largest too; what is not sorted, the definition refuses."""
    if sorter is not None:
        check_range("searchsorted", sorter, len(x))
        x = x[sorter]
    ascends = (x[:-1] <= x[1:]) | numpy.isnan(x[1:])
    if not ascends.all():
        i = int(numpy.argmin(ascends))
        raise unsorted(x[i].item(), x[i + 1].item(), i + 1)
    return numpy.asarray(numpy.searchsorted(x, v, side=side), dtype=numpy.int32)


KERNELS: dict[str, Any] = {
    "max": _extreme(numpy.maximum, 0.0),
    "min": _extreme(numpy.minimum, -0.0),
    "argmax": _arg(numpy.argmax),
    "argmin": _arg(numpy.argmin),
    "argsort": argsort,
    "sort": sort,
    "quantile": quantile,
    "searchsorted": searchsorted,
    "any": _truth(numpy.any, bool),
    "all": _truth(numpy.all, bool),
    "count_nonzero": _truth(numpy.count_nonzero, numpy.int32),
    "median": median,
}
