"""N1: bits and RN, on every value of small formats and against the machine's own binary32."""

import math
import struct
from fractions import Fraction
from itertools import pairwise

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcmlrs_core.numerics.formats import (
    BINARY8,
    BINARY16,
    BINARY32,
    Format,
    from_bits,
    round_number,
    to_bits,
    ulp_distance,
)


def finite(form: Format) -> list[int]:
    """Bits of every finite non-negative number, in increasing order."""
    return list(range(form.infinity))


def nearest(form: Format, value: Fraction) -> int:
    """RN by search among all numbers of the format: the definition, told in another way."""
    magnitude = abs(value)
    sign = form.sign if value < 0 else 0
    threshold = Fraction(2) ** (form.emax + 1) - Fraction(2) ** (form.emax - form.precision)
    if magnitude >= threshold:
        return sign | form.infinity
    best = min(finite(form), key=lambda bits: (abs(form.fraction(bits) - magnitude), bits & 1))
    return sign | best


def test_n1_layout() -> None:
    assert (BINARY32.emax, BINARY32.quantum, BINARY32.infinity) == (127, -149, 0x7F800000)
    assert (BINARY32.nan, BINARY32.sign) == (0x7FC00000, 0x80000000)
    assert (BINARY16.emax, BINARY16.quantum, BINARY16.infinity) == (15, -24, 0x7C00)


def test_n1_3_every_value_and_every_midpoint_of_binary8() -> None:
    bits = finite(BINARY8)
    for low, high in pairwise(bits):
        a, b = BINARY8.fraction(low), BINARY8.fraction(high)
        middle, hair = (a + b) / 2, (b - a) / 2**20
        for value, want in (
            (a, low),
            (middle, low if low % 2 == 0 else high),
            (middle - hair, low),
            (middle + hair, high),
        ):
            for sign, negative in ((0, 1), (BINARY8.sign, -1)):
                if value or not sign:
                    assert BINARY8.round_ratio(negative * value.numerator, value.denominator) == sign | want


@pytest.mark.parametrize("form", [BINARY8, BINARY16], ids=lambda form: form.name)
def test_n1_3_overflow_at_the_threshold(form: Format) -> None:
    threshold = (2 << form.precision) - 1 << form.emax - form.precision  # 2^(emax+1) - 2^(emax-precision)
    assert form.round_ratio(threshold, 1) == form.infinity
    assert form.round_ratio(threshold * 1000 - 1, 1000) == form.infinity - 1
    assert form.round_ratio(-threshold, 1) == form.infinity | form.sign


def test_n1_3_sums_and_products_of_all_pairs_of_binary8() -> None:
    bits = finite(BINARY8)[::3]
    for a in bits:
        for b in bits[::2]:
            x, y = BINARY8.fraction(a), BINARY8.fraction(b)
            for value in (x + y, x - y, x * y):
                if value:
                    assert BINARY8.round_number(value) == nearest(BINARY8, value)


@given(st.floats(allow_nan=False))
def test_n1_3_agrees_with_the_machine_on_binary32(value: float) -> None:
    with numpy.errstate(over="ignore"):
        want = numpy.float32(value).view(numpy.uint32)
    assert BINARY32.round_number(value) == want


@given(st.floats(width=64, allow_nan=False, allow_infinity=False))
def test_n1_3_agrees_with_the_machine_on_binary16(value: float) -> None:
    with numpy.errstate(over="ignore"):
        want = numpy.float64(value).astype(numpy.float16).view(numpy.uint16)
    assert BINARY16.round_number(value) == want


@given(st.fractions(max_denominator=10**6).filter(lambda f: f >= 0))
def test_root_brackets_the_exact_root(value: Fraction) -> None:
    bits = BINARY32.round_root(value.numerator, value.denominator)
    x = BINARY32.fraction(bits)
    if x:
        below = (x + BINARY32.fraction(bits - 1)) / 2
        above = (x + BINARY32.fraction(bits + 1)) / 2
        assert below**2 <= value <= above**2


def test_root_of_squares_is_exact() -> None:
    for n in (0, 1, 3, 4097, 16777215):
        assert from_bits(BINARY32.round_root(n * n, 1)) == n
        assert from_bits(BINARY32.round_root(n * n, 1 << 40)) == n * 2.0**-20


def test_n1_2_there_is_one_nan() -> None:
    negative = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]
    assert to_bits(negative) == to_bits(math.nan) == BINARY32.round_number(negative) == 0x7FC00000


def test_n6_integers_enter_at_their_exact_value() -> None:
    # By way of binary64, 2^60 + 2^36 + 1 would lose its last bit, land on a midpoint and go to the even side.
    assert round_number(2**60 + 2**36 + 1) == 2.0**60 + 2.0**37
    assert round_number(2**60 + 2**36) == 2.0**60
    assert round_number(10**400) == math.inf
    assert math.copysign(1.0, round_number(-0.0)) == -1.0


def test_work_is_bounded_whatever_the_exponent() -> None:
    assert BINARY32.round_dyadic(3, 10**12) == BINARY32.infinity
    assert BINARY32.round_dyadic(-3, -(10**12)) == BINARY32.sign


def test_ulp_distance_counts_numbers() -> None:
    assert ulp_distance(1.0, 1.0 + 2.0**-23) == 1
    assert ulp_distance(-0.0, 0.0) == 1
    assert ulp_distance(-(2.0**-149), 2.0**-149) == 3
    assert ulp_distance(3.4028234663852886e38, math.inf) == 1
