"""cumsum(x, axis=None): the sums of the first 1, 2, ... elements along an axis.

1. ``cumsum(x)_k = x_1 + ... + x_k``: each is ``RN`` of the exact sum, whatever came before it was rounded to (N3.1). An
   exact zero is +0; from a NaN, or both infinities, on, all are NaN (N3.2).
2. ``axis`` is an int; None will do for a tensor of one axis (Array API). ``cumulative_sum`` has a zero to begin with.
3. The gradient is the sum of what this element and those after it receive.
4. The sums of int32 elements are int32, and refused where they do not fit.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IntegerRangeError
from rcmlrs_core.numerics.accurate import split
from rcmlrs_core.numerics.formats import BINARY32, INFINITY, from_bits
from rcmlrs_core.numerics.sums import special_sum, units
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray


def row(values: list[float]) -> list[float]:
    """One integer that grows, and each of its states rounded."""
    return at(values, range(len(values)))


def at(values: list[float], places: Sequence[int]) -> list[float]:
    """From the first infinity or NaN on, what N3.2 says."""
    finite = next((i for i, value in enumerate(values) if value - value != 0), len(values))
    found, total, done = [], 0, 0
    for place in places:
        if place < finite:
            total += units(values[done : place + 1])
            done = place + 1
            found.append(from_bits(BINARY32.round_dyadic(total, -149)))
        else:
            special = special_sum(values[finite : place + 1])
            assert special is not None
            found.append(special)
    return found


def binary64(m: Any, x: Any) -> Any:
    """The high parts of the numbers, which any order sums exactly (``accurate.split``), and the low parts.

    Where no low part came, the sum is exact, and so is the tie that it may be: the magnitude is 0. Else there is one
    rounding at the end, and up to n - 1 in the sum of the low parts. Infinities and NaN are summed apart, so that those
    before the first are as exact as without it.
    """
    finite = m.abs(x) < INFINITY
    numbers = m.where(finite, x, 0.0)
    high, low = split(numbers, m.max(m.abs(numbers)))
    spread = m.cumsum(m.abs(low))
    total = m.cumsum(high) + m.cumsum(low) + 0.0
    value = total + m.cumsum(m.where(finite, 0.0, x))
    return value, m.where(spread > 0.0, m.abs(total) + spread * x.shape[-1], 0.0)


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return m.cumsum(x)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> tuple[Any]:
    """The sums from the other end."""
    return (g.flip(axis).cumsum(axis=axis[0]).flip(axis),)


operation = Reduction(
    module=__name__,
    clause="N3.1",
    row=row,
    at=at,
    binary64=binary64,
    bound=lambda n: 2,
    maps=True,
    one_axis=True,
    needs_axis=True,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, 3.0], want=[1.0, 3.0, 6.0]),
        case([1e30, 1.0, -1e30, 1.0], want=[1e30, 1e30, 1.0, 2.0], note="nothing is lost on the way"),
        case([16777216.0, 1.0, 2.0**-149], want=[16777216.0, 16777216.0, 16777218.0], note="a tie, a hair above it"),
        case([3e38, 3e38, -3e38], want=[3e38, float("inf"), 3e38], note="an overflow is that of one sum"),
        case([-0.0, -0.0, 1.0, -1.0], want=[0.0, 0.0, 1.0, 0.0], note="N3.2: +0, whatever the signs"),
        case([1.0, float("inf"), 2.0, float("-inf"), 3.0], want=[1.0, *[float("inf")] * 2, *[float("nan")] * 2]),
        case([2.0**-149, float("nan"), 2.0], want=[2.0**-149, float("nan"), float("nan")]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, want=[[1.0, 2.0], [4.0, 6.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=-1, want=[[1.0, 3.0], [3.0, 7.0]]),
        case([[], []], axis=1, want=[[], []]),
        case(int32(2**31 - 1, -5, 5, -(2**31)), want=[2**31 - 1, 2**31 - 6, 2**31 - 1, -1]),
    ),
    refusals=(
        refusal(AxisError, "say which", [[1.0, 2.0], [3.0, 4.0]]),
        refusal(AxisError, "say which", 1.0),
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "takes one axis or None", [[1.0]], axis=(0, 1)),
        refusal(IntegerRangeError, "is no int32", int32(2**31 - 1, 1, -1)),
        refusal(DTypeError, "takes float32 or int32, got bool", PlainArray.of([1], (1,), "bool")),
    ),
)
