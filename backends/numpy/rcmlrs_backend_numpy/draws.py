"""Random draws (N8): Philox on lanes of 64 bits, quantiles by the core's binary64 formula and the rounding test.

The formulas, their constants and bounds are those of ``rcmlrs_core.random``, whose definition decides what they leave.
"""

from array import array
from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

import numpy

from rcmlrs_backend_numpy.elementwise import BLOCK
from rcmlrs_backend_numpy.rounding import round_decided
from rcmlrs_core import random
from rcmlrs_core.plain import Shape

Array = Any
Fused = Callable[..., tuple[Array, ...]]

WORD = numpy.uint64(random.WORD)
HALF_WIDTH = numpy.uint64(32)


def philox(start: int, count: int, seed: int, stream: int) -> tuple[Array, Array]:
    """The first two words of the blocks of ``count`` elements from ``start`` on, each in a lane of 64 bits.

    A product of two words fits its lane.
    """
    index = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(start)
    c0: Array = index & WORD
    c1: Array = index >> HALF_WIDTH
    c2: Array = numpy.uint64(stream & random.WORD)
    c3: Array = numpy.uint64(stream >> 32)
    k0, k1 = seed & random.WORD, seed >> 32
    m0, m1 = map(numpy.uint64, random.MULTIPLIERS)
    for _ in range(random.ROUNDS):
        p0, p1 = m0 * c0, m1 * c2
        c0, c2 = (p1 >> HALF_WIDTH) ^ c1 ^ numpy.uint64(k0), (p0 >> HALF_WIDTH) ^ c3 ^ numpy.uint64(k1)
        c1, c3 = p1 & WORD, p0 & WORD
        k0, k1 = (k0 + random.KEY_STEPS[0]) & random.WORD, (k1 + random.KEY_STEPS[1]) & random.WORD
    return c0, c1


def drawn(shape: Shape, dtype: Any, seed: int, stream: int, make: Callable[[Array, Array], Array]) -> tuple[Array]:
    """A result whose elements ``make`` makes of their first two words, block by block."""
    result = numpy.empty(prod(shape), dtype)
    with numpy.errstate(all="ignore"):  # overflow to infinity is a result
        for start in range(0, len(result), BLOCK):
            count = min(BLOCK, len(result) - start)
            result[start : start + count] = make(*philox(start, count, seed, stream))
    return (result.reshape(shape),)


def uniform(*, seed: int, stream: int, shape: Shape, start: Fraction, factor: Fraction) -> tuple[Array]:
    """RN(start + factor * u)."""
    return drawn(
        shape,
        numpy.float32,
        seed,
        stream,
        lambda word, _: scaled((word >> numpy.uint64(8)).astype(numpy.float64) * 2.0**-24, start, factor),
    )


def normal(*, seed: int, stream: int, shape: Shape, start: Fraction, factor: Fraction) -> tuple[Array]:
    """RN(start + factor * z), z the rounded quantile."""

    def make(word: Array, _: Array) -> Array:
        z = quantiles((word >> numpy.uint64(8)).astype(numpy.int64))
        return scaled(z.astype(numpy.float64), start, factor)

    return drawn(shape, numpy.float32, seed, stream, make)


def quantiles(k: Array) -> Array:
    """RN of the quantile at each (k + 1/2) 2^-24."""
    values, undecided = round_decided(numpy, binary64_quantiles(k), random.QUANTILE_BOUND)
    for i in () if undecided is None else numpy.nonzero(undecided)[0]:
        values[i] = random.quantile(int(k[i]))
    return values


def binary64_quantiles(k: Array) -> Array:
    """As ``random._binary64_quantile``, operation by operation; the proof of its bound is there."""
    q = (2 * k + (1 - 2 * random.HALF)) * 2.0**-25
    r = 0.180625 - q * q
    numerator, denominator = _polynomials(random.MIDDLE, r)
    values = q * numerator / denominator
    (far,) = numpy.nonzero(numpy.abs(q) > random.SPLIT)
    q = q[far]
    r = numpy.sqrt(-numpy.log(0.5 - numpy.abs(q))) - 1.6
    numerator, denominator = _polynomials(random.TAIL, r)
    values[far] = numpy.copysign(numerator / denominator, q)
    return values


def _polynomials(coefficients: tuple[tuple[float, float], ...], r: Array) -> tuple[Array, Array]:
    """Numerator and denominator, by Horner's rule."""
    (a, b), *others = coefficients
    numerator, denominator = numpy.full(len(r), a), numpy.full(len(r), b)
    for a, b in others:
        numerator *= r
        numerator += a
        denominator *= r
        denominator += b
    return numerator, denominator


def scaled(x: Array, start: Fraction, factor: Fraction) -> Array:
    """RN of ``start + factor * x``: the same test as the core's, with its definition for what is undecided."""
    if start == 0 and factor == 1:
        return x
    if max(abs(start), abs(factor)) >= random.LARGE:
        return numpy.array(random.scaled(array("f", x.tolist()), start, factor), numpy.float32)
    a, b = float(start), float(factor)
    products = b * x
    magnitudes = numpy.abs(products) + (abs(a) + random.TINY)
    values, undecided = round_decided(numpy, a + products, random.SCALED_BOUND, magnitudes)
    if undecided is not None:
        values[undecided] = random.scaled(array("f", x[undecided].tolist()), start, factor)
    return values


def bernoulli(*, seed: int, stream: int, shape: Shape, below: int) -> tuple[Array]:
    """Whether t < below."""
    return drawn(shape, bool, seed, stream, lambda word, _: (word >> numpy.uint64(8)) < numpy.uint64(below))


def integers(*, seed: int, stream: int, shape: Shape, start: int, count: int) -> tuple[Array]:
    """start + floor((w0 * 2^32 + w1) count / 2^64): with count up to 2^32 the two products fit their lanes."""
    span = numpy.uint64(count)

    def make(high: Array, low: Array) -> Array:
        return ((high * span + (low * span >> HALF_WIDTH)) >> HALF_WIDTH).astype(numpy.int64) + start

    return drawn(shape, numpy.int32, seed, stream, make)


def permutation(*, seed: int, stream: int, shape: Shape) -> tuple[Array]:
    """The indices in the order of their keys; NumPy's fastest sort is not stable, so it needs keys that differ."""
    (keys,) = drawn(shape, numpy.uint64, seed, stream, lambda high, low: high << HALF_WIDTH | low)
    order = numpy.argsort(keys)
    placed = keys[order]
    if (placed[1:] == placed[:-1]).any():
        order = numpy.argsort(keys, kind="stable")
    return (order.astype(numpy.int32),)


FUSED: dict[str, Fused] = {
    "random_uniform": uniform,
    "random_normal": normal,
    "random_bernoulli": bernoulli,
    "random_integers": integers,
    "random_permutation": permutation,
}
