"""Moves and indices: NumPy's own, as views where it can (buffers never change, so a view is safe)."""

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.lib.stride_tricks import as_strided

from rcmlrs_backend_numpy.sums import sum_rows
from rcmlrs_core.ops.indices import index_error
from rcmlrs_core.ops.spatial import places_of_windows
from rcmlrs_core.ops.subscript import Items
from rcmlrs_core.plain import Shape

Array = Any

WHOLE = slice(None)


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


def subscript(x: Array, *, items: Items) -> Array:
    """A view of some elements; with '...', of a single one too."""
    return x[*[item if item is None or isinstance(item, int) else slice(*item) for item in items], ...]


def flip(x: Array, *, axis: Sequence[int]) -> Array:
    """A view that runs backwards."""
    return numpy.flip(x, tuple(axis))


def roll(x: Array, *, shift: Any, axis: Any) -> Array:
    """The elements at one end, put before the others."""
    if axis is None:
        return numpy.roll(x.reshape(-1), shift).reshape(x.shape)
    for i, s in enumerate(shift):
        if s:
            before = (WHOLE,) * i
            x = numpy.concatenate((x[*before, -s:], x[*before, :-s]), i)
    return x


def repeat(x: Array, *, repeats: Any, axis: int | None) -> Array:
    """Copies."""
    return numpy.repeat(x, repeats, axis)


def tile(x: Array, *, repetitions: Shape) -> Array:
    """Copies."""
    return numpy.tile(x, repetitions)


def tril(x: Array, *, k: int) -> Array:
    """Zeros above a diagonal."""
    return numpy.tril(x, _inside(k, x))


def triu(x: Array, *, k: int) -> Array:
    """Zeros below a diagonal."""
    return numpy.triu(x, _inside(k, x))


def _inside(k: int, x: Array) -> int:
    """The number of a diagonal, or of one beside the matrix: NumPy's have 64 bits at most."""
    rows, columns = x.shape[-2:]
    return max(-int(rows) - 1, min(k, int(columns) + 1))


def diagonal(x: Array, *, offset: int, axis1: int, axis2: int) -> Array:
    """A view."""
    return x.diagonal(max(-x.shape[axis1], min(offset, x.shape[axis2])), axis1, axis2)


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
    """The slices that the indices name. Without their sign, those below zero are far too large."""
    try:
        return numpy.take(x, indices.view(numpy.uint32), axis)
    except IndexError:
        check_range("take", indices, x.shape[axis])
        raise


def index(x: Array, *indices: Array, axis: int) -> Array:
    """The elements that the indices name together; those below zero count from the end."""
    try:
        return x[*[WHOLE] * axis, *indices]
    except IndexError:
        check_from_end("index", indices, x.shape[axis:])
        raise


def check_from_end(name: str, indices: Sequence[Array], lengths: Shape) -> None:
    """Every index is in [-length, length), unless they are broadcast away; the first one that is not, is named."""
    empty = 0 in numpy.broadcast_shapes(*(tensor.shape for tensor in indices))
    for tensor, length in zip(indices, lengths, strict=False):
        if not empty and (tensor.min() < -length or tensor.max() >= length):
            flat = tensor.reshape(-1)
            place = int(numpy.nonzero((flat < -length) | (flat >= length))[0][0])
            raise index_error(name, int(flat[place]), place, tensor.shape, length, from_end=True)


def ravel_index(*indices: Array, shape: Shape) -> Array:
    """Positions as one number each."""
    check_from_end("ravel_index", indices, shape)
    places: Any = 0
    for tensor, length in zip(indices, shape, strict=True):
        positions = numpy.where(tensor < 0, tensor + length, tensor)
        places = places * length + positions.astype(numpy.int64)
    return numpy.asarray(places, dtype=numpy.int32)


def index_mask(x: Array, mask: Array, *, axis: int) -> Array:
    """The parts where the mask holds."""
    return x[*[WHOLE] * axis, mask] if axis else x[mask]  # which is quicker than a tuple of one


def argwhere(x: Array) -> Array:
    """The positions of what is not zero."""
    if not x.ndim:
        return numpy.empty((int(bool(x != 0)), 0), dtype=numpy.int32)
    return numpy.stack(numpy.nonzero(x), axis=1).astype(numpy.int32)


def scatter(x: Array, indices: Array, updates: Array, *, axis: int) -> Array:
    """NumPy does not say which of several values for one place stays: only the last one is put there."""
    check_range("scatter", indices, x.shape[axis])
    result = numpy.array(x, order="C").reshape(-1)
    places, values = places_along(x.shape, indices, axis), updates.reshape(-1)
    numbers = numpy.arange(places.size)
    last = numpy.empty(result.size, dtype=numbers.dtype)
    last[places] = numbers
    if (last[places] != numbers).any():  # some place is named twice
        last[places] = -1
        numpy.maximum.at(last, places, numbers)
        stays = last[places] == numbers
        places, values = places[stays], values[stays]
    result[places] = values
    return result.reshape(x.shape)


def places_along(shape: Shape, indices: Array, axis: int) -> Array:
    """For every index, the row-major place that it points to: its own, but for ``axis``."""
    grid = list(numpy.indices(indices.shape, sparse=True))
    grid[axis] = indices
    places = numpy.ravel_multi_index(numpy.broadcast_arrays(*grid), shape)
    return numpy.broadcast_to(places, indices.shape).reshape(-1)


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
        places, updates = places_along(x.shape, indices, axis), updates.reshape(-1)
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
    "roll": roll,
    "repeat": repeat,
    "tile": tile,
    "tril": tril,
    "triu": triu,
    "diagonal": diagonal,
    "subscript": subscript,
    "index": index,
    "ravel_index": ravel_index,
    "index_mask": index_mask,
    "argwhere": argwhere,
    "scatter": scatter,
}
