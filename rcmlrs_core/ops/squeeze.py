"""squeeze(x, axis=None): without some axes of length one, by default without any.

1. A ``reshape`` (N4.1). ``axis`` is an int or a tuple of ints, each of length one; None is all axes of length one.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axes


def squeeze(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """Clause 1."""
    if axis is None:
        return x.reshape(tuple(n for n in x.shape if n != 1))
    axes = normalize_axes("squeeze", axis, x.shape)
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(
                f"squeeze: axis {i} of shape {x.shape} has length {x.shape[i]}; only axes of length 1 can go"
            )
    return x.reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes))


operation = Composition(
    module=__name__,
    function=squeeze,
    cases=(
        case([[[1.0], [-0.0]]], want=[1.0, -0.0]),
        case([[[1.0], [2.0]]], axis=0, want=[[1.0], [2.0]]),
        case([[[1.0], [2.0]]], axis=(0, -1), want=[1.0, 2.0]),
    ),
    refusals=(
        refusal(ShapeError, "has length 2", [[1.0, 2.0]], axis=1),
        refusal(AxisError, "out of range", [1.0], axis=1),
    ),
    calls=(
        call((1, 3, 1)),
        call((1, 3, 1), axis=0),
        call((2, 1), axis=-1),
        call((3,)),
    ),
    data="moves",
)
