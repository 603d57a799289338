"""log_softmax(x, axis=-1): the logarithm of ``softmax``.

1. ``log_softmax(x)_i = x_i - log(sum_j e^(x_j))``, rounded once (N3.3). Of one element alone it is +0; beside others
   the result is negative, and -0 where it is nearest to zero.
2. An element of -inf has the limit -inf, and is the limit of a very negative one for its neighbours. A row with +inf or
   NaN, or of -inf alone, is NaN throughout, as in PyTorch.
3. ``axis`` is an int, a tuple of ints (which together are one row) or None, which is all; an empty row is refused.
4. The gradient is ``g - softmax(x) * sum(g)``.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.numerics.accurate import positive_sum, positive_sum_bound
from rcmlrs_core.numerics.formats import INFINITY, NAN, from_bits
from rcmlrs_core.numerics.reals import decide
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.ops.softmax import Exponentials, has_no_value


def row(values: list[float]) -> list[float]:
    """See :func:`at`."""
    return at(values, range(len(values)))


def at(values: list[float], places: Sequence[int]) -> list[float]:
    """``(x_i - M) - log(1 + T)``, see :class:`Exponentials`: irrational unless the element is alone."""
    if has_no_value(values):
        return [NAN] * len(places)
    terms = Exponentials(values)
    found = {-INFINITY: -INFINITY}
    for value in map(values.__getitem__, places):
        if value not in found:
            found[value] = from_bits(
                decide(lambda r, x=value: (r.number(x) - r.number(terms.top)) - terms.log_of_sum(r))  # type: ignore[misc]
            )
    return [found[values[place]] for place in places]


def sum_of_others(m: Any, e: Any, d: Any) -> Any:
    """``T = sum(e^d) - 1`` without cancellation: the exponentials below the largest, and the number of its equals
    less one.

    Where d is NaN (a row that has no value) T is -1 or NaN.
    """
    below = m.where(d < 0.0, e, 0.0)
    return positive_sum(m, below) + (m.sum(m.where(d == 0.0, 1.0, below * 0.0)) - 1.0)


def binary64(m: Any, x: Any) -> Any:
    """``-(log1p(T) - d)`` with d = x - max(x), T as above: both terms have the sign of the result.

    The errors of T's terms, |d| + 8 units of 2^-53, are weighted by the terms: sum e^d |d| / T = H - log T <= log n +
    105 while T > e^-105, below which the result is d or rounds to -0 all the same. So T errs by 8 + 22 + 105 + the
    summation + 1, log1p does not magnify that and adds 8, and two roundings follow.
    """
    d = x - m.max(x)
    result = -(m.log1p(sum_of_others(m, m.exp(d), d)) - d)
    return result if x.shape[-1] > 1 else 0.0 - result  # alone: +0


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> tuple[Any]:
    """The softmax itself is rounded once, unlike exp(y)."""
    return (g - x.softmax(axis=axis) * g.sum(axis=axis, keepdims=True),)


operation = Reduction(
    module=__name__,
    clause="N3.3",
    row=row,
    at=at,
    binary64=binary64,
    bound=lambda n: 150 + positive_sum_bound(n),
    maps=True,
    default_axis=-1,
    gradient=gradient,
    empty="the softmax of no elements is 0/0",
    cases=(
        case([0.0, 0.0], want=[-0.6931471824645996] * 2),
        case([1.0, 2.0, 3.0], want=[-2.4076059644443806, -1.4076059644443806, -0.4076059644443806]),
        case([7.0], want=[0.0]),
        case([0.0, -1000.0], want=[-0.0, -1000.0]),
        case([3e38, -3e38], want=[-0.0, float("-inf")]),
        case(
            [2.0, -33554432.0],
            want=[-0.0, -33554436.0],
            note="the difference is a midpoint, the result e^-33554434 below",
        ),
        case([2.0, -33554436.0], want=[-0.0, -33554440.0], note="the same, where the tie would go this way too"),
        case([0.0, -103.25], note="half of the smallest subnormal"),
        case([1.0, float("-inf")], want=[-0.0, float("-inf")]),
        case([1.0, float("inf")], want=[float("nan")] * 2),
        case([float("-inf")], want=[float("nan")]),
        case([1.0, float("nan")], want=[float("nan")] * 2),
        case([[0.0, 1.0], [0.0, 1.0]], axis=0, want=[[-0.6931471824645996] * 2] * 2),
    ),
    refusals=(refusal(ShapeError, "the softmax of no elements", [[], []], axis=1),),
)
