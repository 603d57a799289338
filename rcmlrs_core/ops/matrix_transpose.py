"""matrix_transpose(x): the last two axes swapped: every matrix of a batch transposed.

1. ``transpose`` with the last two axes in the other order (N4.1); of a matrix, ``x.T``.
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def matrix_transpose(x: Any) -> Any:
    """Clause 1."""
    rank = len(x.shape)
    if rank < 2:
        raise ShapeError(f"matrix_transpose: shape {x.shape} has no two axes to swap")
    return x.transpose((*range(rank - 2), rank - 1, rank - 2))


operation = Composition(
    module=__name__,
    function=matrix_transpose,
    cases=(
        case([[1.0, -0.0, 3.0]], want=[[1.0], [-0.0], [3.0]]),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], want=[[[1.0], [2.0]], [[3.0], [4.0]]]),
    ),
    refusals=(refusal(ShapeError, "no two axes", [1.0]),),
    calls=(
        call((2, 3)),
        call((2, 3, 4)),
        call((0, 2)),
    ),
    data="moves",
)
