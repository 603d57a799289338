"""roll(x, shift, axis=None): the elements moved along an axis; those that leave it at one end come in at the other.

1. ``roll(x, s)[i] = x[(i - s) mod n]``. ``shift`` and ``axis`` are ints, or sequences of as many; an int shifts several
   axes alike, and shifts of one axis that is named twice add up. With None the elements are rolled as one row, in
   row-major order, and keep the shape (Array API standard). No bit changes (N4.1).
2. The gradient is rolled back.
"""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import Shape, strides_of


def rule(x: Operand, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Result:
    """In normal form a shift in [0, length) for each axis, or one for all elements."""
    several = tuple(shift) if isinstance(shift, Sequence) else (shift,)
    try:
        shifts = [operator.index(s) for s in several]
    except TypeError:
        raise AttributeValueError(f"roll: shift is an int, or a sequence of ints, got {shift!r}") from None
    if axis is None:
        if len(shifts) != 1:
            raise AxisError(f"roll: {len(shifts)} shifts of all elements as one row; name the axes that they are for")
        return Result(x.shape, x.dtype, {"shift": shifts[0] % (prod(x.shape) or 1), "axis": None})
    listed = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    axes = [normalize_axis("roll", a, len(x.shape)) for a in listed]
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(shifts) != len(axes):
        raise AxisError(f"roll: {len(shifts)} shifts for {len(axes)} axes; give as many of each, or one shift")
    by_axis = [0] * len(x.shape)
    for a, s in zip(axes, shifts, strict=True):
        by_axis[a] = (by_axis[a] + s) % (x.shape[a] or 1)
    return Result(x.shape, x.dtype, {"shift": tuple(by_axis), "axis": tuple(range(len(x.shape)))})


def source(given: Shape, *, shift: Any, axis: Any) -> Sequence[int]:
    """Axis by axis: where each place has its element from."""
    n = prod(given)
    if axis is None:
        return [*range(n - shift, n), *range(n - shift)]
    places = [0]
    for length, stride, s in zip(given, strides_of(given), shift, strict=True):
        line = [(i - s) % length * stride for i in range(length)]
        places = [place + step for place in places for step in line]
    return places


def gradient(g: Any, y: Any, x: Any, *, shift: Any, axis: Any) -> tuple[Any]:
    """Back."""
    return (g.roll(-shift if axis is None else tuple(-s for s in shift), axis=axis),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, -0.0, 3.0, 4.0], shift=1, want=[4.0, 1.0, -0.0, 3.0]),
        case([1.0, 2.0, 3.0], shift=-4, axis=0, want=[2.0, 3.0, 1.0]),
        case([[1.0, 2.0], [3.0, 4.0]], shift=1, want=[[4.0, 1.0], [2.0, 3.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], shift=(1, 1), axis=(0, -1), want=[[4.0, 3.0], [2.0, 1.0]]),
        case([1.0, 2.0, 3.0], shift=(1, 1), axis=(0, 0), want=[2.0, 3.0, 1.0]),
        case([], shift=3, want=[]),
    ),
    refusals=(
        refusal(AxisError, "out of range", [1.0], shift=1, axis=1),
        refusal(AxisError, "as many of each", [[1.0]], shift=(1, 2), axis=0),
        refusal(AxisError, "name the axes", [[1.0]], shift=(1, 2)),
        refusal(AttributeValueError, "an int", [1.0], shift=0.5),
    ),
    calls=(
        call((7,), shift=3),
        call((2, 3), shift=-2),
        call((2, 3), shift=2, axis=1),
        call((3, 4, 5), shift=(1, -7), axis=(0, -1)),
        call((0, 2), shift=1, axis=1),
        call((), shift=1),
        call((91, 3), shift=40, axis=0),
    ),
)
