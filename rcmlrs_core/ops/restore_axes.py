"""restore_axes(x, shape, *, axis, keepdims): the result of a reduction with the axes that it took away, of length one.

1. ``x`` comes from a tensor of ``shape`` that was reduced along ``axis``. With ``keepdims`` it has these axes still;
   without, it is reshaped, and then broadcasts against that tensor. The gradients of reductions use it.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axes, normalize_shape


def restore_axes(
    x: Any, shape: Sequence[int], *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Any:
    """Clause 1."""
    lengths = normalize_shape("restore_axes", shape)
    axes = normalize_axes("restore_axes", axis, lengths)
    target = tuple(1 if i in axes else n for i, n in enumerate(lengths))
    expected = target if keepdims else tuple(n for i, n in enumerate(lengths) if i not in axes)
    if x.shape != expected:
        raise ShapeError(f"restore_axes: {lengths} reduced along {axes} has the shape {expected}, got {x.shape}")
    return x if keepdims else x.reshape(target)


operation = Composition(
    module=__name__,
    function=restore_axes,
    cases=(
        case([1.0, -0.0], shape=(2, 3), axis=1, want=[[1.0], [-0.0]]),
        case([[1.0], [2.0]], shape=(2, 3), axis=1, keepdims=True, want=[[1.0], [2.0]]),
        case(5.0, shape=(2, 3), want=[[5.0]]),
    ),
    refusals=(
        refusal(ShapeError, "has the shape (2,)", [1.0], shape=(2, 3), axis=1),
        refusal(AxisError, "out of range", [1.0], shape=(2, 3), axis=2),
    ),
    calls=(
        call((2,), shape=(2, 3), axis=1),
        call((3,), shape=(2, 3, 4), axis=(0, -1)),
        call((), shape=(2, 3)),
        call((2, 1), shape=(2, 3), axis=1, keepdims=True),
    ),
    data="moves",
)
