"""Circular and hyperbolic functions, their inverses, logarithms, powers, roots and error functions, bit for bit.

Judged as in ``test_elementwise``, by the suite's judge: the definition, the kernel of pure Python
and the kernel over NumPy arrays. Then the error bounds: what NumPy, the standard library and our own formulas for array
libraries without erf, erfc, exp2 or cbrt return in binary64 is compared with Arb; and of the polynomials for erf and
erfc the error is proven by enclosures of the Taylor series.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf, nan
from typing import Any

import numpy
import pytest
from flint import arb, arb_series, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_backend_array_api.math import CENTRE, ERF, ERFC, LARGEST, ArrayMath
from rcmlrs_conformance.judge.functions import BALLS, DOMAIN, ENDS, FAR
from rcmlrs_core.derive import value_and_magnitude
from rcmlrs_core.numerics import rows
from rcmlrs_core.numerics.rows import Row
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Elementwise
from rcmlrs_core.plain import PlainArray
from tests.ops.test_elementwise import (
    EDGES,
    MAXIMUM,
    PAIR_EDGES,
    SMALLEST,
    binary32,
    bits_of,
    judge,
    kernels,
    neighbours,
    numbers_of,
    random_numbers,
    right,
)

ONE: dict[str, Callable[[arb], arb]] = {
    name: BALLS[name]
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp2", "log10",
        "log2", "rsqrt", "sin", "sinh", "tan",
    )
}  # fmt: skip
"""Functions of one argument, as Arb has them."""

PI, HALF = binary32(math.pi), binary32(math.pi / 2)

UNARY = sorted(ONE)


def one(name: str, x: float) -> float:
    """What a function of one argument must give."""
    return right(name, x)


def circular(rng: random.Random, n: int) -> list[float]:
    """Numbers next to multiples of pi/4, of every size."""
    ctx.prec = 400
    found = []
    for _ in range(n):
        k = rng.getrandbits(rng.randrange(1, 129)) + 1
        found += neighbours(float(arb.pi() / 4 * k)) if k < 1 << 127 else []
    return found


def arguments_of(name: str, rng: random.Random, n: int) -> list[float]:
    """Random bits, usual sizes, every exponent, and where this function has its ends, zeros, poles and exact values."""
    x = random_numbers(rng, n // 2) + [rng.uniform(1, 2) * 2.0**e * s for e in range(-149, 128) for s in (1, -1)]
    if name in ("sin", "cos", "tan"):
        x += circular(rng, n // 16) + [rng.uniform(-400, 400) for _ in range(n // 8)]
        x += [rng.uniform(1, 2) * 2.0 ** rng.randrange(128) for _ in range(n // 4)]
    elif name in ("acos", "asin", "atanh"):
        x += [rng.uniform(-1, 1) for _ in range(n // 4)]
        x += [rng.choice((1, -1)) * (1 - 2.0 ** rng.uniform(-24, 0)) for _ in range(n // 4)]
    elif name == "acosh":
        x += [1 + 2.0 ** rng.uniform(-23, 127) for _ in range(n // 2)]
    elif name in ("log2", "log10"):
        x += [1 + rng.choice((1, -1)) * 2.0 ** rng.uniform(-24, -1) for _ in range(n // 4)]
        x += [2.0 ** rng.uniform(-149, 128) for _ in range(n // 4)] + neighbours(*(10.0**k for k in range(-45, 39)))
    elif name == "cbrt":
        x += [float(rng.randrange(256)) ** 3 * 2.0 ** (3 * rng.randrange(-40, 30)) for _ in range(n // 4)]
    elif name == "rsqrt":
        x += neighbours(*(4.0**k for k in range(-74, 64)))
    else:
        reach = {"erf": 4.5, "erfc": 11.0, "exp2": 152.0, "sinh": 90.0, "cosh": 90.0}.get(name, 1e4)
        x += [rng.uniform(-reach, reach) for _ in range(n // 2)]
    return [binary32(value) for value in x]


@pytest.mark.parametrize("name", UNARY)
def test_n2_functions_of_one_argument(name: str) -> None:
    rng = random.Random(name)
    x = EDGES + neighbours(PI, HALF, PI / 4, 2 * PI) + arguments_of(name, rng, 1500)
    x += [float(k) for k in range(-160, 160)] + [arguments[0] for arguments, _ in numbers_of(TABLE[name])]
    judge(TABLE[name], [x], [one(name, value) for value in x])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=3))
def test_n2_functions_of_one_argument_anywhere(x: list[float]) -> None:
    for name in UNARY:
        judge(TABLE[name], [x], [one(name, value) for value in x])


def test_the_exact_values_are_exact() -> None:
    """Where the real result is a number itself, and where it is a tie, no precision but the exact value decides."""
    exact: dict[str, list[tuple[float, float]]] = {
        "exp2": [(float(k), 2.0**k) for k in range(-149, 128)] + [(-150.0, 0.0), (-151.0, 0.0), (128.0, inf)],
        "log2": [(2.0**k, float(k)) for k in range(-149, 128)],
        "log10": [(10.0**k, float(k)) for k in range(11)],
        "cbrt": [(float(k**3), float(k)) for k in range(-255, 256) if k],
        "rsqrt": [(4.0**k, 2.0**-k) for k in range(-74, 64)],
    }
    for name, pairs in exact.items():
        x, y = zip(*pairs, strict=True)
        judge(TABLE[name], [x], y)


# ------------------------------------------------------------------------------------- two and three arguments


def two(name: str, x: float, y: float) -> float:
    """What atan2, hypot and logaddexp must give."""
    return right(name, x, y)


def pairs_of(name: str, rng: random.Random, n: int) -> list[tuple[float, float]]:
    pairs = [(x, y) for x in PAIR_EDGES for y in PAIR_EDGES] + [arguments for arguments, _ in numbers_of(TABLE[name])]
    pairs += zip(random_numbers(rng, n), random_numbers(rng, n), strict=True)
    for _ in range(n):
        if name == "logaddexp":
            x = rng.uniform(-120, 120) if rng.getrandbits(1) else rng.choice((0.0, -0.0, SMALLEST, -SMALLEST))
            pairs.append((x, x - rng.uniform(0, 120)))
            x = -(2.0 ** rng.uniform(-30, 1))
            pairs.append((x, math.log(-math.expm1(x))))  # the sum of the powers is next to 1
        else:
            x = rng.uniform(1, 2) * 2.0 ** rng.randrange(-148, 127)
            pairs.append((x, x * 2.0 ** rng.uniform(-30, 1) * rng.choice((1, -1))))
            pairs.append((float(rng.getrandbits(24)) * SMALLEST, float(1 << rng.randrange(8))))  # ties by halves
            a, b = rng.getrandbits(12) + 1, rng.getrandbits(12) + 1  # Pythagorean triples, ties among them
            pairs.append((float(2 * a * b), float(a * a - b * b)))
    return [(binary32(x), binary32(y)) for x, y in pairs]


@pytest.mark.parametrize("name", ["atan2", "hypot", "logaddexp"])
def test_n2_functions_of_two_arguments(name: str) -> None:
    pairs = pairs_of(name, random.Random(name), 800)
    judge(TABLE[name], list(zip(*pairs, strict=True)), [two(name, x, y) for x, y in pairs])


def multiply_add(x: float, y: float, z: float) -> float:
    """x y + z, rounded once."""
    return right("fma", x, y, z)


def triples(rng: random.Random, n: int) -> list[tuple[float, float, float]]:
    found = [(x, y, z) for x in PAIR_EDGES[::2] for y in PAIR_EDGES[1::3] for z in PAIR_EDGES[::3]]
    found += zip(random_numbers(rng, n), random_numbers(rng, n), random_numbers(rng, n), strict=True)
    for _ in range(n):
        x, y = (binary32(rng.uniform(-2, 2) * 2.0 ** rng.randrange(-70, 60)) for _ in range(2))
        found.append((x, y, binary32(-x * y * rng.choice((1, 1 + 2.0**-23, 0.5)))))  # cancels
        a, b = rng.getrandbits(12) | 1 << 12 | 1, rng.getrandbits(11) | 1 << 11 | 1  # a product that is a tie
        z = rng.choice((0.0, -0.0, 1.0, -1.0, 2.0**-60, -(2.0**-140))) * rng.randrange(3)
        found.append((float(a), float(b), z))
        found.append((a * 2.0**-90, b * 2.0**-83, rng.randrange(-9, 9) * SMALLEST))
    return found


def test_n2_fma() -> None:
    found = triples(random.Random("fma"), 1500) + [arguments for arguments, _ in numbers_of(TABLE["fma"])]
    judge(TABLE["fma"], list(zip(*found, strict=True)), [multiply_add(*triple) for triple in found])


@settings(max_examples=100, deadline=None)
@given(st.floats(width=32), st.floats(width=32), st.floats(width=32))
def test_n2_functions_of_several_arguments_anywhere(x: float, y: float, z: float) -> None:
    judge(TABLE["fma"], [[x], [y], [z]], [multiply_add(x, y, z)])
    for name in ("atan2", "hypot", "logaddexp"):
        judge(TABLE[name], [[x], [y]], [two(name, x, y)])


def test_a_hair_beside_a_tie_is_not_the_tie() -> None:
    """atan(y/x) is below y/x = 3/2 * 2^-149 by 2^-447: RN is the smallest number, and that of a tie the next one."""
    for kernel in kernels(TABLE["atan2"]).values():
        y, x = (PlainArray.of([value], (1,)) for value in (3 * SMALLEST, 2.0))
        assert kernel(y, x).values.tolist() == [SMALLEST]


# ------------------------------------------------------------------------------- what the formulas promise


class Bare:
    """NumPy without what the Array API standard does not have."""

    def __getattr__(self, name: str) -> Any:
        if name in ("exp2", "cbrt"):
            raise AttributeError(name)
        return getattr(numpy, name)


ARRAYS, BARE = ArrayMath(numpy), ArrayMath(Bare())
WHERE = {"NumPy": ARRAYS, "the Array API": BARE, "Python": rows}
SAMPLE = 30_000


def errors(
    operation: Elementwise, columns: Sequence[Sequence[float]], formula: Callable[..., arb], where: str
) -> tuple[float, tuple[float, ...]]:
    """The largest error of the binary64 formula in units of 2^-53, and where; only where it matters in binary32."""
    if where == "Python":
        found = operation.binary64(rows, *map(Row, columns))
        y, magnitude = (part and part.values for part in value_and_magnitude(found))
    else:
        with numpy.errstate(all="ignore"):
            found = operation.binary64(WHERE[where], *(numpy.array(column) for column in columns))
        y, magnitude = (part if part is None else part.tolist() for part in value_and_magnitude(found))
    ctx.prec = 600
    worst: tuple[float, tuple[float, ...]] = (0.0, ())
    for value, size, *x in zip(y, magnitude or map(abs, y), *columns, strict=True):
        if 2.0**-150 < size < 2.0**129:
            error = abs(arb(value) - formula(*map(arb, x)))
            worst = max(worst, (float(error / arb(size)) * 2.0**53, tuple(x)))
        elif size:
            assert math.isfinite(float(formula(*map(arb, x))) or 0.0) or size == inf
    return worst


def usable(name: str, x: float) -> bool:
    low, high = DOMAIN.get(name, (-inf, inf))
    return (
        math.isfinite(x) and x != 0 and low <= x <= high and (name, x) not in ENDS and abs(x) < FAR.get(name, (inf,))[0]
    )


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", UNARY)
def test_the_bound_holds(name: str, where: str, record_property: Callable[[str, object], None]) -> None:
    operation = TABLE[name]
    assert isinstance(operation, Elementwise)
    x = [value for value in arguments_of(name, random.Random(name), SAMPLE) if usable(name, value)]
    assert len(x) > SAMPLE // 4
    worst = errors(operation, [x], ONE[name], where)
    record_property("worst error, in units of 2^-53", worst)
    assert 0 < worst[0] <= operation.bound, worst


TWO: dict[str, Callable[..., arb]] = {
    "atan2": lambda y, x: arb.atan2(y, x),
    "hypot": lambda x, y: (x * x + y * y).sqrt(),
    "logaddexp": lambda x, y: max(x, y) + (-abs(x - y)).exp().log1p(),
    "fma": lambda x, y, z: x * y + z,
}


@pytest.mark.parametrize("where", ["NumPy", "Python"])
@pytest.mark.parametrize("name", TWO)
def test_the_bound_holds_for_several_arguments(name: str, where: str) -> None:
    operation, rng = TABLE[name], random.Random(name)
    assert isinstance(operation, Elementwise)
    found: list[Any] = triples(rng, SAMPLE // 8) if name == "fma" else pairs_of(name, rng, SAMPLE // 8)
    found = [x for x in found if all(math.isfinite(value) for value in x) and (name != "atan2" or 0 not in x)]
    worst = errors(operation, list(zip(*found, strict=True)), TWO[name], where)
    assert 0 < worst[0] <= operation.bound, worst


def test_a_bound_that_is_too_small_is_found() -> None:
    operation = TABLE["erfc"]
    assert isinstance(operation, Elementwise)
    x = arguments_of("erfc", random.Random(1), 2000)
    worst, _ = errors(operation, [[value for value in x if usable("erfc", value)]], ONE["erfc"], "NumPy")
    assert worst > 1


def test_a_kernel_that_rounds_twice_is_found() -> None:
    with pytest.raises(AssertionError, match="fma"):
        judge(replace(TABLE["fma"], bound=0), [[4097.0], [4097.0], [SMALLEST]], [16785410.0])


@pytest.mark.parametrize("name", ["erf", "erfc", "exp2", "cbrt"])
@pytest.mark.parametrize("m", [ARRAYS, BARE], ids=["NumPy", "the Array API"])
def test_functions_that_array_libraries_lack_at_the_edges(name: str, m: ArrayMath) -> None:
    x = [-inf, -MAXIMUM, -0.0, 0.0, MAXIMUM, inf, nan]
    with numpy.errstate(all="ignore"):
        got = [binary32(value) for value in getattr(m, name)(numpy.array(x)).tolist()]
    assert [bits_of(value) for value in got] == [bits_of(one(name, value)) for value in x]


def polynomial_error(
    coefficients: Sequence[float], function: Callable[[arb_series], arb_series], low: float, high: float, pieces: int
) -> float:
    """An upper bound of |polynomial / function - 1| on [low, high]: proven.

    On a piece with centre c and radius r the difference is its Taylor polynomial at c and a rest, whose coefficient is
    enclosed by that of the series at the ball c +- r (Lagrange). So is the function, which gives its least value there.
    """
    ctx.prec, ctx.cap = 200, 24
    order, worst = 23, 0.0
    edges = [low + (high - low) * i / pieces for i in range(pieces + 1)]

    def difference(t: arb_series) -> tuple[arb_series, arb_series]:
        value = arb_series([coefficients[-1]])
        for coefficient in coefficients[-2::-1]:
            value = value * t + coefficient
        exact = function(t)
        return value - exact, exact

    for start, end in pairwise(edges):
        c, r = arb((start + end) / 2), arb((end - start) / 2)
        at_centre, value = difference(arb_series([c, 1]))
        at_ball, values = difference(arb_series([arb(c, r), 1]))
        error = sum((abs(at_centre[k]) * r**k for k in range(order)), abs(at_ball[order]) * r**order)
        change = sum((abs(value[k]) * r**k for k in range(1, order)), abs(values[order]) * r**order)
        assert value[0] - change > 0
        worst = max(worst, float((error / (value[0] - change)).upper()))
    return worst


def erf_quotient(s: arb_series) -> arb_series:
    """erf(x) / x at x = sqrt(s): 2/sqrt(pi) times the sum of (-s)^n / (n! (2n + 1)), for |s| <= 1."""
    total, power = arb_series([0]), arb_series([arb(2) / arb.pi().sqrt()])
    for n in range(60):
        total = total + power / (2 * n + 1)
        power = -power * s / (n + 1)
    # What is left out of each coefficient of order k < 24 is below 60!/(36! 60!) * 2 < 2^-130.
    return total + arb_series([arb(0, arb(2) ** -120)] * 24)


def scaled_erfc(t: arb_series) -> arb_series:
    """(1 + 2a) e^(a^2) erfc(a) at a = c (1 + t) / (1 - t)."""
    a = (1 + t) / (1 - t) * arb(CENTRE)
    return (1 + a * 2) * (a * a).exp() * a.erfc()


def test_the_polynomials_are_as_near_as_they_say() -> None:
    assert polynomial_error(ERF, erf_quotient, 0.0, 1.0, 64) < 2.0**-54
    low, high = (0.5 - CENTRE) / (0.5 + CENTRE), (LARGEST - CENTRE) / (LARGEST + CENTRE)
    assert polynomial_error(ERFC, scaled_erfc, low, high, 1024) < 2.0**-53
    wrong = (*ERF[:3], ERF[3] * (1 + 2.0**-48), *ERF[4:])
    assert polynomial_error(wrong, erf_quotient, 0.0, 1.0, 64) > 2.0**-54


# ------------------------------------------------------------------------------------------------ gradients


@pytest.mark.parametrize(
    ("function", "data", "want"),
    [
        (lambda x: x.hypot(0.0), [0.0, -3.0], [0.0, -1.0]),
        (lambda x: x.atan2(0.0), [0.0, 2.0], [0.0, 0.0]),
        (lambda x: x.atan2(1e30), [1e30, -1e30], [5e-31, 5e-31]),
        (lambda x: x.atan(), [1e19, 1e-30], [1e-38, 1.0]),
        (lambda x: x.asinh(), [3e38, 0.0], [3.3333334e-39, 1.0]),
        (lambda x: x.acosh(), [1.0, 3e38], [inf, 3.3333334e-39]),
        (lambda x: x.asin(), [1.0, 1 - 2.0**-24], [inf, 2896.3093]),
        (lambda x: x.erf(), [inf, 0.0, 9.0], [0.0, 1.1283791670955126, 7.4920734e-36]),
        (lambda x: x.erfc(), [inf, 1e30], [-0.0, -0.0]),
        (lambda x: x.logaddexp(-inf), [-inf, 0.0], [0.5, 1.0]),
        (lambda x: x.log2(), [SMALLEST * 2**24], [1.4426950408889634 * 2.0**125]),
        (lambda x: x.cbrt(), [8.0, 0.0], [1 / 12, inf]),
        (lambda x: x.rsqrt(), [4.0, 2.0**126], [-1 / 16, 0.0]),
    ],
)
def test_n7_gradients_where_they_are_hard(function: Any, data: list[float], want: list[float]) -> None:
    """At kinks, at ends, at infinity, and where a formula of the textbook would overflow or cancel."""
    x = rc.tensor(data, backend="python").requires_grad_()
    function(x).backward(rc.tensor([1.0] * len(data), backend="python"))
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx(want, rel=2e-6, abs=0), x.grad.tolist()


@pytest.mark.parametrize("x", [0.5, 3.0, 7.5, 9.2])
def test_the_gradient_of_erf_keeps_its_digits(x: float) -> None:
    """The rounding of x^2 alone would cost x^2 units: five of seven digits at 9.2."""
    t = rc.tensor([x], backend="python").requires_grad_()
    t.erf().backward(rc.tensor([1.0], backend="python"))
    assert t.grad is not None
    ctx.prec = 100
    want = 2 / arb.pi().sqrt() * (-(arb(binary32(x)) ** 2)).exp()
    assert float(abs(arb(t.grad.tolist()[0]) - want) / want) < 5 * 2.0**-24
