"""``t[...]`` as NumPy has it, by moves (N4.1); and ``t.at[...]``, copies with some elements replaced.

Ints, slices, '...' and None are one ``subscript``. Positions (int32 tensors, integer arrays, lists of ints) are an
``index``, a mask is an ``index_mask``; what mixes them is a ``subscript`` first, and then an ``index``.
"""

import operator
from collections.abc import Iterator, Sequence
from typing import Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.indices import count_places, numbers_like, tensor_of
from rcmlrs_core.ops.op import Result
from rcmlrs_core.ops.subscript import source, spread_ellipsis
from rcmlrs_core.plain import BOOL, INT32, Shape
from rcmlrs_core.tensor import Number, RamTensor, as_operand, run, run_known

SUBSCRIPT, INDEX, INDEX_MASK = TABLE["subscript"], TABLE["index"], TABLE["index_mask"]

WHAT = "an index is an int, a slice, '...', None, positions (a list of ints, an int32 tensor) or a mask of bools"
WHOLE = slice(None)

_known: dict[Any, Result] = {}
"""What recent subscripts were found to be, by index, shape and element type: the same ones come again and again."""


def get(x: RamTensor, index: Any) -> RamTensor:
    """NumPy's indexing: basic, by positions, by masks and mixed; the axes go where NumPy puts them."""
    if index.__class__ is int and x._shape:
        length = x._shape[0]
        if -length <= index < length:
            items = (index if index >= 0 else index + length,)
            return run_known(SUBSCRIPT, x, Result(x._shape[1:], x._dtype, {"items": items}))
    key = None if index.__class__ is RamTensor else _key(index)
    if key is None:
        return _get_by_tensors(x, index)
    place = (key, x._shape, x._dtype)
    found = _known.get(place)
    if found is None:
        if len(_known) >= 4096:
            _known.clear()
        found = _known[place] = _checked(x, key)
    return run_known(SUBSCRIPT, x, found)


def _checked(x: RamTensor, items: Sequence[Any]) -> Result:
    try:
        return SUBSCRIPT.check(x, items=items)
    except IndexRangeError as error:
        raise IndexRangeError(f"[]{str(error).removeprefix('subscript')}") from None


_NUMBERS = (int, type(None))


def _key(index: Any) -> tuple[Any, ...] | None:
    """An index of ints, slices of ints, '...' and None as ``subscript`` takes it; None for any other.

    Classes are compared, not values: True and 1.0 are equal to 1, and not the same as an index.
    """
    parts: list[Any] = []
    for item in index if index.__class__ is tuple else (index,):
        kind = item.__class__
        if kind is slice:
            start, stop, step = item.start, item.stop, item.step
            if start.__class__ not in _NUMBERS or stop.__class__ not in _NUMBERS or step.__class__ not in _NUMBERS:
                return None
            parts.append((start, stop, step))
        elif kind is int or item is None or item is Ellipsis:
            parts.append(item)
        else:
            return None
    return tuple(parts)


# ------------------------------------------------------------------------------------------- positions and masks


def _get_by_tensors(x: RamTensor, index: Any) -> RamTensor:
    """A mask of all axes, or positions on neighbouring ones after whole slices, at once; else ``_get_mixed``."""
    if index.__class__ is RamTensor and index._dtype == BOOL and index._shape == x._shape and index._shape:
        return run(INDEX_MASK, (x, index), {"axis": 0})
    items = index if index.__class__ is tuple else (index,)
    axis = 0
    for item in items:
        if item.__class__ is not slice or (item.start, item.stop, item.step) != (None, None, None):
            break
        axis += 1
    tensors = items[axis:]
    for item in tensors:
        if item.__class__ is not RamTensor or item._dtype != INT32 or not item._shape:
            return _get_mixed(x, items)
    if not tensors or len(items) > len(x._shape):
        return _get_mixed(x, items)
    return _index(x, tensors, axis)


def _index(x: RamTensor, tensors: Sequence[RamTensor], axis: int) -> RamTensor:
    try:
        return run(INDEX, (x, *tensors), {"axis": axis})
    except ShapeError as error:
        raise IndexRangeError(f"[]: positions do not fit each other: {error}") from None


def _get_mixed(x: RamTensor, index: Sequence[Any]) -> RamTensor:
    """A ``subscript`` in which the axes of positions are whole, and then an ``index`` of these.

    NumPy takes positions, masks and, beside such, ints together. Where they are neighbours, their axes stand in the
    place of the first of them, else in front. A single bool is a mask of no axes: positions on a new axis.
    """
    read = [_read(item, x) for item in index]
    axes_of = [_axes_of(item) for item in read]
    whole = [part for item, n in zip(read, axes_of, strict=True) for part in ([item] if n is None else [WHOLE] * n)]
    missing = len(spread_ellipsis("[]", x.shape, whole)) - sum(part is not Ellipsis for part in whole)

    items: list[Any] = []  # of the subscript
    tensors: list[tuple[int, RamTensor]] = []  # positions and masks, and the axes that the subscript gives them
    together: list[bool] = []
    where = axis = at = 0  # of what is taken together; in x; in what the subscript gives
    for item, n in zip(read, axes_of, strict=True):
        taken = isinstance(item, int | RamTensor)
        if taken and True not in together:
            where = at
        together.append(taken)
        if isinstance(item, RamTensor):
            if item.dtype == BOOL:
                _check_mask(item, x.shape, axis)
            tensors.append((at, item))
        elif isinstance(item, bool):
            tensors.append((at, tensor_of([0] * item, (int(item),), x)))
            n = 0
        if isinstance(item, RamTensor | bool):
            items += [WHOLE] * (n or 0) or [None]
            at += n or 1
        else:
            n = missing if item is Ellipsis else int(item is not None)
            items.append(item)
            at += n if not isinstance(item, int) else 0
            at += item is None
        axis += n or 0
    result = x if all(item is Ellipsis or item == WHOLE for item in items) and tensors else get(x, tuple(items))
    if not tensors:
        return result
    first, last = together.index(True), len(together) - together[::-1].index(True)
    neighbours = all(together[first:last])
    if neighbours and len(tensors) == 1 and tensors[0][1].dtype == BOOL:
        return run(INDEX_MASK, (result, tensors[0][1]), {"axis": where})
    axes: list[int] = []
    positions: list[RamTensor] = []
    for at, item in tensors:
        several = item.nonzero() if item.dtype == BOOL else (item,)
        axes += range(at, at + len(several))
        positions += several
    if not neighbours:
        result = result.transpose((*axes, *(a for a in range(result.ndim) if a not in axes)))
        where = 0
    return _index(result, positions, where)


def _axes_of(item: Any) -> int | None:
    """How many axes positions (one) or a mask (its own; a single bool none) take; None for anything else."""
    if isinstance(item, RamTensor):
        return item.ndim if item.dtype == BOOL else 1
    return 0 if isinstance(item, bool) else None


def _check_mask(mask: RamTensor, shape: Shape, axis: int) -> None:
    if mask.shape != shape[axis : axis + mask.ndim]:
        raise IndexRangeError(
            f"[]: a mask of shape {mask.shape} from axis {axis} of shape {shape} on; it must have the lengths of these "
            "axes"
        )


def _read(item: Any, x: RamTensor) -> Any:
    """An item as an int, a bool, a slice of ints, '...', None, or a tensor of positions or bools with an axis."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return item
    if isinstance(item, slice):
        return _slice(item)
    if isinstance(item, list | tuple):
        return _listed(item, x)
    if getattr(item, "shape", ()) == ():
        return _single(item)
    dtype = str(getattr(item, "dtype", "")).rpartition(".")[2]
    if not dtype.startswith(("int", "uint", "bool")):
        raise IndexRangeError(f"[]: {WHAT}; got {dtype or type(item).__name__} of shape {tuple(item.shape)}")
    return item if isinstance(item, RamTensor) else _tensor(item, BOOL if dtype.startswith("bool") else INT32, x)


def _slice(item: slice) -> slice:
    try:
        ends = (None if end is None else int(operator.index(end)) for end in (item.start, item.stop, item.step))
        return slice(*ends)
    except TypeError as error:
        raise IndexRangeError(f"[]: {item} is no slice of ints with a step other than 0: {error}") from None


def _single(item: Any) -> int | bool:
    if isinstance(item, bool) or str(getattr(item, "dtype", "")).startswith("bool"):
        return bool(item)
    try:
        return int(operator.index(item))
    except TypeError:
        got = f"a tensor of {item.dtype}" if isinstance(item, RamTensor) else type(item).__name__
        raise IndexRangeError(f"[]: {WHAT}; got {got}") from None


def _listed(item: Sequence[Any], x: RamTensor) -> RamTensor:
    kinds = {isinstance(part, bool) for part in map(_single, _parts(item))}
    if len(kinds) > 1:
        raise IndexRangeError(f"[]: {WHAT}; got a list with bools and ints")
    return _tensor(item, BOOL if True in kinds else INT32, x)


def _parts(item: Any) -> Iterator[Any]:
    """The numbers in nested lists."""
    if getattr(item, "shape", ()) != ():
        item = item.tolist()
    if not isinstance(item, list | tuple):
        yield item
        return
    for part in item:
        yield from _parts(part)


def _tensor(item: Any, dtype: str, x: RamTensor) -> RamTensor:
    try:
        return tensor(item, x._backend, dtype=dtype)
    except DTypeError as error:  # beyond int32, and so beyond any axis
        raise IndexRangeError(f"[]: out of range for any axis: {error}") from None


# ------------------------------------------------------------------------------------------------ replacing


class At:
    """``x.at``: ``x.at[index].set(value)`` and ``x.at[index].add(value)`` are copies of ``x``, changed at an index."""

    __slots__ = ("_tensor",)

    def __init__(self, x: RamTensor) -> None:
        self._tensor = x

    def __getitem__(self, index: Any) -> "Elements":
        return Elements(self._tensor, index)


class Elements:
    """The elements of a tensor at an index: those that ``x[index]`` gives."""

    __slots__ = ("_places", "_tensor")

    def __init__(self, x: RamTensor, index: Any) -> None:
        self._tensor = x
        count_places(x)
        key = None if index.__class__ is RamTensor else _key(index)
        if key is None:
            self._places = get(numbers_like(x), index)
        else:  # then no more places are counted than there are to be replaced
            found = _checked(x, key)
            self._places = tensor_of(source(x._shape, **found.attributes), found.shape, x)

    def set(self, value: RamTensor | Number) -> RamTensor:
        """A copy of the tensor in which these are ``value``, which broadcasts to them.

        Of several values for one element, the last in row-major order stays. Gradients flow to ``value`` and to the
        elements that stay (``scatter``).
        """
        x, values = self._tensor, self._spread(value)
        return x.flatten().scatter(self._places.flatten(), values, axis=0).reshape(x.shape)

    def add(self, value: RamTensor | Number) -> RamTensor:
        """A copy of the tensor with ``value``, which broadcasts to these, added to them.

        Each element is ``RN`` of the exact sum of all that is added to it (``scatter_add``).
        """
        x, values = self._tensor, self._spread(value)
        return x.flatten().scatter_add(self._places.flatten(), values, axis=0).reshape(x.shape)

    def _spread(self, value: Any) -> RamTensor:
        """The value, one for each place."""
        given = value if isinstance(value, RamTensor) else as_operand(value, self._tensor)
        return given.broadcast_to(self._places.shape).flatten()
