"""conv: the windows as matrices, one for each group, and the products of ``contraction`` (contract N3.1)."""

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from rcmlrs_backend_array_api import moves
from rcmlrs_backend_array_api.contraction import products
from rcmlrs_backend_array_api.library import Array, Buffer, Library
from rcmlrs_core.derive import Kernel
from rcmlrs_core.ops.spatial import places_of_windows
from rcmlrs_core.plain import FLOAT32, Shape, offsets, strides_of


def kernels(library: Library) -> dict[str, Kernel]:
    """``conv``, if the library's products are good enough; and ``windows``, where there are many."""
    xp = library.xp
    transpose = moves.kernels(library)["transpose"]

    def conv(
        x: Buffer, weight: Buffer, bias: Buffer | None = None, *, stride: Shape, dilation: Shape, groups: int
    ) -> Buffer:
        batch, outputs, inputs = x.shape[0], weight.shape[0], weight.shape[1]
        kernel, each = weight.shape[2:], outputs // groups
        places = places_of_windows("conv", x.shape[2:], kernel, stride, dilation)
        shape = (batch, outputs, *places)
        if prod(shape) == 0:
            return library.load(b"", shape, FLOAT32)
        terms = inputs * prod(kernel)
        rows = (groups, batch * prod(places), terms)
        if prod(rows) == 0:
            columns = library.load(b"", rows, FLOAT32)
        elif max(prod(rows), prod(x.shape)) <= library.small:
            index = library.index(window_offsets, x.shape, groups, kernel, places, stride, dilation)
            columns = Buffer(library.pick(x.array, index), rows, FLOAT32)
        else:
            seen = windows_of(xp, library.as_shape(x), kernel, places, stride, dilation)
            cut = xp.reshape(seen, (batch, groups, inputs, prod(places), prod(kernel)))
            columns = library.flat(xp.reshape(xp.permute_dims(cut, (1, 0, 3, 2, 4)), rows), FLOAT32)
        weights = weight._replace(shape=(groups, each, terms))
        sums = products(library, columns, weights, bias, (groups,), True, (*rows[:2], each))
        turned: Buffer = transpose(sums._replace(shape=(groups, batch, prod(places), each)), axes=(1, 0, 3, 2))
        return turned._replace(shape=shape)

    def windows(x: Array, *, kernel: Shape, stride: Shape) -> Array:
        first, one = len(x.shape) - len(kernel), (1,) * len(kernel)
        places = places_of_windows("windows", x.shape[first:], kernel, stride, one)
        return windows_of(xp, x, kernel, places, stride, one)

    found: dict[str, Any] = {"windows": moves.for_large(library, "windows", windows)}
    return found | {"conv": conv} if library.multiplies else found


def window_offsets(
    given: Shape, groups: int, kernel: Shape, places: Shape, stride: Shape, dilation: Shape
) -> Sequence[int]:
    """For each group, sample and place, the offsets of the elements that its window sees."""
    strides, inputs = strides_of(given), given[1] // groups
    moved = [a * b for a, b in zip(strides[2:], stride, strict=True)]
    steps = [a * b for a, b in zip(strides[2:], dilation, strict=True)]
    return offsets(
        (groups, given[0], *places, inputs, *kernel),
        [inputs * strides[1], strides[0], *moved, strides[1], *steps],
    )


def windows_of(xp: Any, x: Array, kernel: Shape, places: Shape, stride: Shape, dilation: Shape) -> Array:
    """The windows over the last axes, of shape (..., *places, *kernel): as many slices as there are places, or elements
    of a window, whichever are fewer; with strides either way."""
    first = len(x.shape) - len(kernel)
    kept, before = (slice(None),) * first, tuple(x.shape[:first])
    along, across = (places, stride), (kernel, dilation)
    few, many = (across, along) if prod(kernel) <= prod(places) else (along, across)
    parts = []
    for place in product(*map(range, few[0])):
        begins = [i * step for i, step in zip(place, few[1], strict=True)]
        parts.append(
            x[kept + tuple(slice(b, b + (n - 1) * step + 1, step) for b, n, step in zip(begins, *many, strict=True))]
        )
    return xp.reshape(xp.stack(parts, axis=-1 if few is across else first), (*before, *places, *kernel))
