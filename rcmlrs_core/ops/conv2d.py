"""conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1): a convolution over two spatial axes.

1. ``x`` (N, C, height, width), ``weight`` (O, C / groups, height, width) and ``bias`` (O,): ``conv`` of ``x`` with
   zeros around it, each element ``RN`` of one exact sum (N3.1). ``groups=C`` is a depthwise convolution.
2. ``padding`` is the number of zeros on both sides, one int or one for each spatial axis; ``"valid"`` is none, and
   ``"same"`` as many as give ``ceil(length / stride)`` places, of which an odd one stands behind.
3. The zeros are terms of the sums: they add nothing, but beside an infinite or NaN weight they give NaN (N3.2).
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.convolution import convolve
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import Composition, case, refusal


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """Clauses 1 and 2."""
    return convolve("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


operation = Composition(
    module=__name__,
    clause="N3.1",
    function=conv2d,
    cases=(
        case([[[[1.0, 2.0], [3.0, 4.0]]]], [[[[1.0, 10.0], [100.0, 1000.0]]]], want=[[[[4321.0]]]]),
        case(
            [[[[1.0, 2.0], [3.0, 4.0]]]],
            [[[[1.0, 10.0], [100.0, 1000.0]]]],
            [0.5],
            padding=(1, 0),
            want=[[[[2100.5], [4321.5], [43.5]]]],
        ),
        case(
            [[[[1.0, 2.0], [3.0, 4.0]]]],
            [[[[1.0, 10.0], [100.0, 1000.0]]]],
            padding="same",
            want=[[[[4321.0, 402.0], [43.0, 4.0]]]],
            note="an odd zero stands behind",
        ),
        case([[[[1.0, 2.0], [3.0, 4.0]]]], [[[[5.0]]]], stride=2, padding="valid", want=[[[[5.0]]]]),
        case([[[[1.0]]]], [[[[1.0, float("inf")]]]], padding=(0, 1), want=[[[[float("inf"), float("nan")]]]]),
        case([[[[1.0]], [[2.0]]]], [[[[3.0]]], [[[4.0]]]], groups=2, want=[[[[3.0]], [[8.0]]]], note="depthwise"),
    ),
    refusals=(
        refusal(ShapeError, "x is (N, C, height, width)", [[[1.0]]], [[[[1.0]]]]),
        refusal(ShapeError, "got shapes", [[[[1.0]]]], [[[1.0]]]),
        refusal(ShapeError, "conv2d: a kernel of", [[[[1.0]]]], [[[[1.0, 1.0]]]]),
        refusal(ShapeError, "takes 2 channels in each of 1 groups", [[[[1.0]]]], [[[[1.0]]] * 2]),
        refusal(ShapeError, "takes a bias of shape (1,), got (2,)", [[[[1.0]]]], [[[[1.0]]]], [1.0, 2.0]),
        refusal(AttributeValueError, "conv2d: stride must be at least 1", [[[[1.0]]]], [[[[1.0]]]], stride=0),
        refusal(AttributeValueError, "padding must be at least 0", [[[[1.0]]]], [[[[1.0]]]], padding=-1),
        refusal(AttributeValueError, "'same', 'valid'", [[[[1.0]]]], [[[[1.0]]]], padding="full"),
        refusal(AttributeValueError, "cannot be cut into 2 groups", [[[[1.0]]]], [[[[1.0]]]], groups=2),
        refusal(DTypeError, "conv2d: takes float32", int32([1], 1, 1, 1, 1), [[[[1.0]]]]),
    ),
    calls=(
        call((2, 3, 5, 4), (4, 3, 3, 3), (4,), padding=1),
        call((1, 4, 6, 5), (2, 2, 4, 2), (2,), stride=(3, 2), padding="same", groups=2),
        call((1, 2, 4, 4), (2, 1, 2, 3), padding=(2, 0), dilation=(3, 1), groups=2),
        call((1, 2, 3, 4), (3, 2, 2, 1), (3,), padding="valid"),
    ),
    data="sums",
)
