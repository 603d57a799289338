"""shortest_decimals: text that restores every bit (N6), and that no shorter text does."""

import math
import random
import struct
from array import array
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import numpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rcmlrs_core.numerics.decimal_text import round_decimal, round_decimals
from rcmlrs_core.numerics.formats import from_bits, to_bits
from rcmlrs_core.numerics.shortest import shortest_decimals

FINITE = st.integers(0, 0x7F7FFFFF).flatmap(lambda bits: st.sampled_from([bits, bits | 0x80000000])).map(from_bits)
POWERS = [2.0**exponent for exponent in range(-149, 128)]


def shortest(value: float) -> str:
    (text,) = shortest_decimals(array("f", [value]))
    return text


def digits(text: str) -> int:
    return len(Decimal(text).normalize().as_tuple().digits)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (from_bits(0x3DCCCCCD), "0.1"),
        (from_bits(0x3EAAAAAB), "0.33333334"),
        (2.0**-149, "1e-45"),
        (-(2.0**-149), "-1e-45"),
        (2.0**-126, "1.1754944e-38"),
        (from_bits(0x7F7FFFFF), "3.4028235e+38"),
        (16777216.0, "16777216.0"),
        (2.0**90, "1.2379401e+27"),  # the nearest of eight digits, 1.2379400e+27, rounds to the neighbour below
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_known(value: float, text: str) -> None:
    assert shortest(value) == text


def check(value: float) -> None:
    text = shortest(value)
    assert to_bits(round_decimal(text)) == to_bits(value), f"{value!r}: {text} is another number"
    length = digits(text)
    if length > 1:
        # Of all shorter decimals only the two that enclose the value can be nearer to it than to its neighbours.
        for rounding in (ROUND_FLOOR, ROUND_CEILING):
            shorter = Context(prec=length - 1, rounding=rounding).create_decimal_from_float(value)
            assert round_decimal(str(shorter)) != value, f"{value!r}: {shorter} is shorter than {text}"


@given(FINITE)
@example(from_bits(0x00000001))
@example(from_bits(0x007FFFFF))
@example(from_bits(0x00800001))
def test_restores_every_bit_and_nothing_shorter_does(value: float) -> None:
    check(value)


def test_powers_of_two_and_their_neighbours() -> None:
    """Below a power of two the numbers lie closer, so that the nearest short decimal may belong to the neighbour."""
    for power in POWERS:
        for value in (power, from_bits(to_bits(power) - 1), from_bits(to_bits(power) + 1), -power):
            check(value)


def test_six_digits_survive() -> None:
    """FLT_DIG of the C standard: a decimal of six digits comes back as it was, wherever binary32 is normal."""
    draw = random.Random(0)
    texts = [f"{draw.randrange(1, 10)}.{draw.randrange(10**5):05}e{draw.randrange(-37, 38)}" for _ in range(20_000)]
    assert list(map(float, shortest_decimals(round_decimals(texts)))) == list(map(float, texts))


def test_as_short_as_a_peer_says() -> None:
    """NumPy's digits are the shortest too, and found by another algorithm."""
    values = array("f", [from_bits(random.Random(place).randrange(0x7F800000)) for place in range(5000)])
    values.extend(POWERS)
    for value, text in zip(values, shortest_decimals(values), strict=True):
        peer = numpy.format_float_scientific(numpy.float32(value), unique=True, trim="-")
        assert digits(text) <= digits(peer), f"{text} is longer than {peer}"


def test_many_at_once_are_as_one_by_one() -> None:
    values = array("f", struct.pack("<2000I", *(random.Random(0).randrange(1 << 32) for _ in range(2000))))
    texts = shortest_decimals(values)
    assert texts == [shortest(value) for value in values]
    finite = [place for place, value in enumerate(values) if math.isfinite(value)]
    restored = round_decimals([texts[place] for place in finite])
    assert restored.tobytes() == array("f", [values[place] for place in finite]).tobytes()


def test_readers_that_take_binary64_first_agree_on_what_is_written() -> None:
    """Other JSON readers round twice. For the decimals that are written here, that gives the same number."""
    values = array("f", [from_bits(random.Random(place).randrange(0x7F800000)) for place in range(5000)])
    assert array("f", map(float, shortest_decimals(values))).tobytes() == values.tobytes()
