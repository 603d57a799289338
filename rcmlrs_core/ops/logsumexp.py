"""logsumexp(x, axis=None, keepdims=False): the logarithm of the sum of the exponentials along some axes.

1. ``log(sum_j e^(x_j))``, rounded once (N3.3): nothing overflows. Of one element it is that element (of a zero, +0).
2. -inf elements add nothing; -inf alone give -inf. One +inf gives +inf; NaN gives NaN.
3. ``axis`` is an int, a tuple of ints or None, which is all. The logarithm of an empty sum is -inf.
4. The gradient is ``g * softmax(x)``, so NaN for a row with +inf or NaN, or of -inf alone.
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.numerics.accurate import positive_sum, positive_sum_bound
from rcmlrs_core.numerics.formats import INFINITY, NAN, from_bits
from rcmlrs_core.numerics.reals import decide
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.ops.softmax import Exponentials


def row(values: list[float]) -> float:
    """``M + log(1 + T)``, see :class:`Exponentials`: irrational, or of one element that counts, that element."""
    if any(value != value for value in values):
        return NAN
    largest = max(values, default=-INFINITY)
    if largest in (INFINITY, -INFINITY):
        return largest
    terms = Exponentials(values)
    return from_bits(decide(lambda r: r.number(largest) + terms.log_of_sum(r)))


def binary64(m: Any, x: Any) -> Any:
    """``M + L`` with L = log1p(T); T, and so L, as in ``log_softmax``. These may cancel: M is exact, L and the sum
    are not.

    A 64th of the sum in the magnitude is for its one rounding. The error of T is |d| + 8 units of each term e^d and the
    summation: with L as the magnitude, 160 units are enough for |d| <= 152. Terms that are smaller add less than 2^-219
    each: nothing beside an M, which is a multiple of 2^-149, and to a zero M nothing that would not round to zero. In a
    row of infinities x = M finds the equals that x - M would not.
    """
    largest = m.max(x)
    below = m.where(x < largest, m.exp(x - largest), 0.0)
    equals = m.sum(m.where(x == largest, 1.0, below * 0.0))
    log = m.log1p(positive_sum(m, below) + (equals - 1.0))
    result = largest + log
    return result, log + m.abs(result) / 64.0


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    """The derivative of the logarithm of the sum is the share of each term; of no terms, nothing."""
    if 0 in x.shape:
        return (x.zeros_like(),)
    return (x.softmax(axis=axis) * g.restore_axes(x.shape, axis=axis, keepdims=keepdims),)


operation = Reduction(
    module=__name__,
    clause="N3.3",
    row=row,
    binary64=binary64,
    bound=lambda n: 160 + positive_sum_bound(n),
    gradient=gradient,
    cases=(
        case([0.0, 0.0], want=0.6931471824645996),
        case([1.0, 2.0, 3.0], want=3.4076058864593506),
        case([1.5], want=1.5),
        case([-0.0], want=0.0),
        case([3e38, 3e38], want=3e38, note="e^(3e38) is no number that a computer holds"),
        case([0.0, -1000.0], want=0.0),
        case([-(2.0**-149), -103.9], note="e^-103.9 is about as large as the smallest subnormal"),
        case([-0.6931472, -0.6931472], note="the sum cancels to 3e-8"),
        case([1.0, float("-inf")], want=1.0),
        case([float("-inf")] * 2, want=float("-inf")),
        case([1.0, float("inf"), float("-inf")], want=float("inf")),
        case([float("inf"), float("nan")], want=float("nan")),
        case([[], []], axis=1, want=[float("-inf")] * 2),
        case([[0.0, 1.0], [0.0, 1.0]], axis=0, keepdims=True, want=[[0.6931471824645996, 1.6931471824645996]]),
    ),
    refusals=(refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),),
)
