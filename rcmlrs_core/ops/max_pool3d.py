"""max_pool3d(x, kernel, *, stride=None, padding=0, ceil_mode=False): the largest element of each window.

1. ``x`` (N, C, depth, height, width): along each spatial axis, windows of ``kernel`` elements, each ``stride`` after
   the one before; by default they do not overlap. Both are one int, or one for each spatial axis, and so is
   ``padding``, the number of places that windows may reach over on both sides, at most half of the kernel. With
   ``ceil_mode``, a last window counts that reaches over the padding behind too, if it begins before that.
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


def max_pool3d(
    x: Any,
    kernel: int | Sequence[int],
    *,
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
) -> Any:
    """Clauses 1 and 2."""
    return largest("max_pool3d", 3, x, kernel, stride, padding, ceil_mode)


operation = Composition(
    module=__name__,
    clause="N2.3",
    function=max_pool3d,
    cases=(
        case([[[[[1.0, 2.0], [4.0, 3.0]]]]], kernel=(1, 2, 2), want=[[[[[4.0]]]]]),
        case([[[[[1.0, 2.0]], [[4.0, 3.0]]]]], kernel=(2, 1, 1), want=[[[[[4.0, 3.0]]]]]),
        case([[[[[-8.0]]]]], kernel=2, padding=1, want=[[[[[-8.0]]]]]),
        case([[[[[8.0, 2.0, 3.0]]]]], kernel=(1, 1, 2), ceil_mode=True, want=[[[[[8.0, 3.0]]]]]),
    ),
    refusals=(
        refusal(ShapeError, "max_pool3d: x is (N, C, depth, height, width)", [[[[1.0]]]], kernel=1),
        refusal(ShapeError, "with elements along the spatial axes", [[[[[]]]]], kernel=1),
        refusal(ShapeError, "which is more than", [[[[[1.0, 2.0]]]]], kernel=3),
        refusal(ShapeError, "has no elements", [[[[[1.0, 2.0]]]]], kernel=0),
        refusal(AttributeValueError, "stride must be at least 1", [[[[[1.0, 2.0]]]]], kernel=1, stride=0),
        refusal(AttributeValueError, "padding must be at least 0", [[[[[1.0, 2.0]]]]], kernel=1, padding=-1),
        refusal(AttributeValueError, "at most half of the kernel", [[[[[1.0, 2.0]]]]], kernel=1, padding=1),
        refusal(DTypeError, "max_pool3d: takes float32", int32([1], 1, 1, 1, 1, 1), kernel=1),
    ),
    calls=(
        call((1, 2, 4, 2, 4), kernel=2),
        call((1, 1, 5, 3, 4), kernel=(3, 2, 4), stride=(3, 2, 1), padding=(1, 0, 2), ceil_mode=True),
    ),
    data="float_moves",
)
