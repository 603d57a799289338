"""repeat(x, repeats, axis=None): every element so many times, one after another.

1. Along ``axis``, or with None as one row, in row-major order: ``repeat([1, 2], 2) = [1, 1, 2, 2]``. ``repeats`` is an
   int for all, or one for each place of the axis (Array API standard; a sequence of ints, where that takes an array).
   No bit changes (N4.1).
2. The gradient of an element is the exact sum over its copies, rounded once.
"""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import tensor_of
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis, normalize_shape
from rcmlrs_core.plain import Shape


def rule(x: Operand, repeats: int | Sequence[int], axis: int | None = None) -> Result:
    """In normal form an int, or as many as the axis is long; 0 is the axis of a vector."""
    shape = x.shape if axis is not None else (prod(x.shape),)
    along = None if axis is None else normalize_axis("repeat", axis, len(shape))
    length = shape[along or 0]
    listed = hasattr(repeats, "tolist") and getattr(repeats, "shape", ()) != ()
    try:
        given: Any = repeats.tolist() if listed else repeats  # type: ignore[union-attr]
        counts = tuple(map(operator.index, given)) if isinstance(given, Sequence) else (operator.index(given),)
    except TypeError:
        raise AttributeValueError(f"repeat: repeats is an int, or a sequence of ints, got {repeats!r}") from None
    if any(count < 0 for count in counts):
        raise AttributeValueError(f"repeat: repeats must not be negative, got {repeats!r}")
    if len(counts) not in (1, length):
        raise ShapeError(f"repeat: {len(counts)} repeats for an axis of length {length}; give one, or one for each")
    same = len(set(counts)) == 1
    total = counts[0] * length if same else sum(counts)
    target = normalize_shape("repeat", (*shape[: along or 0], total, *shape[(along or 0) + 1 :]))
    return Result(target, x.dtype, {"repeats": counts[0] if same else counts, "axis": along})


def source(given: Shape, *, repeats: Any, axis: int | None) -> Sequence[int]:
    """Block by block."""
    shape, along = (given, axis) if axis is not None else ((prod(given),), 0)
    length, inner = shape[along], prod(shape[along + 1 :])
    counts = repeats if isinstance(repeats, tuple) else (repeats,) * length
    found: list[int] = []
    for outer in range(prod(shape[:along])):
        for place, count in enumerate(counts):
            start = (outer * length + place) * inner
            found += [*range(start, start + inner)] * count
    return found


def gradient(g: Any, y: Any, x: Any, *, repeats: Any, axis: int | None) -> tuple[Any]:
    """The copies of an element lie on an axis of their own; of different numbers, they are added by their index."""
    shape, along = (x.shape, axis) if axis is not None else ((prod(x.shape),), 0)
    if not isinstance(repeats, tuple):
        copies = (*shape[: along + 1], repeats, *shape[along + 1 :])
        return (g.reshape(copies).sum(axis=along + 1).reshape(x.shape),)
    places = [place for place, count in enumerate(repeats) for _ in range(count)]
    zeros = x.zeros_like().reshape(shape)
    return (zeros.index_add(g, tensor_of(places, (len(places),), g), axis=along).reshape(x.shape),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    aliases=("repeat_interleave",),
    cases=(
        case([1.0, -0.0], repeats=2, want=[1.0, 1.0, -0.0, -0.0]),
        case([[1.0, 2.0], [3.0, 4.0]], repeats=2, axis=1, want=[[1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], repeats=(1, 2), axis=-2, want=[[1.0, 2.0], [3.0, 4.0], [3.0, 4.0]]),
        case([[1.0], [2.0]], repeats=[0, 3], want=[2.0, 2.0, 2.0]),
        case(5.0, repeats=3, want=[5.0, 5.0, 5.0]),
        case([1.0, 2.0], repeats=0, want=[]),
    ),
    refusals=(
        refusal(AxisError, "out of range", [1.0], repeats=1, axis=1),
        refusal(ShapeError, "give one, or one for each", [1.0, 2.0, 3.0], repeats=(1, 2)),
        refusal(ShapeError, "elements", [1.0, 2.0], repeats=2**60),
        refusal(AttributeValueError, "must not be negative", [1.0], repeats=-1),
        refusal(AttributeValueError, "an int", [1.0], repeats=0.5),
    ),
    calls=(
        call((7,), repeats=3),
        call((2, 3), repeats=2),
        call((2, 3, 2), repeats=3, axis=1),
        call((2, 3), repeats=(2, 0, 5), axis=-1),
        call((0, 3), repeats=2, axis=0),
        call((33,), repeats=(1,) * 32 + (4,)),
    ),
)
