"""cumulative_prod(x, axis=None, include_initial=False): the products of the first elements, from a one if asked.

1. ``cumprod`` (N2.1); with ``include_initial`` the product of no elements, 1, comes first, and the axis is one longer
   (Array API).
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.cumulative_sum import with_initial
from rcmlrs_core.ops.op import Composition, case, refusal


def cumulative_prod(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
    """Clause 1."""
    return with_initial(x.cumprod(axis=axis), axis, 1.0) if include_initial else x.cumprod(axis=axis)


operation = Composition(
    module=__name__,
    function=cumulative_prod,
    cases=(
        case([2.0, 3.0, 4.0], want=[2.0, 6.0, 24.0]),
        case([2.0, 3.0, 4.0], include_initial=True, want=[1.0, 2.0, 6.0, 24.0]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, include_initial=True, want=[[1.0, 1.0], [1.0, 2.0], [3.0, 8.0]]),
        case([1e30, 1e30, 1e-30], axis=-1, want=[1e30, float("inf"), 1e30]),
        case([], include_initial=True, want=[1.0]),
    ),
    refusals=(
        refusal(AxisError, "say which", [[1.0, 2.0], [3.0, 4.0]]),
        refusal(AxisError, "axis 1 is out of range", [1.0], axis=1, include_initial=True),
    ),
    calls=(
        call((7,)),
        call((2, 5), axis=1, include_initial=True),
        call((3, 2), axis=0),
        call((0, 2), axis=0, include_initial=True),
    ),
    data="sums",
)
