"""NumPy's draws: the same words, the same quantiles, the same tests as the core's pure Python."""

import random as stdlib_random
from array import array
from fractions import Fraction
from typing import Any

import pytest

numpy = pytest.importorskip("numpy")

from rcmlrs_backend_numpy import draws  # noqa: E402
from rcmlrs_core import random  # noqa: E402

LAST = 2 * random.HALF - 1
EDGES = [0, 1, 2, random.HALF - 1, random.HALF, LAST - 1, LAST]
AT_THE_SPLIT = [int((0.5 + random.SPLIT) * 2 * random.HALF) + i for i in range(-3, 4)]
UNDECIDED = [7628356, 9148859]


def bits(values: Any) -> list[int]:
    return array("I", array("f", values).tobytes()).tolist()


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (1, 2**32), (2**64 - 1, 2**64 - 1)])
@pytest.mark.parametrize("start", [0, 2**32 - 5, 2**40 + 3])
def test_words_are_those_of_single_counters(seed: int, stream: int, start: int) -> None:
    first, second = draws.philox(start, 9, seed, stream)
    for i in range(9):
        counter = ((start + i) % 2**32, (start + i) >> 32, stream % 2**32, stream >> 32)
        assert (first[i], second[i]) == random.philox(counter, (seed % 2**32, seed >> 32))[:2]


def test_quantiles_are_those_of_the_core() -> None:
    """All 2^24 were compared once, bit for bit, and are equal; NumPy's logarithm differs at 240 of them in binary64."""
    chosen = stdlib_random.Random(5)
    k = EDGES + AT_THE_SPLIT + UNDECIDED + [chosen.randrange(LAST + 1) for _ in range(20000)]
    want, undecided = random.round_decided(list(map(random._binary64_quantile, k)), random.QUANTILE_BOUND)
    assert sorted({k[i] for i in undecided}) == UNDECIDED
    for i in undecided:
        want[i] = random.quantile(k[i])
    assert draws.quantiles(numpy.array(k)).view("u4").tolist() == bits(want)


def test_what_the_test_leaves_goes_to_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a bound so wide that nothing is decided, the bits stay."""
    k = numpy.array([*EDGES, *UNDECIDED, 1234567])
    want = draws.quantiles(k).tolist()
    asked: list[int] = []
    right = random.quantile
    monkeypatch.setattr(random, "QUANTILE_BOUND", 2.0**30)
    monkeypatch.setattr(random, "quantile", lambda k: asked.append(k) or right(k))
    assert draws.quantiles(k).tolist() == want
    assert set(asked) >= set(k.tolist())


def test_scaling_is_rounded_once_whatever_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    x = random.uniform(500, seed=3, backend="python").tolist()
    ends = [(0.1, 0.3), (-1.0, 2.0), (2.0**-149, 2.0**-140), (1e38, 3e38), (10.0**300, 1.0)]
    for start, factor in [(Fraction(a), Fraction(b)) for a, b in ends] + [(Fraction(10**400), Fraction(1))]:
        want = bits(random.scaled(array("f", x), start, factor))
        for bound in (6, 2.0**40):
            monkeypatch.setattr(random, "SCALED_BOUND", bound)
            with numpy.errstate(all="ignore"):
                assert bits(draws.scaled(numpy.array(x), start, factor).tolist()) == want
        monkeypatch.undo()


def test_a_permutation_of_equal_keys_keeps_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy's quick sort is not stable, and two of 2^64 keys may be equal."""

    def few(start: int, count: int, seed: int, stream: int) -> tuple[Any, Any]:
        keys = (numpy.arange(count, dtype=numpy.uint64) * numpy.uint64(7919)) % numpy.uint64(3)
        return keys, keys

    monkeypatch.setattr(draws, "philox", few)
    (order,) = draws.permutation(seed=0, stream=0, shape=(1000,))
    assert order.tolist() == sorted(range(1000), key=lambda i: i * 7919 % 3)
