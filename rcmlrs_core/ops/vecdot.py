"""vecdot(x, y, axis=-1): the dot products of the vectors along an axis, broadcast against each other.

1. ``RN`` of the exact sum of products, a ``matmul`` of a row and a column for each (N3.1).
2. The axis is counted from the end, in both operands, and has one length; the others broadcast (Array API).
"""

import operator
from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes


def vecdot(x: Any, y: Any, axis: int = -1) -> Any:
    """Clauses 1 and 2."""
    rank = min(len(x.shape), len(getattr(y, "shape", ())))
    try:
        place = operator.index(axis)
    except TypeError:
        raise AxisError(f"vecdot: axis must be an int, got {axis!r}") from None
    if not -rank <= place < 0:
        raise AxisError(f"vecdot: axis is counted from the end: it must be in [{-rank}, -1] here, got {axis}")
    if x.shape[place] != y.shape[place]:
        raise ShapeError(
            f"vecdot: on axis {axis} of {x.shape} and {y.shape}, lengths {x.shape[place]} and {y.shape[place]} differ"
        )
    x, y = last(x, place), last(y, place)
    broadcast_shapes("vecdot", x.shape[:-1], y.shape[:-1])
    product = x.reshape((*x.shape[:-1], 1, x.shape[-1])).matmul(y.reshape((*y.shape, 1)))
    return product.reshape(product.shape[:-2])


def last(x: Any, axis: int) -> Any:
    """The axis, which is counted from the end, moved there."""
    rank = len(x.shape)
    return x.transpose((*(i for i in range(rank) if i != rank + axis), rank + axis))


operation = Composition(
    module=__name__,
    function=vecdot,
    cases=(
        case([1.0, 2.0], [3.0, 4.0], want=11.0),
        case([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0], want=[17.0, 39.0]),
        case([[1.0, 2.0], [3.0, 4.0]], [[5.0], [6.0]], axis=-2, want=[23.0, 34.0]),
        case([1e30, 1.0, -1e30], [1.0, 1.0, 1.0], want=1.0, note="nothing is lost on the way"),
        case([], [], want=0.0),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3 differ", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(ShapeError, "lengths 2 and 3", [[1.0]] * 2, [[1.0]] * 3),
        refusal(AxisError, "counted from the end", [1.0], [1.0], axis=0),
        refusal(AxisError, "counted from the end", [1.0], 1.0),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (4,)),
        call((2, 1, 5), (3, 5)),
        call((4, 3), (4, 3), axis=-2),
        call((2, 0), (2, 0)),
    ),
    data="sums",
)
