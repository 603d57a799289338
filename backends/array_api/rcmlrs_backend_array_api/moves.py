"""Kernels of moves that every library has itself. Derived ones take elements by a list of places, which is as good for
small arrays, and costs a library that compiles fewer compilations."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from rcmlrs_backend_array_api import kernels as derived
from rcmlrs_backend_array_api.library import Array, Buffer, Library
from rcmlrs_core.derive import Kernel
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Move
from rcmlrs_core.plain import FLOAT32, Shape


def kernels(library: Library) -> dict[str, Kernel]:
    """By the names of the operations."""
    xp = library.xp

    def reshape(x: Buffer, *, shape: Shape) -> Buffer:
        return Buffer(x.array, shape, x.dtype)

    def transpose(x: Array, *, axes: Sequence[int]) -> Array:
        return xp.permute_dims(x, tuple(axes))

    def broadcast_to(x: Array, *, shape: Shape) -> Array:
        return xp.broadcast_to(x, shape)

    def slice_(x: Array, *, start: Shape, stop: Shape, step: Shape) -> Array:
        return x[tuple(map(slice, start, stop, step))]

    def flip(x: Array, *, axis: Sequence[int]) -> Array:
        return xp.flip(x, axis=tuple(axis))

    def concat(*xs: Array, axis: int) -> Array:
        return xp.concat(list(xs), axis=axis)

    def astype(x: Buffer, *, dtype: str) -> Buffer:
        if dtype == x.dtype:
            return x
        if dtype == FLOAT32:
            return Buffer(library.narrow(xp.astype(x.array, xp.float64)), x.shape, dtype)
        return Buffer(xp.astype(x.array, getattr(xp, dtype)), x.shape, dtype)

    whole: dict[str, Kernel] = {"reshape": reshape, "astype": astype}
    named: dict[str, Callable[..., Array]] = {
        "transpose": transpose,
        "broadcast_to": broadcast_to,
        "slice": slice_,
        "flip": flip,
        "concat": concat,
    }
    return whole | {name: for_large(library, name, move) for name, move in named.items() if name in KERNELS}


def for_large(library: Library, name: str, function: Callable[..., Array]) -> Kernel:
    """``function`` on arrays of their shapes where those are large to the library; the derived kernel for others."""
    operation = KERNELS[name]
    assert isinstance(operation, Move)
    small = derived.move(operation, library)

    def kernel(*operands: Buffer, **attributes: Any) -> Any:
        most = max(prod(x.shape) for x in operands)
        if min(prod(x.shape) for x in operands) == 0 or not most > library.small:
            return small(*operands, **attributes)
        return library.flat(function(*map(library.as_shape, operands), **attributes), operands[0].dtype)

    return kernel
