"""First values: exact scales, one rounding (N6), and the numbers of N8."""

from collections.abc import Callable
from fractions import Fraction
from math import prod

import pytest

import rcmlrs_core as rc
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn import init
from rcmlrs_core.numerics.formats import from_bits, round_number, to_bits
from rcmlrs_core.random import FIRST_STREAM, Generator, normal, uniform


def is_root(value: float, square: Fraction) -> bool:
    """Whether ``value`` is the binary32 number nearest to the root: the root lies between the midpoints around it."""
    bits = to_bits(value)
    below, above = ((Fraction(value) + Fraction(from_bits(bits + side))) / 2 for side in (-1, 1))
    return below**2 < square < above**2 or Fraction(value) ** 2 == square


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10, 64, 100, 784, 65536, 1000003])
def test_n6_scales_are_rounded_once(n: int) -> None:
    for numerator in (1, 2, 6):
        assert is_root(init.root(Fraction(numerator, n)), Fraction(numerator, n))


SHAPE = (6, 5)
UNIFORM = [
    (lambda g: init.fan_in_uniform(SHAPE, 5, generator=g), Fraction(1, 5)),
    (lambda g: init.xavier_uniform(SHAPE, generator=g), Fraction(6, 11)),
    (lambda g: init.xavier_uniform(SHAPE, gain=5 / 3, generator=g), Fraction(5 / 3) ** 2 * 6 / 11),
    (lambda g: init.he_uniform(SHAPE, generator=g), Fraction(6, 5)),
    (lambda g: init.he_uniform((6, 5, 3, 2), generator=g), Fraction(6, 30)),
]
NORMAL = [
    (lambda g: init.xavier_normal(SHAPE, generator=g), Fraction(2, 11)),
    (lambda g: init.xavier_normal(SHAPE, gain=2, generator=g), Fraction(8, 11)),
    (lambda g: init.he_normal(SHAPE, generator=g), Fraction(2, 5)),
]


@pytest.mark.parametrize(("make", "square"), UNIFORM)
def test_uniform_is_exact_times_a_rounded_bound(make: Callable[[Generator], rc.RamTensor], square: Fraction) -> None:
    made = make(Generator(3))
    bound = init.root(square)
    drawn = uniform(prod(made.shape), seed=3, stream=FIRST_STREAM).tolist()
    want = [round_number((2 * Fraction(u) - 1) * Fraction(bound)) for u in drawn]
    assert made.reshape((-1,)).tolist() == want
    assert max(map(abs, want)) <= bound


@pytest.mark.parametrize(("make", "square"), NORMAL)
def test_normal_is_scaled_once(make: Callable[[Generator], rc.RamTensor], square: Fraction) -> None:
    made = make(Generator(3))
    drawn = normal(prod(made.shape), seed=3, stream=FIRST_STREAM).tolist()
    assert made.reshape((-1,)).tolist() == [round_number(Fraction(z) * Fraction(init.root(square))) for z in drawn]


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (3, 0)])
def test_what_has_no_fans_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="has no fan_in and fan_out"):
        init.he_normal(shape)


def test_scales_of_no_number_are_refused() -> None:
    for fan_in in (0, -1, 2.0):
        with pytest.raises(AttributeValueError, match="fan_in must be an int of at least 1, got"):
            init.fan_in_uniform((2, 2), fan_in)  # type: ignore[arg-type]
    for gain in (float("nan"), float("inf"), None):
        for make in (init.xavier_uniform, init.xavier_normal):
            with pytest.raises(AttributeValueError, match="gain must be a finite number, got"):
                make((2, 2), gain=gain)  # type: ignore[arg-type]


def test_the_default_generator_is_used() -> None:
    generator = rc.random.default_generator()
    before = generator.stream
    init.he_normal((2, 2))
    assert generator.stream == before + 1
