"""N3: exact sums in integers, the quick way by fsum, and the rounding test."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcmlrs_core.numerics.formats import BINARY32, from_bits, to_bits
from rcmlrs_core.numerics.rounding import round_decided
from rcmlrs_core.numerics.sums import exact_dot, exact_sum, exact_variance, is_midpoint, round_sum

binary32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
grid = st.integers(-64, 64).map(lambda n: n * 2.0**-3)
rows = st.lists(binary32 | grid, max_size=12)


def rn(value: Fraction) -> int:
    return BINARY32.round_number(value)


@given(rows, st.integers(1, 9))
def test_n3_1_sum_and_mean(values: list[float], divisor: int) -> None:
    assert to_bits(exact_sum(values, divisor)) == rn(sum(map(Fraction, values), Fraction(0)) / divisor)


@given(st.lists(st.tuples(binary32 | grid, binary32 | grid), max_size=8), binary32)
def test_n3_1_dot_has_the_bias_inside(pairs: list[tuple[float, float]], bias: float) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    exact = sum((Fraction(x) * Fraction(y) for x, y in pairs), Fraction(bias))
    assert to_bits(exact_dot(a, b, bias)) == rn(exact)


@given(st.lists(st.tuples(binary32 | grid, binary32 | grid), max_size=8))
def test_round_sum_and_one_store_are_rn(pairs: list[tuple[float, float]]) -> None:
    terms = [x * y for x, y in pairs]
    exact = sum((Fraction(x) * Fraction(y) for x, y in pairs), Fraction(0))
    assert BINARY32.round_number(round_sum(terms)) == rn(exact)


def test_rounding_twice_would_be_wrong() -> None:
    # fsum rounds 1 + 2^-24 + 2^-80 to the midpoint 1 + 2^-24, whose RN is 1; the exact sum lies above it.
    terms = [1.0, 2.0**-24, 2.0**-80]
    assert BINARY32.round_number(math.fsum(terms)) == to_bits(1.0)
    assert BINARY32.round_number(round_sum(terms)) == to_bits(1.0 + 2.0**-23)
    assert BINARY32.round_number(round_sum([1.0, 2.0**-24, -(2.0**-80)])) == to_bits(1.0)


@pytest.mark.parametrize(
    ("terms", "want"),
    [
        ([], 0x00000000),
        ([-0.0, -0.0], 0x00000000),
        ([1.5, -1.5], 0x00000000),
        ([math.inf, 1.0], 0x7F800000),
        ([-math.inf, 1.0], 0xFF800000),
        ([math.inf, -math.inf], 0x7FC00000),
        ([math.nan, 1.0], 0x7FC00000),
    ],
)
def test_n3_2_zeros_infinities_and_nan(terms: list[float], want: int) -> None:
    assert to_bits(exact_sum(terms)) == want
    assert BINARY32.round_number(round_sum(terms)) == want


@given(st.lists(binary32, min_size=2, max_size=6), st.sampled_from([0, 1, 0.5]))
def test_variance_is_the_mean_of_the_squared_deviations(values: list[float], correction: float) -> None:
    exact = [Fraction(v) for v in values]
    mean = sum(exact) / len(exact)
    want = sum((x - mean) ** 2 for x in exact) / (len(exact) - Fraction(correction))
    assert exact_variance(values, correction) == want


@given(st.integers(0, 0x7F7FFFFE), st.booleans())
def test_midpoints_are_found_and_nothing_else(bits: int, negative: bool) -> None:
    middle = (from_bits(bits) + from_bits(bits + 1)) / 2
    middle = -middle if negative else middle
    assert is_midpoint(middle)
    assert not is_midpoint(from_bits(bits))
    assert not is_midpoint(math.nextafter(middle, 0.0))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e39, max_value=1e39), st.integers(1, 50))
def test_what_the_rounding_test_decides_holds_for_every_value_in_the_interval(value: float, bound: int) -> None:
    rounded, undecided = round_decided([value], bound)
    error = Fraction(abs(value)) * bound / 2**53
    ends = {rn(Fraction(value) - error), rn(Fraction(value) + error)}
    if not undecided:
        assert ends == {to_bits(rounded[0])} or value == 0


@given(st.floats(-1e3, 1e3), st.floats(0, 1e6), st.integers(1, 50))
def test_likewise_with_a_magnitude(value: float, slack: float, bound: int) -> None:
    magnitude = abs(value) + slack
    rounded, undecided = round_decided([value], bound, [magnitude])
    error = Fraction(magnitude) * bound / 2**53
    if not undecided and value:
        assert {rn(Fraction(value) - error), rn(Fraction(value) + error)} == {to_bits(rounded[0])}


def test_a_midpoint_is_never_decided() -> None:
    rng = random.Random(1)
    middles = [(from_bits(b) + from_bits(b + 1)) / 2 for b in (rng.randrange(0x7F7FFFFF) for _ in range(1000))]
    assert round_decided(middles, 1)[1] == list(range(1000))
