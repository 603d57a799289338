"""chunk(x, chunks, axis=0): a tensor cut into a number of pieces along an axis, as a tuple.

1. All pieces have the same length, the smallest that suffices; the last one may be shorter, and there may be fewer
   pieces than asked for (PyTorch's ``chunk``). A ``split`` (N4.1).
"""

import operator
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_axis


def chunk(x: Any, chunks: int, axis: int = 0) -> tuple[Any, ...]:
    """Clause 1."""
    axis = normalize_axis("chunk", axis, len(x.shape))
    try:
        count = operator.index(chunks)
    except TypeError:
        count = 0
    if count < 1:
        raise AttributeValueError(f"chunk: chunks is a number of pieces, an int of at least 1, got {chunks!r}")
    pieces: tuple[Any, ...] = x.split(max(1, -(-x.shape[axis] // count)), axis=axis)
    return pieces


operation = Composition(
    module=__name__,
    function=chunk,
    cases=(
        case([1.0, -0.0, 3.0, 4.0, 5.0], chunks=2, want=([1.0, -0.0, 3.0], [4.0, 5.0])),
        case([1.0, 2.0, 3.0, 4.0, 5.0], chunks=4, want=([1.0, 2.0], [3.0, 4.0], [5.0])),
        case([[1.0, 2.0]], chunks=2, axis=1, want=([[1.0]], [[2.0]])),
    ),
    refusals=(
        refusal(AttributeValueError, "at least 1", [1.0], chunks=0),
        refusal(AttributeValueError, "an int", [1.0], chunks=1.5),
        refusal(AxisError, "out of range", [1.0], chunks=1, axis=1),
    ),
    calls=(
        call((7,), chunks=3),
        call((4, 5), chunks=2, axis=-1),
        call((0, 2), chunks=3),
    ),
    data="moves",
)
