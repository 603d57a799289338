"""all(x, axis=None, keepdims=False): whether all of the elements along some axes are true.

1. An element that is not zero is true, a NaN too. The result is bool; of no elements it is True (Array API).
2. ``axis`` is an int, a tuple of ints or None, which is all.
3. Not differentiable: a truth value moves in jumps.
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.ops.indices import int32
from rcmlrs_core.ops.op import ALL_DTYPES, NoGradient, Reduction, case, refusal
from rcmlrs_core.plain import BOOL, PlainArray


def row(values: list[float]) -> bool:
    """Python's truth is the same."""
    return all(values)


def binary64(m: Any, x: Any) -> Any:
    """Whether the number of zeros, which is exact, is zero."""
    return m.sum(m.where(x == 0.0, x + 1.0, 0.0)) == 0.0


operation = Reduction(
    module=__name__,
    clause="N2.3",
    row=row,
    binary64=binary64,
    takes=ALL_DTYPES,
    gives=BOOL,
    gradient=NoGradient("a truth value changes in jumps"),
    cases=(
        case(PlainArray.of([1, 1, 1], (3,), BOOL), want=True),
        case(PlainArray.of([1, 0, 1], (3,), BOOL), want=False),
        case([1.0, -0.0], want=False),
        case([2.0**-149, float("nan"), float("-inf")], want=True, note="NaN is not zero"),
        case(int32([0, 1, -(2**31), 5], 2, 2), axis=1, want=[False, True]),
        case(int32([0, 3, 1, 4], 2, 2), axis=0, keepdims=True, want=[[False, True]]),
        case([[], []], axis=1, want=[True, True]),
    ),
    refusals=(
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "twice", [[1.0]], axis=(0, -2)),
    ),
)
