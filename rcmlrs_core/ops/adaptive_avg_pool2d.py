"""adaptive_avg_pool2d(x, output): means of windows that share the axes.

1. ``x`` (N, C, height, width) becomes (N, C, *output): of an axis of ``length``, the i-th window begins at ``i *
   length // output`` and ends before ``(i + 1) * length / output``, rounded up, as in PyTorch. ``output`` is one int,
   or one for each spatial axis.
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


def adaptive_avg_pool2d(x: Any, output: int | Sequence[int]) -> Any:
    """Clauses 1 and 2."""
    return pooled(x, adaptive("adaptive_avg_pool2d", 2, x, output), mean)


operation = Composition(
    module=__name__,
    clause="N3.1",
    function=adaptive_avg_pool2d,
    cases=(
        case([[[[1.0, 2.0], [3.0, 6.0]]]], output=1, want=[[[[3.0]]]]),
        case([[[[1.0, 2.0], [3.0, 6.0]]]], output=(1, 2), want=[[[[2.0, 4.0]]]]),
        case(
            [[[[1.0, 2.0, 4.0], [8.0, 16.0, 32.0], [64.0, 128.0, 256.0]]]],
            output=2,
            want=[[[[6.75, 13.5], [54.0, 108.0]]]],
        ),
    ),
    refusals=(
        refusal(ShapeError, "adaptive_avg_pool2d: x is (N, C, height, width)", [[[1.0]]], output=1),
        refusal(ShapeError, "with elements along the spatial axes", [[[[]]]], output=1),
        refusal(AttributeValueError, "output must be at least 1", [[[[1.0, 2.0]]]], output=0),
        refusal(AttributeValueError, "has 4 numbers for 2 spatial axes", [[[[1.0, 2.0]]]], output=(1, 1, 1, 1)),
        refusal(AttributeValueError, "output is an int, or one for each", [[[[1.0, 2.0]]]], output=1.5),
        refusal(DTypeError, "adaptive_avg_pool2d: takes float32", int32([1], 1, 1, 1, 1), output=1),
    ),
    calls=(
        call((2, 3, 4, 6), output=2),
        call((1, 2, 5, 7), output=(3, 4)),
        call((1, 2, 5, 4), output=1),
    ),
    data="sums",
)
