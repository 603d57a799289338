"""max_pool1d(x, kernel, *, stride=None, padding=0, ceil_mode=False): the largest element of each window.

1. ``x`` (N, C, length): along each spatial axis, windows of ``kernel`` elements, each ``stride`` after the one
   before; by default they do not overlap. Both are one int, or one for each spatial axis, and so is ``padding``, the
   number of places that windows may reach over on both sides, at most half of the kernel. With ``ceil_mode``, a last
   window counts that reaches over the padding behind too, if it begins before that.
2. No rounding. NaN if any element is NaN; ``max(-0, +0) = +0`` (N2.3). What lies outside of ``x`` is -inf.
3. The gradient goes to the first of the largest in row-major order (N4.3), or to the first NaN. In a window of
   nothing but -inf the padding is one of them.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.pooling import largest


def max_pool1d(
    x: Any,
    kernel: int | Sequence[int],
    *,
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
) -> Any:
    """Clauses 1 and 2."""
    return largest("max_pool1d", 1, x, kernel, stride, padding, ceil_mode)


operation = Composition(
    module=__name__,
    clause="N2.3",
    function=max_pool1d,
    cases=(
        case([[[1.0, 3.0, 2.0, -1.0]]], kernel=2, want=[[[3.0, 2.0]]]),
        case([[[1.0, 3.0, 2.0, -1.0]]], kernel=2, stride=1, want=[[[3.0, 3.0, 2.0]]]),
        case([[[-1.0, -3.0, -2.0]]], kernel=2, padding=1, want=[[[-1.0, -2.0]]], note="the padding is -inf"),
        case([[[1.0, 3.0, 2.0]]], kernel=2, want=[[[3.0]]], note="the last is left over"),
        case([[[1.0, 3.0, 2.0]]], kernel=2, ceil_mode=True, want=[[[3.0, 2.0]]]),
        case([[[1.0, float("nan"), 2.0, 1.0]]], kernel=2, want=[[[float("nan"), 2.0]]], note="N2.3: NaN is passed on"),
        case([[[-0.0, 0.0, -0.0, -0.0]]], kernel=2, want=[[[0.0, -0.0]]], note="N2.3"),
        case([[[float("-inf"), float("-inf"), float("inf"), 1.0]]], kernel=2, want=[[[float("-inf"), float("inf")]]]),
    ),
    refusals=(
        refusal(ShapeError, "max_pool1d: x is (N, C, length)", [[1.0]], kernel=1),
        refusal(ShapeError, "with elements along the spatial axes", [[[]]], kernel=1),
        refusal(ShapeError, "which is more than", [[[1.0, 2.0]]], kernel=3),
        refusal(ShapeError, "has no elements", [[[1.0, 2.0]]], kernel=0),
        refusal(AttributeValueError, "stride must be at least 1", [[[1.0, 2.0]]], kernel=1, stride=0),
        refusal(AttributeValueError, "padding must be at least 0", [[[1.0, 2.0]]], kernel=1, padding=-1),
        refusal(AttributeValueError, "at most half of the kernel", [[[1.0, 2.0]]], kernel=1, padding=1),
        refusal(DTypeError, "max_pool1d: takes float32", int32([1], 1, 1, 1), kernel=1),
    ),
    calls=(
        call((2, 3, 9), kernel=3),
        call((2, 2, 10), kernel=4, stride=3, padding=2, ceil_mode=True),
        call((1, 2, 9), kernel=3, stride=2, padding=1),
    ),
    data="float_moves",
)
