"""meshgrid(*xs, indexing="xy"): the coordinates of a grid: each vector along an axis of its own, as a tuple.

1. With ``"ij"``, result k of n vectors has the shape of all lengths in their order and the elements of vector k along
   axis k. With ``"xy"`` the first two axes are exchanged (Array API standard). A single number is a vector of one.
2. A ``reshape`` and a ``broadcast_to`` of each (N4.1).
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def meshgrid(*xs: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Clauses 1 and 2."""
    if indexing not in ("xy", "ij"):
        raise AttributeValueError(f"meshgrid: indexing is 'xy' or 'ij', got {indexing!r}")
    axes = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        axes[:2] = [1, 0]
    for x in xs:
        if len(getattr(x, "shape", (0, 0))) > 1:
            got = getattr(x, "shape", type(x).__name__)
            raise ShapeError(f"meshgrid: takes vectors, got {got}; flatten makes a vector of a tensor")
    lengths = [x.size for x in xs]
    shape = tuple(lengths[axes[i]] for i in range(len(xs)))
    lines = (tuple(n if i == axis else 1 for i in range(len(xs))) for n, axis in zip(lengths, axes, strict=True))
    return tuple(x.reshape(line).broadcast_to(shape) for x, line in zip(xs, lines, strict=True))


operation = Composition(
    module=__name__,
    function=meshgrid,
    cases=(
        case([1.0, -0.0], [3.0, 4.0, 5.0], want=([[1.0, -0.0]] * 3, [[3.0] * 2, [4.0] * 2, [5.0] * 2])),
        case([1.0, 2.0], [3.0], indexing="ij", want=([[1.0], [2.0]], [[3.0], [3.0]])),
        case([1.0], 2.0, [3.0, 4.0], want=([[[1.0, 1.0]]], [[[2.0, 2.0]]], [[[3.0, 4.0]]])),
        case([1.0, 2.0], want=([1.0, 2.0],)),
    ),
    refusals=(
        refusal(AttributeValueError, "'xy' or 'ij'", [1.0], indexing="yx"),
        refusal(ShapeError, "takes vectors", [1.0], [[1.0]]),
    ),
    calls=(
        call((3,), (4,)),
        call((3,), (), (2,), indexing="ij"),
        call((2,), (0,), (3,)),
        call((5,)),
    ),
    data="moves",
)
