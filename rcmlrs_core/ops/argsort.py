"""argsort(x, axis=-1): the indices that sort the elements along an axis.

1. Ascending, -0 before +0, NaN last (N4.2); equal elements keep their order. The result is int32, of the shape of
   ``x``.
2. ``x.gather(x.argsort(axis=a), axis=a)`` is sorted.
3. Not differentiable: an index moves in jumps.
4. Of int32 too.
"""

import math
from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import NoGradient, Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def row(values: list[float]) -> list[int]:
    """By the number, then by the sign; Python's sort is stable."""
    keys = [
        (value != value, 0.0 if value != value else value, math.copysign(1.0, value) if value == 0 else 0.0)
        for value in values
    ]
    return sorted(range(len(values)), key=keys.__getitem__)


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return m.argsort(x)


operation = Reduction(
    module=__name__,
    clause="N4.2",
    row=row,
    gives=INT32,
    maps=True,
    one_axis=True,
    default_axis=-1,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=NoGradient("the order of the elements changes in jumps"),
    cases=(
        case([3.0, 1.0, 2.0], want=[1, 2, 0]),
        case([1.0, 0.0, 1.0, 0.0], want=[1, 3, 0, 2], note="equal elements keep their order"),
        case([0.0, -0.0, 0.0, -0.0], want=[1, 3, 0, 2], note="-0 before +0"),
        case([float("nan"), float("inf"), float("-inf"), float("nan")], want=[2, 1, 0, 3], note="NaN last"),
        case([[3.0, 1.0], [2.0, 4.0]], axis=0, want=[[1, 0], [0, 1]]),
        case(int32(7, -(2**31), 2**24 + 1, 2**24, 7), want=[1, 0, 4, 3, 2]),
    ),
    refusals=(refusal(AxisError, "takes one axis or None", [[1.0]], axis=(0, 1)),),
)
