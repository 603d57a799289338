"""sum, mean, add_n, max and min of the NumPy backend against their definitions, stage by stage."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_backend_numpy import order, sums
from rcmlrs_core.numerics.formats import BINARY32, from_bits, round_number, to_bits
from rcmlrs_core.numerics.sums import exact_sum
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import PlainArray

Array = Any

INF, NAN = math.inf, math.nan
SMALLEST, LARGEST = 2.0**-149, 3.4028234663852886e38
WAYS = [{}, {"FEW": 0}, {"FEW": 0, "STRETCH": 3, "CHUNK": 8}]


@contextmanager
def constants(**values: Any) -> Iterator[None]:
    """The constants that say which way a sum goes, changed for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(sums, name, value)
        yield


def bits(x: Array) -> list[int]:
    """The bits of all elements, NaN being one (N1.2)."""
    x = numpy.ascontiguousarray(x, numpy.float32).reshape(-1)
    found: list[int] = numpy.where(numpy.isnan(x), numpy.uint32(BINARY32.nan), x.view(numpy.uint32)).tolist()
    return found


def columns(rows: Sequence[Sequence[float]]) -> Array:
    return numpy.array(rows, numpy.float32)


def check(x: Array) -> None:
    """Every column's sum and mean are RN of the exact ones, on every way."""
    x = numpy.asarray(x, numpy.float32)
    wanted = [to_bits(exact_sum(column)) for column in x.T.tolist()]
    means = [to_bits(exact_sum(column, len(x))) for column in x.T.tolist()] if len(x) else []
    for way in WAYS:
        with constants(**way), numpy.errstate(all="ignore"):
            assert bits(sums.sum_columns(x)) == wanted, way
            if means:
                assert bits(sums.sum_columns(x, len(x))) == means, way
            assert bits(sums.sum_rows(x.T.astype(numpy.float64))) == wanted, way
            if len(x):
                assert bits(sums.add_n(*x)) == wanted, way


def gaussian(k: int, count: int, seed: int = 0) -> Array:
    return numpy.random.default_rng(seed).standard_normal((k, count)).astype(numpy.float32)


def any_bits(k: int, count: int, seed: int = 0) -> Array:
    generator = numpy.random.default_rng(seed)
    raw = generator.integers(0, BINARY32.infinity, (k, count), numpy.uint32)
    return (raw | generator.integers(0, 2, (k, count), numpy.uint32) << 31).view(numpy.float32)


KINDS: dict[str, Callable[[int, int], Array]] = {
    "Gaussian": gaussian,
    "integers": lambda k, count: numpy.round(gaussian(k, count) * 1000),
    "quarters": lambda k, count: numpy.round(gaussian(k, count) * 2**23) / numpy.float32(4),
    "half zero": lambda k, count: numpy.maximum(gaussian(k, count), 0),
    "every exponent": any_bits,
    "huge": lambda k, count: gaussian(k, count) * numpy.float32(5e37),
    "subnormal": lambda k, count: gaussian(k, count) * numpy.float32(1e-43),
    "cancelling": lambda k, count: numpy.where(
        numpy.arange(k)[:, None] % 2, gaussian(1, count), -gaussian(1, count)
    ).astype(numpy.float32),
    "zeros of both signs": lambda k, count: numpy.copysign(numpy.float32(0), gaussian(k, count)),
    "negative zeros": lambda k, count: numpy.full((k, count), -0.0, numpy.float32),
}


@pytest.mark.parametrize("k", [0, 1, 2, 3, 7, 64, 127, 128, 129, 256, 300, 1000])
@pytest.mark.parametrize("kind", KINDS)
def test_n3_1_every_kind_and_length(kind: str, k: int) -> None:
    check(KINDS[kind](k, 20))


@pytest.mark.parametrize("hair", [0, 1, -1])
@pytest.mark.parametrize("tied", [0x3F800000, 0x3F800001, 0x3F7FFFFF, 0x01000001, 0x4B000001, 0x7F7FFFFF])
def test_ties_and_a_hair_beside_them(tied: int, hair: int) -> None:
    above = Fraction(2) ** 128 if tied == 0x7F7FFFFF else Fraction(from_bits(tied + 1))
    middle, small = (Fraction(from_bits(tied)) + above) / 2, Fraction(SMALLEST)
    for k in (5, 40, 300):
        found = []
        for seed in range(4):
            column = (gaussian(k, 1, seed)[:, 0] * numpy.float32(min(from_bits(tied) * 64, 1e37))).tolist()
            rest = (-1) ** seed * middle + hair * small - sum(map(Fraction, column))
            while rest:
                largest = Fraction(LARGEST) if rest > 0 else -Fraction(LARGEST)
                column.append(round_number(rest if abs(rest) < LARGEST else largest))
                rest -= Fraction(column[-1])
            found.append(column)
        length = max(map(len, found))
        check(columns([column + [0.0] * (length - len(column)) for column in found]).T)


def test_means_that_are_ties_and_beside_them() -> None:
    # n times a midpoint, in terms that are binary32 numbers; and the smallest number more or less.
    for n in (2, 3, 4, 5, 8, 100, 257):
        middle = Fraction(1) + Fraction(2) ** -24
        for off in (0, 1, -1):
            rest, column = n * middle + off * Fraction(SMALLEST), []
            for _ in range(n - 1):
                column.append(round_number(rest / n))
                rest -= Fraction(column[-1])
            parts = []
            while rest:
                parts.append(round_number(rest))
                rest -= Fraction(parts[-1])
            if len(parts) <= 1:
                check(columns([[value] * 3 for value in column + (parts or [0.0])]))
    check(columns([[SMALLEST, -SMALLEST, 3 * SMALLEST], [0.0, 0.0, 0.0]]))  # halves of the smallest number
    check(columns([[SMALLEST, -SMALLEST, 5 * SMALLEST], [0.0] * 3, [0.0] * 3]))


def test_n3_2_infinities_and_nan() -> None:
    for k in (2, 100, 200):
        x = gaussian(k, 9)
        x[0, 1:8] = [INF, -INF, NAN, INF, NAN, INF, LARGEST]
        x[1, 1:8] = [1.0, 2.0, 3.0, -INF, INF, INF, LARGEST]
        check(x)


elements = st.one_of(
    st.floats(width=32, allow_nan=False),
    st.integers(-40, 40).map(lambda n: n * 2.0**-4),
    st.sampled_from([0.0, -0.0, 1.0, LARGEST, -LARGEST, SMALLEST, -SMALLEST, 16777216.0]),
)


@given(st.lists(st.lists(elements, min_size=3, max_size=3), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_n3_1_any_columns(rows: list[list[float]]) -> None:
    check(columns(rows))


# --------------------------------------------------------------------------------------------------- the stages


def reached(x: Array, monkeypatch: pytest.MonkeyPatch, divisor: int = 1) -> set[str]:
    """The stages that a sum of columns passes through."""
    seen = set()

    def watched(name: str) -> None:
        function = getattr(sums, name)

        def watching(*arguments: Any) -> Any:
            seen.add(name)
            return function(*arguments)

        monkeypatch.setattr(sums, name, watching)

    for name in ("_by_stretches", "grid", "_by_halves", "_by_two_sum", "round_sum", "exact_sum"):
        watched(name)
    with constants(FEW=0):
        sums.sum_columns(x, divisor)
    return seen


TIE = [16777216.0, 1.0]
PLAIN = {"_by_stretches"}
STAGES: list[tuple[list[float], int, set[str]]] = [
    ([1.5, 0.1], 1, PLAIN),
    (TIE, 1, PLAIN | {"grid"}),
    ([16777216.0, 2.0**-120, 1.0, -(2.0**-120)], 1, PLAIN | {"grid", "_by_halves", "_by_two_sum"}),
    ([*TIE, 2.0**-120], 1, PLAIN | {"grid", "_by_halves", "_by_two_sum", "round_sum"}),
    ([1e30, 1.0, -1e30, 2.0**-20], 1, PLAIN | {"grid", "_by_halves", "_by_two_sum"}),
    ([1.0 + 2.0**-23, 1.0], 2, PLAIN | {"grid"}),
    ([*TIE, 2.0**-120], 4, PLAIN | {"grid", "_by_halves", "_by_two_sum", "exact_sum"}),
]


@pytest.mark.parametrize(("column", "divisor", "stages"), STAGES)
def test_each_stage_is_reached(
    column: list[float], divisor: int, stages: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reached(columns([[value] for value in column]), monkeypatch, divisor) == stages


BESIDE = [1.0, 2.0**-24, 2.0**-60]  # a hair above a tie


@pytest.mark.parametrize("stage", ["_by_stretches", "_by_halves", "_by_two_sum"])
def test_a_stage_with_too_small_a_bound_shows(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = getattr(sums, stage)
    column = [*TIE, 2.0**-120] if stage == "_by_two_sum" else BESIDE
    x = columns([[value] for value in column])
    want = [to_bits(exact_sum(column))]
    with constants(FEW=0):
        assert bits(sums.sum_columns(x)) == want
        monkeypatch.setattr(sums, stage, lambda terms: (original(terms)[0], original(terms)[1] * 0.0))
        assert bits(sums.sum_columns(x)) != want


def test_a_grid_that_is_too_coarse_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    x = columns([[value] for value in BESIDE])
    original = sums.grid
    with constants(FEW=0):
        monkeypatch.setattr(sums, "grid", lambda x, axis: original(x, axis) * 2.0**20)
        assert bits(sums.sum_columns(x)) != [to_bits(exact_sum(BESIDE))]


@given(st.lists(elements.filter(math.isfinite), min_size=1, max_size=8))
@settings(deadline=None)
def test_every_element_is_a_multiple_of_the_grid(values: list[float]) -> None:
    x = numpy.array(values, numpy.float32)
    for step in (sums.grid(x[None], 1)[0], sums.grid(x[:, None], 0)[0]):
        assert math.frexp(step)[0] == 0.5  # a power of two
        assert all((Fraction(value) / Fraction(float(step))).denominator == 1 for value in x.tolist())


def test_the_grid_of_equal_exponents_is_the_finest_bit() -> None:
    assert sums.grid(columns([[3.0, 2.5, 2.0]]), 1).tolist() == [0.5]
    assert sums.grid(columns([[96.0, 64.0, -0.0]]), 1).tolist() == [32.0]
    assert sums.grid(columns([[SMALLEST, 4 * SMALLEST]]), 1).tolist() == [SMALLEST]
    assert sums.grid(columns([[1.0, 2.0**-140]]), 1).tolist() == [2.0**-140]


# ------------------------------------------------------------------------------------------- axes and layouts


def of(x: Array) -> PlainArray:
    return PlainArray.of(x.reshape(-1).tolist(), x.shape)


AXES: list[tuple[int, ...]] = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_axes_of_views(name: str, axis: tuple[int, ...], keepdims: bool) -> None:
    kernel = {**sums.KERNELS, **order.KERNELS}[name]
    x = gaussian(6, 200, 3).reshape(6, 5, 40)
    x[0, 0, :3], x[1, 1], x[2, :, 2] = [0.0, -0.0, 0.0], -0.0, 0.0
    for view in (x, x[::2, ::-1, 1::3], x.T, x.transpose(1, 0, 2), numpy.broadcast_to(x[:, :1], x.shape), x[:0]):
        if not view.size and (name != "sum"):
            continue
        got = kernel(view, axis=axis, keepdims=keepdims)
        want = KERNELS[name].define(of(view), axis=axis, keepdims=keepdims)
        assert got.shape == want.shape
        assert got.dtype == numpy.float32
        assert bits(got) == bits(numpy.array(want.values))


@pytest.mark.parametrize("name", ["max", "min"])
def test_n2_3_zeros_and_nan(name: str) -> None:
    kernel = order.KERNELS[name]
    rows = [[0.0, -0.0], [-0.0, 0.0], [-0.0, -0.0], [0.0, 0.0], [NAN, 0.0], [-0.0, NAN], [-1.0, 0.0], [1.0, -0.0]]
    rows += [[INF, -0.0], [-INF, 0.0], [SMALLEST, -0.0], [-SMALLEST, 0.0]]
    x = columns(rows)
    want = KERNELS[name].define(of(x), axis=(1,), keepdims=False)
    assert bits(kernel(x, axis=(1,), keepdims=False)) == bits(numpy.array(want.values))
    assert bits(kernel(x.T, axis=(0,), keepdims=False)) == bits(numpy.array(want.values))


@given(st.lists(st.lists(elements, min_size=2, max_size=2), min_size=3, max_size=6))
@settings(deadline=None)
def test_add_n_of_operands_that_broadcast(rows: list[list[float]]) -> None:
    xs = [columns([[value] for value in rows[0]]), *columns(rows[1:])]
    got = sums.add_n(*xs)
    for i in range(2):
        for j in range(2):
            assert bits(got[i, j]) == [to_bits(exact_sum([rows[0][i], *(row[j] for row in rows[1:])]))]


def test_n3_2_add_n_of_one_and_two() -> None:
    x, y = columns([[-0.0, 0.0, 1.0, INF]]), columns([[-0.0, -0.0, -1.0, -INF]])
    assert bits(sums.add_n(x)) == [0, 0, to_bits(1.0), to_bits(INF)]
    assert bits(sums.add_n(x, y)) == [0, 0, 0, to_bits(NAN)]
    assert sums.add_n(columns([[1.0]])[0, 0], columns([[1.0]])[0, 0]).shape == ()


def test_the_mean_that_an_underflowing_bound_made_zero() -> None:
    """4096 terms whose exact mean is (1/2 + 1/4096) * 2^-149."""
    rng = numpy.random.default_rng(24)
    units = numpy.full((32, 128), 3 << 42, numpy.int64)
    units[1::2] *= -1
    units[:, 0] = rng.integers(-99, 99, 32)
    units[:, 1] = 0
    units[0, 1] = 2049 - units.sum()
    x = numpy.ldexp(units.astype(numpy.float64), -149).astype(numpy.float32)
    assert rc.tensor(x, backend="numpy").mean().item() == SMALLEST


def test_argsort_of_all_axes_is_of_one_row() -> None:
    for values in ([[3.0, 1.0], [2.0, 0.0]], 1.0, [[[5.0, -0.0], [0.0, NAN]]]):
        found = [rc.tensor(values, backend=name).argsort(axis=None).tolist() for name in ("numpy", "python")]
        assert found[0] == found[1]


@pytest.mark.parametrize("n", [2, 3, 4, 6, 9, 12])
def test_n3_1_means_that_are_ties(n: int) -> None:
    """An exact quotient is decided without a margin, and one that is a hair off a tie is not taken for one."""
    rng = numpy.random.default_rng(n)
    x = rng.integers(0, 1 << 24, (n, 200)).astype(numpy.float32)
    x[:2, :100] = [[n * 2.0**24], [n]]  # a mean of 2^24 + 1, the hair being what is added
    x[2:, :100] = 0
    x[-1, :100] += (rng.integers(-1, 2, 100) * 2.0**-120).astype(numpy.float32)
    want = [to_bits(exact_sum(column, n)) for column in x.T.tolist()]
    with constants(FEW=0):
        assert bits(sums.sum_columns(x, n)) == want
    assert len(set(want[:100])) == (2 if n > 2 else 1)
