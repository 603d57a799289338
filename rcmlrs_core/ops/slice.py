"""slice(x, start, stop, step=None): every step-th element from start to before stop, along each axis.

1. As Python's slices: a number below zero counts from the end, None is the end itself, and what lies outside is cut
   off. One number for each axis; axes beyond the given ones stay whole. Steps are positive (``flip`` turns an axis
   around). No bit changes (N4.1). ``x[1:3, ::2]`` is ``x.slice(start=(1, None), stop=(3, None), step=(1, 2))``.
2. The gradient puts every element back to its place among zeros (``pad``).
"""

import operator
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.plain import Shape, offsets, strides_of

Bounds = Sequence[int | None]


def rule(x: Operand, start: Bounds, stop: Bounds, step: Bounds | None = None) -> Result:
    """Normal form: 0 <= start <= stop <= length and step >= 1, one for each axis."""
    rank = len(x.shape)
    if step is None:
        step = (1,) * len(start)
    if not len(start) == len(stop) == len(step) or len(start) > rank:
        raise AxisError(
            f"slice: {len(start)} starts, {len(stop)} stops and {len(step)} steps for the {rank} axes of {x.shape}; "
            "give as many of each, at most one for each axis"
        )
    lengths, starts, stops, steps = [], [], [], []
    for axis, n in enumerate(x.shape):
        first, last, stride = (start[axis], stop[axis], step[axis]) if axis < len(start) else (None, None, None)
        if stride is not None and operator.index(stride) < 1:
            raise ShapeError(f"slice: step {stride} on axis {axis}: steps are positive; flip turns an axis around")
        first, last, stride = slice(first, last, stride).indices(n)
        lengths.append(len(range(first, last, stride)))
        starts.append(min(first, n))
        stops.append(max(min(first, n), last))
        steps.append(stride)
    return Result(tuple(lengths), x.dtype, {"start": tuple(starts), "stop": tuple(stops), "step": tuple(steps)})


def source(given: Shape, *, start: Shape, stop: Shape, step: Shape) -> Sequence[int]:
    """Walk with longer strides, from the first element."""
    strides = strides_of(given)
    lengths = tuple(len(range(*bounds)) for bounds in zip(start, stop, step, strict=True))
    first = sum(a * b for a, b in zip(start, strides, strict=True))
    return offsets(lengths, [a * b for a, b in zip(step, strides, strict=True)], first)


def gradient(g: Any, y: Any, x: Any, *, start: Shape, stop: Shape, step: Shape) -> tuple[Any]:
    """What lay before, between and after becomes a filling of zeros."""
    widths = []
    for n, length, first, stride in zip(x.shape, g.shape, start, step, strict=True):
        span = first + max(0, (length - 1) * stride + 1)
        widths.append((first, n - span))
    return (g.pad(tuple(widths), interior=tuple(stride - 1 for stride in step)),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, 3.0, 4.0], start=(1,), stop=(3,), want=[2.0, 3.0]),
        case([1.0, 2.0, 3.0, 4.0], start=(None,), stop=(-1,), step=(2,), want=[1.0, 3.0]),
        case([[1.0, 2.0], [3.0, 4.0]], start=(1,), stop=(9,), want=[[3.0, 4.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], start=(0, 1), stop=(2, 2), want=[[2.0], [4.0]]),
        case([1.0, 2.0], start=(2,), stop=(1,), want=[]),
        case([-0.0, float("nan"), 1.0], start=(0,), stop=(2,), want=[-0.0, float("nan")]),
    ),
    refusals=(
        refusal(ShapeError, "steps are positive", [1.0], start=(0,), stop=(1,), step=(-1,)),
        refusal(AxisError, "at most one for each axis", [1.0], start=(0, 0), stop=(1, 1)),
        refusal(AxisError, "give as many of each", [1.0], start=(0,), stop=()),
    ),
    calls=(
        call((9,), start=(2,), stop=(7,)),
        call((9,), start=(1,), stop=(None,), step=(3,)),
        call((4, 5), start=(-3, None), stop=(-1, 9), step=(1, 2)),
        call((4, 5, 2), start=(1,), stop=(3,)),
        call((4, 5), start=(2, 3), stop=(2, 1)),
        call((70, 3), start=(5, 0), stop=(69, 3), step=(7, 2)),
    ),
)
