"""softmax(x, axis=-1): the exponentials along an axis, divided by their sum.

1. ``softmax(x)_i = e^(x_i) / sum_j e^(x_j)``, rounded once (N3.3): nothing overflows, and the result is that of no
   order. Equal elements give exactly ``RN(1/n)``.
2. An element of -inf has the limit +0. A row with +inf or NaN, or of -inf alone, is NaN throughout, as in PyTorch.
3. ``axis`` is an int, a tuple of ints (which together are one row) or None, which is all; an empty row is refused.
4. The gradient is ``y * (g - sum(g * y))``, the product with the Jacobian that ``softmax_derivative`` returns.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.numerics.accurate import positive_sum, positive_sum_bound
from rcmlrs_core.numerics.formats import INFINITY, NAN, from_bits
from rcmlrs_core.numerics.reals import Enclosure, Reals, decide
from rcmlrs_core.ops.op import Reduction, case, refusal


class Exponentials:
    """A row of numbers x_j with the largest M: the terms e^(x_j - M) and their sum over exact reals.

    The difference of two binary32 numbers may be 6.8e38, and its exponential 2^-(9.8e38): far too small to be found by
    adding bits to a sum, but an enclosure of it holds, and is positive. Termination is argued at each use.
    """

    def __init__(self, values: list[float]) -> None:
        self.top = max(values)
        self.alone = len(values) == 1
        self._counts = Counter(value for value in values if value > -INFINITY)
        self._others: dict[int, Enclosure] = {}

    def term(self, r: Reals, value: float) -> Enclosure:
        """``e^(value - M)``: 0 at -inf, 1 at M."""
        if value == -INFINITY:
            return r.number(0)
        return r.exp(r.number(value) - r.number(self.top))

    def others(self, r: Reals) -> Enclosure:
        """``T = sum_j e^(x_j - M) - 1``: the sum without one of the largest, which nothing cancels."""
        total = self._others.get(r.precision)
        if total is None:
            total = r.number(self._counts[self.top] - 1)
            for value, count in self._counts.items():
                if value != self.top:
                    total += count * self.term(r, value)
            self._others[r.precision] = total
        return total

    def log_of_sum(self, r: Reals) -> Enclosure:
        """``log(1 + T)``, or where that is between 0 and 2^-151, 2^-152 in its place.

        It is added to a number d that is a multiple of 2^-149 (a binary32 number, or the difference of two). The
        boundaries of RN are multiples of 2^-150, so there is none between d and d +- 2^-151, ends excluded: every value
        there rounds alike. An element of -inf beside others counts as the limit of such a value.
        """
        others = self.others(r)
        if self.alone:
            return r.number(0)
        if others.b < 2.0**-151:
            return r.number(2.0**-152)
        return r.log(1 + others)


def has_no_value(values: list[float]) -> bool:
    """Whether a row's softmax is not a number: NaN or +inf among its elements, or nothing but -inf."""
    return any(value != value or value == INFINITY for value in values) or max(values) == -INFINITY


def row(values: list[float]) -> list[float]:
    """Clause 1."""
    return at(values, range(len(values)))


def at(values: list[float], places: Sequence[int]) -> list[float]:
    """Clause 1. The quotient is irrational or, among equals, 1/n, which is no boundary: refinement comes to an end.

    (By Lindemann and Weierstrass, exponentials of different rationals are linearly independent over the rationals.)
    """
    if has_no_value(values):
        return [NAN] * len(places)
    terms = Exponentials(values)
    found: dict[float, float] = {}
    for value in map(values.__getitem__, places):
        if value not in found:
            found[value] = from_bits(decide(lambda r, x=value: terms.term(r, x) / (1 + terms.others(r))))  # type: ignore[misc]
    return [found[values[place]] for place in places]


def binary64(m: Any, x: Any) -> Any:
    """``e^d / sum(e^d)`` with d = x - max(x).

    d is off by one unit of 2^-53 of |d|, so e^d by |d| + 8 units, exp's own 8 included. Where |d| > 105 the result is
    below 2^-151 and rounds to zero all the same. In the sum these errors are weighted by the terms: sum_j e^d_j |d_j|
    / S = H - log S <= log n with H the entropy of the result. So: |d| + 8, and 8 + 22 (log n) + the summation, and
    the quotient: 40 and the summation are more than |d| / 32 times as much.
    """
    d = x - m.max(x)
    e = m.exp(d)
    share = e / positive_sum(m, e)
    return share, share * (1.0 - m.maximum(d, -105.0) * (1.0 / 32.0))


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> tuple[Any]:
    """The Jacobian is symmetric: diag(y) - y y^T."""
    return (y * (g - (g * y).sum(axis=axis, keepdims=True)),)


operation = Reduction(
    module=__name__,
    clause="N3.3",
    row=row,
    at=at,
    binary64=binary64,
    bound=lambda n: 40 + positive_sum_bound(n),
    maps=True,
    default_axis=-1,
    gradient=gradient,
    empty="the softmax of no elements is 0/0",
    cases=(
        case([0.0, 0.0, 0.0], want=[0.3333333432674408] * 3),
        case([3e38, 3e38], want=[0.5, 0.5]),
        case([3e38, -3e38], want=[1.0, 0.0]),
        case([1.0, 2.0, 3.0], want=[0.09003057330846786, 0.2447284758090973, 0.6652409434318542]),
        case([0.0, -103.5, -104.5], note="half of the smallest subnormal lies between"),
        case([0.0, 2.0**-24], note="1/2 - 2^-26 is a midpoint, and the exact value 2^-78 beside it"),
        case([1.0, float("-inf")], want=[1.0, 0.0]),
        case([1.0, float("inf")], want=[float("nan")] * 2),
        case([float("-inf")] * 2, want=[float("nan")] * 2),
        case([1.0, float("nan")], want=[float("nan")] * 2),
        case([[0.0, 1.0], [0.0, 1.0]], axis=0, want=[[0.5, 0.5], [0.5, 0.5]]),
        case([[0.0, 0.0], [0.0, 0.0]], axis=(0, 1), want=[[0.25, 0.25], [0.25, 0.25]]),
    ),
    refusals=(refusal(ShapeError, "the softmax of no elements", [[], []], axis=1),),
)
