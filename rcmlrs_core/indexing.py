"""``t[...]``: ints, slices with steps, ``...``, ``None`` and int32 tensors, as compositions of moves (N4.1)."""

from typing import Any

from rcmlrs_core.errors import IndexRangeError
from rcmlrs_core.plain import INT32
from rcmlrs_core.tensor import RamTensor


def get(x: RamTensor, index: Any) -> RamTensor:
    """NumPy's basic indexing, and one int32 tensor (or list of ints) of positions along its axis."""
    items = list(index) if isinstance(index, tuple) else [index]
    named = sum(item is not None and item is not Ellipsis for item in items)
    if named > x.ndim:
        raise IndexRangeError(f"[]: {named} indices for a tensor of shape {x.shape}, which has {x.ndim} axes")
    if sum(item is Ellipsis for item in items) > 1:
        raise IndexRangeError("[]: an index has at most one '...'")
    if Ellipsis not in [item if item is Ellipsis else None for item in items]:
        items.append(Ellipsis)
    at = next(i for i, item in enumerate(items) if item is Ellipsis)
    items[at : at + 1] = [slice(None)] * (x.ndim - named)

    start, stop, step = [], [], []
    shape: list[int] = []
    flips: list[int] = []
    gathers: list[tuple[int, RamTensor]] = []
    axis = 0
    for item in items:
        if item is None:
            shape.append(1)
            continue
        length = x.shape[axis]
        if isinstance(item, slice):
            first, last, stride = item.indices(length)
            count = len(range(first, last, stride))
            if stride < 0:
                # Backwards is forwards over the same elements, flipped.
                first, stride = first + (count - 1) * stride, -stride
                flips.append(axis)
            if count == 0:
                first, last = 0, 0
            else:
                last = first + (count - 1) * stride + 1
            shape.append(count)
        elif isinstance(item, list | tuple) or (isinstance(item, RamTensor) and item.ndim):
            positions = _positions(x, item)
            gathers.append((len(shape), positions))
            first, last, stride = 0, length, 1
            shape.append(length)
        else:
            position = _position(item, length, axis)
            first, last, stride = position, position + 1, 1
        start.append(first)
        stop.append(last)
        step.append(stride)
        axis += 1
    if len(gathers) > 1:
        raise IndexRangeError("[]: one axis at a time can be indexed by a list or a tensor; index twice")
    result = x
    if any(start) or any(s != 1 for s in step) or tuple(stop) != x.shape:
        result = result.slice(start=tuple(start), stop=tuple(stop), step=tuple(step))
    if flips:
        result = result.flip(axis=tuple(flips))
    if result.shape != tuple(shape):
        result = result.reshape(tuple(shape))
    for place, positions in gathers:
        result = result.take(positions, axis=place)
    return result


def _position(item: Any, length: int, axis: int) -> int:
    try:
        position = item.__index__()
    except (AttributeError, TypeError):
        raise IndexRangeError(
            f"[]: an index is an int, a slice, '...', None or an int32 tensor, got {type(item).__name__}"
        ) from None
    if not -length <= position < length:
        raise IndexRangeError(f"[]: index {position} is out of range for axis {axis} of length {length}")
    return int(position % length)


def _positions(x: RamTensor, item: Any) -> RamTensor:
    from rcmlrs_core.creation import tensor

    if isinstance(item, RamTensor):
        if item.dtype != INT32:
            raise IndexRangeError(f"[]: a tensor of indices has the element type int32, got {item.dtype}")
        return item
    return tensor(list(item), dtype=INT32, backend=x.backend)
