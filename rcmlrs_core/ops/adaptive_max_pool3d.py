"""adaptive_max_pool3d(x, output): the largest elements of windows that share the axes.

1. ``x`` (N, C, depth, height, width) becomes (N, C, *output): of an axis of ``length``, the i-th window begins at ``i
   * length // output`` and ends before ``(i + 1) * length / output``, rounded up, as in PyTorch. ``output`` is one
   int, or one for each spatial axis.
2. No rounding. NaN if any element is NaN; ``max(-0, +0) = +0`` (N2.3). The gradient goes to the first of the largest
   in row-major order (N4.3). With ``output=1`` it is the largest of everything, global pooling.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.pooling import adaptive, maximum, pooled


def adaptive_max_pool3d(x: Any, output: int | Sequence[int]) -> Any:
    """Clauses 1 and 2."""
    return pooled(x, adaptive("adaptive_max_pool3d", 3, x, output), maximum)


operation = Composition(
    module=__name__,
    clause="N2.3",
    function=adaptive_max_pool3d,
    cases=(
        case([[[[[1.0, 2.0], [3.0, 6.0]]]]], output=1, want=[[[[[6.0]]]]]),
        case([[[[[1.0, 4.0, 2.0]]]]], output=(1, 1, 2), want=[[[[[4.0, 4.0]]]]]),
    ),
    refusals=(
        refusal(ShapeError, "adaptive_max_pool3d: x is (N, C, depth, height, width)", [[[[1.0]]]], output=1),
        refusal(ShapeError, "with elements along the spatial axes", [[[[[]]]]], output=1),
        refusal(AttributeValueError, "output must be at least 1", [[[[[1.0, 2.0]]]]], output=0),
        refusal(AttributeValueError, "has 4 numbers for 3 spatial axes", [[[[[1.0, 2.0]]]]], output=(1, 1, 1, 1)),
        refusal(AttributeValueError, "output is an int, or one for each", [[[[[1.0, 2.0]]]]], output=1.5),
        refusal(DTypeError, "adaptive_max_pool3d: takes float32", int32([1], 1, 1, 1, 1, 1), output=1),
    ),
    calls=(
        call((1, 2, 4, 2, 4), output=2),
        call((1, 1, 5, 3, 4), output=(3, 2, 1)),
    ),
    data="float_moves",
)
