"""Kernels over :class:`Buffer`, by the operations' families; none is of one operation or of one library."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

from rcmlrs_backend_array_api.library import Array, Buffer, Library
from rcmlrs_core.derive import Kernel, plain_kernel, value_and_magnitude
from rcmlrs_core.ops.op import Elementwise, Move, Operation, Reduction
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import FLOAT32, INT32, Shape, offsets, strides_of


def derive(operation: Operation, library: Library) -> Kernel | None:
    """A kernel for ``operation``; None where its family has none."""
    kernel = _derive(operation, library)
    return kernel if kernel is None or operation.integers is None else _with_integers(operation, kernel, library)


def _with_integers(operation: Operation, kernel: Kernel, library: Library) -> Kernel:
    """``kernel``, and for int32 the core's own on copies: exact integers want int64, which not every library has."""
    whole = plain_kernel(operation)

    def either(*operands: Buffer, **attributes: Any) -> Any:
        if operands[0].dtype != INT32:
            return kernel(*operands, **attributes)
        result = whole(*map(library.plain, operands), **attributes)
        return library.load(result.tobytes(), result.shape, result.dtype)

    return either


def _derive(operation: Operation, library: Library) -> Kernel | None:
    if isinstance(operation, Elementwise):
        return elementwise(operation, library)
    if isinstance(operation, Reduction) and operation.binary64 is not None:
        return reduction(operation, library)
    if isinstance(operation, Move):
        return move(operation, library)
    return None


def elementwise(operation: Elementwise, library: Library) -> Kernel:
    """The binary64 formula on all elements at once; the definition, one by one, where it does not decide."""
    name, m, bound = operation.name, library.m, operation.bound

    def kernel(*operands: Buffer, **attributes: Any) -> Buffer:
        shape = operands[0].shape
        if any(x.shape != shape for x in operands):
            shape = broadcast_shapes(name, *(x.shape for x in operands))
        size = prod(shape)
        dtype = operation.gives or operands[-1].dtype
        if size == 0:
            return library.load(b"", shape, dtype)
        arrays = [library.spread(x, shape) for x in operands]
        value, magnitude = value_and_magnitude(operation.binary64(m, *map(library.widen, arrays), **attributes))
        if operation.gives != FLOAT32:
            return Buffer(library.keep(value, dtype), shape, dtype)
        values, undecided = library.round(value, bound, magnitude)
        if undecided is not None:
            places = library.places(undecided, size)
            columns = [library.picked_numbers(x, places) for x in arrays]
            numbers = [operation.value(*x, **attributes) for x in zip(*columns, strict=True)]
            if numbers:
                values = library.replaced(values, places, numbers)
        return Buffer(values, shape, FLOAT32)

    return kernel


def row_offsets(shape: Shape, axes: Sequence[int]) -> Sequence[int]:
    """The places of the elements, row after row of those along ``axes``."""
    order = [*(i for i in range(len(shape)) if i not in axes), *axes]
    strides = strides_of(shape)
    return offsets(tuple(shape[i] for i in order), [strides[i] for i in order])


def back_offsets(shape: Shape, axes: Sequence[int]) -> Sequence[int]:
    """Where in the rows along ``axes`` each element is: the inverse of :func:`row_offsets`."""
    places = [0] * prod(shape)
    for row_place, place in enumerate(row_offsets(shape, axes)):
        places[place] = row_place
    return places


def padded_row_offsets(shape: Shape, axes: Sequence[int], count: int) -> Sequence[int]:
    """:func:`row_offsets`, with the first row repeated until there are ``count``."""
    places = list(row_offsets(shape, axes))
    n = prod(shape[i] for i in axes)
    return places + places[:n] * (count - len(places) // n)


def rows_of(library: Library, x: Buffer, axes: Sequence[int]) -> Array:
    """The elements as an array of rows along ``axes``; a library that compiles may get more rows than there are."""
    xp, n = library.xp, prod(x.shape[i] for i in axes)
    size = prod(x.shape)
    if size > library.small:
        order = (*(i for i in range(len(x.shape)) if i not in axes), *axes)
        shaped = library.as_shape(x)
        if order != tuple(range(len(order))):
            shaped = xp.permute_dims(shaped, order)
        return xp.reshape(shaped, (size // n, n))
    count = library.length(size // n)
    index = library.index(padded_row_offsets, x.shape, tuple(axes), count)
    return xp.reshape(library.pick(x.array, index)[: count * n], (count, n))


def reduced_shape(operation: Reduction, shape: Shape, axes: Sequence[int], keepdims: bool) -> Shape:
    """The shape of the result."""
    if operation.maps:
        return shape
    if operation.squares:
        n = prod(shape[i] for i in axes)
        return (*(length for i, length in enumerate(shape) if i not in axes), n, n)
    return tuple(1 if i in axes else length for i, length in enumerate(shape) if keepdims or i not in axes)


def rows_back(library: Library, values: Array, x: Shape, axes: Sequence[int], maps: bool, shape: Shape) -> Array:
    """Results of rows, in one axis, in the order of the result; ``maps`` says that each belongs to its element."""
    xp, size = library.xp, prod(shape)
    order = (*(i for i in range(len(x)) if i not in axes), *axes)
    if maps and order != tuple(range(len(order))):
        if size <= library.small:
            return library.pick(values, library.index(back_offsets, x, tuple(axes)))
        moved = xp.reshape(values[:size], tuple(x[i] for i in order))
        values = xp.reshape(xp.permute_dims(moved, tuple(order.index(i) for i in range(len(order)))), (size,))
    return library.fitted(values, size)


def reduction(operation: Reduction, library: Library) -> Kernel:
    """The axes are moved last and joined into rows; then as :func:`elementwise`, with rows in the place of elements."""
    xp, m, binary64 = library.xp, library.m, operation.binary64
    assert binary64 is not None

    def kernel(x: Buffer, *, axis: Sequence[int], keepdims: bool = False, **attributes: Any) -> Buffer:
        shape = reduced_shape(operation, x.shape, axis, keepdims)
        if prod(x.shape) == 0:
            given = {"axis": axis, **({"keepdims": keepdims} if operation.keeps else {}), **attributes}
            plain = operation.define(library.plain(x), **given)
            return library.load(plain.tobytes(), plain.shape, plain.dtype)
        n = prod(x.shape[i] for i in axis)
        count = prod(x.shape) // n
        rows = rows_of(library, x, axis)
        wide = library.widen(rows) if x.dtype == FLOAT32 else xp.astype(rows, xp.float64)
        value, magnitude = value_and_magnitude(binary64(m, wide, **attributes))
        if operation.gives != FLOAT32:
            values = library.keep(value, operation.gives)
        else:
            values, undecided = library.round(value, operation.bound(n), magnitude)
            if undecided is not None:
                values = settle_rows(operation, library, rows, count, values, undecided, attributes)
        flat = xp.reshape(values, (-1,))
        return Buffer(rows_back(library, flat, x.shape, axis, operation.maps, shape), shape, operation.gives)

    return kernel


def settle_rows(
    operation: Reduction,
    library: Library,
    rows: Array,
    count: int,
    values: Array,
    undecided: Array,
    attributes: dict[str, Any],
) -> Array:
    """``values`` with the undecided elements of the first ``count`` rows computed by the definition."""
    xp, n = library.xp, rows.shape[1]
    width = values.shape[-1]
    by_row: dict[int, list[int]] = {}
    for place in library.places(xp.reshape(undecided, (-1,)), count * width):
        by_row.setdefault(place // width, []).append(place % width)
    flat = xp.reshape(rows, (-1,))
    places: list[int] = []
    numbers: list[float] = []
    for row, within in by_row.items():
        elements = library.picked_numbers(flat, range(row * n, row * n + n))
        places += [row * width + place for place in within]
        numbers += operation.elements(elements, within, **attributes)
    return library.replaced(xp.reshape(values, (-1,)), places, numbers) if places else values


def move_offsets(operation: Move, lengths: Sequence[int], shapes: Sequence[Shape], attributes: Any) -> Sequence[int]:
    """The sources of a move, in arrays of ``lengths`` that are written one after another; -1 is after all of them."""
    sources = operation.source(*shapes, **dict(attributes))
    sizes = [prod(shape) for shape in shapes]
    if list(lengths) == sizes:
        end = sum(lengths)
        return [end if source < 0 else source for source in sources]
    places = [start + i for start, size in zip(_starts(lengths), sizes, strict=True) for i in range(size)]
    return [*map([*places, sum(lengths)].__getitem__, sources)]


@lru_cache(maxsize=4096)
def has_filling(operation: Move, shapes: tuple[Shape, ...], attributes: Any) -> bool:
    """Whether some element of the result comes from no operand."""
    return min(operation.source(*shapes, **dict(attributes)), default=0) < 0


def _starts(lengths: Sequence[int]) -> list[int]:
    return [sum(lengths[:i]) for i in range(len(lengths))]


def move(operation: Move, library: Library) -> Kernel:
    """One gather, by the sources that the definition lists."""
    xp = library.xp

    def kernel(*operands: Buffer, **attributes: Any) -> Buffer:
        shape, dtype, _ = operation.check(*operands, **attributes)
        if prod(shape) == 0:
            return library.load(b"", shape, dtype)
        lengths = tuple(x.array.shape[0] for x in operands)
        shapes = tuple(x.shape for x in operands)
        index = library.index(move_offsets, operation, lengths, shapes, tuple(attributes.items()))
        arrays = [x.array for x in operands]
        if has_filling(operation, shapes, tuple(attributes.items())):
            kept = library.dtype(dtype)
            arrays.append(xp.astype(library.from_host([float(attributes.get("value", 0))], "float64"), kept))
        return Buffer(library.pick(arrays[0] if len(arrays) == 1 else xp.concat(arrays), index), shape, dtype)

    return kernel


def within(library: Library, kernel: Callable[..., Buffer]) -> Kernel:
    """``kernel`` in the library's scope."""
    scope = library.scope

    def scoped(*operands: Buffer, **attributes: Any) -> Buffer:
        with scope():
            return kernel(*operands, **attributes)

    return scoped
