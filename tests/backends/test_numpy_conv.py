"""conv of the NumPy backend against the definition: every way through its blocks, and what the first look leaves."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcmlrs_backend_numpy import contraction, conv, sums
from rcmlrs_core.numerics.formats import BINARY32
from rcmlrs_core.numerics.sums import exact_dot
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import PlainArray

Array = Any

WAYS: list[dict[str, Any]] = [
    {},
    {"BLOCK": 1},
    {"BLOCK": 40, "WIDE": 4},
    {"BLOCK": 200, "WIDE": 1 << 20},
    {"PIECE": 1},
    {"PIECE": 3, "BLOCK": 100, "WIDE": 2},
    {"PIECE": 7, "GRID_PAYS": 1 << 30},
    {"GRID_PAYS": 0},
]
"""Blocks of one place, of some, of one group; pieces of one row of the kernel, of some; grids always and never."""


@contextmanager
def constants(**values: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(conv, name, value)
        yield


def bits(x: Array) -> list[int]:
    """The bits of all elements, NaN being one (N1.2)."""
    x = numpy.ascontiguousarray(x, numpy.float32).reshape(-1)
    found: list[int] = numpy.where(numpy.isnan(x), numpy.uint32(BINARY32.nan), x.view(numpy.uint32)).tolist()
    return found


def plain(x: Array) -> PlainArray:
    return PlainArray.of(x.ravel().tolist(), x.shape)


def attributes_of(x: Array, **chosen: Any) -> dict[str, Any]:
    one = (1,) * (x.ndim - 2)
    return {"stride": one, "dilation": one, "groups": 1} | chosen


def check(x: Array, weight: Array, bias: Array | None = None, **chosen: Any) -> None:
    """The kernel's bits are the definition's, whichever way it goes."""
    attributes = attributes_of(x, **chosen)
    operands = [operand for operand in (x, weight, bias) if operand is not None]
    want = KERNELS["conv"].define(*map(plain, operands), **attributes)
    for way in WAYS:
        with constants(**way):
            got = conv.conv(*operands, **attributes)
        assert got.shape == want.shape
        assert bits(got) == bits(numpy.array(want.values)), (way, x.shape, weight.shape, chosen)


def gaussian(*shape: int, seed: int = 0) -> Array:
    return numpy.random.default_rng(seed).standard_normal(shape).astype(numpy.float32)


def bf16(x: Array) -> Array:
    return (x.view(numpy.uint32) & 0xFFFF0000).view(numpy.float32)


SETTINGS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 1, 1), (1, 1, 1), {}),
    ((3, 4, 9), (4, 2, 3), {"groups": 2}),
    ((2, 6, 8), (6, 1, 2), {"groups": 6, "stride": (3,), "dilation": (2,)}),
    ((2, 1, 41), (2, 1, 40), {}),
    ((2, 3, 5, 6), (4, 3, 2, 3), {}),
    ((2, 2, 9, 3), (3, 2, 7, 2), {"stride": (2, 1)}),
    ((2, 2, 3, 9), (3, 2, 2, 7), {"dilation": (2, 1)}),
    ((1, 4, 3, 4, 3), (4, 2, 2, 2, 2), {"groups": 2, "stride": (1, 2, 1)}),
    ((0, 2, 4), (3, 2, 2), {}),
    ((2, 2, 4), (0, 2, 2), {}),
    ((2, 0, 4), (3, 0, 2), {}),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "chosen"), SETTINGS)
def test_every_way_through_the_blocks(
    x_shape: tuple[int, ...], w_shape: tuple[int, ...], chosen: dict[str, Any]
) -> None:
    x, weight, bias = gaussian(*x_shape), gaussian(*w_shape, seed=1), gaussian(w_shape[0], seed=2)
    check(x, weight, **chosen)
    check(x, weight, bias, **chosen)
    check(bf16(x), bf16(weight), bf16(bias), **chosen)
    check(numpy.rint(4 * x), numpy.rint(4 * weight), numpy.rint(bias), **chosen)
    check(numpy.maximum(x, numpy.float32(0)) * numpy.float32(-0.0), weight, **chosen)
    check(x * numpy.float32(2.0**-140), weight, bias * numpy.float32(2.0**-140), **chosen)


def test_operands_that_are_views() -> None:
    """Turned, reversed, cut and repeated."""
    x, weight = gaussian(9, 8, 4, 3), gaussian(3, 2, 4, 6, seed=1)
    check(x.transpose(3, 2, 1, 0), weight.transpose(3, 2, 1, 0)[:, ::2], groups=2)
    check(x.transpose(3, 2, 0, 1)[:, :, ::-1, ::2], weight[:, :, ::-1][:, :, :, ::-1].transpose(3, 2, 1, 0))
    check(numpy.broadcast_to(x[:1, :1], (2, 3, 4, 3)), numpy.broadcast_to(weight[:, :1, :2, :2], (3, 3, 2, 2)))
    check(numpy.broadcast_to(numpy.float32(0.1), (2, 2, 5)), numpy.broadcast_to(numpy.float32(0.3), (2, 2, 3)))


def test_n3_2_infinities_and_nan_stay_where_windows_see_them() -> None:
    x, weight, bias = gaussian(2, 4, 6, 5), gaussian(4, 2, 2, 3, seed=1), gaussian(4, seed=2)
    x[0, 0, 0, 0], x[0, 1, 3, 2], x[0, 3, 5, 4], x[1, 2, 2, 2] = math.inf, -math.inf, math.nan, math.inf
    check(x, weight, bias, groups=2)
    weight[1, 0, 0, 0], weight[3, 1, 1, 1], bias[0], bias[2] = math.inf, -math.inf, -math.inf, math.nan
    check(x, weight, bias, groups=2)
    check(numpy.zeros_like(x), weight, bias, groups=2)


numbers = st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, 4097.0, 2.0**-149, math.inf, -math.inf, math.nan])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_n3_1_any_convolution(data: st.DataObject) -> None:
    groups, inputs, each = (data.draw(st.integers(1, 2)) for _ in range(3))
    rank = data.draw(st.integers(1, 2))
    kernel = [data.draw(st.integers(1, 3)) for _ in range(rank)]
    dilation, stride = (tuple(data.draw(st.integers(1, 2)) for _ in range(rank)) for _ in range(2))
    lengths = [(k - 1) * d + data.draw(st.integers(1, 3)) for k, d in zip(kernel, dilation, strict=True)]

    def array(*shape: int) -> Array:
        n = math.prod(shape)
        return numpy.array(data.draw(st.lists(numbers, min_size=n, max_size=n)), numpy.float32).reshape(shape)

    check(
        array(data.draw(st.integers(1, 2)), groups * inputs, *lengths),
        array(groups * each, inputs, *kernel),
        array(groups * each) if data.draw(st.booleans()) else None,
        stride=stride,
        dilation=dilation,
        groups=groups,
    )


# ------------------------------------------------------------------------------------------------- it can fail


def hard(count: int) -> tuple[Array, Array]:
    """Windows whose sums lie a hair above a midpoint, by less than binary64 holds, and kernels of many sizes."""
    x = numpy.zeros((12, 3, count), numpy.float32)
    x[:, 0], x[:, 1] = 4097.0, 2.0**-60
    x *= 2.0 ** numpy.arange(12, dtype=numpy.float32)[:, None, None]
    weight = numpy.ones((10, 3, 1), numpy.float32)
    weight[:, 0] = 4097.0
    return x, weight * 2.0 ** numpy.arange(10, dtype=numpy.float32)[:, None, None]


def wrong_elements(x: Array, weight: Array, **way: Any) -> int:
    with constants(**way):
        got = bits(conv.conv(x, weight, **attributes_of(x)))
    want = bits(numpy.array(KERNELS["conv"].define(plain(x), plain(weight), **attributes_of(x)).values))
    return sum(a != b for a, b in zip(got, want, strict=True))


@pytest.mark.parametrize("way", WAYS)
def test_a_bound_that_is_too_small_shows(way: dict[str, Any]) -> None:
    x, weight = hard(4)
    assert wrong_elements(x, weight, **way) == 0
    assert wrong_elements(x, weight, **way, relative_error=lambda additions: 1e-30) > 200


def test_a_grid_that_is_too_coarse_shows() -> None:
    x, weight = hard(4)
    grid = sums.grid
    assert wrong_elements(x, weight, grid=lambda x, axis: grid(x, axis) * 2.0**60, GRID_PAYS=1 << 30) > 200


def test_the_losses_of_a_long_sum_are_within_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms that each lose half a place of binary64: a plain sum from the first to the last, as no BLAS does it."""

    def in_sequence(a: Array, b: Array, out: Array) -> Array:
        out[...] = 0.0
        for k in range(a.shape[-1]):
            out += a[..., k, None] * b[..., k, :][..., None, :]
        return out

    monkeypatch.setattr(numpy, "matmul", in_sequence)
    count = 300
    rng = numpy.random.default_rng(1)
    kernel = numpy.full(count + 1, 2.0**-18 + 2.0**-36, numpy.float32)
    kernel[0] = 1.0
    row = numpy.full(count + 1, 2.0**-36, numpy.float32)
    wrong = 0
    for lead in rng.integers(1 << 23, 1 << 24, 20):
        row[0] = lead * 2.0**-23
        exact = sum(
            (Fraction(a) * Fraction(b) for a, b in zip(row.tolist(), kernel.tolist(), strict=True)), Fraction(0)
        )
        nearest = Fraction(int(lead)) / 2**23
        rest = nearest + Fraction(1, 2**24) + Fraction(1, 2**70) - exact  # to just above the midpoint
        last = numpy.float32(float(rest))
        left = numpy.float32(float(rest - Fraction(float(last))))
        x = numpy.concatenate([row, [last, left]]).astype(numpy.float32)[None, None]
        weight = numpy.concatenate([kernel, [1.0, 1.0]]).astype(numpy.float32)[None, None]
        want = exact_dot(x.ravel().tolist(), weight.ravel().tolist())
        for piece in (1 << 20, 64):
            with constants(PIECE=piece):
                assert bits(conv.conv(x, weight, **attributes_of(x))) == [BINARY32.round_number(want)]
            with constants(PIECE=piece, relative_error=lambda additions: 4 * sums.UNIT):
                wrong += bits(conv.conv(x, weight, **attributes_of(x))) != [BINARY32.round_number(want)]
    assert wrong > 10


# -------------------------------------------------------------------------------------------------- the stages


def stages_of(monkeypatch: pytest.MonkeyPatch, x: Array, weight: Array) -> Counter[str]:
    """How many rows of terms each stage sees."""
    seen: Counter[str] = Counter()
    for name in ("grid", "sum_rows"):
        function = getattr(conv, name)

        def counting(first: Any, *rest: Any, function: Any = function, name: str = name) -> Any:
            seen[name] += len(first)
            return function(first, *rest)

        monkeypatch.setattr(conv, name, counting)
    conv.conv(x, weight, **attributes_of(x))
    return seen


def test_what_data_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight = gaussian(4, 8, 16, 16), gaussian(8, 8, 3, 3, seed=1)
    seen = stages_of(monkeypatch, x, weight)
    assert seen["grid"] == 0
    assert seen["sum_rows"] < 20
    seen = stages_of(monkeypatch, bf16(x), bf16(weight))
    assert seen["grid"] > 0
    assert seen["sum_rows"] < 20
    assert not any(stages_of(monkeypatch, numpy.zeros_like(x), weight).values()), "zeros are decided at first sight"


def test_memory_is_kept_for_the_next_call() -> None:
    contraction.workspace.kept = numpy.empty(0)
    conv.conv(gaussian(2, 2, 9), gaussian(2, 2, 3), **attributes_of(gaussian(2, 2, 9)))
    assert 0 < contraction.workspace.kept.size <= contraction.KEEP


def test_n3_2_an_exact_zero_is_plus_zero_whatever_the_blas_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy, "matmul", lambda a, b, out: numpy.copyto(out, -0.0))
    x, weight = numpy.zeros((2, 2, 4), numpy.float32), gaussian(3, 2, 2)
    for way in WAYS:
        with constants(**way):
            for bias in (None, numpy.full(3, -0.0, numpy.float32)):
                assert not any(bits(conv.conv(x, weight, bias, **attributes_of(x))))
