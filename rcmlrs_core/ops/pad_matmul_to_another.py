"""pad_matmul_to_another(x, y): the matrix product, where the shorter inner dimension is padded with zeros.

1. ``x`` (..., m, k) and ``y`` (..., l, n): where k < l, every row of ``x`` is padded with zeros behind, where l < k,
   every column of ``y``; then ``matmul``. Zeros add nothing to an exact sum, but a zero times an infinity is NaN
   (N3.2).
2. Where k = l it is ``matmul``. Vectors count as there.
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def pad_matmul_to_another(x: Any, y: Any) -> Any:
    """Clause 1."""
    if not x.shape or not y.shape:
        raise ShapeError(
            f"pad_matmul_to_another: {x.shape} and {y.shape}: a single number is no matrix; use * to scale"
        )
    rows = max(0, len(y.shape) - 2)
    missing = y.shape[rows] - x.shape[-1]
    if missing > 0:
        x = x.pad([(0, missing if i == len(x.shape) - 1 else 0) for i in range(len(x.shape))])
    elif missing < 0:
        y = y.pad([(0, -missing if i == rows else 0) for i in range(len(y.shape))])
    return x.matmul(y)


operation = Composition(
    module=__name__,
    function=pad_matmul_to_another,
    cases=(
        case([[1.0, 2.0]], [[3.0], [4.0], [5.0]], want=[[11.0]]),
        case([[1.0, 2.0, 7.0]], [[3.0], [4.0]], want=[[11.0]]),
        case([[1.0, 2.0]], [[3.0], [4.0]], want=[[11.0]]),
        case([1.0], [3.0, 4.0], want=3.0),
        case([[1.0]], [[3.0], [float("inf")]], want=[[float("nan")]], note="0 * inf"),
    ),
    refusals=(refusal(ShapeError, "no matrix", 1.0, [1.0]),),
    calls=(
        call((2, 3), (4, 2)),
        call((3, 2), (4, 5)),
        call((2, 2), (2, 2)),
    ),
)
