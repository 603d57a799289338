"""outer(x, y): the products of every element of a vector with every element of another.

1. ``outer(x, y)[i, j] = x_i y_j``, each rounded once: a product of a column and a row (Array API, PyTorch).
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def outer(x: Any, y: Any) -> Any:
    """Clause 1."""
    shape = getattr(y, "shape", None)
    if len(x.shape) != 1 or shape is None or len(shape) != 1:
        raise ShapeError(
            f"outer: takes two vectors, got {x.shape} and {y if shape is None else shape}; flatten makes a vector"
        )
    return x.reshape((*x.shape, 1)).mul(y)


operation = Composition(
    module=__name__,
    function=outer,
    cases=(
        case([1.0, -2.0], [3.0, 4.0, -0.0], want=[[3.0, 4.0, -0.0], [-6.0, -8.0, 0.0]]),
        case([4097.0], [4097.0], want=[[16785408.0]], note="a tie goes to even"),
        case([], [1.0], want=[]),
    ),
    refusals=(
        refusal(ShapeError, "flatten makes a vector", [[1.0]], [1.0]),
        refusal(ShapeError, "flatten makes a vector", [1.0], 2.0),
    ),
    calls=(
        call((3,), (4,)),
        call((1,), (7,)),
        call((0,), (2,)),
        call((9,), (5,)),
    ),
    data="sums",
)
