"""std(x, axis=None, keepdims=False, *, correction=0): the standard deviation of the elements along some axes.

1. ``RN`` of the exact root of the exact variance (N3.1); ``correction`` is that of ``var``.
2. NaN if any element is NaN or infinite. Rows that leave ``n - correction`` at zero or below are refused.
3. The gradient is ``g * (x - mean) / ((n - correction) * std)``, and zero where all elements of a row are equal.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.numerics.formats import BINARY32, NAN, from_bits, round_number
from rcmlrs_core.numerics.sums import exact_variance
from rcmlrs_core.ops import var
from rcmlrs_core.ops.op import Reduction, case, refusal

TINY = 2.0**-500
"""Far below every root that is not zero (2^-203 or more in binary64): no such root feels it when it is added."""

SMALLEST = 2.0**-149
"""The smallest positive binary32 number."""


def row(values: list[float], *, correction: float = 0) -> float:
    """The root of a fraction, rounded once."""
    exact = exact_variance(values, correction)
    return NAN if exact is None else from_bits(BINARY32.round_root(*exact.as_integer_ratio()))


def binary64(m: Any, x: Any, *, correction: float) -> Any:
    """The root of the variance v, which is off by at most e: the roots differ by at most e / sqrt(v).

    A v that cancelled below zero is nearer to the true one without its sign. Where v is 0 and its error is not, the
    magnitude becomes huge, and the definition decides.
    """
    variance, magnitude = var.binary64(m, x, correction=correction)
    root = m.sqrt(m.abs(variance))
    return root, magnitude / (root + TINY)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool, correction: float) -> tuple[Any]:
    """Where the deviation is zero, so is every x - mean, and the smallest number in its place makes their quotient
    zero."""
    scale = round_number(1 / var.degrees_of_freedom(x.shape, axis, correction))
    deviations = x - x.mean(axis=axis, keepdims=True)
    divisor = y.maximum(SMALLEST).restore_axes(x.shape, axis=axis, keepdims=keepdims)
    return (deviations / divisor * (g * scale).restore_axes(x.shape, axis=axis, keepdims=keepdims),)


operation = Reduction(
    module=__name__,
    clause="N3.1",
    row=row,
    binary64=binary64,
    bound=lambda n: var.bound(n) + 10,
    row_check=var.row_check,
    gradient=gradient,
    empty="the standard deviation of no elements is 0/0",
    cases=(
        case([1.0, 3.0], want=1.0),
        case([1.0, 2.0, 3.0, 4.0], want=1.1180340051651),
        case([1.0, 2.0, 3.0, 4.0], correction=1, want=1.2909944057464600),
        case([0.1, 0.1, 0.1], want=0.0),
        case([3e38, -3e38], want=3e38, note="the variance is above the largest number, its root is not"),
        case([2.0**-149, 0.0], want=0.0, note="half of the smallest subnormal: the tie goes to even"),
        case([3 * 2.0**-149, 0.0], want=2.0**-148, note="a tie as well: 1.5 becomes 2"),
        case([1.0, float("nan")], want=float("nan")),
        case([[1.0, 2.0], [3.0, 5.0]], axis=1, want=[0.5, 1.0]),
    ),
    refusals=(
        refusal(ShapeError, "the standard deviation of no elements", [[], []], axis=1),
        refusal(AttributeValueError, "leaves nothing to divide by", [1.0, 2.0], correction=2),
    ),
    samples=(
        {},
        {"correction": 1},
    ),
)
