"""split(x, sizes, axis=0): pieces of a tensor along an axis, as a tuple.

1. An int is the length of every piece; the last one may be shorter. A sequence of ints gives the length of each, and
   they add up to the axis (PyTorch's ``split``; ``chunk`` takes a number of pieces).
2. Each piece is a ``subscript``: no bit changes (N4.1). An empty axis is one empty piece, where the length is an int.
"""

import operator
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis


def split(x: Any, sizes: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]:
    """Clauses 1 and 2."""
    axis = normalize_axis("split", axis, len(x.shape))
    n, bounds = x.shape[axis], []
    if isinstance(sizes, Sequence):
        lengths = [_length(size) for size in sizes]
        if sum(lengths) != n or not lengths or min(lengths) < 0:
            raise ShapeError(
                f"split: sizes {tuple(lengths)} add up to {sum(lengths)}, axis {axis} of shape {x.shape} has {n}; "
                "they are lengths of pieces, not positions, and not negative"
            )
        start = 0
        for length in lengths:
            bounds.append((start, start + length))
            start += length
    else:
        size = _length(sizes)
        if size < 1:
            raise ShapeError(f"split: pieces of length {size}; a piece has at least one element")
        bounds = [(start, min(start + size, n)) for start in range(0, n, size)] or [(0, 0)]
    whole = (slice(None),) * axis
    return tuple(x[(*whole, slice(start, stop))] for start, stop in bounds)


def _length(size: Any) -> int:
    try:
        return operator.index(size)
    except TypeError:
        raise ShapeError(f"split: sizes are an int or a sequence of ints, got {size!r}") from None


operation = Composition(
    module=__name__,
    function=split,
    cases=(
        case([1.0, -0.0, 3.0], sizes=2, want=([1.0, -0.0], [3.0])),
        case(
            [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
            sizes=(1, 0, 2),
            axis=-1,
            want=([[1.0], [4.0]], [[], []], [[2.0, 3.0], [5.0, 6.0]]),
        ),
        case([], sizes=2, want=([],)),
    ),
    refusals=(
        refusal(ShapeError, "add up to 2", [1.0, 2.0, 3.0], sizes=(1, 1)),
        refusal(ShapeError, "not negative", [1.0, 2.0], sizes=(3, -1)),
        refusal(ShapeError, "pieces of length 0", [1.0], sizes=0),
        refusal(ShapeError, "sequence of ints", [1.0], sizes=0.5),
        refusal(AxisError, "out of range", [1.0], sizes=1, axis=1),
    ),
    calls=(
        call((7,), sizes=3),
        call((4, 5), sizes=(2, 3), axis=1),
        call((4, 0, 2), sizes=1, axis=1),
        call((2, 6), sizes=6, axis=-1),
    ),
    data="moves",
)
