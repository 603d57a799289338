"""First values of weights: random numbers (N8) times a scale that is derived exactly and rounded once (N6).

``U(-a, a)`` is ``(2u - 1) * a`` for uniform u, where ``2u - 1`` is exact; ``N(0, s^2)`` is ``z * s`` for normal z. A
weight has the shape ``(out, in)``, or that of a convolution, ``(out channels, in channels, ...)``.

Each function makes a tensor of a shape. Its twin, whose name ends in an underscore as in PyTorch, fills a tensor that
there is, on the tensor's backend, and so gives a layer other first values than its own::

    nn.init.he_normal_(layer.weight, generator=generator)
"""

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any, Concatenate, ParamSpec

from rcmlrs_core import creation
from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import ShapeLike
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.numerics.formats import BINARY32, from_bits
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.random import Generator, default_generator
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import Number, RamTensor

Place = str | Backend | None


def root(square: Fraction) -> float:
    """``RN(sqrt(square))``, in integers."""
    return from_bits(BINARY32.round_root(square.numerator, square.denominator))


def fans(shape: ShapeLike) -> tuple[int, int]:
    """``(fan_in, fan_out)`` of a weight: how many inputs an output sums over, and how many outputs use an input."""
    lengths = normalize_shape("fans", shape)
    if len(lengths) < 2 or 0 in lengths:
        raise ShapeError(
            f"fans: a weight of shape {lengths} has no fan_in and fan_out; it must have two axes (out, in) or more, "
            "and none of them empty"
        )
    field = prod(lengths[2:])
    return lengths[1] * field, lengths[0] * field


def symmetric_uniform(
    shape: ShapeLike, bound: float, *, generator: Generator | None = None, backend: Place = None
) -> RamTensor:
    """Uniform on [-bound, bound)."""
    return (2.0 * (generator or default_generator()).uniform(shape, backend=backend) - 1.0) * bound


def scaled_normal(
    shape: ShapeLike, std: float, *, generator: Generator | None = None, backend: Place = None
) -> RamTensor:
    """Normal with mean 0 and standard deviation ``std``."""
    return (generator or default_generator()).normal(shape, backend=backend) * std


def fan_in_uniform(
    shape: ShapeLike, fan_in: int, *, generator: Generator | None = None, backend: Place = None
) -> RamTensor:
    """``U(-a, a)`` with ``a = 1 / sqrt(fan_in)``: PyTorch's default for the weights and biases of its layers."""
    return symmetric_uniform(shape, root(_inverse(fan_in)), generator=generator, backend=backend)


def xavier_uniform(
    shape: ShapeLike, gain: Number = 1.0, *, generator: Generator | None = None, backend: Place = None
) -> RamTensor:
    """``U(-a, a)`` with ``a = gain * sqrt(6 / (fan_in + fan_out))``: for tanh and sigmoid.

    Source: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS 2010.
    """
    return symmetric_uniform(shape, root(6 * _square(gain) / sum(fans(shape))), generator=generator, backend=backend)


def xavier_normal(
    shape: ShapeLike, gain: Number = 1.0, *, generator: Generator | None = None, backend: Place = None
) -> RamTensor:
    """``N(0, s^2)`` with ``s = gain * sqrt(2 / (fan_in + fan_out))``; see ``xavier_uniform``."""
    return scaled_normal(shape, root(2 * _square(gain) / sum(fans(shape))), generator=generator, backend=backend)


def he_uniform(
    shape: ShapeLike,
    a: Number = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    generator: Generator | None = None,
    backend: Place = None,
) -> RamTensor:
    """``U(-a', a')`` with ``a' = gain * sqrt(3 / fan)``: by default ``sqrt(6 / fan_in)``, for relu.

    ``a`` is the slope of ``leaky_relu`` below zero; ``mode`` is ``"fan_in"``, which keeps the size of what flows
    forward, or ``"fan_out"``, which keeps that of what flows back. The gain is that of ``calculate_gain``. PyTorch
    calls this kaiming_uniform.

    Source: K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, arXiv:1502.01852, section 2.2.
    """
    square = 3 * _gain_square(nonlinearity, a) / _fan(shape, mode)
    return symmetric_uniform(shape, root(square), generator=generator, backend=backend)


def he_normal(
    shape: ShapeLike,
    a: Number = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    generator: Generator | None = None,
    backend: Place = None,
) -> RamTensor:
    """``N(0, s^2)`` with ``s = gain * sqrt(1 / fan)``: by default ``sqrt(2 / fan_in)``; see ``he_uniform``."""
    square = _gain_square(nonlinearity, a) / _fan(shape, mode)
    return scaled_normal(shape, root(square), generator=generator, backend=backend)


def lecun_uniform(shape: ShapeLike, *, generator: Generator | None = None, backend: Place = None) -> RamTensor:
    """``U(-a, a)`` with ``a = sqrt(3 / fan_in)``: for selu.

    Source: Y. LeCun, L. Bottou, G. B. Orr, K.-R. Mueller, Efficient BackProp, 1998, section 4.6.
    """
    return symmetric_uniform(shape, root(Fraction(3, fans(shape)[0])), generator=generator, backend=backend)


def lecun_normal(shape: ShapeLike, *, generator: Generator | None = None, backend: Place = None) -> RamTensor:
    """``N(0, s^2)`` with ``s = sqrt(1 / fan_in)``; see ``lecun_uniform``."""
    return scaled_normal(shape, root(Fraction(1, fans(shape)[0])), generator=generator, backend=backend)


MOST_DRAWS = 1000
"""How often ``truncated_normal`` draws before it says that there is too little between the bounds."""


def truncated_normal(
    shape: ShapeLike,
    mean: Number = 0.0,
    std: Number = 1.0,
    a: Number = -2.0,
    b: Number = 2.0,
    *,
    generator: Generator | None = None,
    backend: Place = None,
) -> RamTensor:
    """``N(mean, std^2)`` under the condition that it lies in [a, b]: element i is the first draw that does.

    Draw k of element i is ``random.normal`` at element i of the generator's k-th stream from here on (N8); it takes as
    many streams as the last element needs. Where all lie between the bounds at once, these are the numbers of
    ``normal``. The bounds are rounded once. As in PyTorch, they are values, not multiples of ``std``.

    Raises :class:`AttributeValueError` for bounds with so little between them that 1000 draws do not find it.
    """
    if not a < b:
        raise AttributeValueError(f"truncated_normal: a must be below b, got {a!r} and {b!r}")
    source = generator or default_generator()
    drawn = source.normal(shape, mean, std, backend=backend)
    for _ in range(MOST_DRAWS):
        outside = drawn.less(a).logical_or(drawn.greater(b))
        if not outside.any():
            return drawn
        drawn = outside.where(source.normal(shape, mean, std, backend=backend), drawn)
    raise AttributeValueError(
        f"truncated_normal: between {a!r} and {b!r} lies too little of the normal distribution with mean {mean!r} and "
        f"standard deviation {std!r} to be found by drawing; take bounds that are further apart, or nearer to the mean"
    )


def orthogonal(
    shape: ShapeLike, gain: Number = 1.0, *, generator: Generator | None = None, backend: Place = None
) -> RamTensor:
    """``gain`` times a matrix with orthonormal rows or, if it has more rows than columns, columns.

    Of a tensor with more axes, all but the first count as columns. They are the ``orthonormal_columns`` of a normal
    matrix, or of its transpose, and so uniformly distributed.

    Source: A. M. Saxe, J. L. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks, arXiv:1312.6120.
    """
    lengths = normalize_shape("orthogonal", shape)
    fans(lengths)  # refuses what has no rows and columns
    rows, columns = lengths[0], prod(lengths[1:])
    drawn = (generator or default_generator()).normal((rows, columns), backend=backend)
    made = orthonormal_columns(drawn.transpose()).transpose() if rows < columns else orthonormal_columns(drawn)
    return made.reshape(lengths) * gain


def orthonormal_columns(matrix: RamTensor) -> RamTensor:
    """Q of the decomposition ``matrix = Q R`` with a positive diagonal of R; the columns must be independent.

    They are taken one after another: twice ``v = v - sum_j (q_j . v) q_j`` over those that are done, then ``q = v /
    |v|``. Each ``q_j . v``, each element of the difference, the norm and the quotient are rounded once (N3.1), so it is
    the same matrix on every backend. As the second pass takes away what the roundings of the first left, ``q_i . q_j``
    is off by a few 2^-24 at most.

    Source: L. Giraud et al., Rounding error analysis of the classical Gram-Schmidt orthogonalization process,
    Numerische Mathematik 101 (2005) 87-100: twice is enough.
    """
    if matrix.ndim != 2 or not 1 <= matrix.shape[1] <= matrix.shape[0]:
        raise ShapeError(
            f"orthonormal_columns: takes a matrix with one column or more and at least as many rows, "
            f"got a tensor of shape {matrix.shape}"
        )
    first, *others = matrix.unstack(axis=1)
    done = (first / first.norm()).expand_dims(1)
    for v in others:
        for _ in range(2):
            v = v.matmul(done).neg().linear(done, v)
        done = done.concat((v / v.norm()).expand_dims(1), axis=1)
    return done


def eye(shape: ShapeLike, *, backend: Place = None) -> RamTensor:
    """Ones where row and column have the same number, and zeros elsewhere."""
    lengths = normalize_shape("eye", shape)
    if len(lengths) != 2:
        raise ShapeError(f"eye: takes two lengths, got {lengths}")
    return creation.eye(*lengths, backend=backend)


def uniform(
    shape: ShapeLike, a: Number = 0.0, b: Number = 1.0, *, generator: Generator | None = None, backend: Place = None
) -> RamTensor:
    """``random.uniform`` from a to b."""
    return (generator or default_generator()).uniform(shape, a, b, backend=backend)


def normal(
    shape: ShapeLike,
    mean: Number = 0.0,
    std: Number = 1.0,
    *,
    generator: Generator | None = None,
    backend: Place = None,
) -> RamTensor:
    """``random.normal`` with this mean and standard deviation."""
    return (generator or default_generator()).normal(shape, mean, std, backend=backend)


def calculate_gain(nonlinearity: str, param: Number | None = None) -> float:
    """How much larger weights are before a nonlinearity than before none, ``RN`` of the exact root (N6).

    1 for linear and sigmoid, 5/3 for tanh, sqrt(2) for relu, ``sqrt(2 / (1 + param^2))`` for leaky_relu with the slope
    ``param`` (0.01), 3/4 for selu: as in PyTorch.
    """
    return root(_gain_square(nonlinearity, 0.01 if param is None else param))


GAIN_SQUARES = {
    "linear": Fraction(1),
    "sigmoid": Fraction(1),
    "tanh": Fraction(25, 9),
    "relu": Fraction(2),
    "selu": Fraction(9, 16),
}


def _gain_square(nonlinearity: str, slope: Number) -> Fraction:
    if nonlinearity == "leaky_relu":
        return 2 / (1 + _square(slope, "the slope"))
    if nonlinearity not in GAIN_SQUARES:
        known = ", ".join([*GAIN_SQUARES, "leaky_relu"])
        raise AttributeValueError(f"init: nonlinearity is one of {known}, got {nonlinearity!r}")
    return GAIN_SQUARES[nonlinearity]


def _fan(shape: ShapeLike, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise AttributeValueError(f"init: mode is one of fan_in, fan_out, got {mode!r}")
    return fans(shape)[mode == "fan_out"]


def _inverse(fan_in: Any) -> Fraction:
    if not isinstance(fan_in, int) or fan_in < 1:
        raise AttributeValueError(f"fan_in_uniform: fan_in must be an int of at least 1, got {fan_in!r}")
    return Fraction(1, fan_in)


def _square(value: Number, what: str = "gain") -> Fraction:
    try:
        return Fraction(value) ** 2
    except (TypeError, ValueError, OverflowError):
        raise AttributeValueError(f"init: {what} must be a finite number, got {value!r}") from None


# ------------------------------------------------------------------------------------- in place of what is there

P = ParamSpec("P")


def _in_place(make: Callable[Concatenate[ShapeLike, P], RamTensor]) -> Callable[Concatenate[RamTensor, P], RamTensor]:
    """The function that fills a tensor with what ``make`` makes of its shape."""

    def fill(tensor: RamTensor, /, *arguments: P.args, **options: P.kwargs) -> RamTensor:
        if not isinstance(tensor, RamTensor):
            raise TypeError(f"{fill.__name__}: fills a tensor, got a {type(tensor).__name__}; see {make.__name__}")
        options.setdefault("backend", tensor._backend)
        with no_grad():
            return tensor.replace_(make(tensor.shape, *arguments, **options))

    fill.__name__ = fill.__qualname__ = f"{make.__name__}_"
    fill.__doc__ = f"``tensor`` takes over ``{make.__name__}(tensor.shape, ...)``, on its backend; returns it."
    return fill


uniform_ = _in_place(uniform)
normal_ = _in_place(normal)
xavier_uniform_ = _in_place(xavier_uniform)
xavier_normal_ = _in_place(xavier_normal)
he_uniform_ = kaiming_uniform_ = _in_place(he_uniform)
he_normal_ = kaiming_normal_ = _in_place(he_normal)
lecun_uniform_ = _in_place(lecun_uniform)
lecun_normal_ = _in_place(lecun_normal)
truncated_normal_ = trunc_normal_ = _in_place(truncated_normal)
orthogonal_ = _in_place(orthogonal)
eye_ = _in_place(eye)


def constant_(tensor: RamTensor, value: Number) -> RamTensor:
    """``tensor`` becomes ``value`` everywhere, rounded once (N6); returns it."""
    with no_grad():
        return tensor.replace_(tensor.full_like(value))


def zeros_(tensor: RamTensor) -> RamTensor:
    """``tensor`` becomes 0 everywhere; returns it."""
    return constant_(tensor, 0)


def ones_(tensor: RamTensor) -> RamTensor:
    """``tensor`` becomes 1 everywhere; returns it."""
    return constant_(tensor, 1)
