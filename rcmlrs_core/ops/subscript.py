"""subscript(x, items): a part of a tensor by ints, slices, None and '...': what ``x[1, ::-2, None]`` does.

1. ``items`` has an int, or a slice, for each axis from the first one on; ``...`` stands for as many whole axes as are
   missing (at the end, if it is not there). A slice may also be written as ``(start, stop, step)``. An int takes its
   axis away, None makes a new one of length 1. All as in NumPy: numbers below zero count from the end, a slice is cut
   off at the ends, its step may be negative. No bit changes (N4.1).
2. An int outside of its axis is refused, and so are more items than axes, a step of 0, and a result of more than 64
   axes.
3. The gradient puts every element back to its place among zeros (``pad``).
"""

import operator
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import IndexRangeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import MOST_AXES
from rcmlrs_core.plain import Shape, offsets, strides_of

Span = tuple[int, int | None, int]
Items = tuple[int | Span | None, ...]

WHOLE = slice(None)


def rule(x: Operand, items: Sequence[object]) -> Result:
    """Clauses 1 and 2. In normal form there is an int or a span for each axis, but for whole ones at the end."""
    if not isinstance(items, Sequence):
        raise IndexRangeError(f"subscript: items are a sequence of ints, slices, '...' and None, got {items!r}")
    normal: list[int | Span | None] = []
    shape: list[int] = []
    axis = 0
    for item in spread_ellipsis("subscript", x.shape, items):
        if item is None:
            normal.append(None)
            shape.append(1)
            continue
        length = x.shape[axis]
        if isinstance(item, slice | tuple):
            first, last, step = bounds("subscript", item, length)
            count = len(range(first, last, step))
            shape.append(count)
            # As slice.indices gives it, -1 is the place before the first; as a slice, it would be the last.
            normal.append((first, None if last < 0 else last, step) if count else (0, 0, 1))
        else:
            normal.append(position("subscript", item, length, axis))
        axis += 1
    if len(shape) > MOST_AXES:
        raise IndexRangeError(f"subscript: a result of {len(shape)} axes; a tensor has at most {MOST_AXES}")
    while normal and axis and normal[-1] == (0, x.shape[axis - 1], 1):
        normal.pop()
        axis -= 1
    return Result(tuple(shape), x.dtype, {"items": tuple(normal)})


def spread_ellipsis(name: str, shape: Shape, items: Sequence[Any]) -> list[Any]:
    """``items`` with the whole slices that '...' and what is left out stand for."""
    named = sum(item is not None and item is not Ellipsis for item in items)
    if named > len(shape):
        raise IndexRangeError(f"{name}: {named} indices for a tensor of shape {shape}, which has {len(shape)} axes")
    ellipses = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(ellipses) > 1:
        raise IndexRangeError(f"{name}: an index has at most one '...'")
    at = ellipses[0] if ellipses else len(items)
    return [*items[:at], *[WHOLE] * (len(shape) - named), *items[at + 1 :]]


def bounds(name: str, item: Any, length: int) -> tuple[int, int, int]:
    """A slice as start, stop and step for an axis of this length."""
    try:
        return (item if isinstance(item, slice) else slice(*item)).indices(length)
    except (TypeError, ValueError) as error:
        raise IndexRangeError(f"{name}: {item} is no slice of ints with a step other than 0: {error}") from None


def position(name: str, item: Any, length: int, axis: int) -> int:
    """An int as a place on an axis of this length."""
    try:
        if isinstance(item, bool):
            raise TypeError
        place = operator.index(item)
    except TypeError:
        raise IndexRangeError(f"{name}: items are ints, slices, '...' and None, got {item!r}") from None
    if not -length <= place < length:
        raise IndexRangeError(f"{name}: index {place} is out of range for axis {axis} of length {length}")
    return place + length if place < 0 else place


def source(given: Shape, *, items: Items) -> Sequence[int]:
    """Walk with other strides, from the first element."""
    start, lengths, steps = 0, [], []
    axes = iter(zip(given, strides_of(given), strict=True))
    for item in (*items, *rest(given, items)):
        if item is None:
            lengths.append(1)
            steps.append(0)
            continue
        n, stride = next(axes)
        if isinstance(item, int):
            start += item * stride
            continue
        first, last, step = slice(*item).indices(n)
        start += first * stride
        lengths.append(len(range(first, last, step)))
        steps.append(step * stride)
    return offsets(tuple(lengths), steps, start)


def rest(given: Shape, items: Items) -> list[Span]:
    """The axes at the end that the normal form leaves out."""
    return [(0, n, 1) for n in given[sum(item is not None for item in items) :]]


def gradient(g: Any, y: Any, x: Any, *, items: Items) -> tuple[Any]:
    """Axes back in place, turned around where the step is negative, and zeros before, between and after."""
    lengths, flips, widths, gaps = [], [], [], []
    axes = [item for item in (*items, *rest(x.shape, items)) if item is not None]
    for axis, (n, item) in enumerate(zip(x.shape, axes, strict=True)):
        if isinstance(item, int):
            first, count, step = item, 1, 1
        else:
            first, last, step = slice(*item).indices(n)
            count = len(range(first, last, step))
            if step < 0:
                flips.append(axis)
                first, step = first + (count - 1) * step, -step
        lengths.append(count)
        gaps.append(step - 1 if count else 0)
        widths.append((first, n - first - (count - 1) * step - 1) if count else (0, n))
    found = g.reshape(tuple(lengths))
    if flips:
        found = found.flip(axis=tuple(flips))
    if any(gaps) or any(map(any, widths)):
        found = found.pad(tuple(widths), interior=tuple(gaps))
    return (found,)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, -0.0, 3.0], items=(1,), want=-0.0),
        case([1.0, -0.0, 3.0], items=(slice(None, None, -1),), want=[3.0, -0.0, 1.0]),
        case([[1.0, 2.0], [3.0, 4.0]], items=(None, ..., -1), want=[[2.0, 4.0]]),
        case([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], items=(1, (None, None, 2)), want=[4.0, 6.0]),
        case([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], items=((5, 0, -1), (2, 0, -2), None), want=[[[6.0]]]),
        case([1.0, 2.0], items=((2, 1, 1),), want=[]),
        case([1.0], items=((-2, None, -1),), want=[], note="begins before the first element, and goes on from there"),
        case([float("nan"), 1.0], items=(), want=[float("nan"), 1.0]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 2 is out of range for axis 0 of length 2", [1.0, 2.0], items=(2,)),
        refusal(IndexRangeError, "2 indices for a tensor of shape (1,)", [1.0], items=(0, 0)),
        refusal(IndexRangeError, "at most one '...'", [1.0], items=(..., ...)),
        refusal(IndexRangeError, "a tensor has at most 64", [1.0], items=(None,) * 64),
        refusal(IndexRangeError, "step other than 0", [1.0], items=(slice(None, None, 0),)),
        refusal(IndexRangeError, "ints, slices", [1.0], items=(0.5,)),
        refusal(IndexRangeError, "ints, slices", [1.0], items=(True,)),
    ),
    calls=(
        call((), items=()),
        call((), items=(None,)),
        call((5,), items=(3,)),
        call((2, 3), items=((None, None, 1), 1)),
        call((17, 33), items=((16, None, -3), (1, 30, 2))),
        call((3, 0, 2), items=(-1, ..., 1)),
        call((2, 3, 4), items=(None, 1, ..., None, (None, None, -1))),
        call((2, 3, 4), items=((2, 5, 1),)),
    ),
)
