"""Exact sums of exact terms (N3.1, N3.2): matmul, linear, add_n, scatter_add; what gathers; and the Python kernels."""

import dataclasses
import math
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_backend_python import kernels
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.errors import AttributeValueError, AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.numerics import rows as row_math
from rcmlrs_core.numerics.accurate import accurate_sum, positive_sum, positive_sum_bound, split, two_sum
from rcmlrs_core.numerics.rows import Row
from rcmlrs_core.ops import TABLE
from rcmlrs_core.plain import PlainArray
from tests.ops.agreement import (
    EDGES,
    MATH,
    NAN_BITS,
    PYTHON,
    Formula,
    array_bits,
    bits,
    f32,
    number,
    rn,
    rows,
    special_rows,
)

KERNELS = {kernel.__name__: kernel for kernel in kernels.KERNELS}


def sum_bits(terms: Sequence[tuple[float, float] | float]) -> int:
    """Bits of RN of the exact sum of numbers and of products, by fractions."""
    pairs = [term if isinstance(term, tuple) else (term, 1.0) for term in terms]
    if all(math.isfinite(a) and math.isfinite(b) for a, b in pairs):
        return rn(sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0)))
    products = [a * b for a, b in pairs]  # of which only infinities and NaN matter
    if any(p != p for p in products) or {math.inf, -math.inf} <= set(products):
        return NAN_BITS
    return bits(math.inf if math.inf in products else -math.inf)


def gauss(rng: random.Random, *shape: int) -> PlainArray:
    return PlainArray.of((f32(rng.gauss(0, 1)) for _ in range(math.prod(shape))), shape)


KINDS = {
    "gauss": lambda rng: f32(rng.gauss(0, 1)),
    "one binade": lambda rng: f32(rng.uniform(1, 2)),
    "integers": lambda rng: float(rng.randrange(-9, 10)),
    "bf16": lambda rng: number(bits(f32(rng.gauss(0, 1))) & 0xFFFF0000),
    "one-hot": lambda rng: float(rng.random() < 0.1),
    "ties": lambda rng: rng.choice([1.0, 4097.0, 2.0**-12, -(2.0**-12), 2.0**-149, 0.0]),
    "mixed sizes": lambda rng: f32(rng.gauss(0, 1) * 2.0 ** rng.randrange(-100, 101)),
    "tiny": lambda rng: rng.randrange(-9, 10) * 2.0**-149,
    "any bits": lambda rng: number(rng.randrange(0x7F800000) | rng.choice([0, 0x80000000])),
    "zeros": lambda rng: rng.choice([0.0, -0.0, 1.0]),
    "special": lambda rng: rng.choice([1.0, -2.0, 0.0, math.inf, -math.inf, math.nan]) if rng.random() < 0.2 else 1.0,
    "edges": lambda rng: rng.choice(EDGES),
}


def draw(rng: random.Random, kind: str, *shape: int) -> PlainArray:
    return PlainArray.of((KINDS[kind](rng) for _ in range(math.prod(shape))), shape)


# -------------------------------------------------------------------------------------- matmul and linear


def product_bits(x: PlainArray, y: PlainArray, bias: PlainArray | None = None) -> list[int]:
    """Of a matrix of rows and a matrix of columns (as linear has its weight)."""
    k = x.shape[1]
    result = []
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            pairs = list(zip(x.values[i * k : i * k + k], y.values[j * k : j * k + k], strict=True))
            result.append(sum_bits(pairs + ([bias.values[j]] if bias is not None else [])))
    return result


def transposed(x: PlainArray) -> PlainArray:
    m, n = x.shape
    return PlainArray.of([x.values[i * n + j] for j in range(n) for i in range(m)], (n, m))


@pytest.mark.parametrize("kind", KINDS)
def test_n3_1_matmul_and_linear(kind: str) -> None:
    rng = random.Random(kind)
    matmul, linear = TABLE["matmul"], TABLE["linear"]
    for m, k, n in [(1, 1, 1), (2, 3, 4), (3, 1, 5), (4, 8, 2), (3, 33, 3), (1, 100, 2), (2, 0, 3), (3, 300, 2)]:
        for other in (kind, "gauss", "integers"):
            x, weight, bias = draw(rng, kind, m, k), draw(rng, other, n, k), draw(rng, kind, n)
            y = transposed(weight) if k else PlainArray.of([], (0, n))
            want = product_bits(x, weight)
            assert matmul.check(x, y).shape == (m, n)
            for result in (matmul.define(x, y), kernels.matmul(x, y)):
                assert result.shape == (m, n)
                assert array_bits(result) == want
            for result in (linear.define(x, weight), kernels.linear(x, weight)):
                assert array_bits(result) == want
            want = product_bits(x, weight, bias)
            for result in (linear.define(x, weight, bias), kernels.linear(x, weight, bias)):
                assert result.shape == linear.check(x, weight, bias).shape == (m, n)
                assert array_bits(result) == want


numbers = st.floats(width=32) | st.integers(-20, 20).map(lambda k: k * 2.0**-3) | st.sampled_from(EDGES)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), max_size=7), numbers)
def test_any_dot_product(pairs: list[tuple[float, float]], addend: float) -> None:
    k = len(pairs)
    x, y = (PlainArray.of([pair[i] for pair in pairs], (1, k)) for i in range(2))
    bias = PlainArray.of([addend], (1,))
    for result in (TABLE["linear"].define(x, y, bias), kernels.linear(x, y, bias)):
        assert array_bits(result) == [sum_bits([*pairs, addend])]
    for result in (TABLE["matmul"].define(x, transposed(y)), kernels.matmul(x, transposed(y))):
        assert array_bits(result) == [sum_bits(pairs)]


SHAPES = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((2, 3), (5, 3, 2)),
    ((5, 2, 3), (5, 3, 2)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((1, 2, 3), (6, 3, 1)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
    ((4, 0, 3), (3, 2)),
    ((0,), (0,)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_matmul_shapes_are_those_of_numpy(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rng = numpy.random.default_rng(3)
    a, b = (rng.integers(-9, 10, shape).astype(numpy.float32) for shape in (left, right))
    want = numpy.matmul(a, b)  # of small integers, exactly
    x, y = (PlainArray.of(v.ravel().tolist(), v.shape) for v in (a, b))
    assert TABLE["matmul"].check(x, y).shape == want.shape
    for result in (TABLE["matmul"].define(x, y), kernels.matmul(x, y)):
        assert result.shape == want.shape
        assert result.values.tolist() == want.ravel().tolist()
    assert ((rc.tensor(a, backend=PYTHON) @ rc.tensor(b, backend=PYTHON)).numpy() == want).all()


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_gradient_of_matmul(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """<g, dx @ y> = <g_x, dx> and likewise for y: exactly, as the integers are small."""
    rng = numpy.random.default_rng(4)

    def integers(shape: tuple[int, ...]) -> Any:
        return rng.integers(-9, 10, shape).astype(numpy.float32)

    a, b = integers(left), integers(right)
    x, y = (rc.tensor(v, backend=PYTHON, requires_grad=True) for v in (a, b))
    z = x @ y
    g = integers(z.shape)
    z.backward(rc.tensor(g, backend=PYTHON))
    assert x.grad.shape == left
    assert y.grad.shape == right
    for _ in range(3):
        dx, dy = integers(left), integers(right)
        assert (g * numpy.matmul(dx, b)).sum() == (x.grad.numpy() * dx).sum()
        assert (g * numpy.matmul(a, dy)).sum() == (y.grad.numpy() * dy).sum()


@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (0,)])
@pytest.mark.parametrize("with_bias", [False, True])
def test_gradient_of_linear(lead: tuple[int, ...], with_bias: bool) -> None:
    rng = numpy.random.default_rng(5)

    def integers(*shape: int) -> Any:
        return rng.integers(-9, 10, shape).astype(numpy.float32)

    arrays = [integers(*lead, 3), integers(2, 3), *([integers(2)] if with_bias else [])]
    operands = [rc.tensor(v, backend=PYTHON, requires_grad=True) for v in arrays]
    y = operands[0].linear(*operands[1:])
    want = arrays[0] @ arrays[1].T + (arrays[2] if with_bias else 0)
    assert (y.numpy() == want).all()
    g = integers(*y.shape)
    y.backward(rc.tensor(g, backend=PYTHON))
    flat, samples = g.reshape(-1, 2), arrays[0].reshape(-1, 3)
    wanted = [g @ arrays[1], flat.T @ samples, flat.sum(0)]
    for operand, w in zip(operands, wanted, strict=False):
        assert operand.grad.shape == w.shape
        assert (operand.grad.numpy() == w).all()
    assert (rc.linear(operands[0], operands[1], None).numpy() == arrays[0] @ arrays[1].T).all()


def test_a_batch_times_a_matrix_has_its_gradient_rounded_once() -> None:
    """The weight's gradient sums over batch and rows in one product: 1e8 and -1e8 leave the 1 beside them."""
    x = rc.tensor([[[1e8]], [[1.0]], [[-1e8]]], backend=PYTHON)
    w = rc.tensor([[1.0]], backend=PYTHON, requires_grad=True)
    x.matmul(w).sum().backward()
    assert w.grad.tolist() == [[1.0]]


def test_pad_matmul_to_another_and_dot() -> None:
    rng = numpy.random.default_rng(6)
    for left, right in [((2, 3), (5, 4)), ((2, 5), (3, 4)), ((5,), (3,)), ((2,), (4, 3)), ((6, 2, 1), (6, 3, 2))]:
        a, b = (rng.integers(-9, 10, shape).astype(numpy.float32) for shape in (left, right))
        k = min(a.shape[-1], b.shape[0] if b.ndim == 1 else b.shape[-2])
        want = a[..., :k] @ (b[:k] if b.ndim == 1 else b[..., :k, :])
        x, y = (rc.tensor(v, backend=PYTHON, requires_grad=True) for v in (a, b))
        got = x.pad_matmul_to_another(y)
        assert (got.numpy() == want).all()
        got.sum().backward()
        assert x.grad.shape == left
        assert y.grad.shape == right
    x = rc.tensor([1.0, 2.0, 3.0], backend=PYTHON)
    assert x.dot(x).item() == 14.0
    with pytest.raises(ShapeError, match="pad_matmul_to_another pads them"):
        rc.tensor([[1.0, 2.0]], backend=PYTHON).matmul(x)


# -------------------------------------------------------------------------------------------------- add_n


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 20])
def test_add_n(count: int) -> None:
    rng = random.Random(count)
    operation = TABLE["add_n"]
    kernel = plain_kernel(operation)
    columns = [row for _ in range(5) for row in (*rows(rng, count), *special_rows(rng, count))]
    operands = [PlainArray.of(values, (len(columns),)) for values in zip(*columns, strict=True)]
    want = [sum_bits(column) for column in columns]
    for result in (operation.define(*operands), kernel(*operands), kernels.add_n(*operands)):
        assert array_bits(result) == want
    arrays = [numpy.array(x.values, dtype=numpy.float64) for x in operands]
    with numpy.errstate(all="ignore"):
        result = operation.binary64(MATH, *arrays)
        value, magnitude = result if isinstance(result, tuple) else (result, numpy.abs(result))
    wrong = 0
    for column, v, s, pattern in zip(columns, value, magnitude, want, strict=True):
        if not all(map(math.isfinite, column)):
            assert bits(f32(float(v))) == pattern  # infinities and NaN are right as they stand
            continue
        error = abs(Fraction(float(v)) - sum(map(Fraction, column), Fraction(0)))
        assert error <= Fraction(float(s)) / 2**53 * operation.bound
        margin = 4 * float(s) * 2.0**-53
        low, high = bits(f32(float(v) - margin)), bits(f32(float(v) + margin))
        assert low != high or low == pattern
        wrong += low != high
    assert wrong * 20 <= len(columns), "ties and cancellation are decided without the definition, with few exceptions"


@settings(max_examples=200, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=6))
def test_any_add_n(terms: list[float]) -> None:
    operands = [PlainArray.of([value, 1.0], (2,)) for value in terms]
    want = [sum_bits(terms), sum_bits([1.0] * len(terms))]
    for result in (TABLE["add_n"].define(*operands), plain_kernel(TABLE["add_n"])(*operands), kernels.add_n(*operands)):
        assert array_bits(result) == want


def test_add_n_broadcasts_and_differentiates() -> None:
    a, b, c = rc.tensor([[1.0], [2.0]], backend=PYTHON), rc.tensor([10.0, 20.0], backend=PYTHON), 0.5
    for x in (a, b):
        x.requires_grad_()
    y = a.add_n(b, c)
    assert y.tolist() == [[11.5, 21.5], [12.5, 22.5]]
    y.sum().backward()
    assert a.grad.tolist() == [[2.0], [2.0]]
    assert b.grad.tolist() == [2.0, 2.0]
    assert array_bits(rc.tensor([-0.0], backend=PYTHON).add_n().plain()) == [0]


# ------------------------------------------------------------------------------------- sums and means by fsum


@pytest.mark.parametrize("name", ["sum", "mean"])
def test_the_kernels_of_sums_and_means(name: str) -> None:
    rng = random.Random(name)
    for n in (1, 2, 3, 7, 10, 64, 200):
        table = [row for _ in range(4) for row in (*rows(rng, n), *special_rows(rng, n))]
        x = PlainArray.of([value for row in table for value in row], (len(table), n))
        for axis, operand in ((1, x), (0, transposed(x))):
            normal = TABLE[name].check(operand, axis=axis).attributes
            want = array_bits(TABLE[name].define(operand, **normal))
            assert array_bits(KERNELS[name](operand, **normal)) == want
            assert array_bits(plain_kernel(TABLE[name])(operand, **normal)) == want
    y = gauss(rng, 2, 3, 4)
    for axes in (None, (0, 2), (1, 2), (0, 1)):
        normal = TABLE[name].check(y, axis=axes, keepdims=True).attributes
        assert KERNELS[name](y, **normal).tobytes() == TABLE[name].define(y, **normal).tobytes()
    if name == "sum":
        empty = PlainArray.of([], (2, 0))
        assert array_bits(KERNELS[name](empty, axis=(1,), keepdims=False)) == [0, 0]


# --------------------------------------------------------------------------------------- nearly exact sums


@pytest.mark.parametrize("n", [1, 2, 3, 10, 63, 64, 65, 100, 1000])
def test_accurate_sums_keep_their_bound(n: int) -> None:
    """Over NumPy's arrays (which sum pairwise), over rows of pure Python (which sum from the left)."""
    rng = random.Random(n)
    table = [row for _ in range(2) for row in rows(rng, n)]
    x = numpy.array(table)
    total, magnitude = accurate_sum(MATH, x)
    exact_sums = 0
    for i, row in enumerate(table):
        exact = sum(map(Fraction, row), Fraction(0))
        for value, scale in ((total[i, 0], magnitude[i, 0]), accurate_sum(row_math, Row(row))):
            error = abs(Fraction(float(value)) - exact)
            assert error <= Fraction(float(scale)) / 2**53
            exact_sums += scale == 0.0
        high, low = split(x[i], float(numpy.abs(x[i]).max()))
        assert [Fraction(h) + Fraction(r) for h, r in zip(high.tolist(), low.tolist(), strict=True)] == list(
            map(Fraction, row)
        )
        assert Fraction(float(numpy.sum(high))) == sum(map(Fraction, high.tolist()), Fraction(0))
        positive = numpy.abs(x[i : i + 1])
        error = abs(Fraction(float(positive_sum(MATH, positive)[0, 0])) - sum(map(Fraction, positive[0].tolist())))
        assert error <= sum(map(Fraction, positive[0].tolist())) * Fraction(positive_sum_bound(n)) / 2**53
    assert exact_sums >= len(table), "integers, ties and short rows are known to be exact"


@given(
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
)
def test_two_sum(x: float, y: float) -> None:
    s, e = two_sum(x * 1.1, y / 3.0)
    assert Fraction(s) + Fraction(e) == Fraction(x * 1.1) + Fraction(y / 3.0)


# --------------------------------------------------------------------------------------- gather and scatter


def indices(values: Any) -> PlainArray:
    array = numpy.array(values)
    return PlainArray.of(array.ravel().tolist(), array.shape, "int32")


def plain(x: Any) -> PlainArray:
    return PlainArray.of(x.ravel().tolist(), x.shape)


@pytest.mark.parametrize("seed", range(8))
def test_gather_take_and_scatter_add(seed: int) -> None:
    rng = numpy.random.default_rng(seed)
    pick = random.Random(seed)
    for shape in [(5,), (3, 4), (2, 3, 4), (1, 2, 1, 3)]:
        x = rng.normal(size=shape).astype(numpy.float32)
        x.flat[0] = -0.0
        for axis in range(len(shape)):
            lengths = [pick.randrange(n + 1) for n in shape]
            lengths[axis] = pick.randrange(7)
            places = rng.integers(0, shape[axis], lengths)
            i = indices(places)
            reach = x[tuple(slice(n) if a != axis else slice(None) for a, n in enumerate(lengths))]
            got = TABLE["gather"].define(plain(x), i, axis=axis)
            assert got.shape == TABLE["gather"].check(plain(x), i, axis=axis - len(shape)).shape == tuple(lengths)
            assert got.tobytes() == plain(numpy.take_along_axis(reach, places, axis)).tobytes()
            wide = rng.integers(0, shape[axis], (2, 3))
            got = TABLE["take"].define(plain(x), indices(wide), axis=axis)
            want = numpy.take(x, wide, axis)
            assert got.shape == want.shape == TABLE["take"].check(plain(x), indices(wide), axis=axis).shape
            assert got.tobytes() == plain(want).tobytes()

            updates = (rng.normal(size=lengths) * 2.0 ** rng.integers(-40, 40, lengths)).astype(numpy.float32)
            exact = [[float(v)] for v in x.flat]
            for index in numpy.ndindex(*lengths):
                target = list(index)
                target[axis] = int(places[index])
                exact[int(numpy.ravel_multi_index(target, shape))].append(float(updates[index]))
            want_bits = [sum_bits(terms) for terms in exact]
            for function in (TABLE["scatter_add"].define, kernels.scatter_add):
                got = function(plain(x), i, plain(updates), axis=axis)
                assert got.shape == shape
                assert array_bits(got) == want_bits
    shuffled = [1e8, 1.0, -1e8, 2.0**-30, 3.0]
    results = set()
    for _ in range(10):
        pick.shuffle(shuffled)
        x = PlainArray.of([0.0], (1,))
        results.add(kernels.scatter_add(x, indices([0] * 5), PlainArray.of(shuffled, (5,)), axis=0).tobytes())
    assert len(results) == 1


def test_one_hot() -> None:
    rng = numpy.random.default_rng(9)
    for shape in [(), (4,), (2, 3), (0,)]:
        places = rng.integers(0, 5, shape)
        got = TABLE["one_hot"].define(indices(places), classes=5)
        assert got.shape == (*shape, 5)
        assert got.values.tolist() == numpy.eye(5)[places].ravel().tolist()


def test_indices_out_of_range() -> None:
    x = rc.tensor([[1.0, 2.0], [3.0, 4.0]], backend=PYTHON)

    def i(*values: int, shape: tuple[int, ...]) -> Any:
        return rc.tensor(numpy.array(values).reshape(shape).tolist(), dtype="int32", backend=PYTHON)

    for bad in (2, -1, 2**31 - 1, -(2**31)):
        with pytest.raises(IndexRangeError, match=rf"index {bad} at position \(1, 0\) .* axis of length 2"):
            x.gather(i(0, bad, shape=(2, 1)), axis=1)
        with pytest.raises(IndexRangeError, match=rf"take: index {bad} at position \(1,\)"):
            x.take(i(1, bad, shape=(2,)))
        with pytest.raises(IndexRangeError, match=rf"scatter_add: index {bad}"):
            x.scatter_add(i(0, bad, shape=(2, 1)), x[:, :1], axis=0)
        with pytest.raises(IndexRangeError, match=rf"one_hot: index {bad}"):
            i(bad, shape=()).one_hot(classes=2)
    with pytest.raises(IndexRangeError, match="it is empty"):
        rc.tensor([], backend=PYTHON).take(i(0, shape=(1,)))
    with pytest.raises(DTypeError, match="int32"):
        x.take(x)
    with pytest.raises(AxisError, match="same number of axes"):
        x.gather(i(0, shape=(1,)), axis=0)
    with pytest.raises(ShapeError, match="must be alike"):
        x.scatter_add(i(0, shape=(1, 1)), x, axis=0)
    with pytest.raises(AttributeValueError, match="at least 1"):
        i(0, shape=()).one_hot(classes=0)


def test_gradients_of_gather_take_and_scatter_add() -> None:
    x = rc.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], backend=PYTHON, requires_grad=True)
    i = rc.tensor([[2, 2, 0]], dtype="int32", backend=PYTHON)
    x.gather(i, axis=1).backward(rc.tensor([[1.0, 10.0, 100.0]], backend=PYTHON))
    assert x.grad.tolist() == [[100.0, 0.0, 11.0], [0.0, 0.0, 0.0]]

    for axis in (0, 1, -1):
        x = rc.tensor(numpy.arange(24.0).reshape(2, 3, 4), backend=PYTHON, requires_grad=True)
        j = numpy.array([[1, 0], [1, 1]])
        y = x.take(rc.tensor(j, dtype="int32", backend=PYTHON), axis=axis)
        g = numpy.arange(1.0, y.size + 1).reshape(y.shape)
        y.backward(rc.tensor(g, backend=PYTHON))
        want = numpy.zeros((2, 3, 4))
        for place, index in zip(numpy.ndindex(2, 2), j.ravel(), strict=True):
            target = numpy.moveaxis(want, axis, 0)
            target[index] += numpy.moveaxis(g, (axis % 3, axis % 3 + 1), (0, 1))[place]
        assert (x.grad.numpy() == want).all()

    x = rc.tensor([1.0, 2.0], backend=PYTHON, requires_grad=True)
    u = rc.tensor([5.0, 6.0, 7.0], backend=PYTHON, requires_grad=True)
    y = x.scatter_add(rc.tensor([1, 1, 0], dtype="int32", backend=PYTHON), u, axis=0)
    assert y.tolist() == [8.0, 13.0]
    y.backward(rc.tensor([10.0, 20.0], backend=PYTHON))
    assert x.grad.tolist() == [10.0, 20.0]
    assert u.grad.tolist() == [20.0, 20.0, 10.0]


# ------------------------------------------------------------------------------------------ it can fail


def test_rounding_twice_and_small_margins_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks above can fail: a dot product that is rounded twice, and a rounding test without its margin."""
    rng = random.Random(1)
    x, y = draw(rng, "ties", 30, 40), draw(rng, "ties", 30, 40)
    want = product_bits(x, y)
    twice = [
        f32(
            math.fsum(
                a * b for a, b in zip(x.values[i * 40 : i * 40 + 40], y.values[j * 40 : j * 40 + 40], strict=True)
            )
        )
        for i in range(30)
        for j in range(30)
    ]
    assert [bits(value) for value in twice] != want
    assert array_bits(kernels.linear(x, y)) == want
    monkeypatch.setattr(kernels, "UNIT_ROUNDOFF", 0.0)
    assert array_bits(kernels.linear(x, y)) != want


def test_a_formula_without_error_terms_is_found() -> None:
    def plain_sum(m: Any, *xs: Any) -> Any:
        total = xs[0] + 0.0
        for x in xs[1:]:
            total = total + x
        return total, m.abs(total) * 0.0

    wrong = dataclasses.replace(TABLE["add_n"], binary64=plain_sum)
    operands = [PlainArray.of([value], (1,)) for value in (1e30, 1.0, -1e30)]
    assert array_bits(plain_kernel(TABLE["add_n"])(*operands)) == [bits(1.0)]
    assert array_bits(plain_kernel(wrong)(*operands)) == [0]


def test_the_mean_needs_its_margin() -> None:
    """Without it the formula would decide some rows wrongly: the sum rounds to binary64 and then to binary32."""
    table = [[1.0, 2.0**-24, 2.0**-80], [1.0, 2.0**-24, -(2.0**-80)]]
    table = [[3 * v for v in row] for row in table]
    formula = Formula(TABLE["mean"], table, TABLE["mean"].bound(3))
    assert not formula.decided.any()
    x = PlainArray.of([value for row in table for value in row], (2, 3))
    assert array_bits(TABLE["mean"].define(x, axis=(1,), keepdims=False)) == [
        bits(1.0 + 2.0**-23),
        bits(1.0),
    ]
