"""diagonal(x, offset=0, axis1=0, axis2=1): a diagonal of a matrix, or of every matrix of a batch.

1. The elements (i, i + ``offset``) of the matrices whose rows lie along ``axis1`` and columns along ``axis2``. These
   two axes go, and the diagonal is the last one (NumPy, PyTorch). No bit changes (N4.1).
2. The gradient puts every element back to its place among zeros.
"""

import operator
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import Shape, offsets, strides_of


def rule(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Result:
    """Two axes."""
    rank = len(x.shape)
    if rank < 2:
        raise AxisError(f"diagonal: takes matrices, got shape {x.shape}; diag makes a matrix of a vector")
    first, second = (normalize_axis("diagonal", axis, rank) for axis in (axis1, axis2))
    if first == second:
        raise AxisError(f"diagonal: axis1 and axis2 are both {first}; rows and columns lie along two axes")
    try:
        offset = operator.index(offset)
    except TypeError:
        raise AttributeValueError(f"diagonal: offset is an int, the number of a diagonal, got {offset!r}") from None
    others = tuple(n for i, n in enumerate(x.shape) if i not in (first, second))
    length = length_of(x.shape[first], x.shape[second], offset)
    return Result((*others, length), x.dtype, {"offset": offset, "axis1": first, "axis2": second})


def length_of(rows: int, columns: int, offset: int) -> int:
    """Of a diagonal."""
    return max(0, min(rows + min(offset, 0), columns - max(offset, 0)))


def source(given: Shape, *, offset: int, axis1: int, axis2: int) -> Sequence[int]:
    """One step along the diagonal is one along both axes."""
    strides = strides_of(given)
    others = [i for i in range(len(given)) if i not in (axis1, axis2)]
    start = max(offset, 0) * strides[axis2] - min(offset, 0) * strides[axis1]
    lengths = (*(given[i] for i in others), length_of(given[axis1], given[axis2], offset))
    return offsets(lengths, [*(strides[i] for i in others), strides[axis1] + strides[axis2]], start)


def gradient(g: Any, y: Any, x: Any, *, offset: int, axis1: int, axis2: int) -> tuple[Any]:
    """In rows of a matrix that are one longer than it is wide, the diagonal is the first column."""
    rows, columns = x.shape[axis1], x.shape[axis2]
    others = [i for i in range(len(x.shape)) if i not in (axis1, axis2)]
    lengths, n = tuple(x.shape[i] for i in others), g.shape[-1]
    if n == 0:
        return (x.zeros_like(),)
    batch = ((0, 0),) * len(others)
    column = g.reshape((*lengths, n, 1)).pad((*batch, (0, 0), (0, columns))).reshape((*lengths, n * (columns + 1)))
    first = max(offset, 0) - min(offset, 0) * columns
    lying = column.slice(
        start=(None,) * len(others) + (0,), stop=(None,) * len(others) + ((n - 1) * (columns + 1) + 1,)
    )
    after = rows * columns - first - lying.shape[-1]
    matrix = lying.pad((*batch, (first, after))).reshape((*lengths, rows, columns))
    order = [*others, axis1, axis2]
    return (matrix.transpose(tuple(order.index(i) for i in range(len(x.shape)))),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([[1.0, 2.0], [3.0, -0.0]], want=[1.0, -0.0]),
        case([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], offset=1, want=[2.0, 6.0]),
        case([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], offset=-1, want=[4.0]),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], axis1=-1, axis2=0, want=[[1.0, 4.0]]),
        case([[1.0, 2.0]], offset=5, want=[]),
    ),
    refusals=(
        refusal(AxisError, "takes matrices", [1.0]),
        refusal(AxisError, "out of range", [[1.0]], axis2=2),
        refusal(AxisError, "both 1", [[1.0]], axis1=-1),
        refusal(AttributeValueError, "offset is an int", [[1.0]], offset=0.5),
    ),
    calls=(
        call((3, 3)),
        call((2, 5), offset=2),
        call((5, 2), offset=-1),
        call((2, 3, 4), axis1=2, axis2=0),
        call((2, 3, 4), offset=-2, axis1=1, axis2=-1),
        call((4, 4), offset=-9),
        call((2, 0, 3)),
        call((17, 33), offset=7),
    ),
)
