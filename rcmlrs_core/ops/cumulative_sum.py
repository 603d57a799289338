"""cumulative_sum(x, axis=None, include_initial=False): the sums of the first elements, from a zero if asked.

1. ``cumsum`` (N3.1); with ``include_initial`` the sum of no elements, +0, comes first, and the axis is one longer
   (Array API).
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axes


def cumulative_sum(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
    """Clause 1."""
    return with_initial(x.cumsum(axis=axis), axis, 0.0) if include_initial else x.cumsum(axis=axis)


def with_initial(sums: Any, axis: int | None, value: float) -> Any:
    """With one element of ``value`` before the first along the axis."""
    (only,) = normalize_axes("cumulative_sum", axis, sums.shape, one=True)
    return sums.pad(tuple((int(i == only), 0) for i in range(len(sums.shape))), value=value)


operation = Composition(
    module=__name__,
    function=cumulative_sum,
    cases=(
        case([1.0, 2.0, 3.0], want=[1.0, 3.0, 6.0]),
        case([1.0, 2.0, 3.0], include_initial=True, want=[0.0, 1.0, 3.0, 6.0]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, include_initial=True, want=[[0.0, 0.0], [1.0, 2.0], [4.0, 6.0]]),
        case([1e30, 1.0, -1e30], axis=-1, want=[1e30, 1e30, 1.0], note="nothing is lost on the way"),
        case([], include_initial=True, want=[0.0]),
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
