"""nonzero(x): where the elements are that are not zero: a vector of int32 positions for each axis, as a tuple.

1. ``x[nonzero(x)]`` are these elements, in row-major order. NaN is not zero, -0 is. The columns of ``argwhere``.
2. A single number has no axes to name a place on, and is refused.
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import Bools, call
from rcmlrs_core.ops.op import Composition, NoGradient, case, refusal
from rcmlrs_core.plain import INT32, PlainArray


def nonzero(x: Any) -> tuple[Any, ...]:
    """Clauses 1 and 2."""
    if not x.shape:
        raise ShapeError("nonzero: takes a tensor with at least one axis, got shape (); not_equal(0) says what it is")
    rows = x.argwhere()
    return tuple(rows.subscript((..., axis)) for axis in range(len(x.shape)))


def _vector(*values: int) -> PlainArray:
    return PlainArray.of(values, (len(values),), INT32)


operation = Composition(
    module=__name__,
    function=nonzero,
    gradient=NoGradient("the places of elements move in jumps"),
    cases=(
        case([0.0, 2.0**-149, -0.0, float("nan")], want=(_vector(1, 3),)),
        case([[0.0, 1.0], [1.0, 0.0]], want=(_vector(0, 1), _vector(1, 0))),
        case([[0.0]], want=(_vector(), _vector())),
    ),
    refusals=(refusal(ShapeError, "at least one axis", 1.0),),
    calls=(
        call(Bools((7,))),
        call(Bools((2, 3, 5))),
        call(Bools((0, 3))),
        call((65,)),
    ),
    data="moves",
)
