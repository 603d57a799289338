"""take(x, indices, axis=0): along one axis, the slices that the indices name.

1. ``x.shape[:axis] + indices.shape + x.shape[axis+1:]``, as in NumPy: an embedding is ``table.take(tokens)``. No bit
   changes (N4.1).
2. An index outside of [0, length) is refused; negative ones too.
3. The gradient is scattered back: a slice that was taken several times receives the exact sum.
"""

from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_int32, check_range, int32
from rcmlrs_core.ops.op import General, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import PlainArray


def rule(x: Operand, indices: Operand, axis: int = 0) -> Result:
    """Clause 1."""
    check_int32("take", indices)
    axis = normalize_axis("take", axis, len(x.shape))
    return Result((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype, {"axis": axis})


def definition(x: PlainArray, indices: PlainArray, *, axis: int) -> PlainArray:
    """Slice by slice."""
    check_range("take", indices, x.shape[axis])
    length, inner = x.shape[axis], prod(x.shape[axis + 1 :])
    result = x.values[:0]
    for outer in range(prod(x.shape[:axis])):
        for index in indices.values:
            start = (outer * length + index) * inner
            result += x.values[start : start + inner]
    return PlainArray(result, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def gradient(g: Any, y: Any, x: Any, indices: Any, *, axis: int) -> tuple[Any, None]:
    """As three axes: before, along and after ``axis``."""
    outer, inner = prod(x.shape[:axis]), prod(x.shape[axis + 1 :])
    count = prod(indices.shape)
    zeros = x.zeros_like().reshape((outer, x.shape[axis], inner))
    places = indices.reshape((1, count, 1)).broadcast_to((outer, count, inner))
    return zeros.scatter_add(places, g.reshape((outer, count, inner)), axis=1).reshape(x.shape), None


operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([10.0, 20.0, 30.0], int32([2, 0, 2]), want=[30.0, 10.0, 30.0]),
        case([[1.0, 2.0], [3.0, 4.0]], int32([1, 0, 1]), want=[[3.0, 4.0], [1.0, 2.0], [3.0, 4.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], int32([1, 1], 2, 1), axis=-1, want=[[[2.0], [2.0]], [[4.0], [4.0]]]),
        case([[-0.0], [float("nan")]], int32([1, 0]), want=[[float("nan")], [-0.0]]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 3 at position (0, 1)", [1.0, 2.0, 3.0], int32([0, 3], 1, 2)),
        refusal(IndexRangeError, "negative", [1.0, 2.0], int32([-1])),
        refusal(DTypeError, "int32", [1.0], [0.0]),
        refusal(AxisError, "out of range", [1.0], int32([0]), axis=1),
    ),
    calls=(
        call((5,), Ints((7,), 0, 5)),
        call((4, 3), Ints((2, 3), 0, 4)),
        call((4, 3), Ints((5,), 0, 3), axis=1),
        call((2, 3, 4), Ints((), 0, 3), axis=-2),
        call((3, 4), Ints((0,), 0, 3)),
        call((3, 0), Ints((2,), 0, 3)),
        call((33, 5), Ints((65,), 0, 33)),
    ),
    data="moves",
)
