"""Random numbers that are a function of (seed, stream, index), and nothing else (contract N8).

Philox4x32-10 turns a key and a counter into four random words, so element i of a draw depends neither on how many are
drawn nor on what was drawn before. ``draw_words`` is the one place that makes words; ``uniform``, ``normal`` and
``permutation`` shape them. A :class:`Generator` only counts streams: each draw takes the next.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11, 2011.
"""

import sys
from array import array
from collections.abc import Iterable
from fractions import Fraction
from math import copysign, log, prod, sqrt

from rcmlrs_core.creation import ShapeLike, from_plain
from rcmlrs_core.errors import AttributeValueError, PrecisionError
from rcmlrs_core.numerics.formats import from_bits, to_bits
from rcmlrs_core.numerics.reals import FIRST_PRECISION, LAST_PRECISION, ratio_of, reals
from rcmlrs_core.numerics.rounding import round_decided
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor

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


def _halves(name: str, value: int) -> tuple[int, int]:
    """An integer in [0, 2^64) as its low and its high word; anything else is refused."""
    if not isinstance(value, int) or not 0 <= value < 1 << 64:
        raise AttributeValueError(f"random: {name} must be an int in [0, 2^64), got {value!r}")
    return value & WORD, value >> 32


# ------------------------------------------------------------------------------------------------ quantiles

HALF = 1 << 23
"""``k`` and ``2 * HALF - 1 - k`` have quantiles of opposite sign."""

SCALE = 2.0**-24

CENTRAL = 0.425
"""AS241 splits at |p - 1/2| = 0.425. Its third piece, for p < e^-25, is never reached: p >= 2^-25 here."""

QUANTILE_BOUND = 64
"""Of ``_binary64_quantile``, in units u = 2^-53 relative to the value; its proof is there."""


def _binary64_quantile(k: int) -> float:
    """The quantile at (k + 1/2) 2^-24 in binary64, by algorithm AS241 (its PPND16).

    p - 1/2 and the smaller of p and 1 - p are exact here, and so is (p - 1/2)^2. The two rational functions have
    positive coefficients and arguments, so that Horner's rule in degree 7 errs by at most 15 u in each, the coefficients
    (rounded) by 1 u in each, and the quotient, the product and the approximation itself (1 part in 10^16) by 3 u. In the
    middle the argument errs by u/4 absolutely, which adds less than 1 u; in the tail, with a logarithm within 4 ulp, by
    6 u relatively, which is 12 u of the result at most. Together that is below 50 u.

    Source: M. J. Wichura, Algorithm AS 241: The percentage points of the normal distribution, Applied Statistics 37
    (1988) 477-484.
    """
    q = (2 * k + 1 - 2 * HALF) * 2.0**-25
    if -CENTRAL <= q <= CENTRAL:
        r = 0.180625 - q * q
        return (
            q
            * (
                (
                    (
                        (
                            (
                                ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                                + 45921.953931549871457
                            )
                            * r
                            + 13731.693765509461125
                        )
                        * r
                        + 1971.5909503065514427
                    )
                    * r
                    + 133.14166789178437745
                )
                * r
                + 3.387132872796366608
            )
            / (
                (
                    (
                        (
                            (
                                ((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                                + 21213.794301586595867
                            )
                            * r
                            + 5394.1960214247511077
                        )
                        * r
                        + 687.1870074920579083
                    )
                    * r
                    + 42.313330701600911252
                )
                * r
                + 1.0
            )
        )
    return 0.0
