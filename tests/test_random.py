"""N8: random numbers are a function of seed, stream and index."""

import random as stdlib_random
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction

import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.numerics.formats import from_bits, round_number, to_bits
from rcmlrs_core.numerics.rounding import round_decided
from rcmlrs_core.random import (
    FIRST_STREAM,
    HALF,
    LANES,
    QUANTILE_BOUND,
    Generator,
    _binary64_quantile,
    bernoulli,
    default_generator,
    draw_words,
    manual_seed,
    normal,
    permutation,
    philox,
    quantile,
    randint,
    shuffle,
    uniform,
)

ONES = 0xFFFFFFFF
U64 = 2**64 - 1


def hexadecimal(words: object) -> str:
    return " ".join(f"{word:08x}" for word in words)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("counter", "key", "want"),
    [
        ((0,) * 4, (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((ONES,) * 4, (ONES, ONES), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers_of_random123(counter: tuple[int, int, int, int], key: tuple[int, int], want: str) -> None:
    """The known-answer vectors that come with the authors' library."""
    assert hexadecimal(philox(counter, key)) == want


@pytest.mark.parametrize(
    ("seed", "stream", "index", "words", "uniform_bits", "normal_bits"),
    [
        (0, 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8", 0x3ECC4FD0, 0xBE82FA51),
        (0, 0, 1, "f8e4cca4 5cb200db b1a574eb 097eff67", 0x3F78E4CC, 0x3FF51845),
        (0, 1, 0, "844515e1 f08d6eaa 0f19c053 83f875f0", 0x3F044515, 0x3D2B4C10),
        (1, 0, 0, "e3e80670 e50a0ebc 95f222c0 b615aa27", 0x3F63E806, 0x3F9D2C14),
        (2**32, 0, 0, "fdde3e0b fa7e58b6 3380ec46 d8d55c4f", 0x3F7DDE3E, 0x40193B1F),
        (0, 2**32, 0, "2dce73e5 1348e23f fcf8e0ec a287aadb", 0x3E3739CC, 0xBF6B60BE),
        (0, 0, 2**32, "6ad0c5ec ea236249 73a459f5 074944b3", 0x3ED5A18A, 0xBE55F3FE),
        (U64, U64, U64, "408f276d 41c83b0e a20bc7c6 6d5451fd", 0x3E811E4E, 0xBF2AE9E9),
    ],
)
def test_values_of_the_contract(
    seed: int, stream: int, index: int, words: str, uniform_bits: int, normal_bits: int
) -> None:
    """Appendix A of the contract."""
    block = philox((index & ONES, index >> 32, stream & ONES, stream >> 32), (seed & ONES, seed >> 32))
    assert hexadecimal(block) == words
    t = block[0] >> 8
    assert to_bits(t * 2.0**-24) == uniform_bits
    assert to_bits(quantile(t)) == normal_bits
    if index < 2:
        assert hexadecimal(draw_words(index + 1, seed, stream, words=4)[-4:]) == words
        assert to_bits(uniform(index + 1, seed=seed, stream=stream).tolist()[-1]) == uniform_bits
        assert to_bits(normal(index + 1, seed=seed, stream=stream).tolist()[-1]) == normal_bits


@given(st.integers(0, 2 * LANES + 2), st.integers(0, U64), st.integers(0, U64), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_lanes_are_single_counters(count: int, seed: int, stream: int, words: int) -> None:
    """Many counters in one integer give what each gives alone."""
    drawn = draw_words(count, seed, stream, words)
    assert len(drawn) == words * count
    for index in {0, 1, LANES - 1, LANES, 2 * LANES - 1, 2 * LANES, count - 1} & set(range(count)):
        block = philox((index, 0, stream & ONES, stream >> 32), (seed & ONES, seed >> 32))
        assert tuple(drawn[words * index : words * (index + 1)]) == block[:words]


def test_an_element_depends_on_its_index_alone() -> None:
    many = normal((50, 60), seed=3, stream=4).tobytes()
    assert normal(1, seed=3, stream=4).tobytes() == many[:4]
    assert normal((2, 1, 700), seed=3, stream=4).tobytes() == many[:5600]
    assert normal((50, 60), seed=3, stream=5).tobytes() != many
    assert normal((50, 60), seed=4, stream=4).tobytes() != many


def test_uniform_is_the_top_24_bits() -> None:
    words = draw_words(3000, 11, 12)
    values = uniform(3000, seed=11, stream=12).tolist()
    assert [value * 2**24 for value in values] == [word // 256 for word in words]
    assert min(values) >= 0
    assert max(values) < 1


def test_shapes() -> None:
    assert uniform((), seed=0).shape == ()
    assert uniform(3, seed=0).shape == (3,)
    assert normal((2, 0), seed=0).tolist() == [[], []]
    assert normal((2, 3), seed=0, backend="python").backend == "python"


def exact_quantile(k: int) -> arb:
    """sqrt(2) erfinv(2p - 1) as a ball, by another library."""
    return arb(2).sqrt() * (arb(2 * k + 1) / (2 * HALF) - 1).erfinv()


def binary32_of(ball: arb) -> float:
    """The binary32 number nearest to a ball that is known to be far narrower than its distance from a midpoint."""
    low, high = ball.lower(), ball.upper()
    middle = float(ball.mid())
    bits = to_bits(middle)
    for candidate in (bits - 1, bits, bits + 1):
        below = (arb(from_bits(candidate - 1)) + from_bits(candidate)) / 2
        above = (arb(from_bits(candidate)) + from_bits(candidate + 1)) / 2
        if min(below, above) < low and high < max(below, above):
            return from_bits(candidate)
    raise AssertionError(f"{ball} is not decided")


EXTREME = [0, 1, 2, 1000, 2 * HALF - 1, 2 * HALF - 2, HALF - 1, HALF, HALF + 1]
AT_THE_SPLIT = [int((0.5 + 0.425) * 2 * HALF) + i for i in range(-2, 3)]
UNDECIDED = [9148859, 2 * HALF - 1 - 9148859]
"""All numbers below 2^24 whose quantile the rounding test leaves to the definition."""


def test_n8_normal_is_the_rounded_quantile() -> None:
    """Against balls. (Every k was compared once; it takes two minutes.)"""
    with ctx.workprec(160):
        chosen = stdlib_random.Random(1)
        for k in EXTREME + AT_THE_SPLIT + UNDECIDED + [chosen.randrange(2 * HALF) for _ in range(3000)]:
            ball = exact_quantile(k)
            want = binary32_of(ball)
            value = _binary64_quantile(k)
            assert abs(ball - value) < QUANTILE_BOUND * arb(2) ** -53 * abs(ball)
            rounded, undecided = round_decided([value], QUANTILE_BOUND)
            assert bool(undecided) == (k in UNDECIDED)
            assert (quantile(k) if undecided else rounded[0]) == want
            if k % 64 == 0 or k in EXTREME:
                assert quantile(k) == want


def test_normal_sends_the_undecided_to_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a bound so wide that little is decided, the bits stay."""
    want = normal(50, seed=9, backend="python").tobytes()
    monkeypatch.setattr("rcmlrs_core.random.QUANTILE_BOUND", 2.0**30)
    assert normal(50, seed=9, backend="python").tobytes() == want


def test_the_definition_refines_until_it_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight bits decide hardly anything."""
    chosen = [0, 123, 5000000, HALF, *UNDECIDED]
    want = [quantile(k) for k in chosen]
    monkeypatch.setattr("rcmlrs_core.random.FIRST_PRECISION", 8)
    assert [quantile(k) for k in chosen] == want


def test_permutations_of_the_contract() -> None:
    assert permutation(8, seed=0) == [2, 0, 5, 7, 6, 3, 4, 1]
    assert permutation(8, seed=1) == [5, 2, 4, 6, 7, 1, 3, 0]


def test_permutation_is_a_sort_by_two_words_and_the_index() -> None:
    n = 3000
    words = draw_words(n, 5, 6, words=2)
    assert permutation(n, seed=5, stream=6) == sorted(range(n), key=lambda i: (words[2 * i], words[2 * i + 1], i))
    assert permutation(0, seed=0) == []
    assert permutation(1, seed=0) == [0]


@pytest.mark.parametrize("bad", [-1, 2**64, 1.0, "1", True])
def test_seed_and_stream_are_integers_of_64_bits(bad: object) -> None:
    with pytest.raises(AttributeValueError, match=r"seed must be an int in \[0, 2\^64\)"):
        uniform(1, seed=bad)  # type: ignore[arg-type]
    with pytest.raises(AttributeValueError, match="stream must be"):
        permutation(1, seed=0, stream=bad)  # type: ignore[arg-type]
    with pytest.raises(AttributeValueError, match="seed must be"):
        Generator(bad)  # type: ignore[arg-type]


def test_shape_is_checked() -> None:
    with pytest.raises(ShapeError, match="uniform"):
        uniform((2, -1), seed=0)
    with pytest.raises(ShapeError, match="permutation"):
        permutation(-1, seed=0)
    with pytest.raises(ShapeError, match=r"permutation: takes one length, got the shape \(2, 3\)"):
        permutation((2, 3), seed=0)  # type: ignore[arg-type]


def test_a_generator_takes_one_stream_after_the_other() -> None:
    generator = Generator(7)
    first, second, order = generator.uniform(5), generator.normal((2, 3)), generator.permutation(9)
    assert first.tobytes() == uniform(5, seed=7, stream=FIRST_STREAM).tobytes()
    assert second.tobytes() == normal((2, 3), seed=7, stream=FIRST_STREAM + 1).tobytes()
    assert order == permutation(9, seed=7, stream=FIRST_STREAM + 2)
    resumed = Generator(7, stream=FIRST_STREAM + 1)
    assert resumed.normal((2, 3)).tobytes() == second.tobytes()
    assert repr(resumed) == f"Generator(seed=7, stream={FIRST_STREAM + 2})"


def test_manual_seed_begins_the_default_generator_anew() -> None:
    before = default_generator().seed, default_generator().stream
    try:
        assert manual_seed(3) is default_generator()
        first = default_generator().uniform(4).tobytes()
        assert manual_seed(3).uniform(4).tobytes() == first
        assert default_generator().uniform(4).tobytes() != first
    finally:
        manual_seed(before[0]).stream = before[1]


def test_no_numpy_is_needed() -> None:
    code = "import sys, rcmlrs_core.random as r; r.normal(5, seed=0, backend='python'); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30), st.integers(0, 1000))
@settings(max_examples=200, deadline=None)
def test_other_intervals_and_spreads_are_rounded_once(a: float, b: float, seed: int) -> None:
    """Against exact fractions: start + factor * x of the standard draw."""
    standard = uniform(5, seed=seed).tolist()
    want = [round_number(Fraction(a) + (Fraction(b) - Fraction(a)) * Fraction(u)) for u in standard]
    assert uniform(5, a, b, seed=seed).tolist() == want
    z = normal(5, seed=seed).tolist()
    want = [round_number(Fraction(a) + Fraction(abs(b)) * Fraction(x)) for x in z]
    assert normal(5, a, abs(b), seed=seed).tolist() == want


def test_scaling_is_exact_at_the_ends_of_the_range() -> None:
    u = [Fraction(x) for x in uniform(9, seed=1).tolist()]
    for low, high in ((0, 2.0**-149), (-1e-45, 1e-45), (2.0**-1074, 2.0**-1070), (10**400, 2 * 10**400), (0.1, 0.1)):
        want = [round_number(Fraction(low) + (Fraction(high) - Fraction(low)) * x) for x in u]
        assert uniform(9, low, high, seed=1).tolist() == want


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    for draw in (
        lambda n: uniform(n, -3, 7, seed=5),
        lambda n: normal(n, 1, 0.1, seed=5),
        lambda n: bernoulli(n, 0.3, seed=5),
        lambda n: randint(-5, 5, n, seed=5),
    ):
        assert draw(2000).tolist()[:37] == draw(37).tolist()


def test_bernoulli_and_randint_are_their_words() -> None:
    words = draw_words(3000, 7, 8, words=2)
    mask = bernoulli((3000,), 0.3, seed=7, stream=8)
    assert mask.dtype == "bool"
    assert mask.tolist() == [Fraction(w >> 8, 1 << 24) < Fraction(0.3) for w in words[::2]]
    assert bernoulli(9, 0, seed=0).tolist() == [False] * 9
    assert bernoulli(9, 1, seed=0).tolist() == [True] * 9
    drawn = randint(-3, 14, (30, 100), seed=7, stream=8)
    assert (drawn.dtype, drawn.shape) == ("int32", (30, 100))
    want = [-3 + ((words[2 * i] << 32 | words[2 * i + 1]) * 17 >> 64) for i in range(3000)]
    assert drawn.reshape(-1).tolist() == want
    assert set(want) == set(range(-3, 14))
    assert set(randint(-(2**31), 2**31, 50, seed=0).tolist()) > set()


def test_shuffle_is_a_permutation_of_the_parts() -> None:
    x = uniform((5, 3), seed=0)
    order = permutation(5, seed=3, stream=4)
    assert shuffle(x, seed=3, stream=4).tolist() == [x.tolist()[i] for i in order]
    assert sorted(shuffle(x, -1, seed=3).tolist()[0]) == sorted(x.tolist()[0])


def test_a_generator_gives_each_draw_a_stream() -> None:
    g, x = Generator(3), uniform((5, 2), seed=0)
    assert g.bernoulli(9, 0.4).tolist() == bernoulli(9, 0.4, seed=3, stream=FIRST_STREAM).tolist()
    assert g.randint(0, 9, 9).tolist() == randint(0, 9, 9, seed=3, stream=FIRST_STREAM + 1).tolist()
    assert g.shuffle(x).tolist() == shuffle(x, seed=3, stream=FIRST_STREAM + 2).tolist()
    assert g.uniform(9, 2, 3).tolist() == uniform(9, 2, 3, seed=3, stream=FIRST_STREAM + 3).tolist()
    assert g.normal(9, 2, 3).tolist() == normal(9, 2, 3, seed=3, stream=FIRST_STREAM + 4).tolist()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: uniform(2, 0, float("inf"), seed=0), "high must be a finite number"),
        (lambda: normal(2, "1", seed=0), "mean must be a finite number"),
        (lambda: normal(2, 0, -1, seed=0), "std must not be negative"),
        (lambda: bernoulli(2, 1.5, seed=0), "from 0 to 1"),
        (lambda: randint(3, 3, 2, seed=0), "low is below high"),
        (lambda: randint(0, 2**31 + 1, 2, seed=0), "no int32"),
        (lambda: randint(0.5, 3, 2, seed=0), "ints"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Callable[[], object], match: str) -> None:
    with pytest.raises(AttributeValueError, match=match):
        make()


def test_without_a_seed_it_is_the_default_generators_next_draw() -> None:
    rc.manual_seed(7)
    found = [
        rc.random.normal((3,)).tolist(),
        rc.random.uniform((2,), -1.0, 1.0).tolist(),
        rc.random.randint(0, 9, (2,)).tolist(),
        rc.random.bernoulli((4,), 0.5).tolist(),
        rc.random.permutation(5),
    ]
    generator = rc.manual_seed(7)
    assert found == [
        generator.normal((3,)).tolist(),
        generator.uniform((2,), -1.0, 1.0).tolist(),
        generator.randint(0, 9, (2,)).tolist(),
        generator.bernoulli((4,), 0.5).tolist(),
        generator.permutation(5),
    ]
