"""sum(x, axis=None, keepdims=False): the sum of the elements along some axes.

1. ``RN`` of the exact sum: it depends on no order (N3.1). An exact zero is +0; NaN, or both infinities, give NaN
   (N3.2).
2. ``axis`` is an int, a tuple of ints or None, which is all; the sum of no elements is +0.
3. The gradient gives every element the ``g`` of its row.
4. Of int32 too, to int32: exact, and refused where the sum is none. How many of a mask's bools are true is
   ``x.astype("int32").sum()``.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IntegerRangeError
from rcmlrs_core.numerics.sums import exact_sum
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray


def row(values: list[float]) -> float:
    """Integers, rounded once."""
    return exact_sum(values)


def binary64(m: Any, x: Any) -> Any:
    """A sum of n terms in any order is off by at most (n-1)u/(1-(n-1)u) times the sum of magnitudes (Higham, 4.2)."""
    return m.sum(x) + 0.0, m.sum(m.abs(x))


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return m.sum(x)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    """``g`` to every element of its row."""
    return (g.restore_axes(x.shape, axis=axis, keepdims=keepdims).broadcast_to(x.shape),)


operation = Reduction(
    module=__name__,
    clause="N3.1",
    row=row,
    binary64=binary64,
    bound=lambda n: n,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, 3.0], want=6.0),
        case([-0.0, -0.0], want=0.0, note="N3.2: +0, whatever the signs"),
        case([1e30, 1.0, -1e30], want=1.0, note="nothing is lost on the way"),
        case([16777216.0, 1.0, 2.0**-149], want=16777218.0, note="a hair above a tie"),
        case([3e38, 3e38, -3e38], want=3e38, note="no overflow on the way"),
        case([float("inf"), 1.0, float("-inf")], want=float("nan")),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, want=[4.0, 6.0]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=-1, keepdims=True, want=[[3.0], [7.0]]),
        case([[], []], axis=1, want=[0.0, 0.0]),
        case(int32(2**31 - 1, 5, -5), want=2**31 - 1),
        case(int32(), want=0),
    ),
    refusals=(
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "twice", [[1.0]], axis=(0, -2)),
        refusal(IntegerRangeError, "is no int32", int32(2**31 - 1, 1)),
        refusal(DTypeError, "takes float32 or int32, got bool", PlainArray.of([1], (1,), "bool")),
    ),
)
