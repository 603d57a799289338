"""searchsorted(x, v, sorter=None, *, side="left"): where in the sorted vector ``x`` each element of ``v`` belongs.

1. With ``side="left"`` the number of elements of ``x`` that are less than ``v``'s, with ``"right"`` the number of those
   that are not larger: to insert it there leaves ``x`` sorted. -0 and +0 are equal; NaN is larger than all numbers and
   equal to NaN. The result is int32, of the shape of ``v`` (Array API).
2. ``x`` has one axis and is sorted ascending, NaN last; what is not, is refused. Both are float32, or both int32.
3. ``sorter`` is int32, of the shape of ``x``: then ``x.take(sorter)`` is what must be sorted.
4. Not differentiable: an index moves in jumps.
"""

from bisect import bisect_left, bisect_right
from itertools import pairwise

from rcmlrs_core.errors import AttributeValueError, DataError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_int32, check_range, int32
from rcmlrs_core.ops.op import General, NoGradient, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray

SIDES = {"left": bisect_left, "right": bisect_right}


def rule(x: Operand, v: Operand, sorter: Operand | None = None, *, side: str = "left") -> Result:
    """Clauses 1 to 3."""
    check_dtypes("searchsorted", (x, v), (FLOAT32, INT32))
    if len(x.shape) != 1:
        raise ShapeError(f"searchsorted: x is a vector, got shape {x.shape}; flatten it, or search its rows one by one")
    if sorter is not None:
        check_int32("searchsorted", sorter)
        if sorter.shape != x.shape:
            raise ShapeError(f"searchsorted: sorter has shape {sorter.shape}, but x has shape {x.shape}")
    if side not in SIDES:
        raise AttributeValueError(f"searchsorted: side must be 'left' or 'right', got {side!r}")
    return Result(v.shape, INT32, {"side": side})


def definition(x: PlainArray, v: PlainArray, sorter: PlainArray | None = None, *, side: str) -> PlainArray:
    """Bisection, by keys of which that of NaN is the largest."""
    values = x.values.tolist()
    if sorter is not None:
        check_range("searchsorted", sorter, len(values))
        values = [values[i] for i in sorter.values]
    keys = [key(value) for value in values]
    for i, (before, after) in enumerate(pairwise(keys)):
        if before > after:
            raise unsorted(values[i], values[i + 1], i + 1)
    search = SIDES[side]
    return PlainArray.of((search(keys, key(value)) for value in v.values), v.shape, INT32)


def key(value: float) -> tuple[bool, float]:
    """Numbers in their order, and then NaN."""
    return (True, 0.0) if value != value else (False, value)


def unsorted(before: float, after: float, place: int) -> DataError:
    """The error for an ``x`` that is not sorted."""
    return DataError(
        f"searchsorted: x is not sorted: {after} at {place} comes after {before}; sort it, or pass sorter=x.argsort()"
    )


operation = General(
    module=__name__,
    clause="N4.2",
    rule=rule,
    definition=definition,
    gradient=NoGradient("an index into a sorted vector moves in jumps"),
    cases=(
        case([1.0, 2.0, 2.0, 4.0], [0.0, 2.0, 3.0, 5.0], want=[0, 1, 3, 4]),
        case([1.0, 2.0, 2.0, 4.0], [0.0, 2.0, 3.0, 5.0], side="right", want=[0, 3, 3, 4]),
        case([-1.0, -0.0, 0.0, 1.0], [[0.0], [-0.0]], want=[[1], [1]], note="zeros are equal"),
        case([-1.0, 0.0, -0.0, 1.0], [0.0, -0.0], side="right", want=[3, 3]),
        case([1.0, float("inf"), float("nan"), float("nan")], [float("inf"), float("nan")], want=[1, 2]),
        case([1.0, float("inf"), float("nan"), float("nan")], [3e38, float("nan")], side="right", want=[1, 4]),
        case([3.0, 1.0, 2.0], [1.5, 2.0], int32([1, 2, 0]), want=[1, 1], note="a sorter"),
        case([2.0**-149, 2.0**-126], [0.0, 2.0**-149, 1.0], want=[0, 0, 2]),
        case(int32([1, 5, 2**31 - 1]), int32([5, -(2**31), 2**31 - 1]), want=[1, 0, 2]),
        case([], [1.0], want=[0]),
        case([1.0], [], want=[]),
    ),
    refusals=(
        refusal(ShapeError, "x is a vector", [[1.0]], [1.0]),
        refusal(ShapeError, "sorter has shape (1,)", [1.0, 2.0], [1.0], int32([0])),
        refusal(IndexRangeError, "index 2 at position (1,)", [1.0, 2.0], [1.0], int32([0, 2])),
        refusal(DataError, "1.0 at 2 comes after 2.0", [1.0, 2.0, 1.0], [1.0]),
        refusal(DataError, "comes after nan", [float("nan"), 2.0], [1.0]),
        refusal(AttributeValueError, "'left' or 'right'", [1.0], [1.0], side="middle"),
        refusal(DTypeError, "differ", [1.0], int32([1])),
        refusal(DTypeError, "int32", [1.0], [1.0], [0.0]),
    ),
    calls=(
        call((1,), (7,)),
        call((1,), (2, 3), side="right"),
        call((0,), (3,)),
        call((1,), (5,), Ints((1,), 0, 1)),
    ),
)
