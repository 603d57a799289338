"""flatten(x, start_axis=0, end_axis=-1): some neighbouring axes joined into one, by default all of them.

1. A ``reshape`` of the axes from ``start_axis`` to ``end_axis``, both included (N4.1). A single number becomes a
   vector.
"""

from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis


def flatten(x: Any, start_axis: int = 0, end_axis: int = -1) -> Any:
    """Clause 1."""
    shape = x.shape or (1,)
    first = normalize_axis("flatten", start_axis, len(shape))
    last = normalize_axis("flatten", end_axis, len(shape))
    if first > last:
        raise AxisError(f"flatten: start_axis {start_axis} comes after end_axis {end_axis} in shape {x.shape}")
    return x.reshape((*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))


operation = Composition(
    module=__name__,
    function=flatten,
    cases=(
        case([[1.0, -0.0], [3.0, 4.0]], want=[1.0, -0.0, 3.0, 4.0]),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], start_axis=1, want=[[1.0, 2.0], [3.0, 4.0]]),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], end_axis=1, want=[[1.0, 2.0], [3.0, 4.0]]),
        case(5.0, want=[5.0]),
    ),
    refusals=(
        refusal(AxisError, "comes after", [[1.0]], start_axis=1, end_axis=0),
        refusal(AxisError, "out of range", [[1.0]], start_axis=2),
    ),
    calls=(
        call((2, 3, 4)),
        call((2, 3, 4), start_axis=1),
        call((2, 3, 4), start_axis=0, end_axis=1),
        call((0, 3)),
    ),
    data="moves",
)
