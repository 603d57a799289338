"""var(x, axis=None, keepdims=False, *, correction=0): the variance of the elements along some axes.

1. ``RN`` of the exact ``sum((x_i - mean)^2) / (n - correction)``, with the exact mean (N3.1); ``correction=1`` is the
   unbiased estimate, as in the Array API standard. ``correction`` is rounded once to binary32 (N6).
2. NaN if any element is NaN or infinite. Rows that leave ``n - correction`` at zero or below are refused.
3. The gradient is ``g * 2 (x - mean) / (n - correction)``; the factor of ``x - mean`` is rounded once.
"""

import math
from fractions import Fraction
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.numerics.formats import BINARY32, NAN, from_bits, round_number
from rcmlrs_core.numerics.sums import exact_variance
from rcmlrs_core.ops.op import Reduction, case, refusal


def row(values: list[float], *, correction: float = 0) -> float:
    """A fraction of integers, rounded once."""
    exact = exact_variance(values, correction)
    return NAN if exact is None else from_bits(BINARY32.round_number(exact))


def binary64(m: Any, x: Any, *, correction: float) -> Any:
    """``(sum d^2 - (sum d)^2 / n) / (n - correction)`` with d = x - c, which holds for every c; c is the rounded mean.

    Relative to D = sum d^2, which cannot cancel: the terms and their sum err by n + 2 units of 2^-53; the second sum
    T by n units of sum |d| <= sqrt(n D), so that T^2/n <= D errs by 2 n + 2; three more roundings, and that of n -
    correction.
    """
    n = x.shape[-1]
    d = x - m.sum(x) / n
    squares, rest = m.sum(d * d), m.sum(d)
    divisor = n - correction
    return (squares - rest * rest / n) / divisor, squares / divisor


def bound(n: int) -> float:
    """See :func:`binary64`; a few units more for the products of errors."""
    return 3 * n + 12


def row_check(n: int, *, correction: float = 0) -> None:
    """Something must be left to divide by."""
    if not math.isfinite(correction):
        raise AttributeValueError(f"var, std: correction must be finite, got {correction}")
    if n <= correction:
        raise AttributeValueError(
            f"var, std: correction {correction:g} leaves nothing to divide by in rows of length {n}; "
            "it must be less than the number of elements"
        )


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool, correction: float) -> tuple[Any]:
    """``2 (x - mean) / (n - correction)``, the derivative: the mean's own part cancels."""
    scale = round_number(2 / degrees_of_freedom(x.shape, axis, correction))
    deviations = x - x.mean(axis=axis, keepdims=True)
    return (deviations * (g * scale).restore_axes(x.shape, axis=axis, keepdims=keepdims),)


def degrees_of_freedom(shape: tuple[int, ...], axis: tuple[int, ...], correction: float) -> Fraction:
    """``n - correction``, exactly."""
    n = 1
    for a in axis:
        n *= shape[a]
    return n - Fraction(correction)


operation = Reduction(
    module=__name__,
    clause="N3.1",
    row=row,
    binary64=binary64,
    bound=bound,
    row_check=row_check,
    gradient=gradient,
    empty="the variance of no elements is 0/0",
    cases=(
        case([1.0, 2.0, 3.0, 4.0], want=1.25),
        case([1.0, 2.0, 3.0, 4.0], correction=1, want=1.6666666269302368),
        case([1.0, 2.0, 3.0, 4.0], correction=0.5, want=1.4285714626312256),
        case([0.1, 0.1, 0.1], want=0.0, note="the exact mean of equal elements is their value"),
        case([16777216.0, 16777218.0], want=1.0, note="the mean is no binary32 number"),
        case([1e8, 1e8 + 8.0, 1e8 - 8.0], want=42.66666793823242),
        case([2.0**-149, 0.0], want=0.0),
        case([3e38, -3e38], want=float("inf"), note="the exact variance is above the largest number"),
        case([1.0, float("inf")], want=float("nan")),
        case([[1.0, 2.0], [3.0, 5.0]], axis=1, keepdims=True, want=[[0.25], [1.0]]),
    ),
    refusals=(
        refusal(ShapeError, "the variance of no elements", [[], []], axis=1),
        refusal(AttributeValueError, "leaves nothing to divide by", [1.0], correction=1),
        refusal(AttributeValueError, "must be finite", [1.0, 2.0], correction=float("-inf")),
    ),
    samples=(
        {},
        {"correction": 1},
        {"correction": 0.5},
    ),
)
