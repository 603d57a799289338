"""take_along_axis(x, indices, axis=-1): along one axis, the element that each index names; other axes broadcast.

1. ``gather`` of both, broadcast against each other on all axes but ``axis`` (N4.1; Array API standard). ``indices`` is
   int32 and has as many axes as ``x``: ``x.take_along_axis(x.argsort(axis=0), axis=0)`` sorts.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes, normalize_axis


def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Any:
    """Clause 1."""
    axis = normalize_axis("take_along_axis", axis, len(x.shape))
    if len(indices.shape) == len(x.shape):  # gather says what is wrong where it is not
        others = [shape[:axis] + shape[axis + 1 :] for shape in (x.shape, indices.shape)]
        if others[0] != others[1]:
            common = broadcast_shapes("take_along_axis", *others)
            x = x.broadcast_to((*common[:axis], x.shape[axis], *common[axis:]))
            indices = indices.broadcast_to((*common[:axis], indices.shape[axis], *common[axis:]))
    return x.gather(indices, axis=axis)


operation = Composition(
    module=__name__,
    function=take_along_axis,
    cases=(
        case([10.0, -0.0, 30.0], int32([2, 1, 2]), want=[30.0, -0.0, 30.0]),
        case([[1.0, 2.0], [3.0, 4.0]], int32([1], 1, 1), want=[[2.0], [4.0]]),
        case([[1.0, 2.0]], int32([0, 1, 0, 1], 4, 1), want=[[1.0], [2.0], [1.0], [2.0]]),
        case([[1.0], [2.0]], int32([1, 1, 0], 1, 3), axis=0, want=[[2.0, 2.0, 1.0]]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 3 at position (1,)", [1.0, 2.0, 3.0], int32([0, 3])),
        refusal(DTypeError, "int32", [1.0], [0.0]),
        refusal(AxisError, "same number of axes", [[1.0]], int32([0])),
        refusal(ShapeError, "do not broadcast", [[1.0], [2.0]], int32([0, 0, 0], 3, 1)),
    ),
    calls=(
        call((5,), Ints((7,), 0, 5)),
        call((4, 3), Ints((1, 3), 0, 4), axis=0),
        call((1, 3), Ints((4, 5), 0, 3)),
        call((2, 3, 4), Ints((2, 2, 1), 0, 3), axis=1),
    ),
    data="moves",
)
