"""moveaxis(x, source, destination): axes moved to other places; the others keep their order.

1. A ``transpose`` (N4.1). Axis ``source`` of ``x`` is axis ``destination`` of the result; both are ints, or sequences
   of as many (Array API standard).
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Clause 1."""
    rank = len(x.shape)
    taken, put = _axes(source, rank), _axes(destination, rank)
    if len(taken) != len(put):
        raise AxisError(f"moveaxis: {len(taken)} axes to {len(put)} places; give as many of each")
    order = [axis for axis in range(rank) if axis not in taken]
    for place, axis in sorted(zip(put, taken, strict=True)):
        order.insert(place, axis)
    return x.transpose(tuple(order))


def _axes(given: int | Sequence[int], rank: int) -> list[int]:
    """In the order in which they are given."""
    listed = given if isinstance(given, Sequence) else (given,)
    axes = [normalize_axis("moveaxis", axis, rank) for axis in listed]
    if len(set(axes)) != len(axes):
        raise AxisError(f"moveaxis: axes {tuple(listed)} name one axis twice")
    return axes


operation = Composition(
    module=__name__,
    function=moveaxis,
    aliases=("movedim",),
    cases=(
        case([[1.0, -0.0, 3.0]], source=0, destination=-1, want=[[1.0], [-0.0], [3.0]]),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], source=(0, 1), destination=(1, 2), want=[[[1.0], [3.0]], [[2.0], [4.0]]]),
    ),
    refusals=(
        refusal(AxisError, "out of range", [1.0], source=0, destination=1),
        refusal(AxisError, "as many of each", [[1.0]], source=(0, 1), destination=0),
        refusal(AxisError, "twice", [[1.0]], source=(0, -2), destination=(0, 1)),
    ),
    calls=(
        call((2, 3), source=0, destination=1),
        call((2, 3, 4, 1), source=(3, 0), destination=(0, -2)),
        call((2, 0, 4), source=-1, destination=0),
    ),
    data="moves",
)
