"""What the layers' convolutions share: padding, and the transposed convolution, both as moves before one ``conv``."""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.conv import check_groups, checked, turned
from rcmlrs_core.ops.spatial import PerAxis, check_kernel, per_axis, spans
from rcmlrs_core.plain import Shape

AXES = {1: "length", 2: "height, width", 3: "depth, height, width"}


def convolve(
    name: str,
    rank: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: PerAxis,
    padding: int | Sequence[int] | str,
    dilation: PerAxis,
    groups: int,
) -> Any:
    """``conv`` of ``x`` with zeros around it; errors name the operation ``name`` of ``rank`` spatial axes."""
    lengths, kernel = _lengths(name, rank, x, weight, bias, "(O, C / groups")
    strides = per_axis(name, "stride", stride, rank, 1)
    dilations = per_axis(name, "dilation", dilation, rank, 1)
    if padding == "same":
        widths = _same(lengths, spans(kernel, dilations), strides)
    elif padding == "valid":
        widths = ((0, 0),) * rank
    elif isinstance(padding, str):
        raise AttributeValueError(f"{name}: padding is 'same', 'valid', or numbers of zeros, got {padding!r}")
    else:
        widths = tuple((zeros, zeros) for zeros in per_axis(name, "padding", padding, rank, 0))
    if any(map(any, widths)):
        x = x.pad(((0, 0), (0, 0), *widths))
    attributes = checked(name, x, weight, bias, strides, dilations, groups).attributes
    return x.conv(weight, bias, **attributes)


def _same(lengths: Shape, spanned: Shape, stride: Shape) -> tuple[tuple[int, int], ...]:
    """Zeros for ``ceil(length / stride)`` places; the odd one stands behind."""
    widths = []
    for n, span, s in zip(lengths, spanned, stride, strict=True):
        zeros = max(0, (max(1, -(-n // s)) - 1) * s + span - n)
        widths.append((zeros // 2, zeros - zeros // 2))
    return tuple(widths)


def convolve_transposed(
    name: str,
    rank: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: PerAxis,
    padding: PerAxis,
    output_padding: PerAxis,
    groups: int,
    dilation: PerAxis,
) -> Any:
    """``conv`` of ``x`` with zeros between and around its elements, by the kernel turned around."""
    lengths, kernel = _lengths(name, rank, x, weight, bias, "(C, O / groups")
    check_kernel(name, kernel)
    strides = per_axis(name, "stride", stride, rank, 1)
    dilations = per_axis(name, "dilation", dilation, rank, 1)
    paddings = per_axis(name, "padding", padding, rank, 0)
    behind = per_axis(name, "output_padding", output_padding, rank, 0)
    (groups,) = per_axis(name, "groups", groups, 1, 1)
    channels = x.shape[1]
    check_groups(name, "channels of x", channels, groups)
    if weight.shape[0] != channels:
        raise ShapeError(
            f"{name}: weight of shape {weight.shape} is for {weight.shape[0]} channels, but x of shape {x.shape} "
            f"has {channels}; the weight of a transposed convolution is (C, O / groups, *kernel)"
        )
    widths, cuts = [(0, 0)] * 2, [(0, 0)] * 2
    for n, span, s, d, zeros, more in zip(
        lengths, spans(kernel, dilations), strides, dilations, paddings, behind, strict=True
    ):
        if more >= max(s, d):
            raise AttributeValueError(
                f"{name}: output_padding {behind} must be smaller than the stride {strides} or the dilation {dilations}"
            )
        length = (n - 1) * s + span + more - 2 * zeros
        if n == 0 or length < 1:
            raise ShapeError(
                f"{name}: of the spatial axes {lengths}, with a kernel of {kernel}, stride {strides}, padding "
                f"{paddings}, output_padding {behind} and dilation {dilations}, nothing would be left; "
                "take less padding"
            )
        sides = span - 1 - zeros, span - 1 - zeros + more
        widths.append((max(0, sides[0]), max(0, sides[1])))
        cuts.append((max(0, -sides[0]), max(0, -sides[1])))
    if any(map(any, widths)) or any(s > 1 for s in strides):
        x = x.pad(tuple(widths), interior=(0, 0, *(s - 1 for s in strides)))
    if any(map(any, cuts)):  # more padding than the kernel reaches over
        stop = tuple(n - after for n, (_, after) in zip(x.shape, cuts, strict=True))
        x = x.slice(start=tuple(before for before, _ in cuts), stop=stop)
    weight = turned(weight, groups)
    checked(name, x, weight, bias, 1, dilations, groups)
    return x.conv(weight, bias, dilation=dilations, groups=groups)


def _lengths(name: str, rank: int, x: Any, weight: Any, bias: Any, form: str) -> tuple[Shape, Shape]:
    """The spatial axes of ``x`` and of the kernel, if both have as many as ``name`` says."""
    for what, operand in (("weight", weight), ("bias", bias)):
        if not hasattr(operand, "dtype") and (operand is not None or what == "weight"):
            raise TypeError(
                f"{name}: {what} is a tensor, got {type(operand).__name__}; make it one with rc.tensor(...)"
            )
    if len(x.shape) != rank + 2 or len(weight.shape) != rank + 2:
        raise ShapeError(
            f"{name}: x is (N, C, {AXES[rank]}) and weight {form}, {AXES[rank]}), "
            f"got shapes {x.shape} and {weight.shape}"
        )
    return x.shape[2:], weight.shape[2:]
