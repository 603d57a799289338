"""median(x, axis=None, keepdims=False): the middle of the sorted elements along some axes.

1. Of an odd number of elements the middle one; of an even number ``RN`` of the exact mean of the middle two (N4.2). NaN
   if any element is NaN. An exact zero is +0, as in every mean (N3.2); both infinities in the middle give NaN.
2. ``axis`` is an int, a tuple of ints or None, which is all. The median of no elements is refused.
3. The gradient goes to the middle element; of two, ``g / 2`` to each. Among equals, to those that a stable sort puts
   there (``argsort``).
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.numerics.formats import NAN
from rcmlrs_core.numerics.sums import exact_sum
from rcmlrs_core.ops.max import as_rows, to_chosen
from rcmlrs_core.ops.op import Reduction, case, refusal


def row(values: list[float]) -> float:
    """Sorted, and the mean of the two in the middle, which are one where their number is odd."""
    if any(value != value for value in values):
        return NAN
    ordered = sorted(values)
    n = len(ordered)
    return exact_sum([ordered[(n - 1) // 2], ordered[n // 2]], 2)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    """The middle one or two of the sorted indices take it."""
    order = as_rows(x, axis).argsort(axis=-1)
    n = order.shape[-1]
    lead = order.shape[:-1]
    first, last = (n - 1) // 2, n // 2
    chosen = order.slice(start=(0,) * len(lead) + (first,), stop=(*lead, last + 1))
    return (to_chosen(g if first == last else g / 2, chosen, x, axis),)


operation = Reduction(
    module=__name__,
    clause="N4.2",
    row=row,
    gradient=gradient,
    empty="the median of no elements does not exist",
    cases=(
        case([3.0, 1.0, 2.0], want=2.0),
        case([4.0, 1.0, 3.0, 2.0], want=2.5),
        case([3e38, 3e38], want=3e38, note="no overflow on the way"),
        case([2.0**-149, 0.0], want=0.0, note="half of the smallest subnormal: the tie goes to even"),
        case([-0.0], want=0.0, note="an exact zero is +0"),
        case([-1.0, 1.0], want=0.0),
        case([float("-inf"), float("inf")], want=float("nan")),
        case([1.0, float("nan"), 2.0], want=float("nan")),
        case([[1.0, 9.0], [3.0, 4.0]], axis=0, want=[2.0, 6.5]),
        case([[1.0, 9.0], [3.0, 4.0]], axis=(0, 1), keepdims=True, want=[[3.5]]),
    ),
    refusals=(refusal(ShapeError, "the median of no elements", [[], []], axis=1),),
)
