"""The shortest decimals of binary32 numbers: ``shortest_decimals``, the inverse of ``round_decimals``.

The shortest decimal of x is the one with the fewest significant digits that rounds to x (N6), and among those the one
nearest to x. Nine digits always do: 10^8 > 2^24 * 2 (Matula, "In-and-out conversions", 1968).
"""

import math
from array import array
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, ROUND_UP, Context

from rcmlrs_core.numerics.decimal_text import SMALLEST_NORMAL, round_decimal, round_decimals

ENOUGH = 9
"""Digits that tell any two binary32 numbers apart."""
CERTAIN = 6
"""Digits that survive decimal, binary32, decimal: a shorter decimal that rounds to a normal x is what six digits of x
print, so the search begins here."""


def shortest_decimals(values: "array[float]") -> list[str]:
    """Each binary32 number as the shortest decimal that rounds to it, in Python's spelling: ``0.1`` and ``1e-45``.

    A negative zero is ``-0.0``; what is not finite is ``nan``, ``inf`` and ``-inf``.
    """
    found = values.tolist()
    pending: list[int] = []
    for index, value in enumerate(found):
        if value and math.isfinite(value):
            if abs(value) < SMALLEST_NORMAL or abs(math.frexp(value)[0]) == 0.5:
                found[index] = _search(value)
            else:
                pending.append(index)
    for digits in range(CERTAIN, ENOUGH + 1):
        texts = [f"{found[index]:.{digits}g}" for index in pending]
        undone = []
        for index, text, rounded in zip(pending, texts, round_decimals(texts), strict=True):
            if rounded == found[index]:
                found[index] = float(text)
            else:
                undone.append(index)
        pending = undone
    # Up to 15 digits are restored by the shortest decimal of their binary64 number, which is what repr prints.
    return list(map(repr, found))


def _search(value: float) -> float:
    """The shortest decimal of a subnormal number, where one digit may do, or of a power of two, as binary64.

    The numbers below a power of two lie twice as dense as those above it, so that of two decimals of the same length
    the nearer, below, may round to the neighbour, and the farther, above, to ``value``.
    """
    for digits, rounding in _attempts():
        text = str(Context(prec=digits, rounding=rounding).create_decimal_from_float(value))
        if round_decimal(text) == value:
            return float(text)
    raise AssertionError("nine digits tell any two binary32 numbers apart")


def _attempts() -> Iterable[tuple[int, str]]:
    return ((digits, rounding) for digits in range(1, ENOUGH + 1) for rounding in (ROUND_HALF_EVEN, ROUND_UP))
