"""flip(x, axis=None): the elements in reverse order along some axes.

1. ``axis`` is an int, a tuple of ints or None, which is all. No bit changes (N4.1).
2. The gradient is flipped back.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_axes
from rcmlrs_core.plain import Shape, offsets, strides_of


def rule(x: Operand, axis: int | tuple[int, ...] | None = None) -> Result:
    """Axes that exist."""
    return Result(x.shape, x.dtype, {"axis": normalize_axes("flip", axis, x.shape)})


def source(given: Shape, *, axis: Sequence[int]) -> Sequence[int]:
    """From the last element along those axes, backwards."""
    if 0 in given:
        return ()
    strides = strides_of(given)
    first = sum((given[i] - 1) * strides[i] for i in axis)
    return offsets(given, [-stride if i in axis else stride for i, stride in enumerate(strides)], first)


def gradient(g: Any, y: Any, x: Any, *, axis: Sequence[int]) -> tuple[Any]:
    """Back."""
    return (g.flip(axis=axis),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, -0.0, float("nan")], want=[float("nan"), -0.0, 1.0]),
        case([[1.0, 2.0], [3.0, 4.0]], want=[[4.0, 3.0], [2.0, 1.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, want=[[3.0, 4.0], [1.0, 2.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=(-1,), want=[[2.0, 1.0], [4.0, 3.0]]),
    ),
    refusals=(
        refusal(AxisError, "out of range", [1.0], axis=1),
        refusal(AxisError, "twice", [[1.0]], axis=(0, -2)),
    ),
    calls=(
        call((7,)),
        call((2, 3), axis=0),
        call((2, 3, 4), axis=(0, -1)),
        call((33, 2), axis=0),
        call(()),
        call((0, 2)),
    ),
)
