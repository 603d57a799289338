"""scatter_add(x, indices, updates, *, axis): ``x`` with every update added where its index says, along one axis.

1. For ``axis=1``, ``updates[i, j]`` goes to the element ``[i, indices[i, j]]`` (PyTorch's ``scatter_add``). Each
   element is ``RN`` of the exact sum of ``x``'s own and all its updates: their order does not matter (N3.1). An exact
   zero is +0 and infinities follow N3.2, also where there is no update.
2. ``indices`` is int32 and has the shape of ``updates``, as many axes as ``x``, and is no longer than ``x`` on the
   other axes. An index outside of [0, length) is refused; negative ones too.
3. The gradient is ``g`` for ``x``, and ``g.gather(indices, axis=axis)`` for the updates.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.numerics.sums import exact_sum
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_alike, check_int32, check_range, int32, places_along
from rcmlrs_core.ops.op import General, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import FLOAT32, PlainArray


def rule(x: Operand, indices: Operand, updates: Operand, *, axis: int) -> Result:
    """Clause 2."""
    check_dtypes("scatter_add", (x, updates), (FLOAT32,))
    check_int32("scatter_add", indices)
    axis = normalize_axis("scatter_add", axis, len(x.shape))
    if indices.shape != updates.shape:
        raise ShapeError(
            f"scatter_add: indices of shape {indices.shape} and updates of shape {updates.shape} must be alike"
        )
    check_alike("scatter_add", x.shape, indices.shape, axis)
    return Result(x.shape, FLOAT32, {"axis": axis})


def terms(x: PlainArray, indices: PlainArray, updates: PlainArray, axis: int) -> list[list[float]]:
    """The terms of every element of the result."""
    check_range("scatter_add", indices, x.shape[axis])
    collected = [[value] for value in x.values]
    for place, update in zip(places_along(x.shape, indices, axis), updates.values, strict=True):
        collected[place].append(update)
    return collected


def definition(x: PlainArray, indices: PlainArray, updates: PlainArray, *, axis: int) -> PlainArray:
    """Every sum in integers, rounded once."""
    return PlainArray.of(map(exact_sum, terms(x, indices, updates, axis)), x.shape)


def gradient(g: Any, y: Any, x: Any, indices: Any, updates: Any, *, axis: int) -> tuple[Any, None, Any]:
    """Every term of a sum receives what the sum does."""
    return g, None, g.gather(indices, axis=axis)


operation = General(
    module=__name__,
    clause="N3.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, 3.0], int32([2, 0, 2]), [10.0, 20.0, 30.0], axis=0, want=[21.0, 2.0, 43.0]),
        case([[0.0, 0.0], [0.0, 0.0]], int32([1, 0], 2, 1), [[5.0], [6.0]], axis=1, want=[[0.0, 5.0], [6.0, 0.0]]),
        case([1.0], int32([0, 0]), [1e30, -1e30], axis=0, want=[1.0], note="one rounding, whatever the order"),
        case([-0.0, -0.0], int32([0]), [-0.0], axis=0, want=[0.0, 0.0], note="N3.2: +0"),
        case([float("inf"), 1.0], int32([0]), [float("-inf")], axis=0, want=[float("nan"), 1.0]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 2 at position (1,)", [1.0, 2.0], int32([0, 2]), [1.0, 1.0], axis=0),
        refusal(IndexRangeError, "negative", [1.0, 2.0], int32([-1]), [1.0], axis=0),
        refusal(ShapeError, "must be alike", [1.0, 2.0], int32([0]), [1.0, 1.0], axis=0),
        refusal(AxisError, "3 is more than 2", [[1.0], [2.0]], int32([0] * 3, 3, 1), [[1.0]] * 3, axis=1),
        refusal(DTypeError, "int32", [1.0], [0.0], [1.0], axis=0),
    ),
    calls=(
        call((5,), Ints((9,), 0, 5), (9,), axis=0),
        call((4, 3), Ints((7, 3), 0, 4), (7, 3), axis=0),
        call((4, 3), Ints((2, 8), 0, 3), (2, 8), axis=1),
        call((2, 3, 2), Ints((2, 5, 1), 0, 3), (2, 5, 1), axis=-2),
        call((3,), Ints((0,), 0, 3), (0,), axis=0),
        call((2,), Ints((33,), 0, 2), (33,), axis=0),
    ),
    of_length=lambda n: call((2,), Ints((n,), 0, 2), (n,), axis=0),
)
