"""any(x, axis=None, keepdims=False): whether any of the elements along some axes is true.

1. An element that is not zero is true, a NaN too. The result is bool; of no elements it is False (Array API).
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
    return any(values)


def binary64(m: Any, x: Any) -> Any:
    """Whether the number of true elements, which is exact, is not zero."""
    return m.sum(m.where(x == 0.0, 0.0 * x, 1.0)) > 0.0


operation = Reduction(
    module=__name__,
    clause="N2.3",
    row=row,
    binary64=binary64,
    takes=ALL_DTYPES,
    gives=BOOL,
    gradient=NoGradient("a truth value changes in jumps"),
    cases=(
        case(PlainArray.of([0, 1, 0], (3,), BOOL), want=True),
        case(PlainArray.of([0, 0, 0], (3,), BOOL), want=False),
        case([0.0, -0.0], want=False),
        case([0.0, float("nan")], want=True, note="NaN is not zero"),
        case([-0.0, 2.0**-149], want=True),
        case(int32([0, 0, -(2**31), 0], 2, 2), axis=1, want=[False, True]),
        case(int32([0, 3, 0, 0], 2, 2), axis=0, keepdims=True, want=[[False, True]]),
        case([[], []], axis=1, want=[False, False]),
    ),
    refusals=(
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "twice", [[1.0]], axis=(0, -2)),
    ),
)
