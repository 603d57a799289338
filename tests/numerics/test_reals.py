"""Exact reals: enclosures by mpmath, judged by Arb."""

import math
import random

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from rcmlrs_core.errors import PrecisionError
from rcmlrs_core.numerics.formats import BINARY8, BINARY16, BINARY32, from_bits
from rcmlrs_core.numerics.reals import Reals, decide, decide_float, floor_cube_root, reals, round_ends

FUNCTIONS = {
    "exp": (lambda r, x: r.exp(x), lambda x: x.exp(), -100.0, 100.0),
    "log": (lambda r, x: r.log(x), lambda x: x.log(), 1e-30, 1e30),
    "sqrt": (lambda r, x: r.sqrt(x), lambda x: x.sqrt(), 1e-30, 1e30),
    "tanh": (lambda r, x: r.tanh(x), lambda x: x.tanh(), -20.0, 20.0),
    "sigmoid": (lambda r, x: r.sigmoid(x), lambda x: 1 / (1 + (-x).exp()), -90.0, 90.0),
    "erf": (lambda r, x: r.erf(x), lambda x: x.erf(), -6.0, 6.0),
    "sin": (lambda r, x: r.sin(x), lambda x: x.sin(), -50.0, 50.0),
    "cos": (lambda r, x: r.cos(x), lambda x: x.cos(), -50.0, 50.0),
    "tan": (lambda r, x: r.tan(x), lambda x: x.tan(), -50.0, 50.0),
    "asin": (lambda r, x: r.asin(x), lambda x: x.asin(), -1.0, 1.0),
    "acos": (lambda r, x: r.acos(x), lambda x: x.acos(), -1.0, 1.0),
    "atan": (lambda r, x: r.atan(x), lambda x: x.atan(), -50.0, 50.0),
    "sinh": (lambda r, x: r.sinh(x), lambda x: x.sinh(), 0.5, 80.0),
    "cosh": (lambda r, x: r.cosh(x), lambda x: x.cosh(), -80.0, 80.0),
    "asinh": (lambda r, x: r.asinh(x), lambda x: x.asinh(), -1e30, 1e30),
    "acosh": (lambda r, x: r.acosh(x), lambda x: x.acosh(), 1.0, 1e30),
    "atanh": (lambda r, x: r.atanh(x), lambda x: x.atanh(), 0.1, 1.0),
    "exp2": (lambda r, x: r.exp2(x), lambda x: arb(2) ** x, -140.0, 120.0),
    "log2": (lambda r, x: r.log2(x), lambda x: x.log() / arb(2).log(), 1e-30, 1e30),
    "log10": (lambda r, x: r.log10(x), lambda x: x.log() / arb(10).log(), 1e-30, 1e30),
    "cbrt": (lambda r, x: r.cbrt(x), lambda x: x.root(3) if x > 0 else -(-x).root(3), -1e30, 1e30),
    "erfc": (lambda r, x: r.erfc(x), lambda x: x.erfc(), -1.0, 1.0),
}


def arb_bits(value: arb, form=BINARY32) -> set[int]:
    """The roundings of both ends of an Arb ball."""
    bits = set()
    for end in (value.lower(), value.upper()):
        significand, exponent = end.man_exp()
        bits.add(form.round_dyadic(int(significand), int(exponent)))
    return bits


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("form", [BINARY8, BINARY16, BINARY32], ids=lambda form: form.name)
def test_n2_1_decides_as_arb_does(name: str, form) -> None:
    ours, theirs, low, high = FUNCTIONS[name]
    rng = random.Random(name)
    ctx.prec = 400
    for _ in range(120):
        x = from_bits(BINARY32.round_number(rng.uniform(low, high)))
        assert {decide(lambda r, x=x: ours(r, r.number(x)), form)} == arb_bits(theirs(arb(x)), form)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_enclosures_contain_the_value_and_narrow(name: str) -> None:
    ours, theirs, low, high = FUNCTIONS[name]
    rng = random.Random(name)
    ctx.prec = 600
    for precision in (60, 120, 300):
        r = Reals(precision)
        for _ in range(30):
            x = from_bits(BINARY32.round_number(rng.uniform(low, high)))
            enclosure, truth = ours(r, r.number(x)), theirs(arb(x))
            below, above = map(exactly, enclosure._mpi_)
            assert not below > truth
            assert not above < truth
            assert name == "erf" or above - below < abs(truth) * arb(2) ** (12 - precision)


def exactly(end: tuple[int, int, int, int]) -> arb:
    """mpmath's raw number as a ball of radius zero."""
    sign, significand, exponent, _ = end
    value = arb(int(significand)) * arb(2) ** int(exponent)
    return -value if sign else value


def test_ties_and_exact_values_are_decided() -> None:
    # 1 + 2^-24 is a tie and exact: an interval of width zero.
    assert from_bits(decide(lambda r: r.number(1.0) + r.number(2.0**-24))) == 1.0
    assert from_bits(decide(lambda r: r.sqrt(r.number(9.0)))) == 3.0
    assert decide(lambda r: r.number(1.5) - r.number(1.5)) == 0


def test_values_that_come_out_are_exact() -> None:
    r = reals(96)
    for enclosure, value in (
        (r.exp2(r.number(-149.0)), 2.0**-149),
        (r.exp2(r.number(-0.0)), 1.0),
        (r.log2(r.number(2.0**-149)), -149.0),
        (r.log10(r.number(1e10)), 10.0),
        (r.cbrt(r.number(-(255.0**3) * 2.0**-30)), -255.0 * 2.0**-10),
        (r.cbrt(r.number(0.0)), 0.0),
        (r.acosh(r.number(1.0)), 0.0),
        (r.acos(r.number(1.0)), 0.0),
        (r.atan(r.number(0.0)), 0.0),
    ):
        assert enclosure == value
        assert enclosure.delta == 0


def test_cube_roots_of_integers() -> None:
    for n in (*range(1, 1000), *(k**3 + d for k in (10**6, 2**64 + 1, 3**200) for d in (-1, 0, 1))):
        c = floor_cube_root(n)
        assert c**3 <= n < (c + 1) ** 3


def test_wider_intervals_are_enclosed() -> None:
    ctx.prec = 200
    for name in ("atan", "cbrt", "asin", "sinh", "exp2", "erf"):
        ours, theirs, *_ = FUNCTIONS[name]
        below, above = map(exactly, ours(reals(96), reals(96).number([0.25, 0.75]))._mpi_)
        assert below < theirs(arb(0.25))
        assert theirs(arb(0.75)) < above
    around_zero = reals(96).erf(reals(96).number([-0.5, 0.75]))
    below, above = map(exactly, around_zero._mpi_)
    assert below < -arb(0.5).erf()
    assert arb(0.75).erf() < above


def test_odd_subnormals_a_hair_beside_a_midpoint() -> None:
    # x sigmoid(x) = x/2 + x^2/4 - ...: for x = 2^-149 it is above half of the smallest subnormal by 2^-300.
    bits = decide(lambda r: r.number(2.0**-149) * r.sigmoid(r.number(2.0**-149)))
    assert bits == 1
    assert decide(lambda r: r.number(-(2.0**-149)) * r.sigmoid(r.number(-(2.0**-149)))) == BINARY32.sign


def test_huge_arguments_cost_little() -> None:
    assert decide(lambda r: r.exp(r.number(3e38))) == BINARY32.infinity
    assert decide(lambda r: -r.exp(r.number(-3e38))) == BINARY32.sign


def test_what_no_precision_decides_is_an_error() -> None:
    # sqrt(2)^2 is 2, but no enclosure of it has width zero; minus 2 it is zero from both sides.
    with pytest.raises(PrecisionError, match="is the exact value a tie"):
        decide(lambda r: r.sqrt(r.number(2.0)) * r.sqrt(r.number(2.0)) - 2)


@given(st.integers(1, 10**6), st.floats(0.5, 0.9999))
def test_n6_derived_constants(t: int, beta: float) -> None:
    ctx.prec = 4000
    assert {BINARY32.round_number(decide_float(lambda r: 1 - r.number(beta) ** t))} == arb_bits(1 - arb(beta) ** t)


def test_constants_are_the_reals_that_are_written() -> None:
    ctx.prec = 200
    assert set(round_ends(reals(100).pi)) == arb_bits(arb.pi())
    assert set(round_ends(reals(100).ratio(44715, 1000000))) == arb_bits(arb(44715) / 1000000)
    assert decide_float(lambda r: r.pi) == float.fromhex("0x1.921fb6p+1")
    assert math.isinf(decide_float(lambda r: r.exp(r.number(100.0))))
