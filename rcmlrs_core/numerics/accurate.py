"""Binary64 sums that are nearly exact, for the ``binary64`` formulas: over rows and arrays alike, by whole-row
operations.

A plain sum of n terms is off by up to n units of 2^-53 of the sum of magnitudes: enough to leave a binary32 rounding
undecided where terms cancel, where rows are long, and wherever the exact result is a tie. Here every operation's own
error is computed and summed apart, so that a sum which comes out exactly is known to be exact.
"""

from typing import Any

INFINITY = float("inf")

SHORT = 64
"""Rows up to this length are summed plainly by :func:`positive_sum`: their bound is small beside that of exp."""


def two_sum(x: Any, y: Any) -> tuple[Any, Any]:
    """``(s, e)`` with s = fl(x + y) and x + y = s + e exactly (Knuth, TAOCP 2, 4.2.2, theorem B)."""
    s = x + y
    virtual = s - x
    return s, (x - (s - virtual)) + (y - virtual)


def split(x: Any, top: Any) -> tuple[Any, Any]:
    """``(high, low)`` with x = high + low exactly, where any order sums the ``high`` of a row exactly; ``top >= |x|``.

    With grid = 4 n top, fl(x + grid) lies in [3/4 grid, 5/4 grid] and so is a multiple of g, the last place of its
    lower end: g > 2^-52 * 3/8 grid. The difference to grid is exact (Sterbenz) and so is low (Dekker). Partial sums
    of high are multiples of g of magnitude at most n (top + 2^-52 grid) < 2^53 g, hence exact. |low| < 2^-50 n top.
    (After S. M. Rump, T. Ogita, S. Oishi, Accurate floating-point summation I, SIAM J. Sci. Comput. 31, 2008.)
    """
    grid = top * (4.0 * x.shape[-1])
    high = (x + grid) - grid
    return high, x - high


def accurate_sum(m: Any, x: Any) -> tuple[Any, Any]:
    """The sums of the rows of ``x``, and the magnitudes to which they are off by at most one unit of 2^-53.

    The magnitude is 0 where the sum is exact, so that a tie is decided. Else it is |sum| + n * (what :func:`split` left
    over): one rounding at the end, and n - 1 in the sum of the leftovers. Infinities and NaN are those of N3.2.
    """
    top = m.max(m.abs(x))
    high, low = split(x, top)
    total = m.sum(high) + m.sum(low)
    spread = m.sum(m.abs(low))
    total = m.where(top < INFINITY, total, m.sum(x)) + 0.0  # an exact zero is +0
    return total, m.where(spread > 0.0, m.abs(total) + spread * x.shape[-1], 0.0)


def positive_sum(m: Any, x: Any) -> Any:
    """The sums of the rows of ``x``, none of whose elements is negative; positive_sum_bound bounds the error."""
    if x.shape[-1] <= SHORT:
        return m.sum(x)
    high, low = split(x, m.max(x))
    return m.sum(high) + m.sum(low)


def positive_sum_bound(n: int) -> float:
    """In units of 2^-53 of the sum: n - 1 roundings; or one, and n - 1 among leftovers of less than 2^-50 n top."""
    return n if n <= SHORT else 2 + n**3 * 2.0**-50
