"""Random numbers that are a function of (seed, stream, index), and nothing else (contract N8).

Philox4x32-10 turns a key and a counter into four random words, so element i of a draw depends neither on how many are
drawn nor on what was drawn before. ``draw_words`` is the one place that makes words; ``DRAWS`` shapes them, in pure
Python, unless the backend has a kernel for it (:mod:`rcmlrs_core.fused`). A :class:`Generator` only counts streams:
each draw takes the next.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11, 2011.
"""

import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from math import ceil, copysign, log, prod, sqrt
from operator import index
from typing import Any

from rcmlrs_core.creation import ShapeLike, from_plain
from rcmlrs_core.errors import AttributeValueError, PrecisionError, ShapeError
from rcmlrs_core.numerics.formats import from_bits, round_number, to_bits
from rcmlrs_core.numerics.reals import FIRST_PRECISION, LAST_PRECISION, ratio_of, reals
from rcmlrs_core.numerics.rounding import round_decided
from rcmlrs_core.numerics.scalars import number
from rcmlrs_core.ops.shapes import normalize_axis, normalize_shape
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, ITEMSIZE, PlainArray, Shape, check_memory
from rcmlrs_core.registry import Backend, current_backend, get_backend
from rcmlrs_core.tensor import RamTensor, wrap

# ---------------------------------------------------------------------------------------------------- words

ROUNDS = 10
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
KEY_STEPS = 0x9E3779B9, 0xBB67AE85
WORD = 0xFFFFFFFF

LANES = 1024
"""How many counters go through the rounds together: beyond this, a lane costs the same."""

_ONES = int.from_bytes(b"\1\0\0\0\0\0\0\0" * LANES, "little")
_INDICES = int.from_bytes(b"".join(i.to_bytes(8, "little") for i in range(LANES)), "little")

Block = tuple[int, int, int, int]


def philox(counter: Block, key: tuple[int, int]) -> Block:
    """The four words of Philox4x32-10 for a counter of four words and a key of two."""
    return _rounds(counter, key, 1)


def _rounds(counter: Block, key: tuple[int, int], ones: int) -> Block:
    """The ten rounds on many counters at once: lane j of each number, 64 bits wide, holds a word of counter j.

    ``ones`` has a 1 in every lane. A product of two words fits its lane, so nothing is carried into a neighbour.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    low = WORD * ones
    for _ in range(ROUNDS):
        p0, p1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c2 = ((p1 >> 32) & low) ^ c1 ^ (k0 * ones), ((p0 >> 32) & low) ^ c3 ^ (k1 * ones)
        c1, c3 = p1 & low, p0 & low
        k0, k1 = (k0 + KEY_STEPS[0]) & WORD, (k1 + KEY_STEPS[1]) & WORD
    return c0, c1, c2, c3


def draw_words(count: int, seed: int, stream: int = 0, words: int = 1) -> "array[int]":
    """The first ``words`` (1 to 4) words of the blocks of the elements 0 ... count - 1, element after element."""
    key = _halves("seed", seed)
    c2, c3 = _halves("stream", stream)
    check_memory("random", (words * count,), 4)
    drawn = array("I", bytes(4 * words * count))
    for start in range(0, count, LANES):
        lanes = min(LANES, count - start)
        ones, indices = (_ONES, _INDICES) if lanes == LANES else (_lanes(_ONES, lanes), _lanes(_INDICES, lanes))
        low, high = start & WORD, start >> 32  # LANES divides 2^32, so the indices of a chunk share their upper half
        block = _rounds((indices + low * ones, high * ones, c2 * ones, c3 * ones), key, ones)
        for place in range(words):
            pairs = array("I", block[place].to_bytes(8 * lanes, "little"))
            if sys.byteorder == "big":
                pairs.byteswap()
            drawn[words * start + place : words * (start + lanes) : words] = pairs[::2]
    return drawn


def _lanes(packed: int, lanes: int) -> int:
    return packed & ((1 << 64 * lanes) - 1)


def _halves(name: str, value: Any) -> tuple[int, int]:
    """An integer in [0, 2^64) as its low and its high word; anything else is refused."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise AttributeValueError(f"random: {name} must be an int in [0, 2^64), got {value!r}")
    return value & WORD, value >> 32


# ------------------------------------------------------------------------------------------------ quantiles

HALF = 1 << 23
"""The quantiles of k and of 2 * HALF - 1 - k are opposite."""

SPLIT = 0.425
"""|p - 1/2| where AS241 passes from its middle to its tail. Its far tail, p < e^-25, is never reached: p >= 2^-25."""

MIDDLE = (
    (2.5090809287301226727e3, 5.2264952788528545610e3),
    (3.3430575583588128105e4, 2.8729085735721942674e4),
    (6.7265770927008700853e4, 3.9307895800092710610e4),
    (4.5921953931549871457e4, 2.1213794301586595867e4),
    (1.3731693765509461125e4, 5.3941960214247511077e3),
    (1.9715909503065514427e3, 6.8718700749205790830e2),
    (1.3314166789178437745e2, 4.2313330701600911252e1),
    (3.3871328727963666080e0, 1.0),
)
TAIL = (
    (7.74545014278341407640e-4, 1.05075007164441684324e-9),
    (2.27238449892691845833e-2, 5.47593808499534494600e-4),
    (2.41780725177450611770e-1, 1.51986665636164571966e-2),
    (1.27045825245236838258e0, 1.48103976427480074590e-1),
    (3.64784832476320460504e0, 6.89767334985100004550e-1),
    (5.76949722146069140550e0, 1.67638483018380384940e0),
    (4.63033784615654529590e0, 2.05319162663775882187e0),
    (1.42343711074968357734e0, 1.0),
)
"""The coefficients of AS241's numerators and denominators, highest power first."""

QUANTILE_BOUND = 64
"""Of ``_binary64_quantile``, in units u = 2^-53 relative to the value. The proof is there."""


def _binary64_quantile(k: int) -> float:
    """The quantile at (k + 1/2) 2^-24 in binary64, by algorithm AS241 (its PPND16).

    The distance q of p from 1/2, its square, and the smaller of p and 1 - p are exact here. Coefficients and arguments
    are positive, so Horner's rule in degree 7 errs by at most 14 u in each polynomial, rounded coefficients add 1 u in
    each, and the quotient, the product and the approximation itself (1 part in 10^16) 3 u. In the middle the argument
    errs by u/4, which adds less than 1 u; in the tail, with a logarithm within 4 ulp, the root errs by 5 u relative to
    itself, and the constant 1.6 adds as little: 12 u of the result at most. Together that is below 50 u. (Against a
    library of balls, over every k: 7.2 u at most, and normal() has 2 undecided among all 2^24.)

    Source: M. J. Wichura, Algorithm AS 241: The percentage points of the normal distribution, Applied Statistics 37
    (1988) 477-484.
    """
    q = (2 * k + 1 - 2 * HALF) * 2.0**-25
    numerator = denominator = 0.0
    if -SPLIT <= q <= SPLIT:
        r = 0.180625 - q * q
        for a, b in MIDDLE:
            numerator = numerator * r + a
            denominator = denominator * r + b
        return q * numerator / denominator
    r = sqrt(-log(0.5 - abs(q))) - 1.6
    for a, b in TAIL:
        numerator = numerator * r + a
        denominator = denominator * r + b
    return copysign(numerator / denominator, q)


def quantile(k: int) -> float:
    """RN of the quantile of the standard normal distribution at (k + 1/2) 2^-24, by definition.

    The distribution function rises, so a number x lies below the quantile of p just where its value there,
    (1 + erf(x / sqrt(2))) / 2, is below p. A bisection asks this of the midpoints of neighbouring binary32 numbers.
    """
    if k < HALF:
        return -quantile(2 * HALF - 1 - k)
    p = Fraction(2 * k + 1, 4 * HALF)
    low, high = 0, to_bits(8.0)
    while low < high:
        middle = (low + high) // 2
        if _is_below_quantile((from_bits(middle) + from_bits(middle + 1)) / 2, p):
            low = middle + 1
        else:
            high = middle
    return from_bits(low)


def _is_below_quantile(x: float, p: Fraction) -> bool:
    """Whether x lies below the quantile of p: ``erf(x / sqrt(2)) < 2p - 1``, enclosed until it is decided."""
    precision = FIRST_PRECISION
    while precision <= LAST_PRECISION:
        r = reals(precision)
        difference = ratio_of(r, 2 * p - 1) - r.erf(r.number(x) / r.sqrt(r.number(2)))
        if difference.a > 0 or difference.b < 0:
            return bool(difference.a > 0)
        precision *= 2
    raise PrecisionError(f"{LAST_PRECISION} bits do not decide on which side of {x!r} the quantile of {p} lies")


# ---------------------------------------------------------------------------------------------------- draws


def _uniform(seed: int, stream: int, shape: Shape, start: Fraction, factor: Fraction) -> PlainArray:
    words = draw_words(prod(shape), seed, stream)
    return PlainArray(scaled(array("f", [(word >> 8) * 2.0**-24 for word in words]), start, factor), shape)


def _normal(seed: int, stream: int, shape: Shape, start: Fraction, factor: Fraction) -> PlainArray:
    words = draw_words(prod(shape), seed, stream)
    values, undecided = round_decided([_binary64_quantile(word >> 8) for word in words], QUANTILE_BOUND)
    for i in undecided:
        values[i] = quantile(words[i] >> 8)
    return PlainArray(scaled(values, start, factor), shape)


def _bernoulli(seed: int, stream: int, shape: Shape, below: int) -> PlainArray:
    return PlainArray(array("b", [(word >> 8) < below for word in draw_words(prod(shape), seed, stream)]), shape)


def _integers(seed: int, stream: int, shape: Shape, start: int, count: int) -> PlainArray:
    numbers = _doubled_words(prod(shape), seed, stream)
    return PlainArray.of((start + (number * count >> 64) for number in numbers), shape, INT32)


def _permutation(seed: int, stream: int, shape: Shape) -> PlainArray:
    keys = list(_doubled_words(prod(shape), seed, stream))
    return PlainArray.of(sorted(range(len(keys)), key=keys.__getitem__), shape, INT32)


def _doubled_words(count: int, seed: int, stream: int) -> Iterator[int]:
    """The first two words of each block, as one number."""
    words = draw_words(count, seed, stream, words=2)
    return (first << 32 | second for first, second in zip(words[::2], words[1::2], strict=True))


DRAWS: dict[str, Callable[..., PlainArray]] = {
    "random_uniform": _uniform,
    "random_normal": _normal,
    "random_bernoulli": _bernoulli,
    "random_integers": _integers,
    "random_permutation": _permutation,
}
"""The compositions in :mod:`rcmlrs_core.fused` that are draws: attributes as there, and one result."""


def _drawn(
    name: str,
    dtype: str,
    shape: Shape,
    seed: int | None,
    stream: int,
    backend: str | Backend | None,
    **attributes: Any,
) -> RamTensor:
    """A draw, by the backend's kernel where it has one."""
    chosen = current_backend() if backend is None else get_backend(backend)
    seed, stream = _place(seed, stream)
    part = _part.get()
    if part is not None and (whole := part(name, seed, stream, shape)) is not None:
        return whole[1](_draw(name, dtype, whole[0], seed, stream, chosen, attributes))
    return _draw(name, dtype, shape, seed, stream, chosen, attributes)


def _draw(
    name: str, dtype: str, shape: Shape, seed: int, stream: int, chosen: Backend, attributes: dict[str, Any]
) -> RamTensor:
    kernel = chosen.fused.get(name)
    if kernel is None:
        return from_plain(DRAWS[name](seed, stream, shape, **attributes), chosen)
    _halves("seed", seed)
    _halves("stream", stream)
    check_memory("random", shape, ITEMSIZE[dtype])
    (buffer,) = kernel(seed=seed, stream=stream, shape=shape, **attributes)
    return wrap(buffer, shape, dtype, chosen)


Part = Callable[[str, int, int, Shape], "tuple[Shape, Callable[[RamTensor], RamTensor]] | None"]
"""``part(name, seed, stream, shape)``: the shape of the draw that one is a part of, and what takes the part of it; None
for a draw that stands for itself."""

_part: ContextVar[Part | None] = ContextVar("rcmlrs_draws_in_part", default=None)


@contextmanager
def draws_in_part(part: Part) -> Iterator[None]:
    """Inside, in this thread or task, draws are parts of larger ones, as ``part`` says."""
    token = _part.set(part)
    try:
        yield
    finally:
        _part.reset(token)


def _place(seed: int | None, stream: int) -> tuple[int, int]:
    """The seed and stream of a draw: those that are given, or without a seed the default generator's next."""
    if seed is None:
        generator = default_generator()
        return generator.seed, generator._next()
    return seed, stream


def uniform(
    shape: ShapeLike,
    low: float = 0.0,
    high: float = 1.0,
    *,
    seed: int | None = None,
    stream: int = 0,
    backend: str | Backend | None = None,
) -> RamTensor:
    """Uniform numbers from ``low`` to ``high``: element i is RN(low + (high - low) u), exact before its one rounding.

    u is ``t * 2^-24`` with t the top 24 bits of the word of (seed, stream, i), and so in [0, 1), and exact. ``low``
    and ``high`` enter at their exact values; the rounding may give ``high`` itself.
    """
    first, last = _finite("uniform", "low", low), _finite("uniform", "high", high)
    lengths = normalize_shape("uniform", shape)
    return _drawn("random_uniform", FLOAT32, lengths, seed, stream, backend, start=first, factor=last - first)


def normal(
    shape: ShapeLike,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    seed: int | None = None,
    stream: int = 0,
    backend: str | Backend | None = None,
) -> RamTensor:
    """Normal numbers: element i is z, RN of the exact quantile at ``(t + 1/2) 2^-24``, t as in ``uniform``.

    With another mean or standard deviation it is RN(mean + std z), of the z that is rounded already (N8); this sum is
    exact before its rounding, with ``mean`` and ``std`` at their exact values.
    """
    centre, scale = _finite("normal", "mean", mean), _finite("normal", "std", std)
    if scale < 0:
        raise AttributeValueError(f"normal: std must not be negative, got {std!r}")
    lengths = normalize_shape("normal", shape)
    return _drawn("random_normal", FLOAT32, lengths, seed, stream, backend, start=centre, factor=scale)


def _finite(name: str, what: str, value: Any) -> Fraction:
    try:
        return Fraction(*number(value).as_integer_ratio())
    except (TypeError, ValueError, OverflowError, AttributeError):
        raise AttributeValueError(f"{name}: {what} must be a finite number, got {value!r}") from None


LARGE = 1 << 900
"""Numbers from here up are not scaled in binary64."""

TINY = 2.0**-1000
"""More than any error of a subnormal number of binary64."""

SCALED_BOUND = 6
"""Of ``start + factor * x`` in binary64, in units 2^-53 relative to ``|start| + |factor x| + TINY``: ``start``,
``factor``, their product with x and the sum are off by at most one each."""


def scaled(x: "array[float]", start: Fraction, factor: Fraction) -> "array[float]":
    """RN of ``start + factor * x``, element by element."""
    if start == 0 and factor == 1:
        return x
    if max(abs(start), abs(factor)) >= LARGE:
        return array("f", [round_number(start + factor * Fraction(value)) for value in x])
    a, b = float(start), float(factor)
    products = [b * value for value in x]
    values, undecided = round_decided(
        [a + product for product in products], SCALED_BOUND, [abs(a) + abs(p) + TINY for p in products]
    )
    for i in undecided:
        values[i] = round_number(start + factor * Fraction(x[i]))
    return values


def bernoulli(
    shape: ShapeLike, p: float = 0.5, *, seed: int | None = None, stream: int = 0, backend: str | Backend | None = None
) -> RamTensor:
    """A mask of bools: element i is true where u < ``p``, u of ``uniform``: with probability p, to within 2^-24."""
    chance = _finite("bernoulli", "p", p)
    if not 0 <= chance <= 1:
        raise AttributeValueError(f"bernoulli: p is a probability, a number from 0 to 1, got {p!r}")
    lengths = normalize_shape("bernoulli", shape)
    below = ceil(chance * (1 << 24))  # t * 2^-24 < p just where t < p * 2^24
    return _drawn("random_bernoulli", BOOL, lengths, seed, stream, backend, below=below)


def randint(
    low: int,
    high: int,
    shape: ShapeLike,
    *,
    seed: int | None = None,
    stream: int = 0,
    backend: str | Backend | None = None,
) -> RamTensor:
    """Integers from ``low`` to before ``high``, int32: element i is ``low + floor(w (high - low) / 2^64)``.

    w is made of the first two words of the element's block, the first as its upper half. No integer is more than
    2^-32 more likely than another, relative to its chance.
    """
    try:
        first, last = index(low), index(high)
    except TypeError:
        raise AttributeValueError(f"randint: low and high are ints, got {low!r} and {high!r}") from None
    if not -(1 << 31) <= first < last <= 1 << 31:
        raise AttributeValueError(f"randint: from {first} to before {last} there is no int32; low is below high")
    lengths = normalize_shape("randint", shape)
    return _drawn("random_integers", INT32, lengths, seed, stream, backend, start=first, count=last - first)


def shuffle(x: RamTensor, axis: int = 0, *, seed: int | None = None, stream: int = 0) -> RamTensor:
    """The parts of ``x`` along an axis in random order: ``x.take(permutation(n), axis)``, a tensor of its own."""
    axis = normalize_axis("shuffle", axis, len(x.shape))
    order = _drawn("random_permutation", INT32, x.shape[axis : axis + 1], seed, stream, x._backend)
    return x.take(order, axis=axis)


def permutation(n: int, *, seed: int | None = None, stream: int = 0) -> list[int]:
    """The numbers 0 ... n - 1 in random order: sorted by the first two words of their blocks (and by themselves)."""
    lengths = normalize_shape("permutation", n)
    if len(lengths) != 1:
        raise ShapeError(f"permutation: takes one length, got the shape {lengths}; pass an int")
    order: list[int] = _drawn("random_permutation", INT32, lengths, seed, stream, None).tolist()
    return order


FIRST_STREAM = 1 << 32
"""Where a :class:`Generator` begins. Streams below are for draws that are addressed: stream e shuffles epoch e."""


class Generator:
    """Draws one after another from one seed: each takes the next stream.

    ``stream`` is the number of the next one, so that (seed, stream) is all there is to save. For one thread at a time.
    """

    def __init__(self, seed: int, stream: int = FIRST_STREAM) -> None:
        _halves("seed", seed)
        _halves("stream", stream)
        self.seed = seed
        self.stream = stream

    def uniform(
        self, shape: ShapeLike, low: float = 0.0, high: float = 1.0, *, backend: str | Backend | None = None
    ) -> RamTensor:
        """Uniform numbers from ``low`` to ``high``."""
        return uniform(shape, low, high, seed=self.seed, stream=self._next(), backend=backend)

    def normal(
        self, shape: ShapeLike, mean: float = 0.0, std: float = 1.0, *, backend: str | Backend | None = None
    ) -> RamTensor:
        """Normal numbers."""
        return normal(shape, mean, std, seed=self.seed, stream=self._next(), backend=backend)

    def bernoulli(self, shape: ShapeLike, p: float = 0.5, *, backend: str | Backend | None = None) -> RamTensor:
        """A mask of bools, each true with probability p."""
        return bernoulli(shape, p, seed=self.seed, stream=self._next(), backend=backend)

    def randint(self, low: int, high: int, shape: ShapeLike, *, backend: str | Backend | None = None) -> RamTensor:
        """Integers from ``low`` to before ``high``."""
        return randint(low, high, shape, seed=self.seed, stream=self._next(), backend=backend)

    def shuffle(self, x: RamTensor, axis: int = 0) -> RamTensor:
        """The parts of a tensor along an axis in random order."""
        return shuffle(x, axis, seed=self.seed, stream=self._next())

    def permutation(self, n: int) -> list[int]:
        """The numbers 0 ... n - 1 in random order."""
        return permutation(n, seed=self.seed, stream=self._next())

    def _next(self) -> int:
        stream = self.stream
        self.stream = (stream + 1) % (1 << 64)
        return stream

    def __repr__(self) -> str:
        return f"Generator(seed={self.seed}, stream={self.stream})"


_default = Generator(0)
_again: ContextVar[Generator | None] = ContextVar("rcmlrs_draws_again", default=None)


def default_generator() -> Generator:
    """The generator of those who name none: seed 0, unless ``manual_seed`` says another."""
    return _again.get() or _default


@contextmanager
def draws_again(seed: int, stream: int) -> Iterator[None]:
    """Inside, in this thread or task, the default generator is another one that begins there."""
    token = _again.set(Generator(seed, stream))
    try:
        yield
    finally:
        _again.reset(token)


def are_drawn_again() -> bool:
    """Whether what runs has run before and is repeated now (``draws_again``): it is to remember nothing anew."""
    return _again.get() is not None


def manual_seed(seed: int) -> Generator:
    """Begin the default generator anew, with this seed; returns it."""
    generator = default_generator()
    generator.__init__(seed)  # type: ignore[misc]
    return generator
