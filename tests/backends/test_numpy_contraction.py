"""matmul and linear of the NumPy backend against exact integers, whatever the data, the order of a BLAS, or the stage
that decides."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from threading import Thread
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcmlrs_backend_numpy import contraction, sums
from rcmlrs_backend_numpy.contraction import linear, matmul
from rcmlrs_core.numerics.formats import BINARY32, from_bits, round_number, to_bits
from rcmlrs_core.numerics.sums import exact_dot

Array = Any
Stand = Callable[..., Array]

INF, NAN = math.inf, math.nan
SMALLEST, LARGEST = 2.0**-149, 3.4028234663852886e38

SMALL_PATH = {"SMALL": 1 << 60}
LARGE_PATH = {"SMALL": 0}
TINY_STEPS = {"SMALL": 0, "PIECE": 3, "TILE": 4, "CHUNK": 8, "FEW": 0, "GRID_PAYS": 1 << 30}
NO_GRID = {"SMALL": 0, "PIECE": 5, "TILE": 7, "FEW": 0, "GRID_PAYS": 0}
WAYS = [SMALL_PATH, LARGE_PATH, TINY_STEPS, NO_GRID]


@contextmanager
def constants(**values: Any) -> Iterator[None]:
    """The constants that say which way a product goes, changed for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(sums if hasattr(sums, name) else contraction, name, value)
        yield


def binary32(x: Any) -> Array:
    return numpy.asarray(x, numpy.float32)


def bits(x: Array) -> list[Any]:
    """The bits of an array, NaN being one (N1.2)."""
    found: list[Any] = numpy.where(
        numpy.isnan(x), numpy.uint32(BINARY32.nan), numpy.asarray(x).view(numpy.uint32)
    ).tolist()
    return found


def exactly(x: Array, y: Array, addend: Array | None = None) -> list[list[int]]:
    """The bits of RN of every exact sum."""
    rows, columns = x.tolist(), y.T.tolist()
    addends = [0.0] * len(columns) if addend is None else addend.tolist()
    return [[to_bits(exact_dot(row, c, b)) for c, b in zip(columns, addends, strict=True)] for row in rows]


def check(x: Any, y: Any, addend: Any = None, ways: list[dict[str, Any]] = WAYS) -> None:
    """``products`` has the bits of the exact sums on every way."""
    x, y = binary32(x), binary32(y)
    addend = None if addend is None else binary32(addend)
    want = exactly(x, y, addend)
    for way in ways:
        with constants(**way), numpy.errstate(all="ignore"):
            assert bits(contraction.products(x, y, addend)) == want, way


# ------------------------------------------------------------------------------------------------------- data


def gaussian(m: int, n: int, seed: int = 0) -> Array:
    return numpy.random.default_rng(seed).standard_normal((m, n)).astype(numpy.float32)


def bf16(x: Array) -> Array:
    """The first 8 significand bits."""
    return (x.view(numpy.uint32) & 0xFFFF0000).view(numpy.float32)


def one_hot(m: int, n: int) -> Array:
    return binary32(numpy.arange(m)[:, None] * 7 % n == numpy.arange(n))


def any_bits(m: int, n: int, seed: int = 0) -> Array:
    """Every exponent, subnormals among them; no infinities and NaN."""
    raw = numpy.random.default_rng(seed).integers(0, BINARY32.infinity, (m, n), numpy.uint32)
    signs = numpy.random.default_rng(seed + 1).integers(0, 2, (m, n), numpy.uint32) << 31
    return (raw | signs).view(numpy.float32)


def some_zero(x: Array, share: float) -> Array:
    return numpy.where(numpy.random.default_rng(5).random(x.shape) < share, numpy.float32(0), x)


def integers(m: int, n: int, seed: int = 0) -> Array:
    return numpy.random.default_rng(seed).integers(-99, 100, (m, n)).astype(numpy.float32)


KINDS: dict[str, Callable[[int, int, int], Array]] = {
    "Gaussian": gaussian,
    "bf16": lambda m, n, seed: bf16(gaussian(m, n, seed)),
    "integers": integers,
    "a grid and one beside it": lambda m, n, seed: numpy.where(
        numpy.arange(n) == 1, gaussian(m, n, seed), integers(m, n, seed)
    ),
    "one-hot": lambda m, n, seed: one_hot(m, n),
    "sparse": lambda m, n, seed: some_zero(gaussian(m, n, seed), 0.95),
    "half zero": lambda m, n, seed: numpy.maximum(gaussian(m, n, seed), 0),
    "negative zeros": lambda m, n, seed: numpy.minimum(numpy.maximum(gaussian(m, n, seed), -0.0), -0.0) * 1,
    "every exponent": any_bits,
    "huge": lambda m, n, seed: gaussian(m, n, seed) * numpy.float32(1e37),
    "subnormal": lambda m, n, seed: gaussian(m, n, seed) * numpy.float32(1e-42),
    "around the smallest": lambda m, n, seed: gaussian(m, n, seed) * numpy.float32(2e-23),
    "rows of different size": lambda m, n, seed: (
        gaussian(m, n, seed) * numpy.float32(2.0) ** (-9 * (numpy.arange(m)[:, None] % 12)).astype(numpy.float32)
    ),
}


@pytest.mark.parametrize("right", KINDS)
@pytest.mark.parametrize("left", KINDS)
def test_n3_1_every_kind_of_data(left: str, right: str) -> None:
    x, y = KINDS[left](6, 40, 1), KINDS[right](40, 5, 2)
    check(x, y)
    check(x, y, KINDS[left](1, 5, 3)[0])


@pytest.mark.parametrize("k", [0, 1, 2, 255, 256, 257, 511, 512, 513, 600])
@pytest.mark.parametrize("kind", ["Gaussian", "bf16", "integers", "half zero", "every exponent"])
def test_n3_1_every_inner_length(kind: str, k: int) -> None:
    x, y, bias = KINDS[kind](3, k, 4), KINDS[kind](k, 4, 5), KINDS[kind](1, 4, 6)[0]
    check(x, y)
    check(x, y, bias)


@pytest.mark.parametrize(("m", "n"), [(0, 3), (3, 0), (0, 0), (1, 1), (1, 7), (7, 1), (70, 3), (3, 70)])
@pytest.mark.parametrize("k", [0, 1, 20])
def test_every_outer_length(m: int, k: int, n: int) -> None:
    check(gaussian(m, k), gaussian(k, n), gaussian(1, n)[0])
    check(gaussian(m, k), gaussian(k, n))


def test_more_than_a_tile_and_a_piece_as_they_are() -> None:
    x, y = gaussian(300, 300, 7), gaussian(300, 257, 8)
    got, chosen = bits(matmul(x, y)), range(0, 300, 13)
    assert [got[i] for i in chosen] == exactly(x[chosen], y)


# -------------------------------------------------------------------------- cancellation, ties, and beside them


def split(value: Fraction, factor: float = 1.0) -> tuple[list[float], list[float]]:
    """Pairs of binary32 numbers, the first of each ``factor`` where the exponents allow it, of which the exact sum of
    products is ``value``."""
    left, right = [], []
    while value:
        left.append(2.0**125 if abs(value) > 2.0**90 else factor if abs(value) > 2.0**-90 else 2.0**-120)
        right.append(round_number(value / Fraction(left[-1])))
        value -= Fraction(left[-1]) * Fraction(right[-1])
    return left, right


def steered(x: Array, y: Array, target: Fraction) -> tuple[Array, Array]:
    """A row and a column of which x and y are parts, whose exact product is ``target``."""
    rest = target - sum((Fraction(a) * Fraction(b) for a, b in zip(x.tolist(), y.tolist(), strict=True)), Fraction(0))
    left, right = split(rest)
    return binary32([*x, *left])[None], binary32([*y, *right])[:, None]


def middle(value: int) -> Fraction:
    """Halfway between the binary32 numbers with these bits and the next."""
    above = Fraction(2) ** 128 if value + 1 == BINARY32.infinity else Fraction(from_bits(value + 1))
    return (Fraction(from_bits(value)) + above) / 2


TIED = [0, 1, 2, 0x007FFFFE, 0x007FFFFF, 0x00800000, 0x1F800001, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x4B7FFFFF]
TIED += [0x5F000000, 0x7F000001, 0x7F7FFFFE, 0x7F7FFFFF]


@pytest.mark.parametrize("hair", [0, 1, -1])
@pytest.mark.parametrize("tied", TIED)
def test_n1_3_ties_of_every_magnitude_and_a_hair_beside_them(tied: int, hair: int) -> None:
    small = Fraction(2) ** (-200 if tied < 0x20000000 else -140)
    for seed in range(3):
        scale = numpy.float32(from_bits(max(tied, 0x20000000)) ** 0.5)
        x, y = gaussian(1, 20, seed)[0] * scale, gaussian(1, 20, seed + 9)[0] * scale
        for sign in (1, -1):
            target = sign * middle(tied) + hair * small
            row, column = steered(x, y, target)
            got = exactly(row, column)[0][0]
            assert got == BINARY32.round_number(target)
            check(row, column)


@given(st.integers(0, 0x7F7FFFFF), st.integers(-3, 3), st.integers(0, 60), st.integers(0, 1 << 30))
@settings(max_examples=60, deadline=None)
def test_any_tie_after_any_cancellation(tied: int, hair: int, lift: int, seed: int) -> None:
    scale = numpy.float32(min(from_bits(tied) * 2.0**lift + 2.0**-100, 1e36) ** 0.5)
    x, y = gaussian(1, 30, seed)[0] * scale, gaussian(1, 30, seed + 1)[0] * scale
    check(*steered(x, y, middle(tied) + hair * Fraction(2) ** -149))


def test_nothing_is_left_of_a_huge_sum_but_the_smallest_number() -> None:
    x, y = gaussian(1, 50, 1)[0] * numpy.float32(1e37), gaussian(1, 50, 2)[0] * numpy.float32(1e37)
    for target in (0, Fraction(2) ** -149, -(Fraction(2) ** -149), Fraction(2) ** -150, -(Fraction(2) ** -150)):
        check(*steered(x, y, Fraction(target)))


def test_n3_2_an_exact_zero_is_positive() -> None:
    check([[1.0, -1.0], [-0.0, -0.0], [0.0, -0.0]], [[3.0, -1.0, 0.0], [3.0, -1.0, -0.0]])
    check([[-0.0]], [[1.0]])
    check([[-0.0]], [[1.0]], [-0.0])
    check([[3e38, 3e38, 1e-45]], [[3e38], [-3e38], [-0.0]])
    check([[]], numpy.zeros((0, 2)), [-0.0, SMALLEST])


def test_n1_3_below_half_of_the_smallest_number_the_sign_stays() -> None:
    check([[2.0**-100, -(2.0**-100)]], [[2.0**-100], [0.0]])
    check([[-(2.0**-100)], [2.0**-75], [-(2.0**-75)]], [[2.0**-75]])
    check([[-(2.0**-100)]], [[2.0**-100]], [-0.0])


def test_n1_3_overflow_begins_halfway() -> None:
    check([[LARGEST, 2.0**103]], [[1.0, -1.0, 1.0], [1.0, -1.0, 0.99999994]])
    check([[LARGEST, 2.0**50, SMALLEST]], [[1.0] * 3, [2.0**53] * 3, [-SMALLEST, 0.0, SMALLEST]])
    check([[LARGEST] * 300], [[LARGEST, -LARGEST]] * 300)


# -------------------------------------------------------------------------------------------- infinities and NaN


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_n3_2_infinities_and_nan_in_rows_and_columns(data: st.DataObject) -> None:
    m, k, n = (data.draw(st.integers(1, 6)) for _ in range(3))
    x, y, bias = gaussian(m, k, 1), gaussian(k, n, 2), gaussian(1, n, 3)[0]
    special = st.sampled_from([INF, -INF, NAN, 0.0, -0.0, LARGEST, SMALLEST])
    for matrix in (x, y, bias.reshape(1, -1)):
        for _ in range(data.draw(st.integers(0, 3))):
            i, j = data.draw(st.integers(0, matrix.shape[0] - 1)), data.draw(st.integers(0, matrix.shape[1] - 1))
            matrix[i, j] = data.draw(special)
    check(x, y)
    check(x, y, bias)


def test_n3_2_an_infinity_leaves_the_other_rows_alone() -> None:
    x, y = gaussian(5, 300, 1), gaussian(300, 6, 2)
    x[1, 7], x[3, 9], y[4, 2], y[5, 5] = INF, NAN, -INF, INF
    check(x, y, [1.0, INF, -INF, NAN, 3e38, 0.0])


@pytest.mark.parametrize("bias", [[INF, -INF, NAN], [3.4e38, -3.4e38, 1e-45], [-0.0, 0.0, 1e30]])
def test_n3_1_the_bias_is_inside_the_sum(bias: list[float]) -> None:
    check(gaussian(4, 9), gaussian(9, 3), bias)
    check(numpy.zeros((2, 3)), numpy.zeros((3, 3)), bias)


def test_n3_1_a_bias_that_cancels_all() -> None:
    x, y = gaussian(1, 40, 1), gaussian(40, 1, 2)
    rounded = from_bits(exactly(x, y)[0][0])
    for bias in (-rounded, math.nextafter(-rounded, 0), 2.0**-149, 1e38, -1e38):
        check(x, y, [bias])


def test_a_bias_of_another_grid() -> None:
    x, y = integers(40, 30), integers(30, 40, 1)
    for fine in (2.0**-60, 2.0**-149, 1.5 * 2.0**-20):
        bias = numpy.full(40, fine, numpy.float32)
        check(x, y, bias)
        check(x, y, bias + numpy.float32(16777216.0))


# --------------------------------------------------------------------------------------------- a BLAS of any order


def in_sequence(x: Array, y: Array, out: Array | None = None) -> Array:
    """One term after the other."""
    result = numpy.zeros((x.shape[0], y.shape[1])) if out is None else out
    result[...] = 0.0
    for column, row in zip(x.T, y, strict=True):
        result += column[:, None] * row
    return result


def backwards(x: Array, y: Array, out: Array | None = None) -> Array:
    return in_sequence(x[:, ::-1], y[::-1], out)


def in_lanes(x: Array, y: Array, out: Array | None = None) -> Array:
    """Eight sums side by side, joined in the end."""
    result = numpy.zeros((x.shape[0], y.shape[1])) if out is None else out
    result[...] = 0.0
    for lane in range(8):
        result += in_sequence(x[:, lane::8], y[lane::8])
    return result


ORDERS: list[Stand] = [in_sequence, backwards, in_lanes]


def losing(lead: float, share: float, count: int) -> tuple[Array, Array]:
    """A row and a column whose products are ``lead`` and then ``count`` terms that each lose the same to rounding, when
    they are added to a sum of lead's size; the norms are no larger than the sum needs."""
    a = [lead] + [2.0**-17 * lead] * count
    b = [1.0] + [2.0**-18 + share * 2.0**-35] * count  # the share of half of an ulp that is lost
    return binary32(a), binary32(b)


def hard_pair(sign: int, share: float, count: int) -> tuple[Array, Array]:
    """A product that lies a hair beside a midpoint, on the side that the losses hide."""
    x, y = losing(1.0, share, count)
    exact = sum((Fraction(a) * Fraction(b) for a, b in zip(x.tolist(), y.tolist(), strict=True)), Fraction(0))
    target = middle(BINARY32.round_number(exact)) + sign * Fraction(2) ** -60
    left, right = split(target - exact, 2.0**-20)
    return binary32([x[0], *left, *x[1:]]), binary32([y[0], *right, *y[1:]])


def hard_matrices() -> tuple[Array, Array]:
    """Rows and columns of which every pair is hard: powers of two change nothing but the exponents."""
    row, column = hard_pair(1, 31 / 64, 240)
    x = numpy.stack([row * numpy.float32(2.0**p) for p in range(-6, 6)])
    y = numpy.stack([column * numpy.float32(sign * 2.0**p) for p in range(-5, 5) for sign in (1, -1)], axis=1)
    return x, y


@pytest.mark.parametrize("order", ORDERS)
def test_any_order_of_summation(order: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy, "matmul", order)
    check(*hard_matrices())
    for sign in (1, -1):
        for share in (0.25, 0.5, 0.75, -0.5, -0.75):
            row, column = hard_pair(sign, share, 200)
            check(row[None], column[:, None])
            check(row[None], column[:, None], [2.0**-30])
    check(gaussian(20, 300, 1), gaussian(300, 20, 2))


def wrong_elements(x: Array, y: Array, way: dict[str, Any]) -> int:
    with constants(**way), numpy.errstate(all="ignore"):
        got = bits(contraction.products(x, y))
    return sum(a != b for rows in zip(got, exactly(x, y), strict=True) for a, b in zip(*rows, strict=True))


@pytest.mark.parametrize("way", [SMALL_PATH, LARGE_PATH])
@pytest.mark.parametrize("share_of_the_bound", [0.0, 1 / 256, 1 / 8, 7 / 8])
def test_a_bound_that_is_too_small_shows(
    share_of_the_bound: float, way: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numpy, "matmul", in_sequence)
    x, y = hard_matrices()
    assert wrong_elements(x, y, way) == 0
    proven = contraction.relative_error
    monkeypatch.setattr(contraction, "relative_error", lambda additions: proven(additions) * share_of_the_bound)
    assert wrong_elements(x, y, way) > x.shape[0] * y.shape[1] // 3


def test_a_grid_that_is_too_coarse_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = numpy.zeros((40, 80), numpy.float32), numpy.zeros((80, 40), numpy.float32)
    x[:, 0], y[0], x[:, 1], y[1] = 4097.0, 4097.0, 1.0, 2.0**-49  # a hair above a tie
    way = LARGE_PATH | {"GRID_PAYS": 1 << 30}
    assert wrong_elements(x, y, way) == 0
    grid = sums.grid
    monkeypatch.setattr(contraction, "grid", lambda x, axis: grid(x, axis) * 2.0**30)
    assert wrong_elements(x, y, way) > 0


@pytest.mark.parametrize("stage", ["_by_halves", "_by_two_sum"])
def test_a_stage_with_too_small_a_bound_shows(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = getattr(sums, stage)
    pairs = [hard_pair(sign, share, 100) for sign in (1, -1) for share in (0.25, 0.5, 0.75)]
    x, y = pairs[0][0][None], pairs[0][1][:, None]
    if stage == "_by_two_sum":  # what is beyond its reach
        tiny = Fraction(2) ** -140
        x, y = steered(gaussian(1, 20)[0], gaussian(1, 20, 1)[0], middle(0x3F800000) + tiny)
    way = LARGE_PATH | {"FEW": 0}
    assert wrong_elements(x, y, way) == 0
    monkeypatch.setattr(sums, stage, lambda terms: (original(terms)[0], original(terms)[1] * 0.0))
    assert wrong_elements(x, y, way) > 0


# --------------------------------------------------------------------------------------------------- the stages


def stages_of(x: Array, y: Array, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many rows of terms each stage sees."""
    seen: Counter[str] = Counter()

    def watched(module: Any, name: str) -> None:
        function = getattr(module, name)

        def counting(first: Any, *rest: Any) -> Any:
            seen[name] += len(first) if name != "round_sum" else 1
            return function(first, *rest)

        monkeypatch.setattr(module, name, counting)

    watched(contraction, "grid")
    for name in ("_by_halves", "_by_two_sum", "round_sum"):
        watched(sums, name)
    with constants(FEW=0):
        assert bits(matmul(x, y)) == exactly(x, y)
    return seen


def test_gaussian_data_is_decided_by_the_first_look_and_by_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = stages_of(gaussian(64, 512, 1), gaussian(512, 64, 2), monkeypatch)
    assert seen["grid"] == 0
    assert seen["_by_two_sum"] <= seen["_by_halves"] <= 16


def test_structured_data_is_decided_by_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = stages_of(bf16(gaussian(64, 64, 1)), bf16(gaussian(64, 64, 2)), monkeypatch)
    assert seen["grid"] > 0
    assert seen["_by_halves"] <= 1


def test_ties_off_the_grid_are_decided_by_two_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = steered(gaussian(1, 40, 1)[0], gaussian(1, 40, 2)[0], middle(0x3F800000))
    x, y = steered(x[0], y[:, 0], middle(0x3F800000))
    seen = stages_of(x, y, monkeypatch)
    assert seen["_by_halves"] == seen["_by_two_sum"] == 1


def test_a_hair_beside_a_tie_is_decided_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    hair = Fraction(2) ** -140
    x, y = steered(gaussian(1, 40, 1)[0], gaussian(1, 40, 2)[0], middle(0x3F800000) - hair)
    seen = stages_of(x, y, monkeypatch)
    assert seen["_by_halves"] == seen["_by_two_sum"] == seen["round_sum"] == 1


# ----------------------------------------------------------------------------------------- operands of any layout


@pytest.mark.parametrize("k", [30, 300])
def test_views_of_every_kind(k: int) -> None:
    square, wide = gaussian(k, k, 1), gaussian(2 * k, 2 * k, 2)
    views = {
        "transposed": square.T,
        "every other": wide[::2, ::2],
        "backwards": square[::-1, ::-1],
        "turned and backwards": square.T[::-1],
        "columns backwards": square[:, ::-1],
        "a row repeated": numpy.broadcast_to(square[:1], (k, k)),
        "a column repeated": numpy.broadcast_to(square[:, :1], (k, k)),
        "a number repeated": numpy.broadcast_to(binary32(1.1), (k, k)),
        "columns of a wider one": wide[:k, 3 : k + 3],
        "Fortran's order": numpy.asfortranarray(square),
        "read only": numpy.frombuffer(square.tobytes(), numpy.float32).reshape(k, k),
    }
    other, rows = gaussian(k, 5, 3), slice(0, None, max(1, k // 10))
    for name, view in views.items():
        assert bits(matmul(view, other)[rows]) == exactly(view[rows], other), name
        assert bits(matmul(other.T, view)[:, rows]) == exactly(other.T, view[:, rows]), name
        assert bits(linear(other.T, view)[:, rows]) == exactly(other.T, view.T[:, rows]), name


def test_batches_and_vectors() -> None:
    x, y = gaussian(24, 10, 1).reshape(2, 3, 4, 10), gaussian(30, 5, 2).reshape(3, 10, 5)
    got = matmul(x, y)
    assert got.shape == (2, 3, 4, 5)
    for i in range(2):
        for j in range(3):
            assert bits(got[i, j]) == exactly(x[i, j], y[j])
    assert bits(matmul(x, y[0])) == [[exactly(x[i, j], y[0]) for j in range(3)] for i in range(2)]
    vector = gaussian(1, 10, 3)[0]
    assert bits(matmul(x, vector)[..., None]) == [
        [exactly(x[i, j], vector[:, None]) for j in range(3)] for i in range(2)
    ]
    assert bits(matmul(vector, y)) == [exactly(vector[None], y[j])[0] for j in range(3)]
    assert matmul(vector, vector).shape == ()
    assert bits(matmul(vector, vector).reshape(1, 1)) == exactly(vector[None], vector[:, None])
    assert bits(linear(x, y[0].T.copy(), vector[:5])[1, 2]) == exactly(x[1, 2], y[0], vector[:5])
    assert matmul(numpy.zeros((0, 3, 4), numpy.float32), numpy.zeros((4, 2), numpy.float32)).shape == (0, 3, 2)
    assert matmul(numpy.zeros((2, 0, 4), numpy.float32), numpy.zeros((2, 4, 3), numpy.float32)).shape == (2, 0, 3)


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
few_bits = st.integers(-40, 40).map(lambda n: n * 2.0**-4)
elements = st.one_of(finite, few_bits, st.sampled_from([0.0, -0.0, 1.0, -1.0, LARGEST, SMALLEST, 1e-30, 1e30]))


@given(st.data(), st.integers(1, 4), st.integers(0, 9), st.integers(1, 4), st.booleans())
@settings(max_examples=150, deadline=None)
def test_n3_1_any_matrices(data: st.DataObject, m: int, k: int, n: int, with_bias: bool) -> None:
    def draw(rows: int, columns: int) -> Array:
        flat = data.draw(st.lists(elements, min_size=rows * columns, max_size=rows * columns))
        return binary32(flat).reshape(rows, columns)

    check(draw(m, k), draw(k, n), draw(1, n)[0] if with_bias else None)


# ------------------------------------------------------------------------------------------------- the workspace


def test_memory_is_kept_within_limits_and_lent_to_one_product_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = contraction.Workspace()
    first = workspace.take(10)
    second = workspace.take(10)
    assert not numpy.shares_memory(first, second)
    workspace.give(first)
    assert workspace.take(4) is first
    monkeypatch.setattr(contraction, "KEEP", 5)
    workspace.give(first)
    assert workspace.take(4) is not first


def test_a_product_within_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = gaussian(40, 40, 1), gaussian(40, 40, 2)
    original, depth = numpy.matmul, []

    def interrupted(*operands: Array, out: Array) -> Array:
        result = original(*operands, out=out)
        if not depth:
            depth.append(1)
            matmul(y, x)  # as a signal handler may
        return result

    monkeypatch.setattr(numpy, "matmul", interrupted)
    with constants(**LARGE_PATH):
        assert bits(matmul(x, y)) == exactly(x, y)


def test_the_result_is_nobody_elses_memory() -> None:
    x, y = gaussian(40, 40, 1), gaussian(40, 40, 2)
    with constants(**LARGE_PATH):
        first = matmul(x, y)
        kept = first.copy()
        matmul(y, x)
    assert bits(first) == bits(kept)


def test_threads_do_not_share_their_memory() -> None:
    pairs = [(gaussian(60, 60, seed), gaussian(60, 60, seed + 100)) for seed in range(8)]
    wrong = []

    def work(x: Array, y: Array) -> None:
        want = exactly(x[:4], y)
        wrong.extend(1 for _ in range(20) if bits(matmul(x, y)[:4]) != want)

    with constants(**LARGE_PATH):
        threads = [Thread(target=work, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong
