"""binary32 numbers and rational ones: bits, RN, units in the last place. Nothing of RCMLRS is used here.

A fault in the framework's own rounding would hide if it judged itself.
"""

import math
import struct
from fractions import Fraction

SIGN, INFINITY_BITS, NAN_BITS = 0x80000000, 0x7F800000, 0x7FC00000


def number(pattern: int) -> float:
    """The number with these bits."""
    return float(struct.unpack("<f", struct.pack("<I", pattern))[0])


def bits_of(value: float) -> int:
    """Bits of a binary32 number in a Python float; any NaN is the one NaN."""
    return NAN_BITS if value != value else int(struct.unpack("<I", struct.pack("<f", value))[0])


def last_place(value: Fraction) -> Fraction:
    """The distance of two binary32 numbers where ``value`` lies."""
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** exponent:
        exponent -= 1
    return Fraction(2) ** max(exponent - 23, -149)


def rounded(value: Fraction) -> int:
    """Bits of the nearest binary32 number, ties to even (Python's rounding); a zero has the value's sign."""
    sign = SIGN if value < 0 else 0
    quantum = last_place(value) if value else Fraction(1)
    nearest = round(abs(value) / quantum) * quantum
    if nearest >= 2**128:
        return sign | INFINITY_BITS
    return sign | bits_of(float(nearest))


def distance(value: Fraction) -> Fraction:
    """To the nearest midpoint of two numbers, which is an odd multiple of half a unit, in units."""
    units = abs(value) / last_place(value)
    return abs(units - math.floor(units) - Fraction(1, 2))


def log2(value: Fraction) -> float:
    """Of a fraction that a float may not hold."""
    shift = value.numerator.bit_length() - value.denominator.bit_length()
    return math.log2(float(value / Fraction(2) ** shift)) + shift


def exact_root(value: Fraction, degree: int) -> Fraction | None:
    """The rational root of a number that is not negative, if there is one."""
    above, below = (_integer_root(part, degree) for part in (value.numerator, value.denominator))
    return None if above is None or below is None else Fraction(above, below)


def _integer_root(n: int, degree: int) -> int | None:
    """By bisection: the roots that are asked for have some hundreds of bits."""
    low, high = 0, 1 << -(-n.bit_length() // degree)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= n else (low, middle - 1)
    return low if low**degree == n else None
