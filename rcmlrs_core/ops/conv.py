"""conv(x, weight, bias=None, *, stride=1, dilation=1, groups=1): a convolution over any number of spatial axes.

1. ``x`` (N, C, *spatial), ``weight`` (O, C / groups, *kernel) and ``bias`` (O,) give (N, O, *places), and there are
   from one to eight spatial axes. Nothing is padded: on each axis there are
   ``(length - dilation * (kernel - 1) - 1) // stride + 1`` places, and a kernel that reaches over more than the length
   is refused. ``stride`` and ``dilation`` are one int, or one for each spatial axis.
2. It is what deep learning calls a convolution, a cross-correlation: the kernel is not turned around. With one spatial
   axis, element [n, o, p] is ``bias[o] + sum_c sum_k weight[o, c, k] * x[n, first + c, p * stride + k * dilation]``.
   The channels are cut into ``groups`` of equal size, as are the outputs, and an output sees the channels of its group,
   which begin at ``first``.
3. Every element is ``RN`` of the exact sum, the bias inside the one rounding (N3.1). An exact zero is +0; NaN,
   ``0 * inf``, or both infinities give NaN; otherwise one infinity gives that infinity (N3.2).
4. The gradient consists of convolutions, each rounded once. For ``x``: of ``g``, with zeros between its elements
   (``stride - 1``) and around them, with the kernel turned around, inputs and outputs exchanged. For the weight: of
   ``x`` with ``g`` as its kernel, batch and channels exchanged, stride and dilation exchanged. For the bias: the sum
   of ``g`` over everything but its channel. The zeros are terms: beside an infinite weight they give NaN (N3.2).

Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (arXiv 1603.07285).
"""

from collections.abc import Iterator
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.numerics.sums import exact_dot
from rcmlrs_core.ops.calls import Floats, call
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import General, Operand, Result, case, check_dtypes, refusal
from rcmlrs_core.ops.spatial import MOST_SPATIAL_AXES, PerAxis, check_kernel, per_axis, places_of_windows, spans
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape, offsets, strides_of


def rule(
    x: Operand,
    weight: Operand,
    bias: Operand | None = None,
    *,
    stride: PerAxis = 1,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Result:
    """Clause 1."""
    return checked("conv", x, weight, bias, stride, dilation, groups)


def checked(
    name: str, x: Operand, weight: Operand, bias: Operand | None, stride: PerAxis, dilation: PerAxis, groups: int
) -> Result:
    """The rule; ``name`` is the operation that errors name."""
    check_dtypes(name, (x, weight) if bias is None else (x, weight, bias), (FLOAT32,))
    rank = len(weight.shape) - 2
    if len(x.shape) != rank + 2 or not 1 <= rank <= MOST_SPATIAL_AXES:
        raise ShapeError(
            f"{name}: x of shape {x.shape} and weight of shape {weight.shape}: x is (N, C, *spatial) and weight "
            f"(O, C / groups, *kernel), of the same number of spatial axes, from 1 to {MOST_SPATIAL_AXES}"
        )
    strides = per_axis(name, "stride", stride, rank, 1)
    dilations = per_axis(name, "dilation", dilation, rank, 1)
    (groups,) = per_axis(name, "groups", groups, 1, 1)
    channels, outputs = x.shape[1], weight.shape[0]
    for what, count in (("channels of x", channels), ("outputs of weight", outputs)):
        check_groups(name, what, count, groups)
    if weight.shape[1] != channels // groups:
        raise ShapeError(
            f"{name}: weight of shape {weight.shape} takes {weight.shape[1]} channels in each of {groups} groups, "
            f"but x of shape {x.shape} has {channels} / {groups} = {channels // groups}"
        )
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(f"{name}: weight of shape {weight.shape} takes a bias of shape {(outputs,)}, got {bias.shape}")
    check_kernel(name, weight.shape[2:])
    places = places_of_windows(name, x.shape[2:], weight.shape[2:], strides, dilations)
    attributes = {"stride": strides, "dilation": dilations, "groups": groups}
    return Result((x.shape[0], outputs, *places), FLOAT32, attributes)


def check_groups(name: str, what: str, count: int, groups: int) -> None:
    """``groups`` divides the number of channels."""
    if count % groups:
        raise AttributeValueError(f"{name}: the {count} {what} cannot be cut into {groups} groups of equal size")


def windows_and_kernels(
    x: PlainArray, weight: PlainArray, stride: Shape, dilation: Shape, groups: int
) -> Iterator[tuple[list[list[float]], list[list[float]], range]]:
    """For each sample and group: the windows of x, one for each place, the kernels, and which outputs these are."""
    batch, _, *lengths = x.shape
    outputs, inputs, *kernel = weight.shape
    places = places_of_windows("conv", tuple(lengths), tuple(kernel), stride, dilation)
    strides = strides_of(x.shape)
    steps = offsets((inputs, *kernel), [strides[1], *(a * b for a, b in zip(strides[2:], dilation, strict=True))])
    moves = [a * b for a, b in zip(strides[2:], stride, strict=True)]
    xs, weights, width = x.values.tolist(), weight.values.tolist(), len(steps)
    each = outputs // groups
    for sample in range(batch):
        for group in range(groups):
            starts = offsets(places, moves, sample * strides[0] + group * inputs * strides[1])
            windows = [[xs[start + step] for step in steps] for start in starts]
            of_group = range(group * each, group * each + each)
            yield windows, [weights[o * width : o * width + width] for o in of_group], of_group


def definition(
    x: PlainArray,
    weight: PlainArray,
    bias: PlainArray | None = None,
    *,
    stride: Shape,
    dilation: Shape,
    groups: int,
) -> PlainArray:
    """Every sum in integers, rounded once."""
    addends = bias.values.tolist() if bias is not None else [0.0] * weight.shape[0]
    sums = (
        exact_dot(window, kernel, addends[output])
        for windows, kernels, outputs in windows_and_kernels(x, weight, stride, dilation, groups)
        for kernel, output in zip(kernels, outputs, strict=True)
        for window in windows
    )
    return PlainArray.of(sums, rule(x, weight, bias, stride=stride, dilation=dilation, groups=groups).shape)


def gradient(
    g: Any, y: Any, x: Any, weight: Any, bias: Any = None, *, stride: Shape, dilation: Shape, groups: int
) -> tuple[Any, ...]:
    """Clause 4; what takes no gradient costs no convolution."""
    to_x = _to_x(g, x, weight, stride, dilation, groups) if x.requires_grad else None
    to_weight = _to_weight(g, x, weight, stride, dilation, groups) if weight.requires_grad else None
    if bias is None:
        return to_x, to_weight
    return to_x, to_weight, g.sum(axis=(0, *range(2, len(g.shape)))) if bias.requires_grad else None


def _to_x(g: Any, x: Any, weight: Any, stride: Shape, dilation: Shape, groups: int) -> Any:
    """Wherever a window began, its end may have been: ``span - 1`` zeros on both sides, and what no window reached."""
    widths = [(0, 0), (0, 0)]
    for n, p, s, span in zip(x.shape[2:], g.shape[2:], stride, spans(weight.shape[2:], dilation), strict=True):
        widths.append((span - 1, n - ((p - 1) * s + 1)))
    spread = g.pad(tuple(widths), interior=(0, 0, *(s - 1 for s in stride)))
    return spread.conv(turned(weight, groups), dilation=dilation, groups=groups)


def turned(weight: Any, groups: int) -> Any:
    """The kernels turned around, and in each group inputs and outputs exchanged: (C, O / groups, *kernel)."""
    outputs, inputs, *kernel = weight.shape
    axes = tuple(range(2, len(weight.shape)))
    if groups == 1:
        return weight.transpose((1, 0, *axes)).flip(axis=axes)
    cut = weight.flip(axis=axes).reshape((groups, outputs // groups, inputs, *kernel))
    exchanged = cut.transpose((0, 2, 1, *(axis + 1 for axis in axes)))
    return exchanged.reshape((groups * inputs, outputs // groups, *kernel))


def _to_weight(g: Any, x: Any, weight: Any, stride: Shape, dilation: Shape, groups: int) -> Any:
    """The samples become channels (of each group as many as there are), and the channels of a group samples."""
    batch, channels, *lengths = x.shape
    reached = tuple(
        (p - 1) * s + span for p, s, span in zip(g.shape[2:], stride, spans(weight.shape[2:], dilation), strict=True)
    )
    if reached != tuple(lengths):  # what no window reached would make further places
        x = x.slice(start=(0,) * len(x.shape), stop=(batch, channels, *reached))
    axes = range(2, len(x.shape))
    if groups == 1:
        exchanged = x.transpose((1, 0, *axes))
    else:
        cut = x.reshape((batch, groups, channels // groups, *reached))
        exchanged = cut.transpose((2, 1, 0, *(axis + 1 for axis in axes)))
        exchanged = exchanged.reshape((channels // groups, groups * batch, *reached))
    found = exchanged.conv(g.transpose((1, 0, *axes)), stride=dilation, dilation=stride, groups=groups)
    return found.transpose((1, 0, *axes))


INF, NAN = float("inf"), float("nan")

operation = General(
    module=__name__,
    clause="N3.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([[[1.0, 2.0, 3.0, 4.0]]], [[[10.0, 1.0]]], want=[[[12.0, 23.0, 34.0]]], note="the kernel is not turned"),
        case([[[1.0, 2.0, 3.0, 4.0]]], [[[10.0, 1.0]]], [0.5], stride=2, want=[[[12.5, 34.5]]]),
        case([[[1.0, 2.0, 3.0, 4.0]]], [[[10.0, 1.0]]], dilation=2, want=[[[13.0, 24.0]]]),
        case(
            [[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]],
            [[[10.0, 1.0]]],
            stride=3,
            dilation=2,
            want=[[[13.0, 46.0]]],
            note="no window reaches further than to the last element",
        ),
        case([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [10.0]]], want=[[[31.0, 42.0]]], note="over all channels"),
        case(
            [[[1.0, 2.0], [3.0, 4.0]]],
            [[[1.0]], [[10.0]]],
            [0.0, 0.5],
            groups=2,
            want=[[[1.0, 2.0], [30.5, 40.5]]],
            note="depthwise: as many groups as channels",
        ),
        case(
            [[[1.0], [2.0], [3.0], [4.0]]],
            [[[1.0], [10.0]], [[2.0], [20.0]], [[3.0], [30.0]], [[4.0], [40.0]]],
            groups=2,
            want=[[[21.0], [42.0], [129.0], [172.0]]],
        ),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], [[[1.0, 10.0]]], [0.5], want=[[[21.5]], [[43.5]]], note="two samples"),
        case(
            [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]],
            [[[[1.0, 10.0], [100.0, 1000.0]]]],
            want=[[[[5421.0, 6532.0]]]],
        ),
        case(
            [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]],
            [[[[1.0], [10.0]]]],
            stride=(1, 2),
            want=[[[[41.0, 63.0], [74.0, 96.0]]]],
        ),
        case([[[[[2.0, 3.0]]]]], [[[[[5.0, 7.0]]]]], [1.0], want=[[[[[32.0]]]]], note="three spatial axes"),
        case([[[4097.0]]], [[[4097.0]]], [1.0], want=[[[16785410.0]]], note="a tie that goes down, but for the bias"),
        case([[[4097.0]]], [[[4097.0]]], [2.0**-149], want=[[[16785410.0]]], note="a hair above the tie"),
        case([[[4097.0]]], [[[4097.0]]], [0.0], want=[[[16785408.0]]], note="the tie itself"),
        case([[[1e30, 1.0, -1e30]]], [[[1e8, 1.0, 1e8]]], want=[[[1.0]]], note="nothing is lost on the way"),
        case([[[3e38, 3e38]]], [[[3e38, -3e38]]], [-1.0], want=[[[-1.0]]], note="no overflow on the way"),
        case([[[2.0**-149, 2.0**-149]]], [[[0.5, 0.5]]], want=[[[2.0**-149]]]),
        case([[[-0.0, -1.0]]], [[[1.0]]], [-0.0], want=[[[0.0, -1.0]]], note="N3.2: an exact zero is +0"),
        case([[[0.0, 1.0, 2.0]]], [[[INF, 1.0]]], want=[[[NAN, INF]]], note="N3.2: 0 * inf"),
        case([[[1.0, 2.0]]], [[[1.0, 1.0]]], [-INF], want=[[[-INF]]]),
        case([[[INF, 1.0]]], [[[1.0, 1.0]]], [-INF], want=[[[NAN]]]),
        case([[[NAN, 1.0, 2.0]]], [[[1.0, 1.0]]], want=[[[NAN, 3.0]]], note="only where the window sees it"),
        case(PlainArray.of([], (1, 0, 3)), PlainArray.of([], (2, 0, 2)), [5.0, -0.0], want=[[[5.0] * 2, [0.0] * 2]]),
    ),
    refusals=(
        refusal(ShapeError, "the same number of spatial axes", [[[1.0]]], [[[[1.0]]]]),
        refusal(ShapeError, "x is (N, C, *spatial)", [[1.0]], [[1.0]]),
        refusal(ShapeError, "x is (N, C, *spatial)", 1.0, 1.0),
        refusal(ShapeError, "takes 2 channels in each of 1 groups", [[[1.0]]], [[[1.0], [1.0]]]),
        refusal(ShapeError, "has 2 / 2 = 1", [[[1.0], [2.0]]], [[[1.0], [1.0]]] * 2, groups=2),
        refusal(AttributeValueError, "3 channels of x cannot be cut into 2", [[[1.0]] * 3], [[[1.0]]] * 2, groups=2),
        refusal(AttributeValueError, "3 outputs of weight cannot be cut", [[[1.0]] * 2], [[[1.0]]] * 3, groups=2),
        refusal(AttributeValueError, "groups must be at least 1", [[[1.0]]], [[[1.0]]], groups=0),
        refusal(AttributeValueError, "stride must be at least 1", [[[1.0]]], [[[1.0]]], stride=0),
        refusal(AttributeValueError, "dilation must be at least 1", [[[1.0]]], [[[1.0]]], dilation=-1),
        refusal(AttributeValueError, "2 numbers for 1 spatial axes", [[[1.0]]], [[[1.0]]], stride=(1, 1)),
        refusal(AttributeValueError, "stride is an int, or one for each", [[[1.0]]], [[[1.0]]], stride="same"),
        refusal(AttributeValueError, "the attributes are", [[[1.0]]], [[[1.0]]], padding=1),
        refusal(ShapeError, "a kernel of (2,), which is more than", [[[1.0]]], [[[1.0, 2.0]]]),
        refusal(ShapeError, "with dilation (3,) reaches over (4,)", [[[1.0] * 3]], [[[1.0, 2.0]]], dilation=3),
        refusal(ShapeError, "has no elements", [[[1.0]]], [[[]]]),
        refusal(ShapeError, "takes a bias of shape (1,), got (2,)", [[[1.0]]], [[[1.0]]], [1.0, 2.0]),
        refusal(DTypeError, "takes float32", int32([1], 1, 1, 1), [[[1.0]]]),
    ),
    calls=(
        call((1, 1, 1), (1, 1, 1), (1,)),
        call((2, 1, 9), (3, 1, 9), (3,)),
        call((2, 3, 7), (4, 3, 3), (4,)),
        call((2, 3, 8), (2, 3, 2), stride=3),
        call((1, 2, 9), (2, 2, 3), (2,), dilation=3, stride=2),
        call((2, 4, 6), (6, 2, 3), (6,), groups=2),
        call(Floats((1, 16, 2), 1), Floats((5, 16, 1), 1), (5,)),
        call((2, 2, 4, 5), (3, 2, 3, 2), (3,)),
        call((1, 3, 5, 4), (3, 1, 2, 3), groups=3, stride=(2, 1)),
        call((1, 4, 7, 6), (4, 2, 2, 2), (4,), groups=2, stride=(2, 3), dilation=(3, 1)),
        call((1, 2, 3, 4, 3), (2, 2, 2, 2, 3), (2,)),
        call((1, 2, 4, 3, 3), (2, 1, 2, 1, 2), groups=2, stride=(1, 2, 1), dilation=(2, 1, 1)),
        call((0, 2, 4), (3, 2, 2), (3,)),
        call((2, 2, 4), (0, 2, 2)),
        call((2, 0, 4), (3, 0, 2), (3,)),
    ),
    of_length=lambda n: call((2, 1, n + 2), (3, 1, n), (3,)),
)
