"""masked_fill(x, mask, value): a copy of ``x`` with ``value`` where a mask holds.

1. ``mask.where(value, x)``: all three broadcast against each other; a number is rounded once (N6). No bit changes
   (N4.1), and no gradient flows to what is replaced.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.calls import Bools, call
from rcmlrs_core.ops.op import Composition, case, conversion, refusal
from rcmlrs_core.plain import BOOL, PlainArray


def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """Clause 1."""
    dtype = getattr(mask, "dtype", type(mask).__name__)
    if dtype != BOOL:
        raise DTypeError(
            f"masked_fill: the mask comes first and is a tensor of bools, got {dtype}; {conversion(BOOL, dtype)}"
        )
    return mask.where(value, x)


MASK = PlainArray.of([1, 0, 1], (3,), BOOL)

operation = Composition(
    module=__name__,
    function=masked_fill,
    cases=(
        case([1.0, 2.0, float("nan")], MASK, -0.0, want=[-0.0, 2.0, -0.0]),
        case([[1.0], [2.0]], MASK, 0.1, want=[[0.1, 1.0, 0.1], [0.1, 2.0, 0.1]]),
        case([1.0, 2.0, 3.0], MASK, [4.0, 5.0, 6.0], want=[4.0, 2.0, 6.0]),
    ),
    refusals=(
        refusal(DTypeError, "the mask comes first", [1.0], [1.0], 0.0),
        refusal(ShapeError, "lengths", [1.0, 2.0], MASK, 0.0),
    ),
    calls=(
        call((7,), Bools((7,)), ()),
        call((3, 4), Bools((4,)), ()),
        call((4,), Bools((3, 4)), (3, 1)),
    ),
    data="moves",
)
