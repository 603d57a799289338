"""conv_transpose3d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, groups=1, dilation=1): upsampling.

1. The transpose of ``conv3d``: for a ``g`` of the shape of its result it is what ``x`` receives there. ``x`` is (N,
   C, depth, height, width), ``weight`` (C, O / groups, depth, height, width) and ``bias`` (O,); every element of
   ``x`` adds its multiple of the kernel to the result, ``stride`` further for the next one. Each spatial axis has
   ``(length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1`` places: ``padding`` takes
   places away on both sides, and ``output_padding``, which is less than the stride or the dilation, adds some behind.
2. It is ``conv`` of ``x`` with zeros between its elements and around them, by the kernel turned around: each element
   is ``RN`` of one exact sum, the bias inside (N3.1).
3. The zeros are terms of the sums: they add nothing, but beside an infinite or NaN weight they give NaN (N3.2).
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.convolution import convolve_transposed
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal


def conv_transpose3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Any:
    """Clauses 1 and 2."""
    return convolve_transposed(
        "conv_transpose3d", 3, x, weight, bias, stride, padding, output_padding, groups, dilation
    )


operation = Composition(
    module=__name__,
    clause="N3.1",
    function=conv_transpose3d,
    cases=(
        case([[[[[1.0, 2.0]]]]], [[[[[1.0]], [[10.0]]]]], [0.5], want=[[[[[1.5, 2.5]], [[10.5, 20.5]]]]]),
        case([[[[[1.0, 2.0]]]]], [[[[[1.0, 10.0]]]]], stride=(1, 1, 2), want=[[[[[1.0, 10.0, 2.0, 20.0]]]]]),
        case([[[[[1.0, 2.0]]]]], [[[[[1.0, 10.0]]]]], padding=(0, 0, 1), want=[[[[[12.0]]]]]),
    ),
    refusals=(
        refusal(ShapeError, "x is (N, C, depth, height, width)", [[[[1.0]]]], [[[[[1.0]]]]]),
        refusal(ShapeError, "is for 2 channels", [[[[[1.0]]]]], [[[[[1.0]]]]] * 2),
        refusal(ShapeError, "nothing would be left", [[[[[1.0]]]]], [[[[[1.0]]]]], padding=1),
        refusal(ShapeError, "takes a bias of shape (1,), got (2,)", [[[[[1.0]]]]], [[[[[1.0]]]]], [1.0, 2.0]),
        refusal(AttributeValueError, "must be smaller than the stride", [[[[[1.0]]]]], [[[[[1.0]]]]], output_padding=1),
        refusal(AttributeValueError, "stride must be at least 1", [[[[[1.0]]]]], [[[[[1.0]]]]], stride=0),
        refusal(AttributeValueError, "padding must be at least 0", [[[[[1.0]]]]], [[[[[1.0]]]]], padding=-1),
        refusal(AttributeValueError, "1 channels of x cannot be cut into 2", [[[[[1.0]]]]], [[[[[1.0]]]]], groups=2),
        refusal(DTypeError, "conv_transpose3d: takes float32", int32([1], 1, 1, 1, 1, 1), [[[[[1.0]]]]]),
    ),
    calls=(
        call((1, 2, 2, 3, 2), (2, 2, 3, 2, 2), (2,), stride=2, padding=1, output_padding=(1, 0, 1)),
        call((1, 4, 2, 2, 1), (4, 1, 2, 1, 2), (2,), groups=2, dilation=(2, 1, 1)),
    ),
    data="sums",
)
