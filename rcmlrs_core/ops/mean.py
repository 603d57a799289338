"""mean(x, axis=None, keepdims=False): the arithmetic mean of the elements along some axes.

1. ``RN`` of the exact sum divided by the number of elements: one rounding, and no order (N3.1). An exact zero is +0;
   NaN, or both infinities, give NaN; otherwise one infinity gives that infinity (N3.2).
2. ``axis`` is an int, a tuple of ints or None, which is all. The mean of no elements is refused.
3. The gradient gives every element of a row of n its ``g / n``.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.accurate import accurate_sum
from rcmlrs_core.numerics.sums import exact_sum
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.plain import PlainArray


def row(values: list[float]) -> float:
    """Integers, divided and rounded once."""
    return exact_sum(values, len(values))


def binary64(m: Any, x: Any) -> Any:
    """The accurate sum and a quotient: one unit each.

    An exact sum needs no margin where the rounded quotient is exact or no midpoint. A midpoint has 25 bits, so that its
    product with n < 2^28 is exact and equals the sum just when the quotient is.
    """
    n = x.shape[-1]
    total, magnitude = accurate_sum(m, x)
    mean = total / n
    return mean, magnitude / n + (m.where(mean * n == total, 0.0, m.abs(mean)) if n < 1 << 28 else m.abs(mean))


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    """``g / n`` to every element of its row."""
    n = 1
    for a in axis:
        n *= x.shape[a]
    return ((g / n).restore_axes(x.shape, axis=axis, keepdims=keepdims).broadcast_to(x.shape),)


operation = Reduction(
    module=__name__,
    clause="N3.1",
    row=row,
    binary64=binary64,
    bound=lambda n: 3,
    gradient=gradient,
    empty="the mean of no elements is 0/0",
    cases=(
        case([1.0, 2.0, 4.0], want=2.3333332538604736),
        case([-0.0, -0.0], want=0.0, note="N3.2: +0, whatever the signs"),
        case([3e38, 3e38], want=3e38, note="no overflow on the way"),
        case([1e30, 1.0, -1e30], want=0.3333333432674408, note="nothing is lost on the way"),
        case([2.0**-149, 0.0], want=0.0, note="half of the smallest subnormal: the tie goes to even"),
        case([2.0**-149, 2.0**-149, 0.0], want=2.0**-149, note="two thirds of it"),
        case([16777216.0, 16777218.0, 16777217.0 + 1.0, 16777216.0], want=16777216.0, note="a tie"),
        case([float("inf"), 1.0], want=float("inf")),
        case([float("inf"), float("-inf")], want=float("nan")),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, want=[2.0, 3.0]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=(0, 1), keepdims=True, want=[[2.5]]),
    ),
    refusals=(
        refusal(ShapeError, "the mean of no elements", [[], []], axis=1),
        refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),
    ),
)
