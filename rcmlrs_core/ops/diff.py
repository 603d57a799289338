"""diff(x, axis=-1, n=1, prepend=None, append=None): the differences of neighbours along an axis.

1. ``x[i+1] - x[i]``, rounded once; the axis is one shorter. With n > 1 that is done n times, as a composition: each
   time is rounded. With n = 0 it is ``x`` itself.
2. ``prepend`` and ``append`` are tensors that are joined to ``x`` along the axis first (Array API).
"""

import operator
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis


def diff(x: Any, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """Clauses 1 and 2."""
    axis = normalize_axis("diff", axis, len(x.shape))
    try:
        times = operator.index(n)
    except TypeError:
        raise AttributeValueError(f"diff: n must be of type int, got {n!r}") from None
    if times < 0:
        raise AttributeValueError(f"diff: n must be at least 0, got {n}")
    if times == 0:
        return x
    first, *rest = (part for part in (prepend, x, append) if part is not None)
    joined = first.concat(*rest, axis=axis) if rest else first
    if times > joined.shape[axis]:
        raise ShapeError(f"diff: n is {n}, but axis {axis} of shape {joined.shape} has {joined.shape[axis]} elements")
    for _ in range(times):
        lead = (0,) * axis
        length = joined.shape[axis]
        after = joined.slice(start=(*lead, 1), stop=(*joined.shape[:axis], length))
        joined = after - joined.slice(start=(*lead, 0), stop=(*joined.shape[:axis], max(0, length - 1)))
    return joined


operation = Composition(
    module=__name__,
    function=diff,
    cases=(
        case([1.0, 4.0, 2.0], want=[3.0, -2.0]),
        case([1.0, 4.0, 2.0], n=2, want=[-5.0]),
        case([1.0, -0.0], n=0, want=[1.0, -0.0]),
        case([[1.0, 2.0], [4.0, 8.0]], axis=0, want=[[3.0, 6.0]]),
        case([16777216.0, -1.0, 2.0**-149], want=[-16777216.0, 1.0], note="each difference is rounded once"),
        case([1.0], want=[]),
    ),
    refusals=(
        refusal(AxisError, "out of range", [1.0], axis=1),
        refusal(AttributeValueError, "at least 0", [1.0], n=-1),
        refusal(AttributeValueError, "of type int", [1.0], n=0.5),
        refusal(ShapeError, "has 2 elements", [1.0, 2.0], n=3),
    ),
    calls=(
        call((7,)),
        call((3, 4), axis=0),
        call((2, 5, 2), axis=1, n=2),
        call((2, 1), axis=1),
    ),
)
