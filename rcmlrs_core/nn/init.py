"""First values of weights: random numbers (N8) times a scale that is derived exactly and rounded once (N6).

``U(-a, a)`` is ``(2u - 1) * a`` for uniform u, where ``2u - 1`` is exact; ``N(0, s^2)`` is ``z * s`` for normal z. A
weight has the shape ``(out, in)``, or that of a convolution, ``(out channels, in channels, ...)``.
"""

from fractions import Fraction
from math import prod
from typing import Any

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


def he_uniform(shape: ShapeLike, *, generator: Generator | None = None, backend: Place = None) -> RamTensor:
    """``U(-a, a)`` with ``a = sqrt(6 / fan_in)``: for relu.

    Source: K. He, X. Zhang, S. Ren, J. Sun, Delving deep into rectifiers, arXiv:1502.01852, section 2.2.
    """
    return symmetric_uniform(shape, root(Fraction(6, fans(shape)[0])), generator=generator, backend=backend)


def he_normal(shape: ShapeLike, *, generator: Generator | None = None, backend: Place = None) -> RamTensor:
    """``N(0, s^2)`` with ``s = sqrt(2 / fan_in)``; see ``he_uniform``."""
    return scaled_normal(shape, root(Fraction(2, fans(shape)[0])), generator=generator, backend=backend)


def _inverse(fan_in: Any) -> Fraction:
    if not isinstance(fan_in, int) or fan_in < 1:
        raise AttributeValueError(f"fan_in_uniform: fan_in must be an int of at least 1, got {fan_in!r}")
    return Fraction(1, fan_in)


def _square(gain: Number) -> Fraction:
    try:
        return Fraction(gain) ** 2
    except (TypeError, ValueError, OverflowError):
        raise AttributeValueError(f"xavier: gain must be a finite number, got {gain!r}") from None
