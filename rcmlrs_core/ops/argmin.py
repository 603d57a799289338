"""argmin(x, axis=None, keepdims=False): the index of the smallest element along an axis.

1. The first index among equals; -0 and +0 are equal. The first NaN wins over everything (N4.2). The result is int32.
2. ``axis`` is an int, or None: then it is the index into all elements in row-major order. An empty axis is refused.
3. Not differentiable: an index moves in jumps.
4. Of int32 too.
"""

import math
from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import NoGradient, Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def row(values: list[float]) -> int:
    """Without a NaN, Python's order is that of the numbers, and its search finds the first."""
    if any(map(math.isnan, values)):
        return next(i for i, value in enumerate(values) if value != value)
    return values.index(min(values))


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return m.argmax(-x)


operation = Reduction(
    module=__name__,
    clause="N4.2",
    row=row,
    gives=INT32,
    one_axis=True,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=NoGradient("the index of the smallest element moves in jumps"),
    empty="the smallest of no elements does not exist",
    cases=(
        case([2.0, 1.0, 3.0, 1.0], want=1, note="the first among equals"),
        case([0.0, -0.0], want=0, note="zeros are equal"),
        case([1.0, float("nan"), float("-inf"), float("nan")], want=1, note="NaN wins"),
        case([[2.0, 5.0], [4.0, 1.0]], want=3),
        case([[2.0, 5.0], [4.0, 1.0]], axis=0, want=[0, 1]),
        case([[2.0, 5.0], [4.0, 1.0]], axis=-1, keepdims=True, want=[[0], [1]]),
        case(int32(7, -(2**31), 2**31 - 1, -(2**31)), want=1),
    ),
    refusals=(
        refusal(ShapeError, "the smallest of no elements", [[], []], axis=1),
        refusal(AxisError, "takes one axis or None", [[1.0]], axis=(0, 1)),
    ),
)
