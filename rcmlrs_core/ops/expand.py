"""expand(x, shape): a tensor repeated along axes of length one, and along new axes in front.

1. ``broadcast_to`` (N4.1), in which a length of -1 says that the axis stays as it is, as in PyTorch.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def expand(x: Any, shape: int | Sequence[int]) -> Any:
    """Clause 1."""
    lengths = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    new = len(lengths) - len(x.shape)
    if any(length == -1 for length in lengths[: max(0, new)]):
        raise ShapeError(f"expand: {lengths} leaves the length of a new axis open; {x.shape} has none there, say which")
    return x.broadcast_to(tuple(x.shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(lengths)))


operation = Composition(
    module=__name__,
    function=expand,
    cases=(
        case([[1.0], [-0.0]], shape=(-1, 2), want=[[1.0, 1.0], [-0.0, -0.0]]),
        case([1.0, 2.0], shape=(2, -1), want=[[1.0, 2.0], [1.0, 2.0]]),
        case(3.0, shape=2, want=[3.0, 3.0]),
    ),
    refusals=(
        refusal(ShapeError, "leaves the length of a new axis open", [1.0], shape=(-1, 1)),
        refusal(ShapeError, "does not broadcast to (3,)", [1.0, 2.0], shape=(3,)),
    ),
    calls=(
        call((2, 1), shape=(-1, 3)),
        call((3,), shape=(2, -1)),
        call((), shape=(2, 3)),
        call((0, 1), shape=(-1, 4)),
    ),
    data="moves",
)
