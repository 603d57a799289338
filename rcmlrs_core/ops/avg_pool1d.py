"""avg_pool1d(x, kernel, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True): means of windows.

1. ``x`` (N, C, length): along each spatial axis, windows of ``kernel`` elements, each ``stride`` after the one
   before; by default they do not overlap. Both are one int, or one for each spatial axis, and so is ``padding``, the
   number of places that windows may reach over on both sides, at most half of the kernel.
2. Each result is ``RN`` of the exact mean of a window, one rounding (N3.1); zeros, infinities and NaN as in ``mean``.
3. Zeros in the padding count as elements, unless ``count_include_pad`` is false: then a mean is of the elements of
   ``x`` alone. With ``ceil_mode``, a last window counts that reaches over the padding behind too, if it begins before
   that; what lies beyond the padding counts never. All of this is as in PyTorch.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.pooling import average


def avg_pool1d(
    x: Any,
    kernel: int | Sequence[int],
    *,
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Clauses 1 to 3."""
    return average("avg_pool1d", 1, x, kernel, stride, padding, ceil_mode, count_include_pad)


operation = Composition(
    module=__name__,
    clause="N3.1",
    function=avg_pool1d,
    cases=(
        case([[[1.0, 2.0, 4.0, 8.0]]], kernel=2, want=[[[1.5, 6.0]]]),
        case([[[1.0, 2.0, 4.0, 8.0]]], kernel=2, stride=1, want=[[[1.5, 3.0, 6.0]]]),
        case([[[1.0, 2.0, 4.0, 8.0, 16.0]]], kernel=(2,), want=[[[1.5, 6.0]]], note="the last is left over"),
        case([[[1.0, 2.0, 4.0, 8.0, 16.0]]], kernel=2, ceil_mode=True, want=[[[1.5, 6.0, 16.0]]]),
        case([[[2.0, 4.0, 8.0]]], kernel=2, padding=1, want=[[[1.0, 6.0]]]),
        case([[[2.0, 4.0, 8.0]]], kernel=2, padding=1, count_include_pad=False, want=[[[2.0, 6.0]]]),
        case(
            [[[3.0, 6.0, 9.0, 12.0]]],
            kernel=3,
            stride=1,
            padding=1,
            count_include_pad=False,
            want=[[[4.5, 6.0, 9.0, 10.5]]],
            note="windows of two, three, three and two elements",
        ),
        case([[[1.0, 2.0, 4.0, 8.0, 16.0]]], kernel=4, stride=3, padding=1, ceil_mode=True, want=[[[1.75, 7.0]]]),
        case(
            [[[16777216.0, 4.0, 1.0]]],
            kernel=5,
            padding=2,
            count_include_pad=False,
            want=[[[5592407.0]]],
            note="a third of the rounded sum would be 5592406.5",
        ),
        case([[[1e30, 1.0, -1e30]]], kernel=3, want=[[[0.3333333432674408]]], note="nothing is lost on the way"),
        case([[[-0.0, -0.0]]], kernel=2, want=[[[0.0]]], note="N3.2: +0, whatever the signs"),
        case([[[float("inf"), 1.0, float("-inf")]]], kernel=2, stride=1, want=[[[float("inf"), float("-inf")]]]),
    ),
    refusals=(
        refusal(ShapeError, "avg_pool1d: x is (N, C, length)", [[1.0]], kernel=1),
        refusal(ShapeError, "with elements along the spatial axes", [[[]]], kernel=1),
        refusal(ShapeError, "which is more than", [[[1.0, 2.0]]], kernel=3),
        refusal(ShapeError, "has no elements", [[[1.0, 2.0]]], kernel=0),
        refusal(AttributeValueError, "stride must be at least 1", [[[1.0, 2.0]]], kernel=1, stride=0),
        refusal(AttributeValueError, "padding must be at least 0", [[[1.0, 2.0]]], kernel=1, padding=-1),
        refusal(AttributeValueError, "at most half of the kernel", [[[1.0, 2.0]]], kernel=1, padding=1),
        refusal(AttributeValueError, "has 4 numbers", [[[1.0, 2.0]]], kernel=(1, 1, 1, 1)),
        refusal(DTypeError, "avg_pool1d: takes float32", int32([1], 1, 1, 1), kernel=1),
    ),
    calls=(
        call((2, 3, 9), kernel=3),
        call((2, 2, 10), kernel=4, stride=3, padding=2, ceil_mode=True),
        call((1, 2, 9), kernel=3, stride=2, padding=1, count_include_pad=False),
        call((1, 1, 8), kernel=5, stride=2, padding=2, ceil_mode=True, count_include_pad=False),
    ),
    data="sums",
)
