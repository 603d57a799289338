"""concat(*xs, axis=0): tensors one after another along an axis.

1. They have the same element type and the same lengths on the other axes. No bit changes (N4.1).
2. The gradient is cut into the pieces again.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import ALL_DTYPES, Move, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import Shape


def rule(*xs: Operand, axis: int = 0) -> Result:
    """Clause 1."""
    if not xs:
        raise ShapeError("concat: takes at least one tensor, got none")
    dtype = check_dtypes("concat", xs, ALL_DTYPES)
    first = xs[0].shape
    axis = normalize_axis("concat", axis, len(first))
    for x in xs[1:]:
        if len(x.shape) != len(first) or x.shape[:axis] + x.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ShapeError(
                f"concat: shapes {first} and {x.shape} may differ on axis {axis} only; stack makes a new axis"
            )
    return Result((*first[:axis], sum(x.shape[axis] for x in xs), *first[axis + 1 :]), dtype, {"axis": axis})


def source(*shapes: Shape, axis: int) -> Sequence[int]:
    """For each place before ``axis``, the elements of each tensor from ``axis`` on."""
    pieces = []
    start = 0
    for shape in shapes:
        pieces.append((start, prod(shape[axis:])))
        start += prod(shape)
    found: list[int] = []
    for outer in range(prod(shapes[0][:axis])):
        for start, length in pieces:
            found.extend(range(start + outer * length, start + (outer + 1) * length))
    return found


def gradient(g: Any, y: Any, *xs: Any, axis: int) -> tuple[Any, ...]:
    """A slice to each."""
    pieces = []
    start = 0
    for x in xs:
        before = tuple(start if i == axis else 0 for i in range(len(x.shape)))
        stop = tuple(start + n if i == axis else n for i, n in enumerate(x.shape))
        pieces.append(g.slice(start=before, stop=stop))
        start += x.shape[axis]
    return tuple(pieces)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    aliases=("concatenate",),
    cases=(
        case([1.0], [-0.0, float("nan")], want=[1.0, -0.0, float("nan")]),
        case([[1.0], [2.0]], [[3.0, 4.0], [5.0, 6.0]], axis=1, want=[[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]),
        case([[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]], axis=-2, want=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        case([1.0], [], want=[1.0]),
        case([1.0], want=[1.0]),
    ),
    refusals=(
        refusal(ShapeError, "may differ on axis 0 only", [[1.0]], [[1.0, 2.0]]),
        refusal(ShapeError, "stack makes a new axis", [1.0], [[1.0]]),
        refusal(AxisError, "out of range", [1.0], [1.0], axis=1),
        refusal(DTypeError, "differ", [1.0], int32([1])),
    ),
    calls=(
        call((3,), (0,), (5,)),
        call((2, 3), (1, 3)),
        call((2, 3), (2, 1), (2, 4), axis=1),
        call((2, 1, 3), (2, 5, 3), axis=-2),
        call((7,)),
    ),
)
