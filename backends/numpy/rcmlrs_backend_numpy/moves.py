"""Moves and indices: NumPy's own, as views where it can (buffers never change, so a view is safe)."""

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.stride_tricks import as_strided

from rcmlrs_backend_numpy.sums import sum_rows
from rcmlrs_core.ops.indices import index_error
from rcmlrs_core.ops.spatial import places_of_windows
from rcmlrs_core.plain import Shape

Array = Any


def reshape(x: Array, *, shape: Shape) -> Array:
    """The same elements under another shape."""
    return x.reshape(shape)


def transpose(x: Array, *, axes: Sequence[int]) -> Array:
    """A view with the axes in another order."""
    return x.transpose(axes)


def broadcast_to(x: Array, *, shape: Shape) -> Array:
    """A view that repeats."""
    return numpy.broadcast_to(x, shape)


def slice_(x: Array, *, start: Shape, stop: Shape, step: Shape) -> Array:
    """A view of some elements."""
    return x[tuple(map(slice, start, stop, step))]


def windows(x: Array, *, kernel: Shape, stride: Shape) -> Array:
    """A view in which windows overlap."""
    places = places_of_windows("windows", x.shape[x.ndim - len(kernel) :], kernel, stride, (1,) * len(kernel))
    kept = x.ndim - len(kernel)
    steps = map(int.__mul__, x.strides[kept:], stride)
    shape = (*x.shape[:kept], *places, *kernel)
    return as_strided(x, shape, (*x.strides[:kept], *steps, *x.strides[kept:]), writeable=False)


def flip(x: Array, *, axis: Sequence[int]) -> Array:
    """A view that runs backwards."""
    return numpy.flip(x, tuple(axis))


def concat(*xs: Array, axis: int) -> Array:
    """One after another."""
    return numpy.concatenate(xs, axis)


def pad(x: Array, *, widths: Sequence[Sequence[int]], value: float, interior: Shape) -> Array:
    """The filling, with the elements put in their places."""
    spans = [
        (before, n + max(0, n - 1) * gap, after)
        for n, (before, after), gap in zip(x.shape, widths, interior, strict=True)
    ]
    result = numpy.full([sum(span) for span in spans], value, x.dtype)
    places = tuple(slice(before, before + n, gap + 1) for (before, n, _), gap in zip(spans, interior, strict=True))
    result[places] = x
    return result


def check_range(name: str, indices: Array, length: int) -> None:
    """Every index is in [0, length); the first one that is not, is named."""
    if indices.size and (indices.min() < 0 or indices.max() >= length):
        flat = indices.reshape(-1)
        place = int(numpy.nonzero((flat < 0) | (flat >= length))[0][0])
        raise index_error(name, int(flat[place]), place, indices.shape, length)


def gather(x: Array, indices: Array, *, axis: int) -> Array:
    """Along an axis, the element that each index names."""
    check_range("gather", indices, x.shape[axis])
    # Where the indices reach less far than x on another axis, so does the result.
    window = tuple(slice(None) if i == axis else slice(n) for i, n in enumerate(indices.shape))
    return numpy.take_along_axis(x[window], indices, axis)


def take(x: Array, indices: Array, *, axis: int) -> Array:
    """The slices that the indices name."""
    check_range("take", indices, x.shape[axis])
    return numpy.take(x, indices, axis)


def one_hot(indices: Array, *, classes: int) -> Array:
    """A one for every index."""
    check_range("one_hot", indices, classes)
    return (indices[..., None] == numpy.arange(classes, dtype=indices.dtype)).astype(numpy.float32)


def scatter_add(x: Array, indices: Array, updates: Array, *, axis: int) -> Array:
    """Sorted by the place they go to, the updates of a place are neighbours: exact sums of groups of equal size.

    Where no place comes twice, as in the gradients of ``max`` and ``gather``, it is one addition.
    """
    check_range("scatter_add", indices, x.shape[axis])
    with numpy.errstate(all="ignore"):
        grid = list(numpy.indices(indices.shape, sparse=True))
        grid[axis] = indices
        places = numpy.broadcast_to(numpy.ravel_multi_index(numpy.broadcast_arrays(*grid), x.shape), indices.shape)
        places, updates = places.reshape(-1), updates.reshape(-1)
        result = (x + numpy.float32(0)).reshape(-1)  # without an update too, an exact zero is +0
        if numpy.bincount(places, minlength=1).max() <= 1:
            result[places] += updates  # one binary32 addition each
            return result.reshape(x.shape)
        order = numpy.argsort(places, kind="stable")
        sorted_places, values = places[order], updates[order]
        touched, first, counts = numpy.unique(sorted_places, return_index=True, return_counts=True)
        own = numpy.ascontiguousarray(x).reshape(-1)
        for count in numpy.unique(counts):
            group = counts == count
            rows = values[first[group][:, None] + numpy.arange(count)]
            terms = numpy.concatenate([own[touched[group], None], rows], axis=1).astype(numpy.float64)
            result[touched[group]] = sum_rows(terms)
        return result.reshape(x.shape)


KERNELS: dict[str, Any] = {
    "reshape": reshape,
    "transpose": transpose,
    "broadcast_to": broadcast_to,
    "slice": slice_,
    "windows": windows,
    "flip": flip,
    "concat": concat,
    "pad": pad,
    "gather": gather,
    "take": take,
    "one_hot": one_hot,
    "scatter_add": scatter_add,
}
