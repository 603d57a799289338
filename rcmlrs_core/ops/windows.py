"""windows(x, kernel, *, stride=1): all windows of a size over the last axes.

1. ``kernel`` gives the lengths of a window along the last axes of ``x`` (an int is a window along the last one alone),
   and ``stride``, one int or one for each of them, how far a window begins from the one before. Only windows that lie
   in ``x`` count: ``(length - kernel) // stride + 1`` of them along each axis.
2. The result has the axes of ``x``, with the number of windows in the place of the length, and then those of the
   window, as NumPy's ``sliding_window_view`` has them: ``y[..., p, k] = x[..., p * stride + k]``. No bit changes
   (N4.1).
3. The gradient puts every element back to its place. Where windows overlap, what a place receives is added by one
   ``add_n`` (N7); where they do not, it is a move.
"""

import itertools
import operator
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import MOST_AXES
from rcmlrs_core.ops.spatial import check_kernel, per_axis, places_of_windows
from rcmlrs_core.plain import PlainArray, Shape, offsets, strides_of


def rule(x: Operand, kernel: int | Sequence[int], *, stride: int | Sequence[int] = 1) -> Result:
    """Clause 1."""
    try:
        lengths = tuple(map(operator.index, kernel)) if isinstance(kernel, Sequence) else (operator.index(kernel),)
    except TypeError:
        raise AttributeValueError(f"windows: kernel is an int, or one for each axis, got {kernel!r}") from None
    first = len(x.shape) - len(lengths)
    if first < 0:
        raise ShapeError(f"windows: a kernel of {lengths} takes {len(lengths)} axes, but x has the shape {x.shape}")
    check_kernel("windows", lengths)
    strides = per_axis("windows", "stride", stride, len(lengths), 1)
    places = places_of_windows("windows", x.shape[first:], lengths, strides, (1,) * len(lengths))
    if len(x.shape) + len(lengths) > MOST_AXES:
        raise ShapeError(
            f"windows: {len(x.shape)} axes and {len(lengths)} of the window are more than the {MOST_AXES} of a tensor"
        )
    return Result((*x.shape[:first], *places, *lengths), x.dtype, {"kernel": lengths, "stride": strides})


def source(given: Shape, *, kernel: Shape, stride: Shape) -> Sequence[int]:
    """Walk with the longer strides from window to window, and with the axes' own within one."""
    first, strides = len(given) - len(kernel), strides_of(given)
    places = places_of_windows("windows", given[first:], kernel, stride, (1,) * len(kernel))
    steps = [a * b for a, b in zip(strides[first:], stride, strict=True)]
    return offsets((*given[:first], *places, *kernel), [*strides[:first], *steps, *strides[first:]])


def gradient(g: Any, y: Any, x: Any, *, kernel: Shape, stride: Shape) -> tuple[Any]:
    """Windows that are m strides apart do not overlap, where that is no less than a window."""
    rank = len(kernel)
    first = len(x.shape) - rank
    apart = tuple(-(-k // s) for k, s in zip(kernel, stride, strict=True))
    classes = (range(min(m, p)) for m, p in zip(apart, g.shape[first:], strict=False))
    laid = []
    for begins in itertools.product(*classes):
        part = g
        if any(m > 1 for m in apart):
            start, step = (0,) * first + begins, (1,) * first + apart
            part = g.slice(start=start, stop=g.shape[: first + rank], step=step)
        offset = tuple(begin * s for begin, s in zip(begins, stride, strict=True))
        laid.append(_laid(part, x.shape, offset, tuple(m * s for m, s in zip(apart, stride, strict=True))))
    return (laid[0] if len(laid) == 1 else laid[0].add_n(*laid[1:]),)


def _laid(part: Any, shape: Shape, offset: Shape, stride: Shape) -> Any:
    """Windows no longer than the stride, one after the other and filled up to it, with zeros to make up ``shape``."""
    rank = len(offset)
    first = len(shape) - rank
    places, kernel = part.shape[first : first + rank], part.shape[first + rank :]
    if kernel != stride:
        part = part.pad(((0, 0),) * (first + rank) + tuple((0, s - k) for k, s in zip(kernel, stride, strict=True)))
    order = [axis for i in range(first, first + rank) for axis in (i, i + rank)]
    joined = tuple(map(operator.mul, places, stride))
    part = part.transpose((*range(first), *order)).reshape((*shape[:first], *joined))
    room = tuple(map(operator.sub, shape[first:], offset))
    if any(map(operator.gt, joined, room)):  # the last filling is more than there is
        part = part.slice(start=(0,) * len(shape), stop=(*shape[:first], *room))
    widths = tuple(zip(offset, map(operator.sub, room, part.shape[first:]), strict=True))
    return part.pad(((0, 0),) * first + widths) if any(map(any, widths)) else part


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, 3.0, 4.0], kernel=2, want=[[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]),
        case([1.0, 2.0, 3.0, 4.0, 5.0], kernel=2, stride=2, want=[[1.0, 2.0], [3.0, 4.0]], note="one is left over"),
        case(
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], kernel=(2,), stride=3, want=[[1.0, 2.0], [4.0, 5.0], [7.0, 8.0]]
        ),
        case([1.0, 2.0, 3.0, 4.0, 5.0], kernel=3, stride=2, want=[[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], kernel=1, want=[[[1.0], [2.0]], [[3.0], [4.0]]]),
        case(
            [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
            kernel=(2, 2),
            want=[[[[1.0, 2.0], [4.0, 5.0]], [[2.0, 3.0], [5.0, 6.0]]]],
        ),
        case([-0.0, float("nan")], kernel=1, want=[[-0.0], [float("nan")]]),
        case(5.0, kernel=(), want=5.0),
    ),
    refusals=(
        refusal(ShapeError, "which is more than", [1.0, 2.0], kernel=3),
        refusal(ShapeError, "takes 2 axes", [1.0, 2.0], kernel=(1, 1)),
        refusal(ShapeError, "has no elements", [1.0, 2.0], kernel=0),
        refusal(ShapeError, "more than the 64", PlainArray.of([1.0], (1,) * 40), kernel=(1,) * 25),
        refusal(AttributeValueError, "kernel is an int, or one for each axis", [1.0], kernel="two"),
        refusal(AttributeValueError, "stride must be at least 1", [1.0], kernel=1, stride=0),
        refusal(AttributeValueError, "2 numbers for 1 spatial axes", [1.0], kernel=1, stride=(1, 1)),
    ),
    calls=(
        call((9,), kernel=3),
        call((9,), kernel=(4,), stride=2),
        call((3, 8), kernel=2, stride=3),
        call((2, 5, 6), kernel=(2, 3), stride=(2, 1)),
        call((2, 3, 4, 3), kernel=(2, 1, 3)),
        call((0, 3), kernel=2),
        call((70,), kernel=5, stride=7),
    ),
)
