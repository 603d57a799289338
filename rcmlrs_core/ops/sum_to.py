"""sum_to(x, shape): the sum over the axes along which ``shape`` would be broadcast to the shape of ``x``.

1. One ``sum``, rounded once (N3.1): the adjoint of ``broadcast_to``, and so the gradient of whatever broadcasts.
2. The result is ``x`` itself where there is nothing to sum.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_shape


def sum_to(x: Any, shape: int | Sequence[int]) -> Any:
    """Clause 1."""
    target = normalize_shape("sum_to", shape)
    if target == x.shape:
        return x
    added = len(x.shape) - len(target)
    aligned = (1,) * added + target
    if added < 0 or any(n not in (1, length) for n, length in zip(aligned, x.shape, strict=True)):
        raise ShapeError(f"sum_to: shape {target} does not broadcast to {x.shape}, so there is no such sum")
    axes = tuple(i for i, (n, length) in enumerate(zip(aligned, x.shape, strict=True)) if i < added or n != length)
    return x.sum(axis=axes).reshape(target)


operation = Composition(
    module=__name__,
    function=sum_to,
    cases=(
        case([[1.0, 2.0], [3.0, 4.0]], shape=(2,), want=[4.0, 6.0]),
        case([[1.0, 2.0], [3.0, 4.0]], shape=(2, 1), want=[[3.0], [7.0]]),
        case([[1e30, 1.0], [-1e30, 0.0]], shape=(), want=1.0, note="rounded once"),
        case([1.0, -0.0], shape=(2,), want=[1.0, -0.0]),
    ),
    refusals=(refusal(ShapeError, "does not broadcast to (2,)", [1.0, 2.0], shape=(3,)),),
    calls=(
        call((2, 3), shape=(3,)),
        call((2, 3), shape=(2, 1)),
        call((4, 2, 3), shape=()),
        call((3,), shape=(3,)),
    ),
    data="sums",
)
