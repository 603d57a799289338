"""Indices in operands: the checks of their values, which kernels make, and the error that they raise."""

import sys
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.op import Operand, conversion, spread
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import INT32, PlainArray, Shape, offsets, strides_of


def check_int32(name: str, indices: Operand) -> None:
    """Indices are int32."""
    if indices.dtype != INT32:
        raise DTypeError(f"{name}: indices are int32, got {indices.dtype}; {conversion(INT32, indices.dtype)}")


def check_range(name: str, indices: PlainArray, length: int) -> None:
    """Every index is in [0, length); the first one that is not, is named."""
    values = indices.values
    if values and not (min(values) >= 0 and max(values) < length):
        place = next(i for i, value in enumerate(values) if not 0 <= value < length)
        raise index_error(name, values[place], place, indices.shape, length)


def index_error(
    name: str, index: int, place: int, shape: Shape, length: int, *, from_end: bool = False
) -> IndexRangeError:
    """The error for ``index``, the ``place``-th of the indices in row-major order, beside an axis of ``length``.

    ``from_end`` says that indices below zero count from the end.
    """
    position = tuple(place // stride % n for stride, n in zip(strides_of(shape), shape, strict=True))
    allowed = f"it must be in [0, {length - 1}]; negative ones do not count from the end" if length else "it is empty"
    if from_end and length:
        allowed = f"it must be in [{-length}, {length - 1}]"
    return IndexRangeError(
        f"{name}: index {index} at position {position} is out of range for an axis of length {length}: {allowed}"
    )


def raveled(name: str, indices: Sequence[PlainArray], shape: Shape) -> tuple[list[int], Shape]:
    """The row-major places in ``shape`` of positions, an operand for each axis, and the shape that these broadcast to.

    Positions below zero count from the end. Where an empty operand broadcasts all others away, none is looked at.
    """
    target = broadcast_shapes(name, *(tensor.shape for tensor in indices))
    for tensor, length in zip(indices, shape, strict=True):
        for place, index in enumerate(tensor.values if prod(target) else ()):
            if not -length <= index < length:
                raise index_error(name, index, place, tensor.shape, length, from_end=True)
    places = [0] * prod(target)
    for tensor, length in zip(indices, shape, strict=True):
        positions = (index % length for index in spread(tensor, target))
        places = [place * length + index for place, index in zip(places, positions, strict=True)]
    return places, target


def tensor_of(values: Iterable[int], shape: Shape, beside: Any) -> Any:
    """An int32 tensor on the backend of the tensor ``beside``: for compositions that know their indices."""
    from rcmlrs_core.creation import from_plain  # which is made of operations

    return from_plain(PlainArray.of(values, shape, INT32), beside._backend)


def count_places(x: Any) -> int:
    """How many places a tensor has, where int32 can number them."""
    n: int = prod(x.shape)
    if n > 1 << 31:
        raise ShapeError(f"a tensor of shape {x.shape} has {n} places, more than int32 can number; take a part of it")
    return n


def numbers_like(x: Any) -> Any:
    """The numbers from 0 on, as an int32 tensor of the shape of ``x``."""
    n = count_places(x)
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return tensor_of(range(n), x.shape, x)
    from rcmlrs_core.creation import from_bytes  # which is made of operations

    return from_bytes(numpy.arange(n, dtype="<i4"), x.shape, x._backend, dtype=INT32)


def places_along(shape: Shape, indices: PlainArray, axis: int) -> list[int]:
    """For every index, the offset in an array of ``shape`` that it points to: its own place, but for ``axis``."""
    strides = list(strides_of(shape))
    step = strides[axis]
    strides[axis] = 0
    return [start + index * step for start, index in zip(offsets(indices.shape, strides), indices.values, strict=True)]


def check_alike(name: str, shape: Shape, indices: Shape, axis: int) -> None:
    """Indices along an axis have as many axes as what they point into, and reach no further on the other axes."""
    if len(indices) != len(shape):
        raise AxisError(
            f"{name}: indices of shape {indices} for a tensor of shape {shape}; both must have the same number of axes "
            "(take accepts indices of any shape)"
        )
    for i, (n, length) in enumerate(zip(indices, shape, strict=True)):
        if i != axis and n > length:
            raise AxisError(
                f"{name}: indices of shape {indices} for a tensor of shape {shape}: on axis {i}, "
                f"{n} is more than {length}; only axis {axis} may differ so"
            )


def int32(values: list[int], *shape: int) -> PlainArray:
    """Indices for a case, of one axis unless a shape is given."""
    return PlainArray.of(values, shape or (len(values),), INT32)
