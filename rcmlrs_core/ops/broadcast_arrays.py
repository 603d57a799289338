"""broadcast_arrays(*xs): tensors broadcast against each other, as a tuple.

1. Each by ``broadcast_to`` the shape that all have in common: aligned at the last axis, lengths are equal or one
   (N4.1).
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes


def broadcast_arrays(*xs: Any) -> tuple[Any, ...]:
    """Clause 1."""
    if not xs:
        raise ShapeError("broadcast_arrays: takes at least one tensor, got none")
    for x in xs[1:]:
        if not hasattr(x, "broadcast_to"):
            raise TypeError(f"broadcast_arrays: takes tensors, got {type(x).__name__}; make them with rc.tensor(...)")
    shape = broadcast_shapes("broadcast_arrays", *(x.shape for x in xs))
    return tuple(x.broadcast_to(shape) for x in xs)


operation = Composition(
    module=__name__,
    function=broadcast_arrays,
    aliases=("broadcast_tensors",),
    cases=(
        case([[1.0], [-0.0]], [3.0, 4.0], want=([[1.0, 1.0], [-0.0, -0.0]], [[3.0, 4.0], [3.0, 4.0]])),
        case(1.0, [2.0], want=([1.0], [2.0])),
        case([1.0], want=([1.0],)),
    ),
    refusals=(
        refusal(ShapeError, "do not broadcast", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(ShapeError, "at least one"),
    ),
    calls=(
        call((3, 1), (4,)),
        call((2, 1, 3), (), (4, 1)),
        call((0,), (1,)),
    ),
    data="moves",
)
