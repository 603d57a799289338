"""round_decimal against exact fractions: text is rounded once (N6), to ties, subnormals and infinities too."""

import decimal
import math
import struct
import time
from array import array
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rcmlrs_core.errors import DataError
from rcmlrs_core.numerics.decimal_text import round_decimal, round_decimals, shown

OVERFLOW = Fraction(2) ** 128 - Fraction(2) ** 103


def bits(value: float) -> int:
    return int.from_bytes(struct.pack("<f", value), "little")


def nearest(text: str) -> float:
    """RN by search among the multiples of the quantum, in fractions alone: the definition of N1.3."""
    value = Fraction(text)
    magnitude = abs(value)
    sign = -1.0 if text.strip().startswith("-") else 1.0
    if magnitude >= OVERFLOW:
        return sign * math.inf
    exponent = -149
    while magnitude >= Fraction(2) ** (exponent + 24):
        exponent += 1
    quantum = Fraction(2) ** exponent
    below = magnitude // quantum
    rest = magnitude / quantum - below
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1)
    return sign * float((below + up) * quantum)


def spelled(value: Fraction) -> str:
    """The digits of a dyadic rational, all of them."""
    places = value.denominator.bit_length() - 1
    digits = str(abs(value.numerator) * 5**places).rjust(places + 1, "0")
    point = len(digits) - places
    return ("-" if value < 0 else "") + digits[:point] + ("." + digits[point:] if places else "")


@st.composite
def decimals(draw: st.DrawFn) -> str:
    """A number in any of its spellings, over the whole range of binary32 and beyond it at both ends."""
    digits = st.text("0123456789", max_size=30)
    whole, part = draw(digits), draw(digits)
    if not whole + part:
        whole = "0"
    text = draw(st.sampled_from(["", "+", "-"])) + whole
    if part or draw(st.booleans()):
        text += "." + part
    if draw(st.booleans()):
        text += draw(st.sampled_from("eE")) + draw(st.sampled_from(["", "+"])) + str(draw(st.integers(0, 45)))
    elif draw(st.booleans()):
        text += f"e-{draw(st.integers(0, 80))}"
    return text


@st.composite
def beside_midpoints(draw: st.DrawFn) -> str:
    """A midpoint of two neighbouring binary32 numbers, or a number that lies 10^-n of an ulp above or below it."""
    lower = draw(st.integers(0, 0x7F7FFFFF))
    exponent = max(lower >> 23, 1) - 150
    significand = (lower & 0x7FFFFF) + (0x800000 if lower >> 23 else 0)
    midpoint = Fraction(2 * significand + 1) * Fraction(2) ** (exponent - 1)
    text = spelled(midpoint)
    side = draw(st.sampled_from(["on", "above", "below"]))
    distance = draw(st.integers(1, 60))
    if side == "above":
        text += ("" if "." in text else ".") + "0" * distance + "1"
    elif side == "below":
        # The last digit, which is not 0, is lowered by one, and nines follow: below by less than one unit of it.
        cut = text.rstrip("0") if "." in text else text
        last = max(i for i, c in enumerate(cut) if c in "123456789")
        text = cut[:last] + str(int(cut[last]) - 1) + cut[last + 1 :].replace("0", "9")
        text += ("" if "." in text else ".") + "9" * distance
    return draw(st.sampled_from(["", "-"])) + text


@given(decimals())
@example("3.4028235677973366e38")
@example("-3.4028235677973367e38")
@example("7.006492321624085e-46")
@example("7.0064923216240854e-46")
@example("1.17549428e-38")
def test_n6_any_number_is_rounded_once(text: str) -> None:
    assert bits(round_decimal(text)) == bits(nearest(text)), text


@given(beside_midpoints())
def test_n6_beside_a_midpoint(text: str) -> None:
    assert bits(round_decimal(text)) == bits(nearest(text)), text


@given(st.lists(st.one_of(decimals(), beside_midpoints()), max_size=8))
def test_many_at_once_are_each_alone(texts: list[str]) -> None:
    assert list(map(bits, round_decimals(texts))) == [bits(nearest(text)) for text in texts]


@given(beside_midpoints(), st.integers(0, 200), st.sampled_from(["", " ", "\t", "\u00a0"]))
def test_the_spelling_does_not_matter(text: str, zeros: int, space: str) -> None:
    """The point moved and the exponent with it, zeros in front, spaces around, digits of another script."""
    sign = "-" if text.startswith("-") else ""
    whole, _, part = text.removeprefix("-").partition(".")
    as_integer = f"{sign}{whole}{part}e-{len(part)}"
    as_fraction = f"{sign}.{'0' * zeros}{whole}{part}e+{zeros + len(whole)}"
    indic = as_fraction.translate({ord("0") + i: 0x0660 + i for i in range(10)})
    for other in (as_integer, as_fraction, indic):
        assert bits(round_decimal(space + other + space)) == bits(nearest(text)), other


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("0", 0x00000000),
        ("-0", 0x80000000),
        ("-0.0e5", 0x80000000),
        ("1e-999999999", 0x00000000),
        ("-1e-999999999", 0x80000000),
        ("1e999999999", 0x7F800000),
        ("-1e999999999", 0xFF800000),
        ("0e99999999999999999999", 0x00000000),
        ("1.000000059604644775390625", 0x3F800000),  # 1 + 2^-24, a tie: to even, down
        ("1.000000059604644775390625000000000000000000001", 0x3F800001),
        ("1.000000178813934326171875", 0x3F800002),  # 1 + 3 * 2^-24, a tie: to even, up
        ("1.000000178813934326171874999999999999999999999", 0x3F800001),
        ("340282356779733661637539395458142568447.999999999999999999999", 0x7F7FFFFF),
        ("340282356779733661637539395458142568448", 0x7F800000),  # 2^128 - 2^103
        ("3.4028235677973366e38", 0x7F7FFFFF),  # binary64 rounds it up to that boundary
        ("3.4028234663852886e+38", 0x7F7FFFFF),
        ("7.006492321624085e-46", 0x00000000),  # binary64 rounds it up to 2^-150
        ("7.0064923216240854e-46", 0x00000001),
        ("1.401298464324817e-45", 0x00000001),
        ("1.1754943157898258e-38", 0x00800000),  # halfway from the largest subnormal to 2^-126, or a hair beside it
    ],
)
def test_known_bits(text: str, want: int) -> None:
    assert bits(round_decimal(text)) == want
    if abs(int(text.partition("e")[2] or 0)) < 1000:
        assert bits(nearest(text)) == want


def test_through_binary64_would_be_wrong() -> None:
    """The check above can fail: binary64 first, and then binary32, fails it."""
    text = "1.000000059604644775390625000000000000000000001"
    assert bits(array("f", [float(text)])[0]) == 0x3F800000
    assert bits(round_decimal(text)) == 0x3F800001


def test_long_digits_and_hostile_exponents_cost_no_time() -> None:
    start = time.perf_counter()
    zeros = "0" * 100_000
    assert bits(round_decimal(f"1.000000059604644775390625{zeros}1")) == 0x3F800001
    assert bits(round_decimal(f"0.{zeros}1000000059604644775390625e100001")) == 0x3F800000
    assert bits(round_decimal(f"1000000059604644775390625{zeros}e-100024")) == 0x3F800000
    assert bits(round_decimal("9" * 100_000)) == 0x7F800000
    assert bits(round_decimal(f"1.5e{zeros}1")) == bits(15.0)
    assert bits(round_decimal("1e-9999999999999999999999999")) == 0
    # Each takes about a millisecond; what expands an exponent or is quadratic in the digits does not end here.
    assert time.perf_counter() - start < 5


def test_the_decimal_context_of_the_caller_does_not_matter() -> None:
    with decimal.localcontext() as context:
        context.prec, context.Emax, context.Emin = 3, 5, -5
        for trap in context.traps:
            context.traps[trap] = True
        assert bits(round_decimal("1.000000059604644775390625000000000000000000001")) == 0x3F800001
        assert bits(round_decimal("7.0064923216240854e-46")) == 1


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "1_000", "nan", "-NaN", "inf", "+Infinity", "0x10", "1,5", "1 2", "--1", "1e", "٣_٣"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    for refused in ([text], ["1", text, "also none"]):
        with pytest.raises(DataError) as caught:
            round_decimals(refused)
        assert str(caught.value) == f"{shown(text)} is not a decimal number; write it in digits, as in -12.5 or 1e-3"


def test_what_a_message_quotes_is_short_and_printable() -> None:
    assert shown("a\x1b[2Jb\n") == r"'a\x1b[2Jb\n'"
    assert shown("x" * 41) == "'" + "x" * 40 + "'... (41 characters)"
    assert shown("\u202e\udc80") == r"'\u202e\udc80'"


def test_the_oracle_agrees_with_decimal() -> None:
    """``spelled`` gives every digit: Decimal, which is exact on a float, agrees."""
    for value in (2.0**-150, 1 + 2.0**-24, 2.0**128 - 2.0**103, 0.1, -3.0):
        assert Decimal(spelled(Fraction(value))) == Decimal.from_float(value)
