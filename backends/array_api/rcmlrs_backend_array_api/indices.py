"""Kernels of operations with indices: gather, take, one_hot. Places are computed in int64, one axis long."""

from collections.abc import Sequence
from math import prod

from rcmlrs_backend_array_api.library import Array, Buffer, Library
from rcmlrs_core.derive import Kernel
from rcmlrs_core.ops.indices import check_range
from rcmlrs_core.plain import FLOAT32, Shape, offsets, strides_of


def own_places(shape: Shape, indices: Shape, axis: int) -> Sequence[int]:
    """For every index along ``axis``, the place in an array of ``shape`` of index 0 there."""
    strides = list(strides_of(shape))
    strides[axis] = 0
    return offsets(indices, strides)


def slice_places(shape: Shape, count: int, axis: int) -> Sequence[int]:
    """For every element of the slices that ``count`` indices name, the place of the same one for index 0."""
    length, inner = shape[axis], prod(shape[axis + 1 :])
    return [
        outer * length * inner + i for outer in range(prod(shape[:axis])) for _ in range(count) for i in range(inner)
    ]


def which_index(shape: Shape, count: int, axis: int) -> Sequence[int]:
    """For every element of the slices, which index names it."""
    inner = prod(shape[axis + 1 :])
    return [index for _ in range(prod(shape[:axis])) for index in range(count) for _ in range(inner)]


def which_row(count: int, classes: int) -> Sequence[int]:
    """Every row ``classes`` times."""
    return [row for row in range(count) for _ in range(classes)]


def which_class(count: int, classes: int) -> Sequence[int]:
    """All classes, for every row."""
    return [*range(classes)] * count


def kernels(library: Library) -> dict[str, Kernel]:
    """By the names of the operations."""
    xp = library.xp

    def checked(name: str, indices: Buffer, length: int) -> Array:
        """The indices as int64; one that is out of range is named."""
        wide = xp.astype(indices.array, xp.int64)
        size = prod(indices.shape)
        if size and (length == 0 or xp.any((wide[:size] < 0) | (wide[:size] >= length))):
            check_range(name, library.plain(indices), length)
        return wide

    def gather(x: Buffer, indices: Buffer, *, axis: int) -> Buffer:
        chosen = checked("gather", indices, x.shape[axis])
        if prod(indices.shape) == 0:
            return library.load(b"", indices.shape, x.dtype)
        step = strides_of(x.shape)[axis]
        places = library.index(own_places, x.shape, indices.shape, axis) + chosen * step
        return Buffer(library.pick(x.array, places), indices.shape, x.dtype)

    def take(x: Buffer, indices: Buffer, *, axis: int) -> Buffer:
        chosen = checked("take", indices, x.shape[axis])
        shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
        if prod(shape) == 0:
            return library.load(b"", shape, x.dtype)
        plan = (x.shape, prod(indices.shape), axis)
        each = library.pick(chosen, library.index(which_index, *plan))
        places = library.index(slice_places, *plan) + each * strides_of(x.shape)[axis]
        return Buffer(library.pick(x.array, places), shape, x.dtype)

    def one_hot(indices: Buffer, *, classes: int) -> Buffer:
        chosen = checked("one_hot", indices, classes)
        shape = (*indices.shape, classes)
        if prod(shape) == 0:
            return library.load(b"", shape, FLOAT32)
        plan = (prod(indices.shape), classes)
        each = library.pick(chosen, library.index(which_row, *plan))
        hot = each == library.index(which_class, *plan)
        return Buffer(xp.astype(hot, library.dtype(FLOAT32)), shape, FLOAT32)

    return {"gather": gather, "take": take, "one_hot": one_hot}
