"""stack(*xs, axis=0): tensors of one shape one after another, along a new axis.

1. ``expand_dims`` of each, and ``concat`` (N4.1).
"""

from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def stack(*xs: Any, axis: int = 0) -> Any:
    """Clause 1."""
    if not xs:
        raise ShapeError("stack: takes at least one tensor, got none")
    for x in xs[1:]:
        if not hasattr(x, "expand_dims"):
            raise TypeError(f"stack: takes tensors, got {type(x).__name__}; make them with rc.tensor(...)")
        if x.shape != xs[0].shape:
            raise ShapeError(
                f"stack: shapes {xs[0].shape} and {x.shape} differ; concat joins along an axis that there is"
            )
    first, *rest = (x.expand_dims(axis) for x in xs)
    return first.concat(*rest, axis=axis)


operation = Composition(
    module=__name__,
    function=stack,
    cases=(
        case([1.0, -0.0], [3.0, 4.0], want=[[1.0, -0.0], [3.0, 4.0]]),
        case([1.0, 2.0], [3.0, 4.0], axis=-1, want=[[1.0, 3.0], [2.0, 4.0]]),
        case(1.0, 2.0, 3.0, want=[1.0, 2.0, 3.0]),
    ),
    refusals=(
        refusal(ShapeError, "differ", [1.0], [1.0, 2.0]),
        refusal(AxisError, "out of range", [1.0], [1.0], axis=2),
    ),
    calls=(
        call((3,), (3,)),
        call((2, 3), (2, 3), (2, 3), axis=1),
        call((), ()),
        call((5,)),
    ),
    data="moves",
)
