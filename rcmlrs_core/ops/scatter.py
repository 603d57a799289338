"""scatter(x, indices, updates, *, axis): a copy of ``x`` with every update put where its index says, along one axis.

1. For ``axis=1``, ``updates[i, j]`` becomes the element ``[i, indices[i, j]]`` (PyTorch's ``scatter``, which leaves
   open what happens to indices that repeat). Of several updates for one place, the last in row-major order of
   ``indices`` stays. No bit changes (N4.1).
2. ``indices`` is int32 and has the shape of ``updates``, as many axes as ``x``, and is no longer than ``x`` on the
   other axes. ``updates`` has the element type of ``x``. An index outside of [0, length) is refused; negative ones too.
3. The gradient goes to the updates that stayed, and to the elements of ``x`` that did.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_alike, check_int32, check_range, int32, numbers_like, places_along
from rcmlrs_core.ops.op import ALL_DTYPES, General, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import PlainArray


def rule(x: Operand, indices: Operand, updates: Operand, *, axis: int) -> Result:
    """Clause 2."""
    dtype = check_dtypes("scatter", (x, updates), ALL_DTYPES)
    check_int32("scatter", indices)
    axis = normalize_axis("scatter", axis, len(x.shape))
    if indices.shape != updates.shape:
        raise ShapeError(
            f"scatter: indices of shape {indices.shape} and updates of shape {updates.shape} must be alike"
        )
    check_alike("scatter", x.shape, indices.shape, axis)
    return Result(x.shape, dtype, {"axis": axis})


def definition(x: PlainArray, indices: PlainArray, updates: PlainArray, *, axis: int) -> PlainArray:
    """One after another."""
    check_range("scatter", indices, x.shape[axis])
    values = x.values[:]
    for place, update in zip(places_along(x.shape, indices, axis), updates.values, strict=True):
        values[place] = update
    return PlainArray(values, x.shape)


def gradient(g: Any, y: Any, x: Any, indices: Any, updates: Any, *, axis: int) -> tuple[Any, None, Any]:
    """An update stayed if, with numbers in the place of updates, its own is found where it was put."""
    numbers = numbers_like(indices)
    found = x.zeros_like(dtype="int32").scatter(indices, numbers, axis=axis).gather(indices, axis=axis)
    return (
        g.scatter(indices, updates.zeros_like(), axis=axis),
        None,
        found.equal(numbers).where(g.gather(indices, axis=axis), 0.0),
    )


operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, 3.0], int32([2, 0]), [-0.0, 20.0], axis=0, want=[20.0, 2.0, -0.0]),
        case([1.0, 2.0], int32([1, 0, 1, 1]), [5.0, 6.0, 7.0, 8.0], axis=0, want=[6.0, 8.0], note="the last stays"),
        case([[0.0, 0.0], [0.0, 0.0]], int32([1, 0], 2, 1), [[5.0], [6.0]], axis=1, want=[[0.0, 5.0], [6.0, 0.0]]),
        case([1.0, float("nan")], int32([]), [], axis=0, want=[1.0, float("nan")]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 2 at position (1,)", [1.0, 2.0], int32([0, 2]), [1.0, 1.0], axis=0),
        refusal(IndexRangeError, "negative", [1.0, 2.0], int32([-1]), [1.0], axis=0),
        refusal(ShapeError, "must be alike", [1.0, 2.0], int32([0]), [1.0, 1.0], axis=0),
        refusal(AxisError, "3 is more than 2", [[1.0], [2.0]], int32([0] * 3, 3, 1), [[1.0]] * 3, axis=1),
        refusal(DTypeError, "int32", [1.0], [0.0], [1.0], axis=0),
        refusal(DTypeError, "differ", [1.0], int32([0]), int32([1]), axis=0),
    ),
    calls=(
        call((5,), Ints((9,), 0, 5), (9,), axis=0),
        call((4, 3), Ints((7, 3), 0, 4), (7, 3), axis=0),
        call((4, 3), Ints((2, 8), 0, 3), (2, 8), axis=1),
        call((2, 3, 2), Ints((2, 5, 1), 0, 3), (2, 5, 1), axis=-2),
        call((3,), Ints((0,), 0, 3), (0,), axis=0),
        call((700,), Ints((350,), 0, 700), (350,), axis=0),
    ),
    data="moves",
)
