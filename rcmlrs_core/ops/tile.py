"""tile(x, repetitions): the whole tensor so many times along each axis.

1. ``tile([1, 2], (2,)) = [1, 2, 1, 2]``. ``repetitions`` is an int or a sequence of ints; where it and the shape differ
   in length, the shorter one has ones in front (Array API standard). No bit changes (N4.1).
2. The gradient of an element is the exact sum over its copies, rounded once.
"""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import Shape, offsets, strides_of


def rule(x: Operand, repetitions: int | Sequence[int]) -> Result:
    """In normal form at least one for each axis."""
    listed = tuple(repetitions) if isinstance(repetitions, Sequence) else (repetitions,)
    try:
        counts = tuple(map(operator.index, listed))
    except TypeError:
        raise AttributeValueError(f"tile: repetitions are an int or a sequence of ints, got {repetitions!r}") from None
    if any(count < 0 for count in counts):
        raise AttributeValueError(f"tile: repetitions must not be negative, got {repetitions!r}")
    counts = (1,) * (len(x.shape) - len(counts)) + counts
    shape = (1,) * (len(counts) - len(x.shape)) + x.shape
    target = normalize_shape("tile", [n * count for n, count in zip(shape, counts, strict=True)])
    return Result(target, x.dtype, {"repetitions": counts})


def source(given: Shape, *, repetitions: Shape) -> Sequence[int]:
    """Two axes for each: one of the copies, which moves nothing, and its own."""
    shape, copies = _with_copies(given, repetitions)
    steps = [step for stride in strides_of(shape) for step in (0, stride)]
    return offsets(copies, steps)


def _with_copies(given: Shape, repetitions: Shape) -> tuple[Shape, Shape]:
    """The shape with ones in front, and with an axis for copies before each axis."""
    shape = (1,) * (len(repetitions) - len(given)) + given
    return shape, tuple(n for pair in zip(repetitions, shape, strict=True) for n in pair)


def gradient(g: Any, y: Any, x: Any, *, repetitions: Shape) -> tuple[Any]:
    """The sum over the axes of the copies."""
    _, copies = _with_copies(x.shape, repetitions)
    if prod(x.shape) == prod(g.shape):
        return (g.reshape(x.shape),)
    return (g.reshape(copies).sum(axis=tuple(range(0, len(copies), 2))).reshape(x.shape),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, -0.0], repetitions=2, want=[1.0, -0.0, 1.0, -0.0]),
        case([[1.0], [2.0]], repetitions=(1, 2), want=[[1.0, 1.0], [2.0, 2.0]]),
        case([1.0, 2.0], repetitions=(2, 2), want=[[1.0, 2.0, 1.0, 2.0]] * 2),
        case([[1.0, 2.0]], repetitions=3, want=[[1.0, 2.0] * 3]),
        case(5.0, repetitions=(), want=5.0),
        case([1.0, 2.0], repetitions=0, want=[]),
    ),
    refusals=(
        refusal(AttributeValueError, "must not be negative", [1.0], repetitions=-1),
        refusal(AttributeValueError, "an int", [1.0], repetitions=0.5),
        refusal(ShapeError, "elements", [1.0, 2.0], repetitions=2**60),
    ),
    calls=(
        call((7,), repetitions=3),
        call((2, 3), repetitions=(2, 1, 2)),
        call((2, 3, 2), repetitions=(2, 3)),
        call((), repetitions=(2, 3)),
        call((0, 3), repetitions=2),
        call((2, 3), repetitions=(1, 1)),
    ),
)
