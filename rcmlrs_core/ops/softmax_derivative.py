"""softmax_derivative(x, axis=-1): the Jacobian of ``softmax``.

1. With s the exact softmax of a row, element (i, j) is ``s_i (1 - s_i)`` for i = j and ``-s_i s_j`` elsewhere,
   rounded once (N2.1): not a formula in a rounded softmax. For a row of n the result is n by n; these two axes come
   last, in the place of ``axis``.
2. Off the diagonal the result is negative, and -0 where it is nearest to zero; an element of -inf gives the limits +0
   on the diagonal and -0 off it. A row with +inf or NaN, or of -inf alone, is NaN throughout.
3. ``axis`` is an int, a tuple of ints (which together are one row) or None, which is all; an empty row is refused.
4. The gradient is that of the formula: with v_k = g_kk - sum_j (g_kj + g_jk) s_j, it is ``s * (v - sum(v * s))``.
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.numerics.accurate import positive_sum_bound
from rcmlrs_core.numerics.formats import INFINITY, NAN, from_bits
from rcmlrs_core.numerics.reals import Enclosure, Reals, decide
from rcmlrs_core.ops.log_softmax import sum_of_others
from rcmlrs_core.ops.max import as_rows
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.ops.softmax import Exponentials, has_no_value


def row(values: list[float]) -> list[float]:
    """Over the common denominator S^2 with S = 1 + T, see :class:`Exponentials`, where nothing cancels.

    The values are irrational, or among n equals (n - 1) / n^2 and -1 / n^2, which are boundaries for no n below 2^25.
    """
    if has_no_value(values):
        return [NAN] * len(values) ** 2
    terms = Exponentials(values)

    def diagonal(r: Reals, x: float) -> Enclosure:
        others = terms.others(r)
        rest = others if x == terms.top else 1 + (others - terms.term(r, x))
        return terms.term(r, x) * rest / (1 + others) ** 2

    def beside(r: Reals, x: float, y: float) -> Enclosure:
        return -(terms.term(r, x) * terms.term(r, y)) / (1 + terms.others(r)) ** 2

    found: dict[tuple[float, ...], float] = {}
    result = []
    for i, x in enumerate(values):
        for j, y in enumerate(values):
            key = (x,) if i == j else (min(x, y), max(x, y))
            if key not in found:
                if len(key) == 1:
                    found[key] = from_bits(decide(lambda r, x=x: diagonal(r, x)))  # type: ignore[misc]
                elif key[0] == -INFINITY:
                    found[key] = -0.0
                else:
                    found[key] = from_bits(decide(lambda r, x=x, y=y: beside(r, x, y)))  # type: ignore[misc]
            result.append(found[key])
    return result


def binary64(m: Any, x: Any) -> Any:
    """The same over the rounded S: with T from ``log_softmax``, the sum without x_i is T for the largest, else 1 + (T
    - e_i).

    Errors as in ``softmax``: two terms of a product that counts have |d_i| + |d_j| <= 105, so their errors are 105 +
    16; each of the two divisors adds 8 + 22 + the summation + 2. The sum without x_i, of at least (1 + T) / 2, errs
    by at most twice the 22 + 8 of T, 9 for e_i and the summation; T alone by 8 + 22 + 105 + the summation.
    """
    d = x - m.max(x)
    e = m.exp(d)
    others = sum_of_others(m, e, d)
    total = 1.0 + others
    share = e / total
    rest = m.where(d == 0.0, others, 1.0 + (others - e))
    return m.with_diagonal(-m.outer(share, share), share * (rest / total))


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> tuple[Any]:
    """Clause 4, over rows; the diagonal of g is every (n + 1)-th of its elements."""
    rows = as_rows(x, axis)
    *lead, n = rows.shape
    s = rows.softmax(axis=-1)
    diagonal = g.reshape((*lead, n * n)).slice(
        start=(0,) * len(rows.shape), stop=(*lead, n * n), step=(1,) * len(lead) + (n + 1,)
    )
    both = (g + g.matrix_transpose()).matmul(s.reshape((*lead, n, 1))).reshape(rows.shape)
    v = diagonal - both
    result = s * (v - (v * s).sum(axis=-1, keepdims=True))
    order = (*(i for i in range(len(x.shape)) if i not in axis), *axis)
    back = sorted(range(len(order)), key=order.__getitem__)
    return (result.reshape(tuple(x.shape[i] for i in order)).transpose(back),)


operation = Reduction(
    module=__name__,
    row=row,
    binary64=binary64,
    bound=lambda n: 260 + 3 * positive_sum_bound(n),
    squares=True,
    default_axis=-1,
    gradient=gradient,
    empty="the softmax of no elements is 0/0",
    cases=(
        case([0.0, 0.0], want=[[0.25, -0.25], [-0.25, 0.25]]),
        case([7.0], want=[[0.0]]),
        case(
            [1.0, 2.0], want=[[0.19661192595958710, -0.19661192595958710], [-0.19661192595958710, 0.19661192595958710]]
        ),
        case([3e38, -3e38], want=[[0.0, -0.0], [-0.0, 0.0]]),
        case([0.0, -50.0, -60.0], note="1 - s_0 is e^-50, which 1 - RN(s_0) would lose"),
        case([1.0, float("-inf")], want=[[0.0, -0.0], [-0.0, 0.0]]),
        case([1.0, float("inf")], want=[[float("nan")] * 2] * 2),
        case([[0.0, 1.0], [0.0, 1.0]], axis=0, want=[[[0.25, -0.25], [-0.25, 0.25]]] * 2),
    ),
    refusals=(refusal(ShapeError, "the softmax of no elements", [[], []], axis=1),),
)
