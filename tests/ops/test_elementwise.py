"""Elementwise operations against oracles of their own, bit for bit.

The oracle is the suite's judge: Arb with textbook formulas, or exact fractions, rounded by code of their own and not by
the numerics under test. Judged are the definition, the kernel of pure Python and the kernel over NumPy arrays: on
edges, on random bits and on the cases that the operation lists. Then the error bounds that the formulas state, and
the gradients.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import copysign, inf, isinf, nan
from typing import Any

import numpy
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_backend_array_api import derive
from rcmlrs_backend_array_api.math import ArrayMath
from rcmlrs_conformance.judge import arb as judged
from rcmlrs_conformance.judge.functions import BALLS, SELU_SCALE, ball_of
from rcmlrs_conformance.judge.numbers import bits_of, rounded
from rcmlrs_conformance.judge.numbers import number as of_bits
from rcmlrs_core.derive import plain_kernel, value_and_magnitude
from rcmlrs_core.errors import DTypeError
from rcmlrs_core.numerics.reals import reals
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Elementwise, Operation
from rcmlrs_core.plain import PlainArray

MAXIMUM = 3.4028234663852886e38
SMALLEST = 2.0**-149

# ------------------------------------------------------------------------------------------------ the oracle


def binary32(value: float) -> float:
    """A Python float, stored."""
    with numpy.errstate(over="ignore"):
        return float(numpy.float32(value))


def nearest(exact: Fraction) -> float:
    """RN, as a number."""
    return of_bits(rounded(exact))


def right(name: str, *x: float, **attributes: Any) -> float:
    """What the judge says, as a number."""
    return of_bits(judged.right(name, *map(bits_of, x), **attributes))


ANALYTIC: dict[str, Callable[[arb], arb]] = {
    name: BALLS[name]
    for name in (
        "exp", "expm1", "gelu_erf", "gelu_erf_derivative", "gelu_derivative", "log", "log1p", "mish", "mish_derivative",
        "sigmoid", "sigmoid_derivative", "softplus", "sqrt", "swish", "swish_derivative", "tanh", "tanh_derivative",
    )
} | {
    "hardsigmoid": lambda x: arb(0) if x <= -3 else arb(1) if x >= 3 else x / 6 + arb(1) / 2,
    "hardswish": lambda x: -(arb(2) ** -999) if x <= -3 else x if x >= 3 else x * (x / 6 + arb(1) / 2),
    "hardswish_derivative": lambda x: arb(0) if x <= -3 else arb(1) if x >= 3 else x / 3 + arb(1) / 2,
    "selu": lambda x: ball_of(SELU_SCALE) * x if x > 0 else BALLS["selu"](x),
    "selu_derivative": lambda x: ball_of(SELU_SCALE) if x > 0 else BALLS["selu_derivative"](x),
    "softsign": lambda x: x / (1 + abs(x)),
    "softsign_derivative": lambda x: (1 + abs(x)) ** -2,
    "square": lambda x: x * x,
}  # fmt: skip
"""The functions that round, over balls: for errors of binary64 formulas, and for gradients."""

STEPS: dict[str, Callable[[float], float]] = {
    "abs": lambda x: of_bits(bits_of(x) & 0x7FFFFFFF),
    "neg": lambda x: of_bits(bits_of(x) ^ 0x80000000),
    "relu": lambda x: x if x > 0 else 0.0,
    "relu_derivative": lambda x: 1.0 if x > 0 else 0.0,
    "relu6": lambda x: min(x, 6.0) if x > 0 else 0.0,
    "relu6_derivative": lambda x: float(0 < x < 6),
    "hardsigmoid_derivative": lambda x: float(numpy.float32(1) / numpy.float32(6)) * (abs(x) < 3),
    "floor": lambda x: float(numpy.floor(numpy.float32(x))),
    "ceil": lambda x: float(numpy.ceil(numpy.float32(x))),
    "trunc": lambda x: float(numpy.trunc(numpy.float32(x))),
    "round": lambda x: float(numpy.rint(numpy.float32(x))),
    "sign": lambda x: 1.0 if x > 0 else -1.0,
}
"""The functions that do not round, for finite arguments other than zero."""

LIMITS = {
    # name: at -inf, at -0, at +0, at +inf
    "abs": (inf, 0.0, 0.0, inf),
    "ceil": (-inf, -0.0, 0.0, inf),
    "floor": (-inf, -0.0, 0.0, inf),
    "hardsigmoid_derivative": (0.0, 11184811 / 2**26, 11184811 / 2**26, 0.0),
    "neg": (inf, 0.0, -0.0, -inf),
    "relu": (0.0, 0.0, 0.0, inf),
    "relu6": (0.0, 0.0, 0.0, 6.0),
    "relu6_derivative": (0.0, 0.0, 0.0, 0.0),
    "relu_derivative": (0.0, 0.0, 0.0, 1.0),
    "round": (-inf, -0.0, 0.0, inf),
    "sign": (-1.0, 0.0, 0.0, 1.0),
    "trunc": (-inf, -0.0, 0.0, inf),
}

UNARY = sorted([*LIMITS, *ANALYTIC, "gelu", "reciprocal"])
BINARY = ["div", "floor_divide", "fmod", "maximum", "minimum", "mul", "nextafter", "remainder", "sub"]
COMPARISONS = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal"]
SLOPES = [0.01, 0.25, 1.0, 1.5, 0.0, -0.5, 2.0**-126, 1e38]


def unary(name: str, x: float) -> float:
    """What a function of one argument must give."""
    if name not in STEPS:
        return right(name, x)
    if x != x:
        return nan
    if x == 0 or isinf(x):
        return LIMITS[name][(0 if x < 0 else 3) if x else (1 if copysign(1, x) < 0 else 2)]
    return STEPS[name](x)


def binary(name: str, x: float, y: float) -> float:
    """What an operation of two arguments must give: exact fractions, and the processor's binary32 for the rest."""
    if name in ("maximum", "minimum"):
        if x != x or y != y:
            return nan

        def order(value: float) -> int:
            bits = bits_of(value)
            return bits if bits < 0x80000000 else 0x7FFFFFFF - bits

        return (max if name == "maximum" else min)(x, y, key=order)
    if name in ("fmod", "nextafter", "remainder"):  # one exact step of C's, and for the last one addition
        with numpy.errstate(all="ignore"):
            return float(getattr(numpy, name)(numpy.float32(x), numpy.float32(y)))
    if name == "floor_divide":
        if math.isfinite(x) and math.isfinite(y) and x and y:
            return nearest(Fraction(Fraction(x) // Fraction(y)))
        with numpy.errstate(all="ignore"):
            quotient = float(numpy.float32(x) / numpy.float32(y))
        return -1.0 if isinf(y) and math.isfinite(x) and x and (x < 0) != (y < 0) else quotient
    return right(name, x, y)


def power(x: float, y: float) -> float:
    """x^y."""
    return right("powf", x, y)


def leaky_relu(x: float, slope: float) -> float:
    """The larger of slope x and x."""
    return right("leaky_relu", x, slope=slope)


# -------------------------------------------------------------------------------------------------- the judge


@cache
def kernels(operation: Operation) -> dict[str, Callable[..., Any]]:
    """The tellings that must agree: each takes and gives a PlainArray."""
    over_arrays = derive(operation, numpy)
    assert over_arrays is not None

    def over_numpy(*operands: PlainArray, **attributes: Any) -> PlainArray:
        arrays = [numpy.array(x.values, {"bool": "?"}.get(x.dtype, x.dtype)).reshape(x.shape) for x in operands]
        with numpy.errstate(all="ignore"):
            result = over_arrays(*arrays, **attributes)
        return PlainArray.of(result.reshape(-1).tolist(), result.shape, str(result.dtype))

    return {"definition": operation.define, "pure Python": plain_kernel(operation), "NumPy": over_numpy}


def judge(
    operation: Operation, columns: Sequence[Sequence[float]], expected: Sequence[float], **attributes: Any
) -> None:
    """Every telling must give the expected bits; the first wrong one is shown with its inputs."""
    operands = [PlainArray.of(column, (len(column),)) for column in columns]
    shape, dtype, attributes = operation.check(*operands, **attributes)
    assert shape == (len(expected),)
    for telling, kernel in kernels(operation).items():
        result = kernel(*operands, **attributes)
        assert (result.shape, result.dtype) == (shape, dtype), telling
        if dtype != "float32":
            assert list(map(bool, result.values)) == list(expected), telling
            continue
        for *x, got, want in zip(*columns, result.values, expected, strict=True):
            if bits_of(got) != bits_of(want):
                inputs = ", ".join(f"{value!r} ({bits_of(value):#010x})" for value in x)
                raise AssertionError(
                    f"{operation.name}({inputs}, {attributes}) by {telling}: {want!r} wanted, got {got!r}"
                )


def neighbours(*values: float) -> list[float]:
    """Each value and its negative, with the numbers next to them."""
    found = []
    for value in values:
        bits = bits_of(binary32(abs(value)))
        found += [
            of_bits(b ^ sign) for b in (max(bits - 1, 0), bits, min(bits + 1, 0x7F800000)) for sign in (0, 1 << 31)
        ]
    return found


EDGES = [
    *neighbours(0.0, MAXIMUM, inf, 2.0**-126, 1.5, 3.0, 10.0, 1e30, 16777216.0, 4097.0),
    *neighbours(*(2.0**e for e in (*range(-149, -120, 3), *range(-32, 12), 24, 64, 100, 127))),
    # Where results overflow, underflow, reach their limit or cancel, and where a formula clips its argument.
    *neighbours(
        88.722839, 103.97208, 104.0, 87.33655, 709.0, 745.0, 17.32868, 16.635532, 9.010914, 44.361415, 52.67919
    ),
    *neighbours(-1.2784645, -0.7524614, 20.0, 200.0, 108.5, 10.7, 5.4, 4.5, 112.0),
    *(n * SMALLEST * sign for n in (3, 5, 7, 8388607) for sign in (1, -1)),
    nan,
]
PAIR_EDGES = [*neighbours(0.0, MAXIMUM, inf, 2.0**-126, 1.0, 3.0, 2.0**24, 2.0**-75), SMALLEST, 0.5, -2.0, nan]


def random_numbers(rng: random.Random, n: int) -> list[float]:
    """Half of them random bits, half of them of the sizes that functions are interested in."""
    bits = [of_bits(rng.getrandbits(32)) for _ in range(n // 2)]
    sizes = [binary32(rng.choice((1, -1)) * 2.0 ** rng.uniform(-30, 8)) for _ in range(n - len(bits))]
    return bits + sizes


def numbers_of(operation: Operation) -> Iterable[tuple[tuple[float, ...], dict[str, Any]]]:
    """The arguments in the operation's cases, one element after the other."""
    for case in operation.cases:
        if all(isinstance(x, float | list) for x in case.inputs):
            columns = numpy.broadcast_arrays(*(numpy.array(x, numpy.float32) for x in case.inputs))
            for arguments in zip(*(column.reshape(-1).tolist() for column in columns), strict=True):
                yield arguments, case.attributes


# ------------------------------------------------------------------------------------------------ functions


@pytest.mark.parametrize("name", UNARY)
def test_n2_functions_of_one_argument(name: str) -> None:
    operation = TABLE[name]
    rng = random.Random(name)
    x = EDGES + random_numbers(rng, 1500) + [arguments[0] for arguments, _ in numbers_of(operation)]
    judge(operation, [x], [unary(name, value) for value in x])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=3))
def test_n2_functions_of_one_argument_anywhere(x: list[float]) -> None:
    for name in UNARY:
        judge(TABLE[name], [x], [unary(name, value) for value in x])


@pytest.mark.parametrize("name", BINARY)
def test_n2_arithmetic(name: str) -> None:
    rng = random.Random(name)
    pairs = [(x, y) for x in PAIR_EDGES for y in PAIR_EDGES] + [arguments for arguments, _ in numbers_of(TABLE[name])]
    pairs += zip(random_numbers(rng, 1000), random_numbers(rng, 1000), strict=True)
    for _ in range(500):  # operands of one size, and results among the subnormals
        x = rng.uniform(1, 2) * 2.0 ** rng.randrange(-80, 80)
        pairs.append((binary32(x), binary32(x * rng.uniform(0.5, 2) * rng.choice((1, -1)))))
        pairs.append((float(rng.getrandbits(24)) * SMALLEST, float(rng.getrandbits(rng.randrange(1, 25)) or 1)))
        pairs.append((binary32(x * 2.0**-60), binary32(2.0**-75 / x)))
    for _ in range(200):  # x = M y for a midpoint M, as nearly as binary32 has it
        y, m = rng.getrandbits(24) | 1 << 23, rng.getrandbits(24) * 2 + 1
        pairs.append((binary32(m * y), float(y)))
    columns = list(zip(*pairs, strict=True))
    judge(TABLE[name], columns, [binary(name, x, y) for x, y in pairs])


@settings(max_examples=60, deadline=None)
@given(st.floats(width=32), st.floats(width=32))
def test_n2_arithmetic_anywhere(x: float, y: float) -> None:
    for name in BINARY:
        judge(TABLE[name], [[x], [y]], [binary(name, x, y)])
    judge(TABLE["powf"], [[x], [y]], [power(x, y)])


def powers(rng: random.Random, n: int) -> list[tuple[float, float]]:
    """Bases and exponents whose power is a binary32 number, nearly or quite."""
    pairs = []
    for _ in range(n):
        x = binary32(2.0 ** rng.choice((rng.uniform(-140, 127), rng.uniform(-2, 2), rng.gauss(0, 1e-4)))) or SMALLEST
        if x != 1:
            y = rng.uniform(-151, 129) / math.log2(x)
            pairs += [(x, binary32(y)), (-x, float(round(y)) if abs(y) < 1e30 else 3.0)]
    for _ in range(n // 4):  # rational powers, ties among them
        k = rng.randrange(4)
        root = rng.randrange(1, 1 << (24 >> k)) * 2.0 ** rng.randrange(-20, 20)
        pairs.append((root**2**k, rng.choice((1, 2, 3, 5, -1, -3)) / 2**k))
    return [(x, y) for x, y in pairs if binary32(x) == x and binary32(y) == y]


def test_n2_powf() -> None:
    rng = random.Random("powf")
    edges = [*PAIR_EDGES, -1.0, -3.0, -0.5, 1 / 3, 2.5, 1e9, -1e9, 8388607.5, 16777217.0, -150.0, 128.0]
    pairs = [(binary32(x), binary32(y)) for x in edges for y in edges]
    pairs += [arguments for arguments, _ in numbers_of(TABLE["powf"])] + powers(rng, 400)
    pairs += zip(random_numbers(rng, 300), random_numbers(rng, 300), strict=True)
    judge(TABLE["powf"], list(zip(*pairs, strict=True)), [power(x, y) for x, y in pairs])


@pytest.mark.parametrize("y", [0.5, -0.5, 2.0, -1.0, 1.0, 3.0, 0.0, 1 / 3])
def test_n2_powf_with_one_exponent_for_all(y: float) -> None:
    # For a single exponent a library may take a square root, a square or a reciprocal in the place of the power.
    y = binary32(y)
    x = PAIR_EDGES + random_numbers(random.Random(y), 100)
    expected = [power(value, y) for value in x]
    for telling, kernel in kernels(TABLE["powf"]).items():
        for shape in ((len(x),), (len(x), 1)):
            result = kernel(PlainArray.of(x, shape), PlainArray.of([y], (1,) * (len(shape) - 1)))
            got = [bits_of(value) for value in result.values]
            assert got == [bits_of(value) for value in expected], telling


@pytest.mark.parametrize(
    "n", [0, 1, -1, 2, -2, 3, 5, 7, -3, 10, 127, -149, 1000, -1001, 10**6 + 3, 2**31 - 1, -(2**31)]
)
def test_n2_powi(n: int) -> None:
    rng = random.Random(n)
    x = (
        PAIR_EDGES
        + random_numbers(rng, 60)
        + [binary32(2.0 ** (rng.uniform(-151, 129) / (n or 1))) for _ in range(100)]
    )
    judge(TABLE["powi"], [x], [right("powi", value, n=n) for value in x], n=n)


@pytest.mark.parametrize("slope", SLOPES)
def test_n2_leaky_relu(slope: float) -> None:
    slope = binary32(slope)
    x = EDGES + random_numbers(random.Random(slope), 300)
    judge(TABLE["leaky_relu"], [x], [leaky_relu(value, slope) for value in x], slope=slope)
    left, right = min(slope, 1.0), max(slope, 1.0)
    expected = [nan if value != value else right if value > 0 else left for value in x]
    judge(TABLE["leaky_relu_derivative"], [x], expected, slope=slope)


def test_relu_is_leaky_relu_that_does_not_leak_but_for_the_sign_of_zero() -> None:
    x = [value for value in EDGES if value > 0]
    operand = PlainArray.of(x, (len(x),))
    assert TABLE["relu"].define(operand).tobytes() == TABLE["leaky_relu"].define(operand, slope=0.0).tobytes()


# ---------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name: str) -> None:
    pairs = [(x, y) for x in PAIR_EDGES for y in PAIR_EDGES]
    columns = list(zip(*pairs, strict=True))
    compare = getattr(numpy, name)
    judge(TABLE[name], columns, compare(*(numpy.array(column, numpy.float32) for column in columns)).tolist())


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons_of_int32_are_exact(name: str) -> None:
    values = [-(2**31), -16777217, -1, 0, 1, 16777216, 16777217, 2**31 - 1]
    column, row = PlainArray.of(values, (8, 1), "int32"), PlainArray.of(values, (8,), "int32")
    expected = [bool(getattr(numpy, name)(x, y)) for x in values for y in values]
    for kernel in kernels(TABLE[name]).values():
        assert list(map(bool, kernel(column, row).values)) == expected


def test_logic_and_selection_of_every_element_type() -> None:
    p, q = PlainArray.of([0, 0, 1, 1], (4,), "bool"), PlainArray.of([0, 1, 0, 1], (4,), "bool")
    floats = PlainArray.of([-0.0, nan, inf, SMALLEST], (4,)), PlainArray.of([1.0, 2.0, 3.0, 4.0], (4,))
    ints = PlainArray.of([1, -(2**31), 7, 16777217], (4,), "int32"), PlainArray.of([5], (), "int32")

    def check(name: str, operands: Sequence[PlainArray], want: list[Any], dtype: str) -> None:
        for telling, kernel in kernels(TABLE[name]).items():
            result = kernel(*operands)
            assert result.dtype == dtype == TABLE[name].check(*operands).dtype, telling
            assert result.tobytes() == PlainArray.of(want, (4,), dtype).tobytes(), telling

    check("logical_and", (p, q), [0, 0, 0, 1], "bool")
    check("logical_or", (p, q), [0, 1, 1, 1], "bool")
    check("logical_not", (q,), [1, 0, 1, 0], "bool")
    check("where", (p, *floats), [1.0, 2.0, inf, SMALLEST], "float32")
    check("where", (q, *reversed(floats)), [-0.0, 2.0, inf, 4.0], "float32")
    check("where", (p, *ints), [5, 5, 7, 16777217], "int32")
    check("where", (p, q, p), [0, 0, 0, 1], "bool")


def test_astype_rounds_once_and_loses_nothing_in_silence() -> None:
    operation = TABLE["astype"]
    values = [0, 1, -1, 16777216, 16777217, 16777219, -(2**31), 2**31 - 1, 2**31 - 64, 2**31 - 65, 2**31 - 191]
    ints = PlainArray.of(values, (len(values),), "int32")
    assert operation.define(ints, dtype="float32").values.tolist() == [nearest(Fraction(value)) for value in values]
    for dtype in ("int32", "bool"):
        with pytest.raises(DTypeError, match="values could be lost"):
            operation.check(PlainArray.of([1.0], (1,)), dtype=dtype)


# ------------------------------------------------------------------------------- what the formulas promise

BOUNDED = sorted(name for name in [*ANALYTIC, "powf", "powi"] if TABLE[name].bound > 0)
SAMPLE = 100_000
"""How many arguments are tried here; a run of several millions found no larger errors than the margins below allow."""


def worst_error(operation: Elementwise, arguments: list[tuple[float, ...]], **attributes: Any) -> float:
    """The largest error of the binary64 formula over NumPy arrays, in the units of its bound.

    Only where the result matters: what rounds to zero or overflows may err as it likes.
    """
    columns = [numpy.array(column, numpy.float64) for column in zip(*arguments, strict=True)]
    with numpy.errstate(all="ignore"):
        y, magnitude = value_and_magnitude(operation.binary64(ArrayMath(numpy), *columns, **attributes))
        magnitude = numpy.abs(y) if magnitude is None else magnitude
    formula = ANALYTIC.get(operation.name, lambda x, y=attributes.get("n", 0): (y * x.log()).exp())
    if operation.name == "powf":
        formula = lambda x, y: (y * x.log()).exp()
    ctx.prec = 500
    worst = 0.0
    for x, value, size in zip(arguments, y.tolist(), magnitude.tolist(), strict=True):
        if 2.0**-150 < size < 2.0**129:
            worst = max(worst, float(abs(arb(value) - formula(*map(arb, x))) / arb(size)))
    return worst * 2.0**53


@pytest.mark.parametrize("name", BOUNDED)
def test_the_error_bound_holds(name: str, record_property: Callable[[str, object], None]) -> None:
    operation = TABLE[name]
    assert isinstance(operation, Elementwise)
    rng = random.Random(name)
    attributes = {}
    if name == "powf":
        arguments: list[tuple[float, ...]] = [(abs(x), y) for x, y in powers(rng, SAMPLE // 2)]
    elif name == "powi":
        attributes = {"n": 1001}
        arguments = [(binary32(2.0 ** (rng.uniform(-150, 128) / 1001)),) for _ in range(SAMPLE)]
    else:
        low = {"log": 0.0, "log1p": -1.0}.get(name, -MAXIMUM)
        low = -13.0 if name == "gelu_derivative" else low  # below, the oracle's 1 + tanh u lacks the bits
        numbers = random_numbers(rng, SAMPLE // 2) + [binary32(rng.uniform(-110, 110)) for _ in range(SAMPLE // 4)]
        numbers += [binary32(rng.uniform(-4, 4)) for _ in range(SAMPLE // 4)]
        arguments = [(x,) for x in numbers if math.isfinite(x) and x and x > low]
    worst = worst_error(operation, arguments, **attributes)
    record_property("worst error, in units of 2^-53", worst)
    assert 0 < worst <= operation.bound


def test_a_bound_that_is_too_small_is_found() -> None:
    operation = replace(TABLE["gelu_derivative"], bound=1)
    rng = random.Random(1)
    arguments = [(binary32(rng.uniform(-9, 3)),) for _ in range(300)]
    assert worst_error(operation, arguments) > operation.bound


def test_a_kernel_that_rounds_twice_is_found() -> None:
    # swish(x) lies a hair above the midpoint x/2 for odd subnormals, which binary64 cannot tell from x/2.
    with pytest.raises(AssertionError, match=r"swish\(1.4.*by pure Python: 1.4.* wanted, got 0.0"):
        judge(replace(TABLE["swish"], bound=0), [[SMALLEST]], [unary("swish", SMALLEST)])


def test_enclosures_hold_next_to_one() -> None:
    # e^x for a tiny x: an approximation that is rounded outward must not pass for the value itself.
    for exponent in range(-130, -40):
        for x in (2.0**exponent, -(2.0**exponent), 1.7 * 2.0**exponent):
            enclosure = reals(96).exp(reals(96).number(x))
            ctx.prec = 500
            low, high = (arb(int(end[1])) * arb(2) ** int(end[2]) for end in enclosure._mpi_)
            assert low < arb(x).exp() < high


# ------------------------------------------------------------------------------------------------ gradients


def difference(formula: Callable[[arb], arb], x: float) -> float:
    """The derivative by a central difference of width 2^-100, with bits to spare."""
    ctx.prec = 600
    h = arb(2) ** -100
    return float((formula(arb(x) + h) - formula(arb(x) - h)) / (2 * h))


@pytest.mark.parametrize("name", sorted(ANALYTIC))
def test_n7_gradients_are_derivatives(name: str) -> None:
    positive = name in ("log", "sqrt")
    x = [0.0078125, 0.3, 0.75, 1.0, 1.2784645, 2.5, 6.0] + ([] if positive else [-0.3, -0.7524614, -0.9, -2.5, -6.0])
    x = [binary32(value) for value in x if name != "log1p" or value > -1]
    tensor = rc.tensor(x, backend="python").requires_grad_()
    getattr(tensor, name)().backward(rc.tensor([1.0] * len(x), backend="python"))
    assert tensor.grad is not None
    for value, got in zip(x, tensor.grad.tolist(), strict=True):
        # A composition rounds at each of its few operations, and 2 - x tanh(x/2) and the like cancel.
        assert got == pytest.approx(difference(ANALYTIC[name], value), rel=1e-5, abs=2e-7), value


def test_n7_gradients_of_piecewise_linear_functions() -> None:
    x = [-2.0, -0.0, 0.0, 3.0]
    for name, attributes, want in (
        ("abs", {}, [-1.0, 0.0, 0.0, 1.0]),
        ("leaky_relu", {"slope": 0.25}, [0.25, 0.25, 0.25, 1.0]),
        ("leaky_relu_derivative", {"slope": 0.25}, [0.0] * 4),
        ("neg", {}, [-1.0] * 4),
        ("relu", {}, [0.0, 0.0, 0.0, 1.0]),
        ("relu_derivative", {}, [0.0] * 4),
        ("sign", {}, [0.0] * 4),
    ):
        tensor = rc.tensor(x, backend="python").requires_grad_()
        getattr(tensor, name)(**attributes).backward(rc.tensor([1.0] * 4, backend="python"))
        assert tensor.grad is not None
        assert tensor.grad.tolist() == want, name


def test_n7_gradients_of_two_operands() -> None:
    ones = rc.tensor([1.0] * 3, backend="python")
    for name, want_x, want_y in (
        ("sub", [1.0] * 3, [-1.0] * 3),
        ("mul", [2.0, 0.5, 1.0], [3.0, -1.0, 1.0]),
        ("div", [0.5, 2.0, 1.0], [-0.75, 4.0, -1.0]),
        ("maximum", [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]),
        ("minimum", [0.0, 1.0, 1.0], [1.0, 0.0, 0.0]),
        ("powf", [6.0, nan, 1.0], [9.0 * binary32(math.log(3.0)), nan, 0.0]),
    ):
        x = rc.tensor([3.0, -1.0, 1.0], backend="python").requires_grad_()
        y = rc.tensor([2.0, 0.5, 1.0], backend="python").requires_grad_()
        getattr(x, name)(y).backward(ones)
        assert x.grad is not None
        assert y.grad is not None
        assert x.grad.tolist() == pytest.approx(want_x, nan_ok=True), name
        assert y.grad.tolist() == pytest.approx(want_y, nan_ok=True), name


def test_n7_gradients_of_powers_at_their_corners() -> None:
    x = rc.tensor([0.0, 0.0, 0.0, 2.0], backend="python").requires_grad_()
    y = rc.tensor([0.0, 1.0, 2.0, 0.0], backend="python").requires_grad_()
    x.powf(y).backward(rc.tensor([1.0] * 4, backend="python"))
    assert x.grad is not None
    assert y.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert y.grad.tolist() == [0.0, 0.0, 0.0, binary32(math.log(2.0))]
    for n, want in ((0, [0.0, 0.0]), (1, [1.0, 1.0]), (3, [0.0, 12.0]), (-1, [-inf, -0.25])):
        x = rc.tensor([0.0, 2.0], backend="python").requires_grad_()
        x.powi(n=n).backward(rc.tensor([1.0, 1.0], backend="python"))
        assert x.grad is not None
        assert x.grad.tolist() == want
