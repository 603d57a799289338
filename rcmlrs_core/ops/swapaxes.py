"""swapaxes(x, axis1, axis2): two axes in each other's place.

1. A ``transpose`` with these two exchanged (N4.1), as NumPy's and PyTorch's function of this name.
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Clause 1."""
    rank = len(x.shape)
    first, second = (normalize_axis("swapaxes", axis, rank) for axis in (axis1, axis2))
    order = list(range(rank))
    order[first], order[second] = second, first
    return x.transpose(tuple(order))


operation = Composition(
    module=__name__,
    function=swapaxes,
    cases=(
        case([[1.0, -0.0, 3.0]], axis1=0, axis2=1, want=[[1.0], [-0.0], [3.0]]),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], axis1=-1, axis2=0, want=[[[1.0, 3.0]], [[2.0, 4.0]]]),
        case([1.0, 2.0], axis1=0, axis2=0, want=[1.0, 2.0]),
    ),
    refusals=(refusal(AxisError, "out of range", [1.0], axis1=0, axis2=1),),
    calls=(
        call((2, 3), axis1=0, axis2=1),
        call((2, 3, 4), axis1=-1, axis2=0),
        call((2, 0, 4), axis1=1, axis2=2),
    ),
    data="moves",
)
