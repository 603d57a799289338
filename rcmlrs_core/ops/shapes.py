"""Shapes and axes: broadcasting, normal forms, and the errors of those that do not fit."""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.plain import Shape

MOST_AXES = 64
"""As many as NumPy has."""

MOST_ELEMENTS = 1 << 60
"""Below which bytes can be counted in 63 bits. What no memory holds is refused by the memory."""


def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """The shape that all broadcast to: aligned at the last axis, where lengths are equal or one (Array API, NumPy)."""
    rank = max(map(len, shapes))
    result = [1] * rank
    for shape in shapes:
        for i, length in enumerate(shape, start=rank - len(shape)):
            if length != 1:
                if result[i] not in (1, length):
                    raise ShapeError(
                        f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast: on axis {i - rank}, "
                        f"lengths {result[i]} and {length} must be equal or 1 (reshape or broadcast_to one of them)"
                    )
                result[i] = length
    return tuple(result)


def normalize_axis(name: str, axis: Any, rank: int) -> int:
    """``axis`` counted from the front; an error when there is no such axis."""
    try:
        index = operator.index(axis)
    except TypeError:
        raise AxisError(f"{name}: axis must be an int, got {axis!r}") from None
    if not -rank <= index < rank:
        if rank == 0:
            raise AxisError(f"{name}: axis {index} is asked for, but a tensor of shape () has no axes")
        raise AxisError(f"{name}: axis {index} is out of range for {rank} axes; it must be in [{-rank}, {rank - 1}]")
    return index % rank


def normalize_axes(name: str, axis: Any, shape: Shape, *, one: bool = False) -> tuple[int, ...]:
    """Sorted axes counted from the front; None is all of them. With ``one``, a tuple of several is refused."""
    rank = len(shape)
    if axis is None:
        return tuple(range(rank))
    if isinstance(axis, Sequence) and not isinstance(axis, str):
        if one and len(axis) != 1:
            raise AxisError(f"{name}: takes one axis or None, got {tuple(axis)}")
        axes = sorted(normalize_axis(name, a, rank) for a in axis)
        if len(set(axes)) != len(axes):
            raise AxisError(f"{name}: axes {tuple(axis)} name one axis twice")
        return tuple(axes)
    return (normalize_axis(name, axis, rank),)


def nothing_along(axes: tuple[int, ...], shape: Shape) -> str:
    """That there is no element along axes in normal form, for an error."""
    return (
        f"axis {axes[0]} of shape {shape} is empty" if len(axes) == 1 else f"axes {axes} of shape {shape} hold nothing"
    )


def normalize_shape(name: str, shape: Any) -> Shape:
    """A shape as a tuple of non-negative ints; an int is a shape of one axis."""
    lengths = (shape,) if not isinstance(shape, Sequence) else tuple(shape)
    try:
        result = tuple(map(operator.index, lengths))
    except TypeError:
        raise ShapeError(f"{name}: a shape is a tuple of ints, got {shape!r}") from None
    if len(result) > MOST_AXES or any(length >= 1 << 62 for length in result):
        raise ShapeError(f"{name}: a tensor has at most {MOST_AXES} axes of lengths below 2^62, got {len(result)} axes")
    if any(length < 0 for length in result):
        raise ShapeError(f"{name}: lengths must not be negative, got {result}")
    if prod(length or 1 for length in result) >= MOST_ELEMENTS:  # an empty one has axes that must be counted too
        raise ShapeError(f"{name}: {result} has {prod(result)} elements, more than any memory; a tensor has below 2^60")
    return result
