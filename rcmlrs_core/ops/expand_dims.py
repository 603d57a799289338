"""expand_dims(x, axis): with a new axis of length one, or several.

1. A ``reshape`` (N4.1). ``axis`` says where the new axes are in the result: an int or a tuple of ints.
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axes


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """Clause 1."""
    added = axis if isinstance(axis, tuple | list) else (axis,)
    axes = normalize_axes("expand_dims", added, (1,) * (len(x.shape) + len(added)))
    lengths = iter(x.shape)
    return x.reshape(tuple(1 if i in axes else next(lengths) for i in range(len(x.shape) + len(axes))))


operation = Composition(
    module=__name__,
    function=expand_dims,
    aliases=("unsqueeze",),
    cases=(
        case([1.0, -0.0], axis=0, want=[[1.0, -0.0]]),
        case([1.0, 2.0], axis=-1, want=[[1.0], [2.0]]),
        case([1.0, 2.0], axis=(0, 2), want=[[[1.0], [2.0]]]),
        case(5.0, axis=0, want=[5.0]),
    ),
    refusals=(
        refusal(AxisError, "out of range", [1.0], axis=2),
        refusal(AxisError, "twice", [1.0], axis=(0, 0)),
    ),
    calls=(
        call((3,), axis=0),
        call((2, 3), axis=(0, -1)),
        call((), axis=0),
        call((0, 2), axis=1),
    ),
    data="moves",
)
