"""Exact sums and their one rounding (contract N3).

Two tellings of the same value. ``exact_*`` work in integers (a binary32 number is an integer times 2^-149, a product
of two an integer times 2^-298) and are the definition. ``round_sum`` is the quick way of pure Python: ``math.fsum``
rounds the exact sum to binary64, and that determines the binary32 result unless it sits on a midpoint; then the sign
of what fsum left over decides. Rounding twice without that look would be wrong.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from rcmlrs_core.numerics.formats import BINARY32, INFINITY, NAN, from_bits

UNIT = 2.0**149
"""A binary32 number times this is an integer, and below 2^277: exact in binary64."""


def units(values: Iterable[float]) -> int:
    """The exact sum of finite binary32 numbers, as an integer count of 2^-149."""
    return sum(int(value * UNIT) for value in values)


def products_units(a: Iterable[float], b: Iterable[float]) -> int:
    """The exact sum of products of finite binary32 numbers, as an integer count of 2^-298."""
    return sum(int(x * UNIT) * int(y * UNIT) for x, y in zip(a, b, strict=True))


def special_sum(terms: Iterable[float]) -> float | None:
    """What infinities and NaN among the terms make of a sum (N3.2), or None when all are finite."""
    plus = minus = False
    for term in terms:
        if term != term:
            return NAN
        plus |= term == INFINITY
        minus |= term == -INFINITY
    if plus and minus:
        return NAN
    return INFINITY if plus else -INFINITY if minus else None


def exact_sum(values: Sequence[float], divisor: int = 1) -> float:
    """``RN(sum(values) / divisor)`` of binary32 numbers, in integers; an exact zero is +0 (N3.1, N3.2)."""
    special = special_sum(values)
    if special is not None:
        return special
    return from_bits(BINARY32.round_ratio(units(values), divisor << 149))


def exact_dot(a: Sequence[float], b: Sequence[float], addend: float = 0.0) -> float:
    """``RN(addend + sum(a_i b_i))`` in integers: a bias is inside the sum (N3.1)."""
    special = special_sum([*map(float.__mul__, a, b), addend])
    if special is not None:
        return special
    total = products_units(a, b) + (int(addend * UNIT) << 149)
    return from_bits(BINARY32.round_dyadic(total, -298))


def exact_variance(values: Sequence[float], correction: float = 0) -> Fraction | None:
    """``sum((x - mean)^2) / (n - correction)`` as a fraction; None when a value is not finite or nothing is left.

    In integers: with S the sum and Q the sum of squares, it is (n Q - S^2) / (n (n - correction)).
    """
    n = len(values)
    left = n - Fraction(correction)
    if left <= 0 or special_sum(values) is not None:
        return None
    whole = [int(value * UNIT) for value in values]
    scaled = n * sum(x * x for x in whole) - sum(whole) ** 2
    return Fraction(scaled, n << 298) / left


def round_sum(terms: Sequence[float]) -> float:
    """The binary64 number nearest to the exact sum, nudged off a binary32 midpoint: its RN is RN of the exact sum.

    The terms are binary64 numbers that hold each exact term (a binary32 number or a product of two), so nothing
    overflows. The result is still to be rounded to binary32, which is then the only rounding that shows.
    """
    try:
        total = math.fsum(terms)
    except (ValueError, OverflowError):  # inf - inf
        return NAN
    if total == 0.0:
        return 0.0  # whatever the signs of the terms (N3.2)
    if not is_midpoint(total):
        return total
    rest = math.fsum([*terms, -total])
    return total if rest == 0.0 else math.nextafter(total, math.copysign(INFINITY, rest))


def is_midpoint(value: float) -> bool:
    """Whether a binary64 number lies halfway between two neighbouring binary32 numbers."""
    # A midpoint is an odd number of halves of its neighbours' last place. (Beyond the overflow threshold this calls
    # some numbers midpoints that are none; to look twice at them does no harm.)
    if value == 0.0 or not math.isfinite(value):
        return False
    last_place = max(math.frexp(value)[1] - 24, -149)
    return math.ldexp(abs(value), 1 - last_place) % 2.0 == 1.0
