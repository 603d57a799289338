"""count_nonzero(x, axis=None, keepdims=False): how many of the elements along some axes are not zero.

1. A NaN is not zero; -0 is. The result is int32 (Array API).
2. ``axis`` is an int, a tuple of ints or None, which is all.
3. Not differentiable: a number of elements moves in jumps.
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import ALL_DTYPES, NoGradient, Reduction, case, refusal
from rcmlrs_core.plain import BOOL, INT32, PlainArray


def row(values: list[float]) -> int:
    """One by one."""
    return sum(value != 0 for value in values)


def binary64(m: Any, x: Any) -> Any:
    """A sum of ones, which is exact."""
    return m.sum(m.where(x == 0.0, 0.0 * x, 1.0))


operation = Reduction(
    module=__name__,
    clause="N2.3",
    row=row,
    binary64=binary64,
    takes=ALL_DTYPES,
    gives=INT32,
    gradient=NoGradient("a number of elements changes in jumps"),
    cases=(
        case([1.0, 0.0, -0.0, 2.0**-149, float("nan"), float("inf")], want=4),
        case(PlainArray.of([1, 0, 1], (3,), BOOL), want=2),
        case(int32([0, 1, -(2**31), 5], 2, 2), axis=1, want=[1, 2]),
        case(int32([0, 3, 1, 4], 2, 2), axis=(0, 1), keepdims=True, want=[[3]]),
        case([[], []], axis=1, want=[0, 0]),
    ),
    refusals=(
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "twice", [[1.0]], axis=(0, -2)),
    ),
)
