"""``t[...]``: ints, slices with steps, ``...``, ``None`` and integer arrays, as compositions of moves (N4.1)."""

from typing import Any

from rcmlrs_core.errors import IndexRangeError
from rcmlrs_core.plain import INT32
from rcmlrs_core.tensor import RamTensor

WHAT = "an index is an int, a slice, '...', None, a list of ints or an int32 tensor"


def get(x: RamTensor, index: Any) -> RamTensor:
    """NumPy's basic indexing, and along one axis a list of ints, an integer array or an int32 tensor of positions.

    The axes of the positions stand where the axis stood, whatever the other indices are. In a tensor positions are not
    below zero (``take``); in a list or an array these count from the end.
    """
    if index.__class__ is int and x.shape:
        length = x.shape[0]
        first = _position(index, length, 0)
        row = x if length == 1 else x.slice(start=(first,), stop=(first + 1,))
        return row.reshape(x.shape[1:])
    items = list(index) if isinstance(index, tuple) else [index]
    named = sum(item is not None and item is not Ellipsis for item in items)
    if named > x.ndim:
        raise IndexRangeError(f"[]: {named} indices for a tensor of shape {x.shape}, which has {x.ndim} axes")
    ellipses = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(ellipses) > 1:
        raise IndexRangeError("[]: an index has at most one '...'")
    at = ellipses[0] if ellipses else len(items)
    items[at : at + 1] = [slice(None)] * (x.ndim - named)

    start: list[int] = []
    stop: list[int] = []
    step: list[int] = []
    shape: list[int] = []
    flips: list[int] = []
    taken: tuple[int, RamTensor] | None = None
    for item in items:
        if item is None:
            shape.append(1)
            continue
        axis = len(start)
        length = x.shape[axis]
        first, last, stride = 0, length, 1
        if isinstance(item, slice):
            first, last, stride = _bounds(item, length)
            count = len(range(first, last, stride))
            if stride < 0:
                # Backwards is forwards over the same elements, flipped.
                first, stride = first + (count - 1) * stride, -stride
                flips.append(axis)
            first, last = (first, first + (count - 1) * stride + 1) if count else (0, 0)
            shape.append(count)
        elif isinstance(item, list | tuple) or getattr(item, "shape", ()) != ():
            if taken is not None:
                raise IndexRangeError("[]: one axis at a time can be indexed by a list or a tensor; index twice")
            taken = len(shape), _positions(x, item, length, axis)
            shape.append(length)
        else:
            first = _position(item, length, axis)
            last = first + 1
        start.append(first)
        stop.append(last)
        step.append(stride)
    result = x
    if any(start) or tuple(stop) != x.shape or step.count(1) != len(step):
        result = result.slice(start=tuple(start), stop=tuple(stop), step=tuple(step))
    if flips:
        result = result.flip(axis=tuple(flips))
    if result is x or result.shape != tuple(shape):
        result = result.reshape(tuple(shape))  # a tensor of its own, also where it is all of x
    return result if taken is None else result.take(taken[1], axis=taken[0])


def _bounds(item: slice, length: int) -> tuple[int, int, int]:
    try:
        return item.indices(length)
    except (TypeError, ValueError) as error:
        raise IndexRangeError(f"[]: {item} is no slice of ints with a step other than 0: {error}") from None


def _position(item: Any, length: int, axis: int) -> int:
    if isinstance(item, bool) or not hasattr(item, "__index__"):
        raise IndexRangeError(f"[]: {WHAT}; got {type(item).__name__}" + _advice(item))
    try:
        position = int(item.__index__())
    except TypeError:
        raise IndexRangeError(f"[]: {WHAT}; got {item!r}" + _advice(item)) from None
    if not -length <= position < length:
        raise IndexRangeError(f"[]: index {position} is out of range for axis {axis} of length {length}")
    return position % length


def _positions(x: RamTensor, item: Any, length: int, axis: int) -> RamTensor:
    from rcmlrs_core.creation import tensor

    if isinstance(item, RamTensor):
        if item.dtype != INT32:
            raise IndexRangeError(f"[]: {WHAT}; got a tensor of {item.dtype}" + _advice(item))
        return item

    def counted(part: Any) -> Any:
        return [counted(p) for p in part] if isinstance(part, list | tuple) else _position(part, length, axis)

    return tensor(counted(item.tolist() if hasattr(item, "tolist") else item), dtype=INT32, backend=x.backend)


def _advice(item: Any) -> str:
    is_mask = isinstance(item, bool) or str(getattr(item, "dtype", "")).startswith("bool")
    return " (the shape would depend on a mask's elements; where and sum say what is meant)" if is_mask else ""
