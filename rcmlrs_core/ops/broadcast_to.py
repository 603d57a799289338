"""broadcast_to(x, shape): the elements repeated along axes of length one, and along new axes in front.

1. As in NumPy: aligned at the last axis, each length of ``x`` is 1 or that of ``shape``. No bit changes (N4.1).
2. The gradient is summed over the axes that were broadcast, each sum rounded once (``sum_to``).
"""

from collections.abc import Sequence
from math import prod
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import Shape, broadcast_offsets


def rule(x: Operand, shape: int | Sequence[int]) -> Result:
    """Clause 1."""
    target = normalize_shape("broadcast_to", shape)
    aligned = (1,) * (len(target) - len(x.shape)) + x.shape
    if len(aligned) != len(target) or any(n not in (1, length) for n, length in zip(aligned, target, strict=True)):
        raise ShapeError(
            f"broadcast_to: shape {x.shape} does not broadcast to {target}: from the last axis on, "
            "each length must be 1 or the same"
        )
    return Result(target, x.dtype, {"shape": target})


def source(given: Shape, *, shape: Shape) -> Sequence[int]:
    """The element that broadcasting puts there."""
    return range(prod(given)) if given == shape else broadcast_offsets(given, shape)


def gradient(g: Any, y: Any, x: Any, *, shape: Shape) -> tuple[Any]:
    """An element receives the sum over its copies."""
    return (g.sum_to(x.shape),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    cases=(
        case([1.0, 2.0], shape=(2, 2), want=[[1.0, 2.0], [1.0, 2.0]]),
        case([[1.0], [2.0]], shape=(2, 3), want=[[1.0] * 3, [2.0] * 3]),
        case(-0.0, shape=(2,), want=[-0.0, -0.0]),
        case([[1.0]], shape=(0, 1), want=[]),
    ),
    refusals=(
        refusal(ShapeError, "does not broadcast to (3,)", [1.0, 2.0], shape=(3,)),
        refusal(ShapeError, "does not broadcast to (2,)", [[1.0, 2.0]], shape=(2,)),
    ),
    calls=(
        call((), shape=(2, 3)),
        call((3,), shape=(2, 3)),
        call((3, 1), shape=(2, 3, 4)),
        call((1, 1), shape=(33, 17)),
        call((1,), shape=(0,)),
        call((2, 3), shape=(2, 3)),
    ),
)
