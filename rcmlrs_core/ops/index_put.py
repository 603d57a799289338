"""index_put(x, values, *indices, axis=0): a copy of ``x`` with other values at the positions that the indices name.

1. ``values`` has the shape of ``x.index(*indices, axis=axis)``, or broadcasts to it. Of several values for one place,
   the last in row-major order stays. No bit changes (N4.1).
2. A ``scatter`` along the indexed axes, joined into one; ``x.at[i, j].set(values)`` takes any index.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.index_add import along_one_axis
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal


def index_put(x: Any, values: Any, *indices: Any, axis: int = 0) -> Any:
    """Clauses 1 and 2."""
    places, values, joined = along_one_axis("index_put", x, values, indices, axis)
    return x.reshape(joined).scatter(places, values, axis=1).reshape(x.shape)


operation = Composition(
    module=__name__,
    function=index_put,
    cases=(
        case([1.0, 2.0, 3.0], [10.0, -0.0, 30.0], int32([2, 0, -1]), want=[-0.0, 2.0, 30.0]),
        case(
            [[0.0, 0.0], [0.0, 0.0]], [5.0, 6.0, 7.0], int32([1, 0, 1]), int32([1, 0, 1]), want=[[6.0, 0.0], [0.0, 7.0]]
        ),
        case([[1.0, 2.0], [3.0, 4.0]], 9.0, int32([0]), axis=1, want=[[9.0, 2.0], [9.0, 4.0]]),
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
    data="moves",
)
