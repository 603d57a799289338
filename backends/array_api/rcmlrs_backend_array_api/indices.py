"""Kernels of operations with indices: gather, take, one_hot, scatter_add. Places are int64, in arrays of one axis."""

from collections.abc import Sequence
from math import prod

from rcmlrs_backend_array_api.contraction import chunks, settle_terms
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

    def scatter_add(x: Buffer, indices: Buffer, updates: Buffer, *, axis: int) -> Buffer:
        chosen = checked("scatter_add", indices, x.shape[axis])
        if prod(x.shape) == 0:
            return x
        values = x.array + 0.0  # without an update too, an exact zero is +0
        count = prod(indices.shape)
        if count:
            step = strides_of(x.shape)[axis]
            places = library.index(own_places, x.shape, indices.shape, axis) + chosen * step
            touched, numbers = sums_of_groups(library, x, updates, library.to_host(places).tolist()[:count])
            values = library.replaced(values, touched, numbers)
        return Buffer(values, x.shape, FLOAT32)

    return {"gather": gather, "take": take, "one_hot": one_hot, "scatter_add": scatter_add}


def sums_of_groups(
    library: Library, x: Buffer, updates: Buffer, places: Sequence[int]
) -> tuple[list[int], list[float]]:
    """The places of ``x`` that are updated, and RN of the sum of the element there and all its updates.

    Groups of the same size are summed together, nearly exactly, and what that leaves undecided exactly.
    """
    xp = library.xp
    zero = xp.zeros((1,), dtype=xp.float64)
    terms = xp.concat([library.widen(x.array), library.widen(updates.array), zero])
    first, end = x.array.shape[0], terms.shape[0] - 1
    groups: dict[int, list[int]] = {}
    for i, place in enumerate(places):
        groups.setdefault(place, [place]).append(first + i)
    by_size: dict[int, list[list[int]]] = {}
    for group in groups.values():
        by_size.setdefault(library.length(len(group)), []).append(group)
    touched: list[int] = []
    numbers: list[float] = []
    for width, alike in by_size.items():
        for chunk in chunks(alike, width):
            length = library.length(len(chunk))
            wanted = [place for group in chunk for place in (*group, *[end] * (width - len(group)))]
            index = library.from_host([*wanted, *[end] * (length * width - len(wanted))], "int64")
            rows = xp.reshape(library.pick(terms, index), (length, width))
            numbers += settle_terms(library, rows, len(chunk))
            touched += [group[0] for group in chunk]
    return touched, numbers
