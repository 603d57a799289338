"""reshape(x, shape): the same elements in the same order, in another shape.

1. ``shape`` has as many elements as ``x``; one length may be -1 and is found from the others. No bit changes (N4.1).
2. The gradient is shaped back.
"""

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import Shape


def rule(x: Operand, shape: int | Sequence[int]) -> Result:
    """As many elements as before."""
    lengths: Sequence[Any] = shape if isinstance(shape, Sequence) else (shape,)
    target = normalize_shape("reshape", _inferred(x.shape, lengths) if any(_is_open(n) for n in lengths) else lengths)
    if prod(target) != prod(x.shape):
        raise ShapeError(f"reshape: shape {x.shape} has {prod(x.shape)} elements, {target} has {prod(target)}")
    return Result(target, x.dtype, {"shape": target})


def _is_open(length: Any) -> bool:
    return hasattr(length, "__index__") and operator.index(length) == -1


def _inferred(given: Shape, lengths: Sequence[Any]) -> Shape:
    others = normalize_shape("reshape", [n for n in lengths if not _is_open(n)])
    if len(others) < len(lengths) - 1:
        raise ShapeError(f"reshape: only one length can be -1, got {tuple(lengths)}")
    if prod(others) == 0 or prod(given) % prod(others):
        raise ShapeError(
            f"reshape: no length for the -1 in {tuple(lengths)} makes the {prod(given)} elements of {given}"
        )
    return tuple(prod(given) // prod(others) if _is_open(n) else operator.index(n) for n in lengths)


def source(given: Shape, *, shape: Shape) -> Sequence[int]:
    """Nothing moves."""
    return range(prod(given))


def gradient(g: Any, y: Any, x: Any, *, shape: Shape) -> tuple[Any]:
    """Back."""
    return (g.reshape(x.shape),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, 3.0, 4.0], shape=(2, 2), want=[[1.0, 2.0], [3.0, 4.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], shape=-1, want=[1.0, 2.0, 3.0, 4.0]),
        case([[1.0, 2.0]], shape=(2, -1, 1), want=[[[1.0]], [[2.0]]]),
        case([5.0], shape=(), want=5.0),
        case([-0.0, float("nan")], shape=(2, 1), want=[[-0.0], [float("nan")]]),
    ),
    refusals=(
        refusal(ShapeError, "has 3 elements, (2, 2) has 4", [1.0, 2.0, 3.0], shape=(2, 2)),
        refusal(ShapeError, "no length for the -1", [1.0, 2.0, 3.0], shape=(2, -1)),
        refusal(ShapeError, "only one length can be -1", [1.0], shape=(-1, -1)),
        refusal(ShapeError, "must not be negative", [1.0], shape=(-2,)),
    ),
    calls=(
        call((6,), shape=(2, 3)),
        call((2, 3, 4), shape=(4, -1)),
        call((), shape=(1, 1)),
        call((1,), shape=()),
        call((0, 3), shape=(3, 0)),
        call((5, 13), shape=(65,)),
    ),
)
