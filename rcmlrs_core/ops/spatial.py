"""Windows over spatial axes: the checks and the arithmetic that convolution and pooling share."""

import operator
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.plain import Shape

MOST_SPATIAL_AXES = 8
"""Far more than anybody uses; array libraries have twice as many axes for the windows, and a few besides."""

PerAxis = int | Sequence[int]
"""One number for all spatial axes, or one for each."""


def per_axis(name: str, what: str, value: Any, rank: int, least: int) -> Shape:
    """``value`` as one int for each of ``rank`` spatial axes; one int serves all. Each is at least ``least``."""
    try:
        given = tuple(map(operator.index, value)) if isinstance(value, Sequence) else (operator.index(value),) * rank
    except TypeError:
        raise AttributeValueError(
            f"{name}: {what} is an int, or one for each of the {rank} spatial axes, got {value!r}"
        ) from None
    if len(given) != rank:
        raise AttributeValueError(
            f"{name}: {what} {given} has {len(given)} numbers for {rank} spatial axes; one int serves all"
        )
    if any(number < least for number in given):
        raise AttributeValueError(f"{name}: {what} must be at least {least} on every axis, got {value!r}")
    return given


def check_kernel(name: str, kernel: Shape) -> None:
    """A kernel has elements."""
    if 0 in kernel:
        raise ShapeError(f"{name}: a kernel of shape {kernel} has no elements; each length must be at least 1")


def spans(kernel: Shape, dilation: Shape) -> Shape:
    """How many places a window reaches over on each axis."""
    return tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))


def places_of_windows(name: str, lengths: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> Shape:
    """How many windows fit on each axis; at least one, or else it is an error."""
    spanned = spans(kernel, dilation)
    for n, k, span in zip(lengths, kernel, spanned, strict=True):
        if span > n:
            reach = f"a kernel of {kernel}" + (f" with dilation {dilation} reaches over {spanned}" if span > k else "")
            raise ShapeError(
                f"{name}: {reach}, which is more than the spatial axes {lengths} have; pad x, or take a smaller kernel"
            )
    return tuple((n - span) // s + 1 for n, span, s in zip(lengths, spanned, stride, strict=True))
