"""Products, cumulative sums, norms and orders against exact fractions; contractions against NumPy (N2, N3, N4.2)."""

import itertools
import math
import random
from collections.abc import Callable
from fractions import Fraction
from math import inf, nan
from typing import Any

import jax
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_backend_array_api.math import ArrayMath
from rcmlrs_core.creation import from_plain
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.numerics import rows as plain_math
from rcmlrs_core.numerics.rows import Row
from rcmlrs_core.ops import TABLE
from rcmlrs_core.plain import PlainArray
from tests.installed import BACKENDS
from tests.ops.agreement import (
    INFINITY_BITS,
    NAN_BITS,
    SIGN,
    Formula,
    bits,
    check_rows,
    f32,
    rn,
    rn_ball,
    rn_root,
    rows,
    special_rows,
)

LENGTHS = (1, 2, 3, 5, 8, 17, 64, 65, 100)


# ---------------------------------------------------------------------------------------------------- oracles


def product(values: list[float]) -> int:
    """Bits of RN of the exact product."""
    if any(v != v for v in values) or (0.0 in values and any(map(math.isinf, values))):
        return NAN_BITS
    sign = SIGN * (sum(math.copysign(1.0, v) < 0 for v in values) % 2)
    if any(map(math.isinf, values)):
        return sign | INFINITY_BITS
    magnitude = math.prod((Fraction(abs(v)) for v in values), start=Fraction(1))
    return sign | rn(magnitude)


def total(values: list[float]) -> int:
    """Bits of RN of the exact sum."""
    if any(v != v for v in values) or {inf, -inf} <= set(values):
        return NAN_BITS
    for infinite in (inf, -inf):
        if infinite in values:
            return bits(infinite)
    return rn(sum(map(Fraction, values), Fraction(0)))


def prefixes(of: Callable[[list[float]], int]) -> Callable[[list[float]], list[int | None]]:
    return lambda values: [of(values[: i + 1]) for i in range(len(values))]


def in_order(value: float) -> tuple[bool, float, bool]:
    return (True, 0.0, False) if value != value else (False, value, math.copysign(1.0, value) > 0)


def ordered(values: list[float], descending: bool = False) -> list[int | None]:
    return [bits(v) for v in sorted(values, key=in_order, reverse=descending)]


def norm(values: list[float], ord: float = 2.0) -> list[int | None]:
    """By fractions where the norm has them, else in balls."""
    sizes = list(map(abs, values))
    if ord == 0:
        return [rn(Fraction(sum(v != 0 for v in sizes)))]
    if any(v != v for v in sizes):
        return [NAN_BITS]
    if math.isinf(ord):
        return [bits(max(sizes) if ord > 0 else min(sizes))]
    if ord < 0 and 0.0 in sizes:
        return [0]
    if ord > 0 and inf in sizes:
        return [bits(inf)]
    sizes = [v for v in sizes if v and not math.isinf(v)]
    if not sizes:
        return [bits(inf) if ord < 0 else 0]
    if ord == 1:
        return [total(sizes)]
    if ord == 2:
        return [rn_root(sum((Fraction(v) ** 2 for v in sizes), Fraction(0)))]
    from flint import arb

    top = max(sizes) if ord > 0 else min(sizes)
    if len(sizes) == 1:
        return [bits(top)]

    def ball() -> Any:
        p, largest = arb(ord), arb(top)
        powers = ((p * (arb(v) / largest).log()).exp() if v != top else arb(1) for v in sizes)
        return largest * (sum(powers, arb(0)).log() / p).exp()

    return [rn_ball(ball, most=1024)]


ORACLES: dict[str, Callable[..., list[int | None]]] = {
    "prod": lambda values: [product(values)],
    "prod_derivative": lambda values: [product(values[:i] + values[i + 1 :]) for i in range(len(values))],
    "cumsum": prefixes(total),
    "cumprod": prefixes(product),
    "sort": ordered,
    "norm": norm,
}


@pytest.mark.parametrize("name", ORACLES)
def test_definition_kernel_and_formula_agree_with_the_oracle(name: str) -> None:
    rng = random.Random(f"rows of {name}")
    operation = TABLE[name]
    for n in LENGTHS:
        if n > {"prod_derivative": 17, "cumprod": 65}.get(name, 100):
            break
        repetitions = 1 if n > 17 and name != "norm" else 4
        table = [row for _ in range(repetitions) for row in (*rows(rng, n), *special_rows(rng, n))]
        check_rows(operation, plain_kernel(operation), table, ORACLES[name])


@pytest.mark.parametrize(
    "ord", [1.0, inf, -inf, 0.0, 3.0, 0.5, 1.5, -1.0, -2.5, 30.0, f32(0.1), 2.0**-12, 1e30, -1e-30]
)
def test_norms_of_every_order(ord: float) -> None:
    rng = random.Random(f"norm {ord}")
    operation = TABLE["norm"]
    for n in (1, 2, 5, 17):
        table = [*rows(rng, n), *special_rows(rng, n)]
        check_rows(operation, plain_kernel(operation), table, norm, ord=ord)


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
near = st.integers(-40, 40).map(lambda k: k * 2.0**-2)
any_number = finite | near | st.sampled_from([inf, -inf, nan, 0.0, -0.0, 2.0**-149, 4097.0])


@pytest.mark.parametrize("name", ORACLES)
@settings(max_examples=150, deadline=None)
@given(st.lists(any_number, min_size=1, max_size=9))
def test_any_row(name: str, values: list[float]) -> None:
    check_rows(TABLE[name], plain_kernel(TABLE[name]), [values], ORACLES[name])


def test_sorting_in_descending_order_is_the_reverse() -> None:
    rng = random.Random(1)
    for n in LENGTHS:
        table = [*rows(rng, n), *special_rows(rng, n)]
        for backend in BACKENDS:
            x = rc.tensor(table, backend)
            got = x.sort(descending=True).tolist()
            assert [[bits(v) for v in row] for row in got] == [ordered(row, descending=True) for row in table]
            places = x.argsort(descending=True)
            assert x.gather(places, axis=1).digest() == x.sort(descending=True).digest()
            want = [sorted(range(n), key=lambda i, row=row: in_order(row[i]), reverse=True) for row in table]  # type: ignore[misc]
            assert places.tolist() == want, "equal elements keep their order"


# ------------------------------------------------------------------------------- nothing overflows on the way


@pytest.mark.parametrize("n", [7, 100, 1000, 5000])
def test_products_of_any_length_and_size(n: int) -> None:
    """Sizes whose product would leave binary64's range many times over, and comes back."""
    rng = random.Random(n)
    values = [
        f32(rng.uniform(1, 2) * 2.0 ** rng.choice([-149, -120, 100, 127]) * rng.choice([1, -1])) for _ in range(n)
    ]
    exact = math.prod(map(Fraction, values), start=Fraction(1))
    while not Fraction(1, 2**60) < abs(exact) < 2**60:
        values.append(f32(2.0**100 if abs(exact) < 1 else 2.0**-100))
        exact *= Fraction(values[-1])
    rng.shuffle(values)
    for backend in BACKENDS:
        x = rc.tensor(values, backend)
        assert bits(x.prod().item()) == rn(exact)
        assert bits(x.cumprod().tolist()[-1]) == rn(exact)
        if n <= 100:
            others = [bits(v) for v in x.prod_derivative().tolist()]
            assert others == [rn(exact / Fraction(v)) for v in values]


def test_the_parts_of_a_product_err_by_no_more_than_the_bound() -> None:
    rng = random.Random(3)
    for name in ("prod", "cumprod", "prod_derivative"):
        for n in (2, 3, 10, 33, 200):
            table = [[f32(rng.uniform(1, 2) * 2.0 ** rng.choice([-1, 0])) for _ in range(n)] for _ in range(4)]
            operation = TABLE[name]
            formula = Formula(operation, table, operation.bound(n))
            for i, row in enumerate(table):
                parts = {
                    "prod": [row],
                    "cumprod": [row[: k + 1] for k in range(n)],
                    "prod_derivative": [row[:k] + row[k + 1 :] for k in range(n)],
                }[name]
                for j, part in enumerate(parts[:20]):
                    exact = math.prod(map(Fraction, part), start=Fraction(1))
                    assert formula.units(i, j, exact) <= operation.bound(n)


@pytest.mark.parametrize("n", [2, 5, 40, 600, 3000])
def test_numbers_are_taken_apart_exactly(n: int) -> None:
    """Fractions and exponents of the arrays' namespace, of NumPy's and of pure Python's name the same products."""
    from rcmlrs_backend_numpy.sums import Exponents

    rng = random.Random(n)
    row = [2.0 ** rng.randint(-149, 127) * rng.choice([1, -1, 1.0]) for _ in range(n)]  # whose products are exact
    exponents = [int(math.log2(abs(v))) for v in row]
    want = list(itertools.accumulate(exponents))
    negative = list(itertools.accumulate((v < 0 for v in row), lambda a, b: a ^ b))
    for math_of in (ArrayMath(np), Exponents(np), plain_math):
        x = Row(row) if math_of is plain_math else np.array([row])
        f, e = (np.ravel(part.values if isinstance(part, Row) else part) for part in math_of.products(x))
        assert [Fraction(a) * Fraction(2) ** int(b) for a, b in zip(f, e, strict=True)] == [
            Fraction(2) ** k * (-1) ** s for k, s in zip(want, negative, strict=True)
        ]
        f, e = (np.ravel(part) for part in math_of.product(x))
        assert Fraction(f[0]) * Fraction(2) ** int(e[0]) == Fraction(2) ** want[-1] * (-1) ** negative[-1]


# ------------------------------------------------------------------------------------------------------- norms


def test_ties_of_norms_go_to_even() -> None:
    """Sums of powers that are powers of midpoints: cubes, square roots, and powers of 3/2, 3 and -1."""
    rng = random.Random(5)
    found = 0
    for _ in range(200):
        k = rng.randrange(2**24 // 9 + 1, 2**25 // 9) | 1  # 9 k has 25 bits and is odd
        if 9 * k < 2**24:
            continue
        want = rn(Fraction(9 * k))
        assert bits(rc.tensor([1.0 * k, 6.0 * k, 8.0 * k]).norm(ord=3).item()) == want
        root = rng.randrange(2049, 2895) * 2 + 1  # squares of 25 bits
        if 2**24 < root * root < 2**25:
            a = rng.randrange(1, root)
            x = rc.tensor([float(a * a), float((root - a) ** 2)])
            if all(f32(v) == v for v in x.tolist()):
                assert bits(x.norm(ord=0.5).item()) == rn(Fraction(root * root))
                found += 1
    assert found > 20
    for c in range(456, 640):  # 81 c^2 has 25 bits where c is odd and large enough; a^3 sums to 9^3 with 1, 6, 8
        if 2**24 < 81 * c * c < 2**25 and c % 2:
            values = [float(c * c), float(36 * c * c), float(64 * c * c)]
            if all(f32(v) == v for v in values):
                assert bits(rc.tensor(values).norm(ord=1.5).item()) == rn(Fraction(81 * c * c))
                assert bits(rc.tensor([2 * v for v in values]).norm(ord=1.5).item()) == rn(Fraction(162 * c * c))


@pytest.mark.parametrize("ord", [1.0, 2.0, 3.0, 0.5, -1.0, 1.5, 40.0, 2.0**-6])
def test_the_formula_of_a_norm_errs_by_no_more_than_the_bound(ord: float) -> None:
    rng = random.Random(f"error {ord}")
    operation = TABLE["norm"]
    for n in (2, 3, 10, 100):
        table = [[f32(rng.gauss(0, 1) * 2.0 ** rng.randrange(-3, 4)) for _ in range(n)] for _ in range(8)]
        formula = Formula(operation, table, operation.bound(n), ord=ord)
        for i, row in enumerate(table):
            with mpmath.workprec(300):
                p = mpmath.mpf(ord)
                exact = mpmath.fsum([abs(mpmath.mpf(v)) ** p for v in row]) ** (1 / p)
                error = abs(mpmath.mpf(float(formula.value[i, 0])) - exact) * 2**53
                bound = (n + 32) * (1 + 1 / abs(p)) if ord not in (1.0, 2.0) else mpmath.mpf(n / 2 + 2)
                assert error <= bound * exact, (row, error / exact)
                assert formula.magnitude[i, 0] * operation.bound(n) >= error


def test_norms_are_vector_norms_of_numpy() -> None:
    """Within NumPy's own error, that of binary64."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3, 4, 5)).astype("f4")
    for ord in (1, 2, 3, 0.5, -1, inf, -inf, 0):
        for axis in (0, 1, -1):
            want = np.linalg.norm(x.astype("f8"), ord, axis, keepdims=True)
            got = rc.tensor(x).norm(axis=axis, ord=ord, keepdims=True).numpy()
            assert got.shape == want.shape
            assert np.abs(got - want).max() <= 2.0**-23 * np.abs(want).max()
    assert rc.tensor(x).norm(axis=(0, 2)).shape == (4,)
    assert rc.vector_norm(rc.tensor(x)).item() == rc.tensor(x).reshape(-1).norm().item()


# --------------------------------------------------------------------------------------------------- quantiles


def quantile(values: list[float], q: float, method: str) -> int:
    """Bits of RN of the exact interpolation, by fractions."""
    if any(v != v for v in values):
        return NAN_BITS
    ordered_values = sorted(values)
    h = (len(values) - 1) * Fraction(q)
    low = math.floor(h)
    share = h - low
    high = min(low + 1, len(values) - 1)
    if share and method == "nearest":
        low, share = round(h), Fraction(0)
    elif share and method in ("lower", "higher"):
        low, share = (low if method == "lower" else high), Fraction(0)
    elif share and method == "midpoint":
        share = Fraction(1, 2)
    a, b = ordered_values[low], ordered_values[high]
    if not share:
        return bits(a + 0.0)
    if math.isinf(a) or math.isinf(b):
        return bits(a + b)
    return rn((1 - share) * Fraction(a) + share * Fraction(b))


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "nearest", "midpoint"])
def test_quantiles_are_exact_interpolations(method: str) -> None:
    rng = random.Random(method)
    for n in LENGTHS:
        table = [row for _ in range(3) for row in (*rows(rng, n), *special_rows(rng, n))]
        orders = [0.0, 1.0, 0.5, *(f32(rng.random()) for _ in range(4)), 2.0**-149, 1 - 2.0**-24, f32(1 / 3)]
        want = [[quantile(row, q, method) for row in table] for q in orders]
        for backend in BACKENDS:
            got = rc.tensor(table, backend).quantile(orders, axis=1, method=method).tolist()
            assert [[bits(v) for v in row] for row in got] == want


def test_quantiles_beside_ties() -> None:
    """Three quarters of 4 m is 3 m, a tie of 25 bits, and a quarter of something tiny is a hair above or below it."""
    rng = random.Random(6)
    for backend in BACKENDS:
        for _ in range(40):
            m = rng.randrange(2**24 // 3 + 1, 2**23, 2) | 1
            for tiny in (0.0, 2.0**-149, -(2.0**-149), 2.0**-40):
                want = rn(Fraction(3 * m) + Fraction(tiny) / 4)
                assert bits(rc.tensor([4.0 * m, tiny], backend).quantile(0.75).item()) == want


def test_quantiles_are_those_of_numpy() -> None:
    x = np.random.default_rng(4).normal(size=(4, 5, 6)).astype("f4")
    for axis, q in itertools.product((0, (1, 2), None), (0.25, [0.1, 0.9])):
        got = rc.tensor(x).quantile(q, axis=axis, keepdims=True).numpy()
        want = np.quantile(x.astype("f8"), np.asarray(q, "f4").astype("f8"), axis=axis, keepdims=True)
        assert got.shape == want.shape
        assert (np.abs(got - want) <= 2.0**-24 * np.abs(want) + 2.0**-50).all()
    assert rc.tensor(x).quantile(0.5).digest() == rc.tensor(x).median().digest()


def test_an_order_of_a_quantile_may_be_of_any_kind() -> None:
    x = rc.tensor([1.0, 2.0, 4.0])
    want = x.quantile(0.5).item()
    assert x.quantile(Fraction(1, 2)).item() == want
    assert x.quantile(np.float32(0.5)).item() == want
    assert x.quantile(rc.tensor([0.5])).tolist() == [want]
    assert x.quantile(np.array([0.5, 0.5])).tolist() == [want] * 2


# ------------------------------------------------------------------------------------------------------ search


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted_is_that_of_numpy(side: str) -> None:
    rng = random.Random(side)
    for n in (0, 1, 2, 7, 64):
        x = np.array([rng.choice([-inf, -1.0, -0.0, 0.0, 1.0, inf, nan, f32(rng.gauss(0, 1))]) for _ in range(n)], "f4")
        v = np.array([rng.choice([*x.tolist(), -0.0, 0.5, nan]) for _ in range(30)], "f4").reshape(5, 6)
        for backend in BACKENDS:
            whole, wanted = rc.tensor(x, backend), rc.tensor(v, backend)
            got = whole.sort().searchsorted(wanted, side=side)
            assert got.tolist() == np.searchsorted(np.sort(x), v, side=side).tolist()
            assert whole.searchsorted(wanted, whole.argsort(), side=side).tolist() == got.tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_not_sorted_is_not_searched(backend: str) -> None:
    with pytest.raises(rc.DataError, match=r"1\.0 at 2 comes after 2\.0"):
        rc.tensor([0.0, 2.0, 1.0], backend).searchsorted(rc.tensor([1.0], backend))
    with pytest.raises(rc.IndexRangeError, match="index 3 at position"):
        rc.tensor([0.0, 2.0], backend).searchsorted(
            rc.tensor([1.0], backend), rc.tensor([0, 3], backend, dtype="int32")
        )


def test_topk_begins_with_the_extreme() -> None:
    rng = random.Random(8)
    for backend in BACKENDS:
        for n in (1, 5, 33):
            x = rc.tensor([*rows(rng, n), *special_rows(rng, n)], backend)
            values, indices = x.topk(1)
            assert values.digest() == x.max(axis=1, keepdims=True).digest(), "NaN included"
            assert indices.dtype == "int32"
            values, indices = x.topk(n, largest=False)
            assert values.digest() == x.sort().digest()
            assert indices.digest() == x.argsort().digest()


def test_the_gradient_of_topk_goes_to_what_was_taken() -> None:
    for backend in BACKENDS:
        x = rc.tensor([[3.0, 1.0, 2.0], [5.0, 5.0, 4.0]], backend)
        got = rc.grad(lambda t: (t.topk(2)[0] * rc.tensor([1.0, 10.0], t.backend)).sum())(x)
        assert got.tolist() == [[1.0, 0.0, 10.0], [1.0, 10.0, 0.0]]


# ---------------------------------------------------------------------------------------------- cumulative sums


@pytest.mark.parametrize("backend", BACKENDS)
def test_cumulative_sums_and_products_along_every_axis(backend: str) -> None:
    x = (np.arange(24.0).reshape(2, 3, 4) % 5 - 2).astype("f4")  # small integers: everything is exact
    for axis in (0, 1, 2, -1):
        t = rc.tensor(x, backend)
        assert t.cumsum(axis=axis).numpy().tolist() == x.cumsum(axis).tolist()
        assert t.cumprod(axis).numpy().tolist() == x.cumprod(axis).tolist()
        for name in ("cumulative_sum", "cumulative_prod"):
            got = getattr(t, name)(axis=axis, include_initial=True).numpy()
            assert got.tolist() == getattr(np, name)(x, axis=axis, include_initial=True).tolist()


@pytest.mark.parametrize("name", ["cumprod", "prod", "cumsum"])
def test_gradients_with_zeros_among_the_elements(name: str) -> None:
    """Against JAX in binary64, first and second derivatives; the numbers are small dyadic ones, and exact."""
    weights = np.array([1.0, -0.5, 2.0, 0.25])

    def of_jax(x: Any) -> Any:
        y = {"cumprod": jax.numpy.cumprod, "prod": jax.numpy.prod, "cumsum": jax.numpy.cumsum}[name](x)
        return (y * weights).sum() if y.shape else y * 1.5

    def of_ours(t: Any) -> Any:
        y = getattr(t, name)(axis=0)
        return (y * rc.tensor(weights, t.backend)).sum() if y.shape else y * 1.5

    with jax.enable_x64(True):
        for x in ([2.0, 0.0, 3.0, -1.0], [0.0, 0.0, 3.0, -1.0], [1.5, -2.0, 3.0, 0.5]):
            want = jax.grad(of_jax)(np.array(x))
            bend = jax.grad(lambda x: (jax.grad(of_jax)(x) * weights).sum())(np.array(x))
            for backend in BACKENDS:
                t = rc.tensor(x, backend)
                assert rc.grad(of_ours)(t).tolist() == want.tolist()
                second = rc.grad(lambda t: (rc.grad(of_ours)(t) * rc.tensor(weights, t.backend)).sum())(t)
                assert second.tolist() == bend.tolist()


def test_gradients_of_norms_twice() -> None:
    """Against JAX in binary64; each element of a second derivative is a sum of a few quotients of binary32."""
    x = np.array([0.5, -1.25, 2.0, 0.125, -0.75])
    with jax.enable_x64(True):
        weigh = np.array([1.0, -0.5, 2.0, 0.25, 1.5])
        for ord in (2, 0.5, -2):
            slope = jax.grad(lambda x, ord=ord: jax.numpy.linalg.norm(x, ord))  # type: ignore[misc]
            want = jax.grad(lambda x, slope=slope: (slope(x) * weigh).sum())(x)  # type: ignore[misc]
            for backend in BACKENDS:

                def bent(t: Any, ord: float = ord) -> Any:
                    first = rc.grad(lambda t: t.norm(ord=ord))(t)
                    return (first * rc.tensor(weigh, t.backend)).sum()

                got = np.array(rc.grad(bent)(rc.tensor(x, backend)).tolist())
                assert np.abs(got - want).max() <= 2.0**-17 * max(1.0, np.abs(want).max())


def test_gradients_of_norms_at_zero_and_ties() -> None:
    for backend in BACKENDS:
        zeros = rc.tensor([0.0, -0.0], backend)
        for ord in (0, 1, 2, 3, 0.5, inf, -inf, -1):
            assert rc.grad(lambda t, ord=ord: t.norm(ord=ord))(zeros).tolist() == [0.0, 0.0]  # type: ignore[misc]
        ties = rc.tensor([-2.0, 2.0, 1.0], backend)
        assert rc.grad(lambda t: t.norm(ord=inf))(ties).tolist() == [-1.0, 0.0, 0.0], "N4.3: the first"


# ---------------------------------------------------------------------------------------- contractions


def subscripts_at_random(rng: random.Random) -> tuple[str, list[tuple[int, ...]]]:
    """Terms of one to three operands with diagonals, dots and letters that are summed over."""
    lengths = {letter: rng.choice([1, 2, 3]) for letter in "abcdE"}
    terms, shapes = [], []
    outer = [(), (2,), (3, 2)][rng.randrange(3)]
    dots = rng.random() < 0.4
    for _ in range(rng.choice([1, 2, 2, 2, 3])):
        letters = [rng.choice("abcdE") for _ in range(rng.randrange(4))]
        place = rng.randrange(len(letters) + 1)
        lead = outer[rng.randrange(len(outer) + 1) :] if dots else ()
        lead = tuple(n if rng.random() < 0.8 else 1 for n in lead)
        term = "".join(letters[:place]) + "..." * dots + "".join(letters[place:])
        terms.append(term)
        shapes.append((*(lengths[c] for c in letters[:place]), *lead, *(lengths[c] for c in letters[place:])))
    text = ",".join(terms)
    if rng.random() < 0.7:
        used = sorted({c for c in text if c.isalpha()})
        rng.shuffle(used)
        result = used[: rng.randrange(len(used) + 1)]
        place = rng.randrange(len(result) + 1)
        text += "->" + "".join(result[:place]) + "..." * dots + "".join(result[place:])
    return text, shapes


def test_einsum_is_that_of_numpy() -> None:
    """At small integers, where every order of summation is exact."""
    rng, draw = random.Random(11), np.random.default_rng(11)
    seen = 0
    for _ in range(300):
        text, shapes = subscripts_at_random(rng)
        xs = [draw.integers(-4, 5, shape).astype("f4") for shape in shapes]
        want = np.einsum(text, *xs)
        for backend in BACKENDS:
            tensors = [rc.tensor(x, backend) for x in xs]
            got = rc.einsum(text, *tensors)
            assert got.shape == want.shape, (text, shapes)
            assert got.tolist() == want.tolist(), (text, shapes)
            assert tensors[0].einsum(*tensors[1:], subscripts=text).digest() == got.digest()
        seen += want.size > 1
    assert seen > 150


@pytest.mark.parametrize(
    "text", ["ij,jk->", "ij,jk->k", "ij,ij->", "ab,cd->ac", "aab,b->a", "...i,...i->...", "abc,bca->b", "ij->"]
)
def test_every_element_of_a_contraction_is_rounded_once(text: str) -> None:
    """Over all axes at once, at numbers that cancel: against the sum of all products, exactly."""
    rng = random.Random(text)
    for _ in range(8):
        lengths = dict.fromkeys("abcdijk", 3)
        terms, _, result = text.replace("...", "k" if "k" not in text else "d").partition("->")
        operands = []
        for term in terms.split(","):
            n = 3 ** len(term)
            values = [
                f32(rng.choice([1e8, -1e8, 1.0, 3.0]) * rng.choice([1.0, 1 + 2.0**-20, rng.random()])) for _ in range(n)
            ]
            operands.append((term, np.array(values, "f4").reshape((3,) * len(term))))
        sums: dict[tuple[int, ...], Fraction] = {}
        letters = sorted(set(terms) - {","})
        for index in itertools.product(*(range(lengths[letter]) for letter in letters)):
            at = dict(zip(letters, index, strict=True))
            value = math.prod(
                (Fraction(float(x[tuple(at[c] for c in term)])) for term, x in operands), start=Fraction(1)
            )
            place = tuple(at[c] for c in result)
            sums[place] = sums.get(place, Fraction(0)) + value
        for backend in BACKENDS:
            got = rc.einsum(text, *(rc.tensor(x, backend) for _, x in operands)).numpy()
            for place, exact in sums.items():
                assert bits(float(got[place])) == rn(exact), (text, place)


def test_gradients_of_einsum() -> None:
    """It is linear in each operand: its slope along an element is its value with a one there and zeros elsewhere."""
    rng, draw = random.Random(12), np.random.default_rng(12)
    for _ in range(60):
        text, shapes = subscripts_at_random(rng)
        xs = [draw.integers(-4, 5, shape).astype("f4") for shape in shapes]
        found = []
        for backend in BACKENDS:
            tensors = [rc.tensor(x, backend, requires_grad=True) for x in xs]
            rc.einsum(text, *tensors).sum().backward()
            found.append([t.grad.tolist() for t in tensors if t.grad is not None])
        want = []
        for i, x in enumerate(xs):
            slopes = np.zeros_like(x)
            for place in np.ndindex(x.shape):
                one = np.zeros_like(x)
                one[place] = 1.0
                slopes[place] = np.einsum(text, *xs[:i], one, *xs[i + 1 :]).sum()
            want.append(slopes.tolist())
        assert found == [want] * len(BACKENDS), (text, shapes)


def test_the_ways_to_call_einsum() -> None:
    x, y = rc.tensor([[1.0, 2.0], [3.0, 4.0]]), rc.tensor([5.0, 6.0])
    want = [17.0, 39.0]
    assert rc.einsum("ij,j->i", x, y).tolist() == want
    assert rc.einsum(x, y, subscripts="ij,j->i").tolist() == want
    assert x.einsum("ij,j->i", y).tolist() == want
    assert x.einsum(y, subscripts=" i j , j -> i ").tolist() == want
    with pytest.raises(rc.AttributeValueError, match="twice"):
        rc.einsum("ij,j", x, y, subscripts="ij,j")
    with pytest.raises(TypeError, match="takes tensors, got list"):
        rc.einsum("ij", [[1.0]])
    with pytest.raises(TypeError, match="takes tensors, got int"):
        rc.einsum("ij,", x, 2)


def test_tensordot_and_vecdot_are_those_of_numpy() -> None:
    draw = np.random.default_rng(13)
    x, y = (draw.integers(-4, 5, shape).astype("f4") for shape in ((2, 3, 4), (4, 3, 5)))
    for axes in (0, 1, ((1,), (1,)), ((2, 1), (0, 1)), ((-1, -2), (-3, -2))):
        for backend in BACKENDS:
            got = rc.tensordot(rc.tensor(x, backend), rc.tensor(y, backend), axes=axes)
            want = np.tensordot(x, y, axes)
            assert (got.shape, got.tolist()) == (want.shape, want.tolist())
    for axis in (-1, -2):
        a, b = x, x[:1] + 1
        assert rc.vecdot(rc.tensor(a), rc.tensor(b), axis=axis).tolist() == np.vecdot(a, b, axis=axis).tolist()


def test_diff_with_what_stands_before_and_after() -> None:
    x, more = np.array([[1.0, 4.0, 2.0], [0.5, 8.0, -1.0]], "f4"), np.array([[7.0], [3.0]], "f4")
    for backend in BACKENDS:
        t, side = rc.tensor(x, backend), rc.tensor(more, backend)
        for n in range(4):
            got = t.diff(n=n, prepend=side, append=side)
            assert got.tolist() == np.diff(x, n, prepend=more, append=more).tolist()


# ------------------------------------------------------------------------------------------------- truth values


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_truth_values_are_those_of_numpy(dtype: str) -> None:
    draw = np.random.default_rng(14)
    x = draw.integers(0, 2, (3, 4, 2)) * draw.choice([0.0, 1.0, -2.0, nan if dtype == "float32" else 5.0], (3, 4, 2))
    x = x.astype(dtype)
    for name, axis in itertools.product(("any", "all", "count_nonzero"), (0, (1, 2), None)):
        want = np.asarray(getattr(np, name)(x, axis=axis, keepdims=True))
        for backend in BACKENDS:
            t = from_plain(PlainArray.of(x.reshape(-1).tolist(), x.shape, dtype), backend)
            got = getattr(rc, name)(t, axis=axis, keepdims=True)
            assert got.dtype == ("int32" if name == "count_nonzero" else "bool")
            assert got.tolist() == want.tolist()


# -------------------------------------------------------------------------------------- these tests can fail


def test_what_is_rounded_in_between_is_noticed() -> None:
    """A cumulative sum of rounded sums, a product in binary64, and a contraction axis by axis."""
    values = [f32(0.1)] * 100
    rounded = list(itertools.accumulate(values, lambda a, b: f32(a + b)))
    assert [bits(v) for v in rounded] != prefixes(total)(values)
    assert bits(f32(math.prod([1e30] * 20 + [1e-30] * 20))) != product([f32(1e30)] * 20 + [f32(1e-30)] * 20)
    x = rc.tensor([[1e8, 1.0], [-1e8, 1.0]])
    y = rc.tensor([1.0, 2.0**-10])
    assert rc.einsum("ij,j->", x, y).item() != x.sum(axis=1).sum().item()
    assert rc.einsum("ij,j->", x, y).item() != rc.einsum("ij,j->i", x, y).sum().item()
