"""Windows and pooling: NumPy's views, PyTorch's rules, means by fractions (N3.1), ties of maxima (N4.3)."""

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import rcmlrs_core as rc
from rcmlrs_core.autograd import gradients
from rcmlrs_core.ops.pooling import Run, runs
from rcmlrs_core.tensor import Node
from tests.installed import BACKENDS
from tests.ops.agreement import NAN_BITS, array_bits, bits, rn, rows, special_rows

Array = Any
Place = tuple[int, ...]

SETTINGS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 9), {"kernel": 3}),
    ((1, 2, 10), {"kernel": 4, "stride": 3, "padding": 2, "ceil_mode": True}),
    ((1, 2, 9), {"kernel": 3, "stride": 2, "padding": 1}),
    ((1, 1, 8), {"kernel": (5,), "stride": 2, "padding": 2, "ceil_mode": True}),
    ((1, 2, 7), {"kernel": 2, "stride": 4, "ceil_mode": True}),
    ((1, 2, 5), {"kernel": 2, "stride": 5, "ceil_mode": True}),
    ((2, 2, 4, 6), {"kernel": 2}),
    ((1, 2, 5, 6), {"kernel": (3, 4), "stride": (2, 3), "padding": (1, 2), "ceil_mode": True}),
    ((1, 2, 5, 4), {"kernel": 3, "stride": 1, "padding": 1}),
    ((1, 1, 6, 6), {"kernel": (5, 2), "stride": (2, 3), "padding": (2, 0), "ceil_mode": True}),
    ((1, 2, 4, 2, 4), {"kernel": 2}),
    ((1, 1, 5, 3, 4), {"kernel": (3, 2, 4), "stride": (3, 2, 1), "padding": (1, 0, 2), "ceil_mode": True}),
]


def windows_of(shape: Place, given: dict[str, Any]) -> list[list[tuple[int, int, int]]]:
    """Along each axis, where a window begins and ends in the padded x, and how many places it counts: as in PyTorch."""
    rank, found = len(shape) - 2, []
    kernel, stride, padding = (
        (value,) * rank if isinstance(value, int) else value
        for value in (given["kernel"], given.get("stride", given["kernel"]), given.get("padding", 0))
    )
    for n, k, s, p in zip(shape[2:], kernel, stride, padding, strict=True):
        room = n + 2 * p - k
        places = (math.ceil(room / s) if given.get("ceil_mode") else room // s) + 1
        if given.get("ceil_mode") and (places - 1) * s >= n + p:
            places -= 1
        begins = [i * s - p for i in range(places)]
        found.append([(max(b, 0), min(b + k, n), min(b + k, n + p) - b) for b in begins])
    return found


def pooled(x: Array, bounds: list[list[tuple[int, ...]]], reduce: Callable[[Array, int], Any]) -> list[Any]:
    """``reduce`` of the elements of every window, and of how many places it counts, in row-major order."""
    return [
        reduce(x[(n, c, *(slice(begin, end) for begin, end, _ in box))].ravel(), math.prod(size for *_, size in box))
        for n, c in itertools.product(*map(range, x.shape[:2]))
        for box in itertools.product(*bounds)
    ]


def mean_bits(values: Array, count: int) -> int:
    """RN of the exact mean."""
    if not numpy.isfinite(values).all():
        with numpy.errstate(all="ignore"):
            return bits(float(values.astype(float).sum()))
    return rn(sum(map(Fraction, values.tolist()), Fraction(0)) / count)


def max_bits(values: Array, count: int) -> int:
    """NaN if any is; +0 over -0."""
    if numpy.isnan(values).any():
        return NAN_BITS
    largest = max(values.tolist())
    return bits(0.0 if largest == 0 and not numpy.signbit(values[values == 0]).all() else largest)


def data(rng: random.Random, shape: Place) -> list[Array]:
    """Hard and special numbers."""
    return [
        numpy.array(row, numpy.float32).reshape(shape)
        for row in [*rows(rng, math.prod(shape)), *special_rows(rng, math.prod(shape))]
    ]


@pytest.mark.parametrize(("shape", "given"), SETTINGS)
def test_n3_1_averages_and_maxima(shape: Place, given: dict[str, Any]) -> None:
    rank, bounds = len(shape) - 2, windows_of(shape, given)
    without = [[(begin, end, end - begin) for begin, end, _ in along] for along in bounds]
    for x in data(random.Random(str(shape)), shape):
        for backend in BACKENDS:
            t = rc.tensor(x, backend)
            average, largest = getattr(rc, f"avg_pool{rank}d"), getattr(rc, f"max_pool{rank}d")
            result = average(t, **given)
            assert result.shape == (*shape[:2], *map(len, bounds))
            assert array_bits(result.plain()) == pooled(x, bounds, mean_bits)
            result = average(t, **given, count_include_pad=False)
            assert array_bits(result.plain()) == pooled(x, without, mean_bits)
            assert array_bits(largest(t, **given).plain()) == pooled(x, without, max_bits)


ADAPTIVE: list[tuple[Place, Any]] = [
    ((2, 3, 9), 3),
    ((1, 2, 10), 7),
    ((1, 2, 7), 3),
    ((1, 1, 5), 1),
    ((1, 1, 3), 5),
    ((1, 2, 5, 7), (3, 4)),
    ((1, 2, 6, 4), 2),
    ((1, 1, 5, 3, 4), (3, 2, 1)),
]


@pytest.mark.parametrize(("shape", "output"), ADAPTIVE)
def test_n3_1_adaptive_pooling(shape: Place, output: Any) -> None:
    rank = len(shape) - 2
    outputs = (output,) * rank if isinstance(output, int) else output
    bounds = [
        [
            (begin, end, end - begin)
            for begin, end in ((math.floor(i * n / m), math.ceil((i + 1) * n / m)) for i in range(m))
        ]
        for n, m in zip(shape[2:], outputs, strict=True)
    ]
    for x in data(random.Random(str(shape)), shape):
        for backend in BACKENDS:
            t = rc.tensor(x, backend)
            for name, reduce in (("avg", mean_bits), ("max", max_bits)):
                result = getattr(rc, f"adaptive_{name}_pool{rank}d")(t, output)
                assert result.shape == (*shape[:2], *outputs)
                assert array_bits(result.plain()) == pooled(x, bounds, reduce)


def test_global_pooling_is_mean_and_max() -> None:
    x = rc.tensor(numpy.random.default_rng(1).standard_normal((2, 3, 5, 4)))
    assert x.adaptive_avg_pool2d(1).reshape((2, 3)).digest() == x.mean(axis=(2, 3)).digest()
    assert x.adaptive_max_pool2d(1).reshape((2, 3)).digest() == x.max(axis=(2, 3)).digest()


# ------------------------------------------------------------------------------------------------------ windows


@pytest.mark.parametrize(
    ("shape", "kernel", "stride"),
    [
        ((9,), (3,), (1,)),
        ((9,), (3,), (2,)),
        ((9,), (2,), (4,)),
        ((9,), (9,), (1,)),
        ((9,), (8,), (1,)),
        ((9,), (5,), (4,)),
        ((2, 9, 8), (4, 3), (1, 3)),
        ((2, 5, 6, 4), (2, 3, 1), (2, 1, 3)),
        ((3, 4), (3, 4), (1, 1)),
    ],
)
def test_windows_and_their_gradient(shape: Place, kernel: Place, stride: Place) -> None:
    """NumPy's windows; and every element receives the exact sum of what its copies do (N7)."""
    rng, first = random.Random(str((shape, kernel))), len(shape) - len(kernel)
    kept = (slice(None),) * first + tuple(slice(None, None, s) for s in stride)
    for row in rows(rng, math.prod(shape)):
        x = numpy.array(row, numpy.float32).reshape(shape)
        want = sliding_window_view(x, kernel, tuple(range(first, len(shape))))[kept]
        places = sliding_window_view(numpy.arange(x.size).reshape(shape), kernel, tuple(range(first, len(shape))))[kept]
        received = numpy.array(next(itertools.islice(rows(rng, want.size), rng.randrange(12), None)), numpy.float32)
        terms: dict[int, list[Fraction]] = defaultdict(list)
        for place, g in zip(places.ravel().tolist(), received.tolist(), strict=True):
            terms[place].append(Fraction(g))
        sums = [rn(sum(terms[place], Fraction(0))) for place in range(x.size)]
        for backend in BACKENDS:
            t = rc.tensor(x, backend, requires_grad=True)
            y = t.windows(kernel, stride=stride)
            assert y.shape == want.shape
            assert y.tobytes() == rc.tensor(want, backend).tobytes()
            (got,) = gradients(y, [t], rc.tensor(received.reshape(want.shape), backend))
            assert [pattern & 0x7FFFFFFF or 0 for pattern in array_bits(got.plain())] == [b & 0x7FFFFFFF for b in sums]
            assert (numpy.sign(got.numpy()).ravel() == [(-1 if b >> 31 else 1) * bool(b) for b in sums]).all()


def names_of(t: rc.RamTensor) -> set[str]:
    """The operations on the tape behind a tensor."""
    found, left = set(), [t]
    while left:
        node: Node | None = left.pop()._node
        if node is not None:
            found.add(node.operation.name)
            left += node.operands
    return found


def test_where_windows_do_not_overlap_their_gradient_is_a_move() -> None:
    """-0 stays what it is (N4.1), and nothing is added."""
    x = rc.tensor(numpy.arange(10.0), requires_grad=True)
    g = rc.tensor([[-0.0, 1.0], [math.nan, -0.0], [-2.0, 3.0]], requires_grad=True)
    (got,) = gradients(x.windows(2, stride=3), [x], g, create_graph=True)
    assert bits_of(got) == bits_of(rc.tensor([-0.0, 1.0, 0.0, math.nan, -0.0, 0.0, -2.0, 3.0, 0.0, 0.0]))
    assert "add_n" not in names_of(got)
    (got,) = gradients(x.windows(2), [x], rc.ones((9, 2)).requires_grad_(), create_graph=True)
    assert "add_n" in names_of(got)


def bits_of(t: rc.RamTensor) -> list[int]:
    return array_bits(t.plain())


def test_one_long_window_costs_one_move() -> None:
    """There are as many terms as windows overlap, and not as many as elements."""
    x = rc.tensor(numpy.arange(12.0), requires_grad=True)
    (got,) = gradients(x.windows(12), [x], rc.ones((1, 12)).requires_grad_(), create_graph=True)
    assert "add_n" not in names_of(got)


@pytest.mark.parametrize(
    ("bounds", "want"),
    [
        ([(0, 2), (2, 4), (4, 6)], [Run(0, 2, 3, 2)]),
        ([(0, 3), (2, 5), (4, 7)], [Run(0, 3, 3, 2)]),
        ([(0, 1), (0, 3), (2, 5), (4, 6)], [Run(0, 1, 1, 1), Run(0, 3, 2, 2), Run(4, 2, 1, 1)]),
        ([(0, 1), (0, 1), (1, 2)], [Run(0, 1, 1, 1), Run(0, 1, 2, 1)]),
        ([(0, 2), (1, 3), (3, 5)], [Run(0, 2, 2, 1), Run(3, 2, 1, 1)]),
    ],
)
def test_runs_of_windows(bounds: Any, want: list[Run]) -> None:
    assert runs(bounds) == want


# ---------------------------------------------------------------------------------------------- ties and borders


@pytest.mark.parametrize("backend", BACKENDS)
def test_n4_3_the_first_of_the_largest_takes_the_gradient(backend: str) -> None:
    cases = [
        ([[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]]),
        ([[0.0, 2.0], [2.0, 2.0]], [[0.0, 1.0], [0.0, 0.0]]),
        ([[-0.0, 0.0], [0.0, -0.0]], [[1.0, 0.0], [0.0, 0.0]]),
        ([[1.0, math.nan], [math.inf, math.nan]], [[0.0, 1.0], [0.0, 0.0]]),
        ([[-math.inf, -math.inf], [-math.inf, -math.inf]], [[1.0, 0.0], [0.0, 0.0]]),
    ]
    for x, want in cases:
        t = rc.tensor([[x]], backend, requires_grad=True)
        for function in (lambda t: t.max_pool2d(2), lambda t: t.adaptive_max_pool2d(1), lambda t: t.max(axis=(2, 3))):
            (got,) = gradients(function(t), [t], rc.ones(function(t).shape, backend))
            assert got.tolist() == [[want]], x
    t = rc.tensor([[[3.0, 5.0, 5.0, 1.0]]], backend, requires_grad=True)
    (got,) = gradients(t.max_pool1d(3, stride=1, padding=1), [t], rc.tensor([[[1.0, 2.0, 4.0, 8.0]]], backend))
    assert got.tolist() == [[[0.0, 7.0, 8.0, 0.0]]]


def test_gradients_of_averages_share_out_what_a_window_receives() -> None:
    for backend in BACKENDS:
        t = rc.tensor([[[1.0, 2.0, 3.0, 4.0]]], backend, requires_grad=True)
        g = rc.tensor([[[6.0, 12.0, 24.0, 48.0]]], backend)
        attributes = {"kernel": 3, "stride": 1, "padding": 1}
        (got,) = gradients(t.avg_pool1d(**attributes), [t], g)
        assert got.tolist() == [[[6.0, 14.0, 28.0, 24.0]]]
        (got,) = gradients(t.avg_pool1d(**attributes, count_include_pad=False), [t], g)
        assert got.tolist() == [[[7.0, 15.0, 36.0, 32.0]]]


@pytest.mark.parametrize("seed", range(6))
def test_maxima_and_their_gradients_against_jax(seed: int) -> None:
    """Of numbers without ties: where one is largest, the gradient is an exact sum of few small integers."""
    jax = pytest.importorskip("jax")
    rng, numbers = random.Random(seed), numpy.random.default_rng(seed)
    kernel = (rng.randrange(2, 4), rng.randrange(1, 4))
    stride = (rng.randrange(1, 4), rng.randrange(1, 4))
    padding = tuple(rng.randrange(k // 2 + 1) for k in kernel)
    x = numbers.permutation(2 * 2 * 7 * 6).reshape(2, 2, 7, 6).astype(numpy.float32)

    def reference(x: Any) -> Any:
        widths = ((0, 0), (0, 0), *((p, p) for p in padding))
        return jax.lax.reduce_window(x, -numpy.inf, jax.lax.max, (1, 1, *kernel), (1, 1, *stride), widths)

    want, pull = jax.vjp(reference, jax.numpy.asarray(x))
    g = numbers.integers(-9, 10, want.shape).astype(numpy.float32)
    t = rc.tensor(x, requires_grad=True)
    y = t.max_pool2d(kernel, stride=stride, padding=padding)
    assert (y.numpy() == numpy.asarray(want)).all()
    (got,) = gradients(y, [t], rc.tensor(g))
    assert (got.numpy() == numpy.asarray(pull(jax.numpy.asarray(g))[0])).all()
