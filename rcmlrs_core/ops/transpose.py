"""transpose(x, axes=None): the axes in another order.

1. Axis ``i`` of the result is axis ``axes[i]`` of ``x``; None reverses them all, as in NumPy. No bit changes (N4.1).
2. The gradient is transposed back.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Move, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import Shape, offsets, strides_of


def rule(x: Operand, axes: Sequence[int] | None = None) -> Result:
    """``axes`` is a permutation of all axes."""
    rank = len(x.shape)
    if axes is None:
        order = tuple(reversed(range(rank)))
    else:
        if not isinstance(axes, Sequence):
            raise AxisError(f"transpose: axes are a sequence of ints, or None to reverse them all, got {axes!r}")
        order = tuple(normalize_axis("transpose", axis, rank) for axis in axes)
        if sorted(order) != list(range(rank)):
            raise AxisError(f"transpose: axes {tuple(axes)} must name each of the {rank} axes of {x.shape} once")
    return Result(tuple(x.shape[axis] for axis in order), x.dtype, {"axes": order})


def source(shape: Shape, *, axes: Sequence[int]) -> Sequence[int]:
    """Walk the result's axes with the operand's strides."""
    strides = strides_of(shape)
    return offsets(tuple(shape[axis] for axis in axes), [strides[axis] for axis in axes])


def gradient(g: Any, y: Any, x: Any, *, axes: Sequence[int]) -> tuple[Any]:
    """The inverse permutation."""
    return (g.transpose(sorted(range(len(axes)), key=axes.__getitem__)),)


operation = Move(
    module=__name__,
    rule=rule,
    source=source,
    gradient=gradient,
    aliases=("permute", "permute_dims"),
    cases=(
        case([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], want=[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]),
        case([[[1.0, 2.0]], [[3.0, 4.0]]], axes=(1, 2, 0), want=[[[1.0, 3.0], [2.0, 4.0]]]),
        case([[-0.0], [float("nan")]], want=[[-0.0, float("nan")]]),
    ),
    refusals=(
        refusal(AxisError, "each of the 2 axes", [[1.0]], axes=(0, 0)),
        refusal(AxisError, "out of range", [[1.0]], axes=(0, 2)),
    ),
    calls=(
        call(()),
        call((0,)),
        call((5,)),
        call((2, 3)),
        call((17, 33)),
        call((3, 0, 2)),
        call((2, 3, 4), axes=(1, 2, 0)),
        call((2, 3, 1, 4), axes=(-1, 0, 2, 1)),
    ),
)
