"""dot(x, y): the dot product of two vectors.

1. ``matmul`` of two tensors of one axis and the same length: ``RN`` of the exact sum of products (N3.1).
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def dot(x: Any, y: Any) -> Any:
    """Clause 1."""
    shape = getattr(y, "shape", None)
    if len(x.shape) != 1 or x.shape != shape:
        raise ShapeError(
            f"dot: takes two vectors of the same length, got {x.shape} and {y if shape is None else shape}; "
            "matmul multiplies matrices"
        )
    return x.matmul(y)


operation = Composition(
    module=__name__,
    function=dot,
    cases=(
        case([1.0, 2.0], [3.0, 4.0], want=11.0),
        case([1e30, 1.0, -1e30], [1.0, 1.0, 1.0], want=1.0),
        case([], [], want=0.0),
    ),
    refusals=(
        refusal(ShapeError, "of the same length", [1.0], [1.0, 2.0]),
        refusal(ShapeError, "matmul multiplies matrices", [[1.0]], [1.0]),
    ),
    calls=(
        call((7,), (7,)),
        call((1,), (1,)),
        call((33,), (33,)),
        call((0,), (0,)),
    ),
    data="sums",
)
