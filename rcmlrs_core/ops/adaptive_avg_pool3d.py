"""adaptive_avg_pool3d(x, output): means of windows that share the axes.

1. ``x`` (N, C, depth, height, width) becomes (N, C, *output): of an axis of ``length``, the i-th window begins at ``i
   * length // output`` and ends before ``(i + 1) * length / output``, rounded up, as in PyTorch. ``output`` is one
   int, or one for each spatial axis.
2. Each result is ``RN`` of the exact mean of a window, one rounding (N3.1); zeros, infinities and NaN as in ``mean``.
   With ``output=1`` it is the mean of everything, global pooling.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.pooling import adaptive, mean, pooled


def adaptive_avg_pool3d(x: Any, output: int | Sequence[int]) -> Any:
    """Clauses 1 and 2."""
    return pooled(x, adaptive("adaptive_avg_pool3d", 3, x, output), mean)


operation = Composition(
    module=__name__,
    clause="N3.1",
    function=adaptive_avg_pool3d,
    cases=(
        case([[[[[1.0, 2.0], [3.0, 6.0]]]]], output=1, want=[[[[[3.0]]]]]),
        case([[[[[1.0, 2.0, 4.0]]]]], output=(1, 1, 2), want=[[[[[1.5, 3.0]]]]]),
    ),
    refusals=(
        refusal(ShapeError, "adaptive_avg_pool3d: x is (N, C, depth, height, width)", [[[[1.0]]]], output=1),
        refusal(ShapeError, "with elements along the spatial axes", [[[[[]]]]], output=1),
        refusal(AttributeValueError, "output must be at least 1", [[[[[1.0, 2.0]]]]], output=0),
        refusal(AttributeValueError, "has 4 numbers for 3 spatial axes", [[[[[1.0, 2.0]]]]], output=(1, 1, 1, 1)),
        refusal(AttributeValueError, "output is an int, or one for each", [[[[[1.0, 2.0]]]]], output=1.5),
        refusal(DTypeError, "adaptive_avg_pool3d: takes float32", int32([1], 1, 1, 1, 1, 1), output=1),
    ),
    calls=(
        call((1, 2, 4, 2, 4), output=2),
        call((1, 1, 5, 3, 4), output=(3, 2, 1)),
    ),
    data="sums",
)
