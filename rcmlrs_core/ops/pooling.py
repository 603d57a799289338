"""What the pooling layers share: which windows there are, and one reduction over each.

A window that reaches over the border is cut off there, and not filled up: an average is of the elements that there are,
rounded once (N3.1). Windows that are cut are few, and along an axis lie together; so ``pooled`` takes the places apart
into runs of equal windows, reduces each box of runs on its own, and joins the results, which are moves (N4.1).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.convolution import AXES
from rcmlrs_core.ops.op import check_dtypes
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.ops.spatial import PerAxis, check_kernel, per_axis, places_of_windows
from rcmlrs_core.plain import BYTES_OF_A_NUMBER, FLOAT32, Shape, check_memory


class Run(NamedTuple):
    """Windows of one length, each a number of places after the one before."""

    first: int
    length: int
    places: int
    stride: int


Bounds = list[tuple[int, int]]
"""Where the windows along an axis begin and end."""


class Pools(NamedTuple):
    """The attributes of a pooling in normal form, and how many places there are on each axis."""

    kernel: Shape
    stride: Shape
    padding: Shape
    places: Shape


def spatial_axes(name: str, rank: int, x: Any) -> Shape:
    """Their lengths, if there are as many as ``name`` says, and elements along them."""
    check_dtypes(name, (x,), (FLOAT32,))
    lengths: Shape = x.shape[2:]
    if len(x.shape) != rank + 2 or 0 in lengths:
        some = ", with elements along the spatial axes" if 0 in lengths else ""
        raise ShapeError(f"{name}: x is (N, C, {AXES[rank]}){some}, got the shape {x.shape}")
    return lengths


def pools(
    name: str, rank: int, x: Any, kernel: PerAxis, stride: PerAxis | None, padding: PerAxis, ceil_mode: bool
) -> Pools:
    """The attributes, checked.

    With ``ceil_mode``, a window that reaches over the padding behind counts too, if it begins before that padding.
    """
    lengths = spatial_axes(name, rank, x)
    kernels = per_axis(name, "kernel", kernel, rank, 0)
    check_kernel(name, kernels)
    strides = kernels if stride is None else per_axis(name, "stride", stride, rank, 1)
    paddings = per_axis(name, "padding", padding, rank, 0)
    if any(2 * zeros > k for k, zeros in zip(kernels, paddings, strict=True)):
        raise AttributeValueError(
            f"{name}: padding {paddings} must be at most half of the kernel {kernels}, "
            "or a window would see nothing else"
        )
    padded = tuple(n + 2 * zeros for n, zeros in zip(lengths, paddings, strict=True))
    places = places_of_windows(name, padded, kernels, strides, (1,) * rank)
    if ceil_mode:
        places = tuple(
            p + ((n + 2 * zeros - k) % s > 0 and p * s < n + zeros)
            for p, n, k, s, zeros in zip(places, lengths, kernels, strides, paddings, strict=True)
        )
    return Pools(kernels, strides, paddings, places)


def clipped(given: Pools, lengths: Shape, padding: Shape) -> list[Bounds]:
    """The windows along each axis, cut off where ``x`` ends, which has ``padding`` less in front than it counts."""
    found = []
    for k, s, p, n, zeros in zip(given.kernel, given.stride, given.places, lengths, padding, strict=True):
        begins = [place * s - zeros for place in range(p)]
        found.append([(max(0, begin), min(n, begin + k)) for begin in begins])
    return found


def average(
    name: str,
    rank: int,
    x: Any,
    kernel: PerAxis,
    stride: PerAxis | None,
    padding: PerAxis,
    ceil_mode: bool,
    count_include_pad: bool,
) -> Any:
    """The mean of every window; errors name the operation ``name`` of ``rank`` spatial axes."""
    given = pools(name, rank, x, kernel, stride, padding, ceil_mode)
    padding = given.padding
    if count_include_pad and any(padding):
        x = x.pad(((0, 0), (0, 0), *((zeros, zeros) for zeros in padding)))
        padding = (0,) * rank
    return pooled(x, clipped(given, x.shape[2:], padding), mean)


def largest(
    name: str, rank: int, x: Any, kernel: PerAxis, stride: PerAxis | None, padding: PerAxis, ceil_mode: bool
) -> Any:
    """The largest of every window, likewise; what lies outside of ``x`` is -inf."""
    given = pools(name, rank, x, kernel, stride, padding, ceil_mode)
    widths = tuple(
        (before, max(0, (p - 1) * s + k - before - n)) for n, k, s, before, p in zip(x.shape[2:], *given, strict=True)
    )
    if any(map(any, widths)):
        x = x.pad(((0, 0), (0, 0), *widths), value=-math.inf)
    return pooled(x, clipped(given, x.shape[2:], (0,) * rank), maximum)


def mean(windows: Any, axis: tuple[int, ...]) -> Any:
    """One rounding for each."""
    return windows.mean(axis=axis)


def maximum(windows: Any, axis: tuple[int, ...]) -> Any:
    """The first of the largest takes the gradient."""
    return windows.max(axis=axis)


def adaptive(name: str, rank: int, x: Any, output: PerAxis) -> list[Bounds]:
    """``output`` windows along each axis, which share it: of ``length``, the i-th begins at ``i * length // output``
    and ends before ``(i + 1) * length / output``, rounded up."""
    lengths = spatial_axes(name, rank, x)
    outputs = per_axis(name, "output", output, rank, 1)
    check_memory(name, normalize_shape(name, (*x.shape[:2], *outputs)), 4)
    check_memory(name, (max(outputs),), 2 * BYTES_OF_A_NUMBER)
    return [
        [(i * n // places, -(-(i + 1) * n // places)) for i in range(places)]
        for n, places in zip(lengths, outputs, strict=True)
    ]


def runs(bounds: Bounds) -> list[Run]:
    """Neighbouring windows of equal length and equal strides together."""
    found: list[Run] = []
    for begin, end in bounds:
        if found:
            first, length, places, stride = found[-1]
            step = begin - (first + (places - 1) * stride)
            if length == end - begin and step > 0 and (places == 1 or step == stride):
                found[-1] = Run(first, length, places + 1, step)
                continue
        found.append(Run(begin, end - begin, 1, 1))
    return found


def pooled(x: Any, bounds: Sequence[Bounds], reduce: Callable[..., Any]) -> Any:
    """``reduce(windows, axis=...)`` of every window, whose bounds along each spatial axis are given."""
    return _joined(x, [runs(along) for along in bounds], (), reduce)


def _joined(x: Any, left: list[list[Run]], chosen: tuple[Run, ...], reduce: Callable[..., Any]) -> Any:
    """The runs along one axis after the other."""
    if left:
        parts = [_joined(x, left[1:], (*chosen, run), reduce) for run in left[0]]
        return parts[0] if len(parts) == 1 else parts[0].concat(*parts[1:], axis=2 + len(chosen))
    ends = tuple(run.first + (run.places - 1) * run.stride + run.length for run in chosen)
    if any(run.first for run in chosen) or ends != x.shape[2:]:
        x = x.slice(start=(0, 0, *(run.first for run in chosen)), stop=(*x.shape[:2], *ends))
    windows = x.windows(tuple(run.length for run in chosen), stride=tuple(run.stride for run in chosen))
    return reduce(windows, axis=tuple(range(len(x.shape), len(windows.shape))))
