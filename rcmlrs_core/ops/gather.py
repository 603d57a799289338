"""gather(x, indices, *, axis): along one axis, the element that each index names.

1. ``gather(x, indices, axis=1)[i, j] = x[i, indices[i, j]]``: of the shape of ``indices``, which is int32, has as
   many axes as ``x`` and is no longer than ``x`` on the other axes (PyTorch's ``gather``, NumPy's
   ``take_along_axis``). No bit changes (N4.1).
2. An index outside of [0, length) is refused; negative ones too.
3. The gradient is scattered back: ``zeros.scatter_add(indices, g, axis=axis)``.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_alike, check_int32, check_range, int32, places_along
from rcmlrs_core.ops.op import General, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import PlainArray


def rule(x: Operand, indices: Operand, *, axis: int) -> Result:
    """Clause 1."""
    check_int32("gather", indices)
    axis = normalize_axis("gather", axis, len(x.shape))
    check_alike("gather", x.shape, indices.shape, axis)
    return Result(indices.shape, x.dtype, {"axis": axis})


def definition(x: PlainArray, indices: PlainArray, *, axis: int) -> PlainArray:
    """Element by element."""
    check_range("gather", indices, x.shape[axis])
    values = x.values
    return PlainArray.of([values[place] for place in places_along(x.shape, indices, axis)], indices.shape, x.dtype)


def gradient(g: Any, y: Any, x: Any, indices: Any, *, axis: int) -> tuple[Any, None]:
    """An element that was taken several times receives the exact sum."""
    return x.zeros_like().scatter_add(indices, g, axis=axis), None


operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([10.0, 20.0, 30.0], int32([2, 0, 2, 1]), axis=0, want=[30.0, 10.0, 30.0, 20.0]),
        case([[1.0, 2.0], [3.0, 4.0]], int32([1, 0], 2, 1), axis=1, want=[[2.0], [3.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], int32([1], 1, 1), axis=-2, want=[[3.0]]),
        case([-0.0, float("nan")], int32([1, 0]), axis=0, want=[float("nan"), -0.0]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 3 at position (1,)", [1.0, 2.0, 3.0], int32([0, 3]), axis=0),
        refusal(IndexRangeError, "negative", [1.0, 2.0], int32([-1]), axis=0),
        refusal(DTypeError, "int32", [1.0], [0.0], axis=0),
        refusal(AxisError, "same number of axes", [[1.0]], int32([0]), axis=0),
        refusal(AxisError, "3 is more than 2", [[1.0], [2.0]], int32([0, 0, 0], 3, 1), axis=1),
    ),
    calls=(
        call((5,), Ints((7,), 0, 5), axis=0),
        call((4, 3), Ints((2, 3), 0, 4), axis=0),
        call((4, 3), Ints((4, 5), 0, 3), axis=1),
        call((4, 3), Ints((2, 1), 0, 3), axis=-1),
        call((2, 3, 4), Ints((2, 2, 4), 0, 3), axis=1),
        call((3, 4), Ints((3, 0), 0, 4), axis=1),
    ),
    data="moves",
)
