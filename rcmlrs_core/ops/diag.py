"""diag(x, offset=0): a matrix with a vector on a diagonal, and zeros elsewhere; or of a matrix, that diagonal.

1. A vector of length n gives a square matrix of n + abs(``offset``) rows with ``x[i]`` at (i, i + ``offset``), counted
   from where the diagonal begins; a matrix gives its ``diagonal`` (NumPy, PyTorch). No bit changes (N4.1).
2. The matrix in row-major order is the vector with a filling between its elements: a ``pad``, and a ``reshape``.
"""

import operator
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.ops.shapes import normalize_shape


def diag(x: Any, offset: int = 0) -> Any:
    """Clauses 1 and 2."""
    if len(x.shape) == 2:
        return x.diagonal(offset=offset)
    if len(x.shape) != 1:
        raise AxisError(f"diag: takes a vector or a matrix, got shape {x.shape}; diagonal takes batches of matrices")
    try:
        shift = operator.index(offset)
    except TypeError:
        raise AttributeValueError(f"diag: offset is an int, the number of a diagonal, got {offset!r}") from None
    (length,) = x.shape
    n = length + abs(shift)
    shape = normalize_shape("diag", (n, n))
    first = max(shift, 0) - min(shift, 0) * n
    return x.pad(((first, n * n - first - max(0, length * (n + 1) - n)),), interior=n).reshape(shape)


operation = Composition(
    module=__name__,
    function=diag,
    cases=(
        case([1.0, -0.0], want=[[1.0, 0.0], [0.0, -0.0]]),
        case([1.0, 2.0], offset=1, want=[[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]),
        case([3.0], offset=-2, want=[[0.0] * 3, [0.0] * 3, [3.0, 0.0, 0.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], offset=1, want=[2.0]),
        case([], offset=1, want=[[0.0]]),
    ),
    refusals=(
        refusal(AxisError, "takes a vector or a matrix", [[[1.0]]]),
        refusal(AttributeValueError, "offset is an int", [1.0], offset=0.5),
    ),
    calls=(
        call((3,)),
        call((5,), offset=2),
        call((4,), offset=-3),
        call((0,)),
        call((3, 4), offset=-1),
    ),
    data="moves",
)
