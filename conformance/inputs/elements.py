"""Families of single elements: the arguments at which functions of one number (or two) go wrong.

A family is a function ``(rng, count, arity)`` that returns ``arity`` lists of bits, of about ``count`` elements each:
element i of the lists is one tuple of arguments. Randomness is drawn as integers only, so that a seed means the same
arguments on every platform.
"""

from collections.abc import Callable
from itertools import product
from random import Random

from ..bits import INFINITY, SIGN

Columns = list[list[int]]
Family = Callable[[Random, int, int], Columns]

ONE = 0x3F800000

POSITIVE_EDGES = (
    0x00000000,  # 0
    0x00000001,  # the smallest subnormal, 2^-149
    0x00000002,
    0x00000003,
    0x00400000,  # 2^-127
    0x007FFFFF,  # the largest subnormal
    0x00800000,  # the smallest normal, 2^-126
    0x00800001,
    0x0C800000,  # 2^-102: where a square is about to underflow, and a half ulp is subnormal
    0x33000000,  # 2^-25
    0x33800000,  # 2^-24: half an ulp of 1
    0x34000000,  # 2^-23: an ulp of 1
    0x39800000,  # 2^-12: a square of this is half an ulp of 1
    0x3E800000,  # 1/4
    0x3F000000,  # 1/2
    0x3F7FFFFF,  # 1 - ulp
    0x3F800000,  # 1
    0x3F800001,  # 1 + ulp
    0x3FC00000,  # 3/2
    0x3FC90FDB,  # pi/2
    0x40000000,  # 2
    0x402DF854,  # e
    0x40400000,  # 3
    0x40490FDB,  # pi
    0x41200000,  # 10
    0x42AEAC50,  # 87.336: e^-x leaves the normal numbers
    0x42B17217,  # 88.722: the last x whose e^x is finite
    0x42B17218,
    0x42CFF1B5,  # 103.97: e^-x leaves the subnormal numbers
    0x43000000,  # 128
    0x43150000,  # 149
    0x4AFFFFFF,  # the largest number with a half
    0x4B000000,  # 2^23
    0x4B7FFFFF,  # 2^24 - 1
    0x4B800000,  # 2^24, from where integers have gaps
    0x4B800001,
    0x4F000000,  # 2^31
    0x5F000000,  # 2^63
    0x5F7FFFFF,  # a square of this is about to overflow
    0x7E967699,  # 1e38
    0x7F000000,  # 2^127
    0x7F7FFFFF,  # the largest finite number
    0x7F800000,  # infinity
)
NANS = (0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFBFFFFF, 0x7FFFFFFF)
"""Quiet and signalling, of both signs, with payloads: all of them are the one NaN (N1.2)."""

EDGES = tuple(bits for edge in POSITIVE_EDGES for bits in (edge, edge | SIGN)) + NANS

FEW = (0, 1, 0x007FFFFF, 0x00800000, 0x3F000000, ONE, ONE + 1, 0x40000000, 0x40400000, 0x7F7FFFFF, INFINITY)
FEW_EDGES = tuple(bits for edge in FEW for bits in (edge, edge | SIGN)) + (0x7FC00000, 0xFF800001)
"""Few enough for every pair of them."""


def edges(rng: Random, count: int, arity: int) -> Columns:
    """Every edge; for two operands, every pair of the few (and of all, as ``count`` allows); for more, some tuples."""
    if arity == 1:
        return [list(EDGES)]
    tuples: list[tuple[int, ...]] = []
    if arity == 2:
        tuples = list(product(FEW_EDGES, FEW_EDGES))
        if len(tuples) > 2 * count:
            tuples = rng.sample(tuples, 2 * count)
        elif len(EDGES) ** 2 <= count:
            tuples = list(product(EDGES, EDGES))
    tuples += [tuple(rng.choice(EDGES) for _ in range(arity)) for _ in range(count)]
    return columns(tuples, arity)


def powers(rng: Random, count: int, arity: int) -> Columns:
    """Powers of two, and their neighbours on both sides: every one of them as soon as ``count`` allows."""
    every = []
    for exponent in range(-149, 128):
        power = 1 << (exponent + 149) if exponent < -126 else (exponent + 127) << 23
        every += [power - 1, power, power + 1]
    every = [bits | sign for bits in every for sign in (0, SIGN)]
    first = every if len(every) <= 5 * count else rng.sample(every, count)
    return [first] + [[rng.choice(every) for _ in first] for _ in range(arity - 1)]


def random_bits(rng: Random, count: int, arity: int) -> Columns:
    """Uniform over all 2^32 patterns."""
    return _independent(lambda: rng.getrandbits(32), count, arity)


def gaussian(rng: Random, count: int, arity: int) -> Columns:
    """Close to a normal distribution: twelve uniform numbers less six, which no platform's logarithm has touched."""
    return _independent(lambda: gaussian_bits(rng), count, arity)


def gaussian_bits(rng: Random) -> int:
    """One such number."""
    total = sum(rng.getrandbits(24) for _ in range(12)) - (6 << 24)  # times 2^-24
    sign, magnitude = (SIGN, -total) if total < 0 else (0, total)
    excess = max(magnitude.bit_length() - 24, 0)  # what does not fit is cut off: these are arguments, not results
    return sign | _normal(magnitude >> excess, excess - 24)


def exponents(rng: Random, count: int, arity: int) -> Columns:
    """Either sign, a random significand, and an exponent around 0, where functions have their shapes."""

    def one() -> int:
        return rng.getrandbits(1) << 31 | (127 + rng.randint(-12, 7)) << 23 | rng.getrandbits(23)

    return _independent(one, count, arity)


def integers(rng: Random, count: int, arity: int) -> Columns:
    """Small integers, halves and quarters of them: arguments whose results are often exact."""
    return _independent(lambda: dyadic(rng.randint(-64, 64), rng.choice((0, 0, 0, -1, -2))), count, arity)


def bf16(rng: Random, count: int, arity: int) -> Columns:
    """The grid of bfloat16: eight bits of significand, as quantised weights have."""
    return _independent(
        lambda: rng.getrandbits(1) << 31 | (127 + rng.randint(-8, 6)) << 23 | rng.getrandbits(7) << 16, count, arity
    )


def ties(rng: Random, count: int, arity: int) -> Columns:
    """Arguments whose exact sums, products or quotients lie halfway between two binary32 numbers, or a hair beside."""
    kinds = (_tie_of_product, _tie_of_sum, _tie_of_half)
    tuples = []
    for i in range(count):
        pair = list(kinds[i % 3](rng))
        rng.shuffle(pair)
        pair += [rng.choice((ONE, ONE | SIGN, 0, SIGN)) for _ in range(arity - 2)]
        tuples.append(tuple(pair[:arity]))
    return columns(tuples, arity)


def neighbours(rng: Random, count: int, arity: int) -> Columns:
    """Two operands that are equal, opposite, or some ulps apart: cancellation, comparisons, the larger of two."""
    tuples = []
    for _ in range(count):
        first = rng.getrandbits(32) if rng.getrandbits(1) else exponents(rng, 1, 1)[0][0]
        others = []
        for _ in range(arity - 1):
            near = min(max((first & ~SIGN) + rng.randint(-2, 2), 0), INFINITY)
            others.append(near | (first & SIGN) ^ rng.getrandbits(1) << 31)
        tuples.append((first, *others))
    return columns(tuples, arity)


FAMILIES: dict[str, Family] = {
    "edges": edges,
    "powers": powers,
    "bits": random_bits,
    "gaussian": gaussian,
    "exponents": exponents,
    "integers": integers,
    "bf16": bf16,
    "ties": ties,
    "neighbours": neighbours,
}

"""For operands of float32."""


def int_edges(rng: Random, count: int, arity: int) -> Columns:
    """Every pair (or tuple) of the ends of int32, of zero, and of where binary32 runs out of integers."""
    ends = [0, 1, -1, 2, -2, (1 << 24) - 1, 1 << 24, (1 << 24) + 1, -(1 << 24) - 1, (1 << 31) - 1, -(1 << 31)]
    tuples = list(product([end % (1 << 32) for end in ends], repeat=arity))
    return columns(tuples if len(tuples) <= 128 else rng.sample(tuples, 128), arity)


def small_ints(rng: Random, count: int, arity: int) -> Columns:
    """Integers between -8 and 8: many of them equal."""
    return _independent(lambda: rng.randint(-8, 8) % (1 << 32), count, arity)


INT32_FAMILIES: dict[str, Family] = {"edges": int_edges, "bits": random_bits, "integers": small_ints}
"""For operands of int32."""


def truth_table(rng: Random, count: int, arity: int) -> Columns:
    """Every combination of false and true, and random ones after them."""
    tuples = list(product((0, 1), repeat=arity))
    tuples += [tuple(rng.getrandbits(1) for _ in range(arity)) for _ in range(count)]
    return columns(tuples, arity)


BOOL_FAMILIES: dict[str, Family] = {"edges": truth_table}
"""For operands of bool."""


def columns(tuples: list[tuple[int, ...]], arity: int) -> Columns:
    """Tuples of arguments, as one list for each argument."""
    return [[row[i] for row in tuples] for i in range(arity)]


def dyadic(significand: int, exponent: int) -> int:
    """The bits of ``significand * 2^exponent``, which is a binary32 number."""
    return (SIGN if significand < 0 else 0) | _normal(abs(significand), exponent)


def _normal(magnitude: int, exponent: int) -> int:
    """Bits of ``magnitude * 2^exponent`` where that has at most 24 bits and is no less than the smallest subnormal."""
    if magnitude == 0:
        return 0
    length = magnitude.bit_length()
    field = length + exponent + 126
    if field <= 0:
        return magnitude << (exponent + 149)
    return (field << 23) + ((magnitude << (24 - length)) - (1 << 23))


def _independent(draw: Callable[[], int], count: int, arity: int) -> Columns:
    return [[draw() for _ in range(count)] for _ in range(arity)]


def _tie_of_product(rng: Random) -> tuple[int, int]:
    """Odd significands of 13 and 12 bits: an odd product of 25 bits is a tie (one of 24 bits is exact)."""
    first = 1 << 12 | rng.getrandbits(11) << 1 | 1
    second = 1 << 11 | rng.getrandbits(10) << 1 | 1
    sign = rng.choice((1, -1))
    return dyadic(sign * first, rng.randint(-24, 4)), dyadic(second, rng.randint(-24, 4))


def _tie_of_sum(rng: Random) -> tuple[int, int]:
    """A number and half of its last place, or the neighbours of that half."""
    exponent = rng.randint(-100, 100)
    significand = 1 << 23 | rng.getrandbits(23)
    half = ((exponent - 1 + 127) << 23) + rng.choice((-1, 0, 0, 1))
    return dyadic(rng.choice((1, -1)) * significand, exponent), half | rng.getrandbits(1) << 31


def _tie_of_half(rng: Random) -> tuple[int, int]:
    """An odd subnormal and a power of two: its half, or its quotient by that power, is a tie among the subnormals."""
    odd = rng.getrandbits(rng.randint(1, 22)) | 1
    power = rng.choice((0x3F000000, 0x40000000, 0x3E800000, 0x40800000))
    return odd | rng.getrandbits(1) << 31, power | rng.getrandbits(1) << 31
