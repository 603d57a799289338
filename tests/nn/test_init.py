"""First values: exact scales, one rounding (N6), and the numbers of N8."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import erf, nan, prod, sqrt

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn import init
from rcmlrs_core.numerics.formats import from_bits, round_number, to_bits
from rcmlrs_core.random import FIRST_STREAM, Generator, normal, uniform


def is_root(value: float, square: Fraction) -> bool:
    """Whether ``value`` is the binary32 number nearest to the root: the root lies between the midpoints around it."""
    bits = to_bits(value)
    below, above = ((Fraction(value) + Fraction(from_bits(bits + side))) / 2 for side in (-1, 1))
    return below**2 < square < above**2 or Fraction(value) ** 2 == square


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10, 64, 100, 784, 65536, 1000003])
def test_n6_scales_are_rounded_once(n: int) -> None:
    for numerator in (1, 2, 6):
        assert is_root(init.root(Fraction(numerator, n)), Fraction(numerator, n))


SHAPE = (6, 5)
UNIFORM = [
    (lambda g: init.fan_in_uniform(SHAPE, 5, generator=g), Fraction(1, 5)),
    (lambda g: init.xavier_uniform(SHAPE, generator=g), Fraction(6, 11)),
    (lambda g: init.xavier_uniform(SHAPE, gain=5 / 3, generator=g), Fraction(5 / 3) ** 2 * 6 / 11),
    (lambda g: init.he_uniform(SHAPE, generator=g), Fraction(6, 5)),
    (lambda g: init.he_uniform((6, 5, 3, 2), generator=g), Fraction(6, 30)),
    (lambda g: init.he_uniform((6, 5, 3, 2), mode="fan_out", generator=g), Fraction(6, 36)),
    (lambda g: init.he_uniform(SHAPE, 0.5, generator=g), Fraction(6, 5) / Fraction(5, 4)),
    (lambda g: init.he_uniform(SHAPE, nonlinearity="tanh", generator=g), Fraction(25, 9) * 3 / 5),
    (lambda g: init.lecun_uniform(SHAPE, generator=g), Fraction(3, 5)),
]
NORMAL = [
    (lambda g: init.xavier_normal(SHAPE, generator=g), Fraction(2, 11)),
    (lambda g: init.xavier_normal(SHAPE, gain=2, generator=g), Fraction(8, 11)),
    (lambda g: init.he_normal(SHAPE, generator=g), Fraction(2, 5)),
    (lambda g: init.he_normal(SHAPE, mode="fan_out", nonlinearity="linear", generator=g), Fraction(1, 6)),
    (lambda g: init.he_normal(SHAPE, nonlinearity="selu", generator=g), Fraction(9, 80)),
    (lambda g: init.lecun_normal(SHAPE, generator=g), Fraction(1, 5)),
]


@pytest.mark.parametrize(("make", "square"), UNIFORM)
def test_uniform_is_exact_times_a_rounded_bound(make: Callable[[Generator], rc.RamTensor], square: Fraction) -> None:
    made = make(Generator(3))
    bound = init.root(square)
    drawn = uniform(prod(made.shape), seed=3, stream=FIRST_STREAM).tolist()
    want = [round_number((2 * Fraction(u) - 1) * Fraction(bound)) for u in drawn]
    assert made.reshape((-1,)).tolist() == want
    assert max(map(abs, want)) <= bound


@pytest.mark.parametrize(("make", "square"), NORMAL)
def test_normal_is_scaled_once(make: Callable[[Generator], rc.RamTensor], square: Fraction) -> None:
    made = make(Generator(3))
    drawn = normal(prod(made.shape), seed=3, stream=FIRST_STREAM).tolist()
    assert made.reshape((-1,)).tolist() == [round_number(Fraction(z) * Fraction(init.root(square))) for z in drawn]


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (3, 0)])
def test_what_has_no_fans_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="has no fan_in and fan_out"):
        init.he_normal(shape)


def test_scales_of_no_number_are_refused() -> None:
    for fan_in in (0, -1, 2.0):
        with pytest.raises(AttributeValueError, match="fan_in must be an int of at least 1, got"):
            init.fan_in_uniform((2, 2), fan_in)  # type: ignore[arg-type]
    for gain in (float("nan"), float("inf"), None):
        for make in (init.xavier_uniform, init.xavier_normal):
            with pytest.raises(AttributeValueError, match="gain must be a finite number, got"):
                make((2, 2), gain=gain)  # type: ignore[arg-type]


def test_the_default_generator_is_used() -> None:
    generator = rc.random.default_generator()
    before = generator.stream
    init.he_normal((2, 2))
    assert generator.stream == before + 1


def test_gains_are_those_of_pytorch() -> None:
    assert [init.calculate_gain(name) for name in ("linear", "sigmoid", "selu")] == [1.0, 1.0, 0.75]
    assert is_root(init.calculate_gain("relu"), Fraction(2))
    assert init.calculate_gain("tanh") == round_number(Fraction(5, 3))
    assert is_root(init.calculate_gain("leaky_relu", 0.2), 2 / (1 + Fraction(0.2) ** 2))
    assert init.calculate_gain("leaky_relu") == init.calculate_gain("leaky_relu", 0.01)
    with pytest.raises(AttributeValueError, match=r"nonlinearity is one of linear, .*, leaky_relu, got 'cube'"):
        init.calculate_gain("cube")
    with pytest.raises(AttributeValueError, match="mode is one of fan_in, fan_out, got 'fan'"):
        init.he_normal(SHAPE, mode="fan")
    with pytest.raises(AttributeValueError, match="the slope must be a finite number, got nan"):
        init.he_normal(SHAPE, nan)


# --------------------------------------------------------------------------------------------- truncated normal


def test_a_truncated_normal_is_the_first_draw_between_the_bounds() -> None:
    generator = Generator(5)
    made = init.truncated_normal((4, 50), 1.0, 2.0, -0.5, 1.5, generator=generator)
    draws = [normal((4, 50), 1.0, 2.0, seed=5, stream=FIRST_STREAM + k).reshape((-1,)).tolist() for k in range(60)]
    want = [next(k for k in range(60) if -0.5 <= draws[k][i] <= 1.5) for i in range(200)]
    assert made.reshape((-1,)).tolist() == [draws[k][i] for i, k in enumerate(want)]
    assert generator.stream == FIRST_STREAM + max(want) + 1, "as many streams as the last element needs"
    fewer = init.truncated_normal(7, 1.0, 2.0, -0.5, 1.5, generator=Generator(5))
    assert fewer.tolist() == made.reshape((-1,)).tolist()[:7], "an element does not depend on the others"


@pytest.mark.parametrize(("mean", "std", "a", "b"), [(0.0, 1.0, -2.0, 2.0), (1.0, 0.5, 1.25, 3.0)])
def test_a_truncated_normal_has_its_distribution(mean: float, std: float, a: float, b: float) -> None:
    """The test of Kolmogorov and Smirnov, at a level that a right one fails once in a thousand seeds."""
    n = 5000
    drawn = sorted(init.truncated_normal(n, mean, std, a, b, generator=Generator(1)).tolist())
    below, within = (0.5 * (1 + erf((t - mean) / std / sqrt(2))) for t in (a, b))
    assert a <= drawn[0] <= drawn[-1] <= b
    distribution = [(0.5 * (1 + erf((x - mean) / std / sqrt(2))) - below) / (within - below) for x in drawn]
    furthest = max(max((i + 1) / n - f, f - i / n) for i, f in enumerate(distribution))
    assert furthest < 1.95 / sqrt(n)


def test_bounds_with_nothing_between_them_are_refused() -> None:
    with pytest.raises(AttributeValueError, match=r"a must be below b, got 2.0 and 2.0"):
        init.truncated_normal(3, a=2.0, b=2.0)
    with pytest.raises(AttributeValueError, match="between 8 and 9 lies too little of the normal distribution"):
        init.truncated_normal(3, a=8, b=9)
    with pytest.raises(AttributeValueError, match="std must not be negative"):
        init.truncated_normal(3, std=-1.0)
    assert init.truncated_normal((0, 3)).shape == (0, 3)


# --------------------------------------------------------------------------------------------------- orthogonal


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (12, 12), (5, 9), (9, 5), (4, 3, 2, 2)])
def test_orthogonal_to_some_units(shape: tuple[int, ...]) -> None:
    """Exact products of the rows (or columns) differ from those of unit vectors by four units of 2^-24 at most."""
    made = init.orthogonal(shape, generator=Generator(2))
    assert made.shape == shape
    rows = made.reshape((shape[0], -1)).tolist()
    vectors = rows if len(rows) < len(rows[0]) else list(map(list, zip(*rows, strict=True)))
    for i, p in enumerate(vectors):
        for j, q in enumerate(vectors[: i + 1]):
            assert abs(dot(p, q) - (i == j)) <= Fraction(4, 2**24), (i, j)


def test_an_orthogonal_matrix_is_what_the_docstring_says() -> None:
    """Step by step in fractions, each rounded once; and so the columns of Gram and Schmidt, in their order."""
    drawn = normal((5, 4), seed=2, stream=FIRST_STREAM).tolist()
    columns: list[list[float]] = []
    for v in map(list, zip(*drawn, strict=True)):
        for _ in range(2 if columns else 0):
            along = [round_number(dot(q, v)) for q in columns]
            v = [
                round_number(Fraction(x) - dot(along, row))
                for x, row in zip(v, zip(*columns, strict=True), strict=True)
            ]
        length = Fraction(init.root(dot(v, v)))
        columns.append([round_number(x / length) for x in map(Fraction, v)])
    made = init.orthogonal((5, 4), 3.0, generator=Generator(2))
    assert made.transpose().tolist() == [[round_number(3 * Fraction(x)) for x in column] for column in columns]


def test_more_columns_than_rows_are_not_independent() -> None:
    for shape in [(2, 3), (2, 0), (4,)]:
        with pytest.raises(ShapeError, match="orthonormal_columns: takes a matrix with one column or more"):
            init.orthonormal_columns(rc.ones(shape))


def dot(p: Sequence[float], q: Sequence[float]) -> Fraction:
    return sum((Fraction(x) * Fraction(y) for x, y in zip(p, q, strict=True)), Fraction(0))


# ----------------------------------------------------------------------------------------------------- in place

FILLS: list[tuple[Callable[..., rc.RamTensor], Callable[..., rc.RamTensor]]] = [
    (init.uniform_, init.uniform),
    (init.normal_, init.normal),
    (init.xavier_uniform_, init.xavier_uniform),
    (init.xavier_normal_, init.xavier_normal),
    (init.kaiming_uniform_, init.he_uniform),
    (init.he_normal_, init.he_normal),
    (init.lecun_uniform_, init.lecun_uniform),
    (init.lecun_normal_, init.lecun_normal),
    (init.trunc_normal_, init.truncated_normal),
    (init.orthogonal_, init.orthogonal),
]


@pytest.mark.parametrize(("fill", "make"), FILLS, ids=lambda one: one.__name__)
def test_in_place(fill: Callable[..., rc.RamTensor], make: Callable[..., rc.RamTensor]) -> None:
    """The parameter of a layer, on its own backend, takes over what the function makes; it is trained as before."""
    layer = nn.Linear(5, 3).to("python")
    assert fill(layer.weight, generator=Generator(1)) is layer.weight
    assert layer.weight.tobytes() == make((3, 5), generator=Generator(1)).tobytes()
    assert (layer.weight.backend, layer.weight.requires_grad) == ("python", True)
    assert fill.__name__ == f"{make.__name__}_"
    with pytest.raises(TypeError, match=f"{make.__name__}_: fills a tensor, got a tuple; see {make.__name__}"):
        fill((3, 5))


def test_constants_in_place() -> None:
    layer = nn.Linear(3, 2)
    assert layer.bias is not None
    assert init.constant_(layer.bias, 0.1).tolist() == [round_number(Fraction(0.1))] * 2
    assert init.zeros_(layer.bias).tolist() == [0.0, 0.0]
    assert init.ones_(layer.bias).tolist() == [1.0, 1.0]
    assert init.eye_(layer.weight).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert layer.weight.requires_grad
    with pytest.raises(ShapeError, match="eye: takes two lengths"):
        init.eye_(layer.bias)
