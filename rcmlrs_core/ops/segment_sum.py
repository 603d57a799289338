"""segment_sum(x, segment_ids, *, num_segments): the sums of the slices of ``x`` along its first axis that have one id.

1. ``segment_sum(x, ids)[s]`` is ``RN`` of the exact sum of the ``x[i]`` with ``ids[i] == s`` (N3.1); of none, +0. The
   ids need not be sorted: it is a ``scatter_add`` onto zeros.
2. ``segment_ids`` is int32 and has one axis, the first of ``x``. An id outside of [0, num_segments) is refused;
   negative ones too.
"""

import operator
from math import prod
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_int32, int32
from rcmlrs_core.ops.op import Composition, case, refusal


def segment_sum(x: Any, segment_ids: Any, *, num_segments: int) -> Any:
    """Clauses 1 and 2, with the other axes joined into one."""
    if not hasattr(segment_ids, "dtype"):
        raise TypeError(f"segment_sum: segment_ids is an int32 tensor, got {type(segment_ids).__name__}")
    check_int32("segment_sum", segment_ids)
    if not x.shape or segment_ids.shape != x.shape[:1]:
        raise ShapeError(
            f"segment_sum: there is one id for each slice along the first axis; got ids of shape {segment_ids.shape} "
            f"for shape {x.shape}"
        )
    try:
        count = operator.index(num_segments)
    except TypeError:
        raise AttributeValueError(f"segment_sum: num_segments must be of type int, got {num_segments!r}") from None
    if count < 0:
        raise AttributeValueError(f"segment_sum: num_segments must be at least 0, got {count}")
    n, width = x.shape[0], prod(x.shape[1:])
    rows = x.reshape((n, width))
    zeros = x.full_like(0.0).sum().broadcast_to((count, width))
    places = segment_ids.reshape((n, 1)).broadcast_to((n, width))
    try:
        return zeros.scatter_add(places, rows, axis=0).reshape((count, *x.shape[1:]))
    except IndexRangeError as error:
        reason = str(error).removeprefix("scatter_add: ")
        raise IndexRangeError(f"segment_sum: with num_segments={count}, of the ids of all columns, {reason}") from error


operation = Composition(
    module=__name__,
    function=segment_sum,
    clause="N3.1",
    cases=(
        case([1.0, 2.0, 3.0, 4.0], int32([0, 2, 0, 2]), num_segments=4, want=[4.0, 0.0, 6.0, 0.0]),
        case([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], int32([1, 1, 0]), num_segments=2, want=[[5.0, 6.0], [4.0, 6.0]]),
        case([1e30, 1.0, -1e30], int32([0, 0, 0]), num_segments=1, want=[1.0], note="one rounding, whatever the order"),
        case([-0.0], int32([0]), num_segments=1, want=[0.0], note="N3.2: +0"),
        case([], int32([]), num_segments=2, want=[0.0, 0.0]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 2 at position (1, 0)", [1.0, 2.0], int32([0, 2]), num_segments=2),
        refusal(IndexRangeError, "negative", [1.0], int32([-1]), num_segments=2),
        refusal(ShapeError, "one id for each slice", [1.0, 2.0], int32([0]), num_segments=2),
        refusal(ShapeError, "one id for each slice", 1.0, int32([0]), num_segments=2),
        refusal(AttributeValueError, "at least 0", [1.0], int32([0]), num_segments=-1),
        refusal(DTypeError, "indices are int32", [1.0], [0.0], num_segments=1),
    ),
    calls=(
        call((9,), Ints((9,), 0, 4), num_segments=4),
        call((5, 3), Ints((5,), 0, 2), num_segments=3),
        call((4, 2, 3), Ints((4,), 0, 5), num_segments=5),
        call((0, 2), Ints((0,), 0, 1), num_segments=2),
    ),
    data="sums",
)
