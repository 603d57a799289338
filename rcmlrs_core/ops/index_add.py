"""index_add(x, updates, *indices, axis=0): ``x`` with every update added at the position that its indices name.

1. ``updates`` has the shape of ``x.index(*indices, axis=axis)``, or broadcasts to it. Each element is ``RN`` of the
   exact sum of ``x``'s own and all of its updates (N3.1).
2. A ``scatter_add`` along the indexed axes, joined into one.
"""

from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.index import axes_of
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.plain import Shape


def index_add(x: Any, updates: Any, *indices: Any, axis: int = 0) -> Any:
    """Clauses 1 and 2."""
    places, updates, joined = along_one_axis("index_add", x, updates, indices, axis)
    return x.reshape(joined).scatter_add(places, updates, axis=1).reshape(x.shape)


def along_one_axis(name: str, x: Any, updates: Any, indices: tuple[Any, ...], axis: int) -> tuple[Any, Any, Shape]:
    """Places, updates and the shape of ``x`` with three axes: before, along and after what is indexed."""
    axis, shape = axes_of(name, x.shape, indices, axis)
    last = axis + len(indices)
    before, along, after = x.shape[:axis], x.shape[axis:last], x.shape[last:]
    outer, inner, count = prod(before), prod(after), prod(shape)
    numbers = indices[0].ravel_index(*indices[1:], shape=along)
    target = (*before, *shape, *after)
    if updates.shape != target:
        updates = updates.broadcast_to(target)
    places = numbers.reshape((1, count, 1)).broadcast_to((outer, count, inner))
    return places, updates.reshape((outer, count, inner)), (outer, prod(along), inner)


operation = Composition(
    module=__name__,
    function=index_add,
    cases=(
        case([1.0, 2.0, 3.0], [10.0, 20.0, 30.0], int32([2, 0, -1]), want=[21.0, 2.0, 43.0]),
        case(
            [[0.0, 0.0], [0.0, 0.0]],
            [5.0, 6.0, 7.0],
            int32([1, 0, 1]),
            int32([1, 0, 1]),
            want=[[6.0, 0.0], [0.0, 12.0]],
        ),
        case([[1.0, 2.0], [3.0, 4.0]], 1.0, int32([0, 0]), axis=1, want=[[3.0, 2.0], [5.0, 4.0]]),
        case([1.0], [1e30, -1e30], int32([0, 0]), want=[1.0], note="one rounding, whatever the order"),
    ),
    refusals=(
        refusal(IndexRangeError, "index 2 at position (1,)", [1.0, 2.0], [1.0, 1.0], int32([0, 2])),
        refusal(ShapeError, "does not broadcast", [1.0, 2.0], [1.0, 1.0], int32([0, 0, 0])),
        refusal(AxisError, "give one for each axis", [1.0], [1.0], int32([0]), int32([0])),
        refusal(DTypeError, "int32", [1.0], [1.0], [0.0]),
    ),
    calls=(
        call((5,), (9,), Ints((9,), -5, 5)),
        call((4, 3), (2, 7), Ints((7,), 0, 4), Ints((2, 1), 0, 3)),
        call((2, 3, 4), (2, 5, 4), Ints((5,), -3, 3), axis=1),
        call((3,), (0,), Ints((0,), 0, 3)),
    ),
    data="sums",
)
