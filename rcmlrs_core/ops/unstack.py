"""unstack(x, axis=0): the parts of a tensor along an axis, without that axis, as a tuple.

1. The inverse of ``stack``: part i is ``x[..., i, ...]``, a ``subscript`` (N4.1; Array API standard).
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """Clause 1."""
    axis = normalize_axis("unstack", axis, len(x.shape))
    whole = (slice(None),) * axis
    return tuple(x[(*whole, i)] for i in range(x.shape[axis]))


operation = Composition(
    module=__name__,
    function=unstack,
    aliases=("unbind",),
    cases=(
        case([1.0, -0.0], want=(1.0, -0.0)),
        case([[1.0, 2.0], [3.0, 4.0]], axis=-1, want=([1.0, 3.0], [2.0, 4.0])),
        case([[1.0, 2.0]], want=([1.0, 2.0],)),
    ),
    refusals=(
        refusal(AxisError, "out of range", [1.0], axis=1),
        refusal(AxisError, "no axes", 1.0),
    ),
    calls=(
        call((3,)),
        call((2, 3), axis=1),
        call((2, 3, 4), axis=-2),
        call((2, 0)),
    ),
    data="moves",
)
