"""masked_select(x, mask): the elements where a mask holds, as a vector.

1. Operand and mask are broadcast against each other; the elements follow in row-major order (PyTorch's
   ``masked_select``). Their number depends on the mask's elements. An ``index_mask`` of all axes (N4.1).
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.calls import Bools, call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import BOOL, PlainArray


def masked_select(x: Any, mask: Any) -> Any:
    """Clause 1."""
    shape = broadcast_shapes("masked_select", x.shape, mask.shape) or (1,)
    return x.broadcast_to(shape).index_mask(mask.broadcast_to(shape))


MASK = PlainArray.of([1, 0, 1], (3,), BOOL)

operation = Composition(
    module=__name__,
    function=masked_select,
    cases=(
        case([1.0, 2.0, -0.0], MASK, want=[1.0, -0.0]),
        case([[1.0], [2.0]], MASK, want=[1.0, 1.0, 2.0, 2.0]),
        case(5.0, PlainArray.of([1], (), BOOL), want=[5.0]),
    ),
    refusals=(
        refusal(DTypeError, "a mask is bool", [1.0], [1.0]),
        refusal(ShapeError, "do not broadcast", [1.0, 2.0], MASK),
    ),
    calls=(
        call((7,), Bools((7,))),
        call((3, 4), Bools((4,))),
        call((4,), Bools((3, 4))),
        call((), Bools((0,))),
    ),
    data="moves",
)
