"""Reductions: every telling of each operation against an oracle of its own (N2.3, N3, N4.2), and their gradients."""

import dataclasses
import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.errors import AttributeValueError, AxisError
from rcmlrs_core.ops import TABLE
from rcmlrs_core.plain import PlainArray
from tests.ops.agreement import (
    NAN_BITS,
    PYTHON,
    SIGN,
    Formula,
    array_bits,
    bits,
    check_rows,
    f32,
    number,
    rn,
    rn_ball,
    rn_root,
    rows,
    special_rows,
)

LENGTHS = (1, 2, 3, 5, 8, 17, 64, 65, 100)


# ---------------------------------------------------------------------------------------------------- oracles


def sum_of(values: list[float]) -> Fraction | int:
    """The exact sum, or the bits that infinities and NaN give."""
    if any(v != v for v in values) or {math.inf, -math.inf} <= set(values):
        return NAN_BITS
    for infinite in (math.inf, -math.inf):
        if infinite in values:
            return bits(infinite)
    return sum(map(Fraction, values), Fraction(0))


def mean(values: list[float]) -> list[int | None]:
    total = sum_of(values)
    return [total if isinstance(total, int) else rn(total / len(values))]


def exact_var(values: list[float], correction: float) -> Fraction:
    center = sum(map(Fraction, values), Fraction(0)) / len(values)
    return sum(((Fraction(v) - center) ** 2 for v in values), Fraction(0)) / (len(values) - Fraction(correction))


def var(values: list[float], correction: float = 0.0) -> list[int | None]:
    return [rn(exact_var(values, correction)) if all(map(math.isfinite, values)) else NAN_BITS]


def std(values: list[float], correction: float = 0.0) -> list[int | None]:
    return [rn_root(exact_var(values, correction)) if all(map(math.isfinite, values)) else NAN_BITS]


def order(value: float) -> tuple[bool, float, bool]:
    """As N4.2 sorts: NaN last, -0 before +0."""
    return (True, 0.0, False) if value != value else (False, value, math.copysign(1.0, value) > 0)


def largest(values: list[float]) -> list[int | None]:
    return [bits(max(values, key=order))]


def smallest(values: list[float]) -> list[int | None]:
    return [NAN_BITS if any(v != v for v in values) else bits(min(values, key=order))]


def median(values: list[float]) -> list[int | None]:
    if any(v != v for v in values):
        return [NAN_BITS]
    middle = numpy.sort(numpy.array(values, dtype=numpy.float64))[[(len(values) - 1) // 2, len(values) // 2]]
    return mean(middle.tolist())


def has_no_softmax(values: list[float]) -> bool:
    return any(v != v or v == math.inf for v in values) or all(v == -math.inf for v in values)


def exponential(value: float, top: float) -> Any:
    """``e^(value - top)`` as a ball; below e^-50000, one from zero up to that."""
    if value == -math.inf:
        return flint.arb(0)
    difference = flint.arb(value) - flint.arb(top)
    if difference < -50000:
        return flint.arb(0).union((flint.arb(-50000)).exp())
    return difference.exp()


def total_of(values: list[float]) -> Any:
    top = max(values)
    return sum((exponential(v, top) for v in values), flint.arb(0))


def softmax(values: list[float]) -> list[int | None]:
    if has_no_softmax(values):
        return [NAN_BITS] * len(values)
    top = max(values)
    return [rn_ball(lambda v=v: exponential(v, top) / total_of(values), most=1024) for v in values]  # type: ignore[misc]


def log_softmax(values: list[float]) -> list[int | None]:
    if has_no_softmax(values):
        return [NAN_BITS] * len(values)
    if len(values) == 1:
        return [0]
    top = max(values)
    return [
        bits(-math.inf)
        if v == -math.inf
        else rn_ball(lambda v=v: (flint.arb(v) - flint.arb(top)) - total_of(values).log(), zero=SIGN, most=1024)  # type: ignore[misc]
        for v in values
    ]


def logsumexp(values: list[float]) -> list[int | None]:
    if any(v != v for v in values):
        return [NAN_BITS]
    top = max(values)
    if math.isinf(top):
        return [bits(top)]
    if sum(v > -math.inf for v in values) == 1:
        return [rn(Fraction(top))]
    zero = 0 if top == 0 else SIGN if top < 0 else 0
    return [rn_ball(lambda: flint.arb(top) + total_of(values).log(), zero, most=1024)]


def softmax_derivative(values: list[float]) -> list[int | None]:
    n = len(values)
    if has_no_softmax(values):
        return [NAN_BITS] * n * n
    top = max(values)

    def entry(i: int, j: int) -> Any:
        s = [exponential(v, top) / total_of(values) for v in (values[i], values[j])]
        if i != j:
            return -s[0] * s[1]
        others = sum((exponential(v, top) for k, v in enumerate(values) if k != i), flint.arb(0))
        return s[0] * others / total_of(values)

    return [
        rn_ball(lambda i=i, j=j: entry(i, j), zero=0 if i == j else SIGN, most=1024)  # type: ignore[misc]
        for i in range(n)
        for j in range(n)
    ]


ORACLES: dict[str, Callable[..., list[int | None]]] = {
    "mean": mean,
    "var": var,
    "std": std,
    "max": largest,
    "min": smallest,
    "median": median,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "softmax_derivative": softmax_derivative,
}
SLOW = {"softmax", "log_softmax", "logsumexp", "softmax_derivative"}


# ------------------------------------------------------------------------------------------------------ bits


@pytest.mark.parametrize("name", ORACLES)
def test_definition_kernel_and_formula_agree_with_the_oracle(name: str) -> None:
    rng = random.Random(f"rows of {name}")
    operation = TABLE[name]
    kernel = plain_kernel(operation)
    for n in LENGTHS:
        if n > {"softmax_derivative": 5, "softmax": 17, "log_softmax": 17}.get(name, 100):
            break
        repetitions = 1 if name in SLOW else 6
        table = [row for _ in range(repetitions) for row in (*rows(rng, n), *special_rows(rng, n))]
        check_rows(operation, kernel, table, ORACLES[name])


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "softmax_derivative"])
def test_long_rows_and_large_differences(name: str) -> None:
    rng = random.Random(f"long rows of {name}")
    operation = TABLE[name]
    kernel = plain_kernel(operation)
    for scale in (1e-3, 1.0, 30.0, 300.0, 1e30):
        for n in (2, 4, 6 if name == "softmax_derivative" else 70):
            table = [[f32(rng.gauss(0, scale)) for _ in range(n)] for _ in range(2)]
            check_rows(operation, kernel, table, ORACLES[name])


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("correction", [1.0, 0.5, -3.0, 0.1])
def test_corrections(name: str, correction: float) -> None:
    rng = random.Random(f"{name} {correction}")
    operation = TABLE[name]
    for n in (2, 3, 17, 100):
        table = [row for _ in range(3) for row in rows(rng, n)]
        check_rows(operation, plain_kernel(operation), table, ORACLES[name], correction=f32(correction))


def test_correction_enters_exactly_and_is_rounded_once() -> None:
    x = rc.tensor([1.0, 2.0, 4.0], backend=PYTHON)
    want = rn(exact_var([1.0, 2.0, 4.0], f32(0.1)))
    assert array_bits(x.var(correction=0.1).plain()) == [want]


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
near = st.integers(-40, 40).map(lambda k: k * 2.0**-2)
any_number = finite | near | st.sampled_from([math.inf, -math.inf, math.nan])


@pytest.mark.parametrize("name", ["mean", "var", "std", "max", "min", "median"])
@settings(max_examples=150, deadline=None)
@given(st.lists(any_number, min_size=1, max_size=9))
def test_any_row(name: str, values: list[float]) -> None:
    check_rows(TABLE[name], plain_kernel(TABLE[name]), [values], ORACLES[name])


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "softmax_derivative"])
@settings(max_examples=60, deadline=None)
@given(st.lists(any_number, min_size=1, max_size=4))
def test_any_short_row(name: str, values: list[float]) -> None:
    check_rows(TABLE[name], plain_kernel(TABLE[name]), [values], ORACLES[name])


def test_n3_3_ties_beside_something_immeasurably_small() -> None:
    """The difference is a midpoint; the exact value lies e^-(3.3e7) below it, too near for any precision."""
    for gap in range(4, 400, 4):
        low = -(2.0**25) - gap
        want = [bits(-0.0), rn(Fraction(low) - 2 - Fraction(1, 2**200))]
        assert array_bits(TABLE["log_softmax"].define(PlainArray.of([2.0, low], (2,)), axis=(0,))) == want
        x = rc.tensor([2.0, low], backend=PYTHON)
        assert array_bits(x.log_softmax().plain()) == want


def test_softmax_of_equals_is_one_over_n() -> None:
    for n in (1, 2, 3, 7, 10, 64, 100, 1000):
        for value in (0.0, -3e38, 3e38, 2.0**-149):
            x = PlainArray.of([value] * n, (n,))
            assert set(array_bits(plain_kernel(TABLE["softmax"])(x, axis=(0,)))) == {rn(Fraction(1, n))}
            if n <= 100:
                assert set(array_bits(TABLE["softmax"].define(x, axis=(0,)))) == {rn(Fraction(1, n))}


# -------------------------------------------------------------------------------------------- error bounds

WORST: dict[str, float] = {}


@pytest.mark.parametrize("name", ["mean", "var", "std", "softmax", "log_softmax", "logsumexp", "softmax_derivative"])
def test_the_error_stays_within_the_stated_bound(name: str) -> None:
    rng = random.Random(f"errors of {name}")
    operation = TABLE[name]
    for n in (1, 2, 3, 5, 10, 40, 65, 130):
        if n > {"softmax_derivative": 10, "softmax": 65, "log_softmax": 65}.get(name, 130):
            break
        scales = (1e-3, 1.0, 20.0, 60.0) if name in SLOW else (1.0, 1e-30, 1e30)
        table = [[f32(rng.gauss(3, 1) * scale) for _ in range(n)] for scale in scales for _ in range(2)]
        table += [row for row in rows(rng, n) if name not in SLOW]
        table += [[f32(100.0 + rng.gauss(0, 1e-4)) for _ in range(n)]]
        bound = operation.bound(n)
        formula = Formula(operation, table, bound, **({"correction": 0.0} if name in {"var", "std"} else {}))
        for i, row in enumerate(table):
            for j, exact in enumerate(exactly(name, row)):
                if abs(exact) < Fraction(1, 2**152) and name in SLOW:
                    continue  # rounds to zero however it errs
                units = formula.units(i, j, exact)
                WORST[name] = max(WORST.get(name, 0.0), units / bound)
                assert units <= bound, f"{name} of {row}: {units} units, the bound is {bound}"


def exactly(name: str, values: list[float]) -> list[Fraction]:
    """The exact results, or far better than binary64."""
    if name == "mean":
        return [sum(map(Fraction, values), Fraction(0)) / len(values)]
    if name == "var":
        return [exact_var(values, 0)]
    if name == "std":
        exact = exact_var(values, 0)
        scale = 4**400
        return [Fraction(math.isqrt(exact.numerator * scale // exact.denominator), 2**400)]
    top = max(values)
    with flint.ctx.workprec(400):
        total = total_of(values)
        if name == "logsumexp":
            balls = [flint.arb(top) + total.log()]
        elif name == "softmax":
            balls = [exponential(v, top) / total for v in values]
        elif name == "log_softmax":
            balls = [flint.arb(v) - flint.arb(top) - total.log() for v in values]
        else:
            s = [exponential(v, top) / total for v in values]
            rest = [
                sum((exponential(v, top) for k, v in enumerate(values) if k != i), flint.arb(0)) / total
                for i in range(len(values))
            ]
            balls = [s[i] * rest[i] if i == j else -s[i] * s[j] for i in range(len(values)) for j in range(len(values))]
        return [_middle(ball) for ball in balls]


def _middle(ball: Any) -> Fraction:
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def test_a_wrong_formula_or_bound_is_found() -> None:
    """The checks above can fail: a formula that loses the correction term, and a bound that is too small."""
    rng = random.Random(7)
    table = [[f32(16777216.0 + 2 * rng.randrange(100)) for _ in range(50)] for _ in range(40)]
    operation = TABLE["var"]

    def one_pass(m: Any, x: Any, *, correction: float) -> Any:
        n = x.shape[-1]
        return m.sum(x * x) / n - (m.sum(x) / n) * (m.sum(x) / n), m.sum(x) * 0.0

    wrong = dataclasses.replace(operation, binary64=one_pass)
    with pytest.raises(AssertionError, match=r"formula decides wrongly|kernel"):
        check_rows(wrong, plain_kernel(wrong), table, var)
    optimistic = dataclasses.replace(TABLE["softmax"], bound=lambda n: 0)
    table = [[f32(rng.gauss(0, 5)) for _ in range(3)] for _ in range(3)]
    formula = Formula(optimistic, table, 0)
    errors = [formula.units(i, j, e) for i, row in enumerate(table) for j, e in enumerate(exactly("softmax", row))]
    assert max(errors) > 0.2


# -------------------------------------------------------------------------------------- indices and order


def test_n4_2_argmax_argmin_argsort() -> None:
    rng = random.Random(11)
    for n in (1, 2, 5, 30):
        for row in (
            *rows(rng, n),
            *special_rows(rng, n),
            *([rng.choice([1.0, 2.0, math.nan]) for _ in range(n)] for _ in range(9)),
        ):
            x = PlainArray.of(row, (n,))
            values = numpy.array(row)
            nan = [i for i, v in enumerate(row) if v != v]
            want = nan[0] if nan else int(numpy.flatnonzero(values == values.max())[0])
            assert TABLE["argmax"].define(x, axis=(0,)).values.tolist() == [want]
            want = nan[0] if nan else int(numpy.flatnonzero(values == values.min())[0])
            assert TABLE["argmin"].define(x, axis=(0,)).values.tolist() == [want]
            want = sorted(range(n), key=lambda i: order(row[i]))
            got = TABLE["argsort"].define(x, axis=(0,))
            assert got.values.tolist() == want
            assert got.dtype == "int32"


AXES = [None, 0, 1, 2, -1, (0, 2), (1, 2), (0, 1, 2)]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes(axis: Any, keepdims: bool) -> None:
    rng = numpy.random.default_rng(3)
    x = rng.integers(-4, 5, (2, 3, 4)).astype(numpy.float32)
    t = rc.tensor(x, backend=PYTHON)
    for name, peer in {"max": numpy.max, "min": numpy.min, "median": numpy.median, "mean": numpy.mean}.items():
        got = getattr(t, name)(axis=axis, keepdims=keepdims).numpy()
        want = peer(x.astype(numpy.float64), axis=axis, keepdims=keepdims).astype(numpy.float32)
        # Few small integers: NumPy's binary64 results are exact, but for a division that it rounds once more.
        assert got.shape == want.shape
        assert (got == want).all(), name
    if axis is None or isinstance(axis, int):
        for name, peer in {"argmax": numpy.argmax, "argmin": numpy.argmin}.items():
            got = getattr(t, name)(axis=axis, keepdims=keepdims).numpy()
            assert (got == peer(x, axis=axis, keepdims=keepdims)).all()
            assert got.dtype == numpy.int32


@pytest.mark.parametrize("axis", AXES)
def test_maps_and_squares_along_any_axes(axis: Any) -> None:
    rng = numpy.random.default_rng(5)
    x = rng.normal(size=(2, 3, 4)).astype(numpy.float32)
    t = rc.tensor(x, backend=PYTHON)
    axes = tuple(range(3)) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(a % 3 for a in axes)
    kept = [i for i in range(3) if i not in axes]
    table = x.transpose([*kept, *axes]).reshape([x.shape[i] for i in kept] + [-1])
    n = table.shape[-1]
    for name in ("softmax", "log_softmax"):
        got = getattr(t, name)(axis=axis).numpy()
        want = TABLE[name].define(PlainArray.of(table.ravel().tolist(), table.shape), axis=(table.ndim - 1,))
        moved = numpy.array(want.values).reshape([x.shape[i] for i in (*kept, *axes)])
        assert (got == moved.transpose(numpy.argsort([*kept, *axes]))).all()
    got = t.softmax_derivative(axis=axis)
    assert got.shape == (*table.shape[:-1], n, n)
    s = numpy.exp(table.astype(numpy.float64))
    s /= s.sum(-1, keepdims=True)
    want = s[..., :, None] * (numpy.eye(n) - s[..., None, :])
    assert numpy.allclose(got.numpy(), want, rtol=1e-6, atol=1e-12)  # one rounding beside binary64: 6e-8


def test_refusals() -> None:
    x = rc.tensor([[1.0, 2.0]], backend=PYTHON)
    with pytest.raises(AttributeValueError, match="correction 2 leaves nothing"):
        x.var(axis=1, correction=2)
    with pytest.raises(AttributeValueError, match="must be finite"):
        x.std(correction=math.nan)
    with pytest.raises(AxisError, match="one axis or None"):
        x.argsort(axis=(0, 1))


# ---------------------------------------------------------------------------------------------- gradients


def numpy_median(x: Any, axis: Any) -> Any:
    return numpy.median(x, axis=axis)


def numpy_logsumexp(x: Any, axis: Any) -> Any:
    return numpy.log(numpy.exp(x).sum(axis=axis))


def numpy_softmax(x: Any, axis: Any) -> Any:
    e = numpy.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


SMOOTH: dict[str, Callable[..., Any]] = {
    "mean": numpy.mean,
    "var": numpy.var,
    "std": numpy.std,
    "max": numpy.max,
    "min": numpy.min,
    "median": numpy_median,
    "logsumexp": numpy_logsumexp,
    "softmax": numpy_softmax,
    "log_softmax": lambda x, axis: numpy.log(numpy_softmax(x, axis)),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("axis", AXES)
def test_gradients_are_those_of_the_function(name: str, axis: Any) -> None:
    """Against central differences in binary64: with a step of 1e-5 off by 1e-10, the gradient by a few 1e-7."""
    rng = numpy.random.default_rng(17)
    shape = (2, 3, 4)
    # Well separated elements: no step changes which of them is the largest, or in the middle.
    x = (rng.permutation(24).reshape(shape) / 8.0 - 1.5).astype(numpy.float32)
    function = SMOOTH[name]
    weights = rng.integers(-3, 4, numpy.shape(function(x, axis=axis))).astype(numpy.float32)
    t = rc.tensor(x, backend=PYTHON, requires_grad=True)
    result = getattr(t, name)(axis=axis)
    (result * rc.tensor(weights, backend=PYTHON)).sum().backward()
    want = numpy.zeros(shape)
    for index in numpy.ndindex(shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = x.astype(numpy.float64)
            moved[index] += step
            ends.append((function(moved, axis=axis) * weights).sum())
        want[index] = (ends[0] - ends[1]) / 2e-5
    assert numpy.allclose(t.grad.numpy(), want, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("axis", [-1, 0, (0, 1), None])
def test_gradient_of_the_jacobian(axis: Any) -> None:
    rng = numpy.random.default_rng(19)
    x = rng.normal(size=(2, 3)).astype(numpy.float32)
    t = rc.tensor(x, backend=PYTHON, requires_grad=True)
    result = t.softmax_derivative(axis=axis)
    weights = rng.integers(-3, 4, result.shape).astype(numpy.float32)
    (result * rc.tensor(weights, backend=PYTHON)).sum().backward()
    axes = (0, 1) if axis in (None, (0, 1)) else (axis % 2,)
    kept = [i for i in range(2) if i not in axes]

    def jacobian(values: Any) -> Any:
        table = values.transpose([*kept, *axes]).reshape([values.shape[i] for i in kept] + [-1])
        s = numpy_softmax(table, -1)
        return s[..., :, None] * (numpy.eye(s.shape[-1]) - s[..., None, :])

    want = numpy.zeros(x.shape)
    for index in numpy.ndindex(x.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = x.astype(numpy.float64)
            moved[index] += step
            ends.append((jacobian(moved) * weights).sum())
        want[index] = (ends[0] - ends[1]) / 2e-5
    assert numpy.allclose(t.grad.numpy(), want, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize(
    ("axis", "want"), [(1, [[0, 1, 0], [1, 0, 0]]), (0, [[1, 1, 1], [0, 0, 0]]), (None, [[0, 1, 0], [0, 0, 0]])]
)
def test_n4_3_the_first_of_equals_takes_the_gradient(name: str, axis: Any, want: list[list[int]]) -> None:
    x = [[0.0, 5.0, 5.0], [0.0, 0.0, -0.0]] if name == "max" else [[0.0, -5.0, -5.0], [0.0, 0.0, -0.0]]
    t = rc.tensor(x, backend=PYTHON, requires_grad=True)
    getattr(t, name)(axis=axis).sum().backward()
    assert t.grad.tolist() == want


def test_gradients_at_nan_infinity_and_equal_elements() -> None:
    t = rc.tensor([1.0, math.nan, math.nan], backend=PYTHON, requires_grad=True)
    t.max().backward()
    assert t.grad.tolist() == [0.0, 1.0, 0.0]
    t = rc.tensor([3.0, 1.0], backend=PYTHON, requires_grad=True)
    t.max().backward(rc.tensor(math.inf, backend=PYTHON))
    assert t.grad.tolist() == [math.inf, 0.0]  # and not 0 * inf elsewhere
    t = rc.tensor([4.0, 1.0, 3.0, 2.0], backend=PYTHON, requires_grad=True)
    t.median().backward()
    assert t.grad.tolist() == [0.0, 0.0, 0.5, 0.5]
    t = rc.tensor([0.1, 0.1, 0.1], backend=PYTHON, requires_grad=True)
    t.std().backward()
    assert t.grad.tolist() == [0.0, 0.0, 0.0]


def test_second_derivatives() -> None:
    """Gradients are compositions, and so have gradients: here that of logsumexp, whose second derivative is known."""
    x = rc.tensor([0.5, -1.0, 2.0], backend=PYTHON)
    second = rc.grad(
        lambda t: (rc.grad(lambda u: u.logsumexp())(t) * rc.tensor([1.0, 0.0, 0.0], backend=PYTHON)).sum()
    )(x)
    jacobian = x.softmax_derivative().numpy()[0]
    assert numpy.allclose(second.numpy(), jacobian, rtol=3e-7)  # a few roundings of 6e-8


def test_number_of_bits_helper() -> None:
    """The independent rounding itself: a tie, a carry, the ends of the range."""
    assert rn(Fraction(2**24 + 1)) == bits(16777216.0)
    assert rn(Fraction(2**24 + 3)) == bits(16777220.0)
    assert rn(Fraction(1, 2**150)) == 0
    assert rn(Fraction(3, 2**150)) == 2
    assert rn(Fraction(2) ** 128 - Fraction(2) ** 103) == 0x7F800000
    assert rn_root(Fraction(9, 4 * 2**298)) == 2  # the root is a midpoint
    assert number(rn(Fraction(-1, 3))) == f32(-1 / 3)
