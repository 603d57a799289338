"""Families of whole rows: the data on which sums, products of matrices and orders go wrong.

A family is a function ``(rng, length)`` that returns the bits of one row. ``BESIDE`` says what stands opposite such a
row in a product of two operands: opposite a row that is a tie as a sum, ones, so that the product is that tie too.
"""

from collections.abc import Callable
from random import Random

from ..bits import INFINITY, SIGN
from .elements import EDGES, ONE, dyadic, exponents, gaussian_bits, random_bits

Row = list[int]
Family = Callable[[Random, int], Row]


def gaussian(rng: Random, length: int) -> Row:
    """What a layer's activations and weights look like."""
    return [gaussian_bits(rng) for _ in range(length)]


def integers(rng: Random, length: int) -> Row:
    """Small integers: exact sums and ties, of which any order of any width is right."""
    return [dyadic(rng.randint(-9, 9), 0) for _ in range(length)]


def large_integers(rng: Random, length: int) -> Row:
    """Integers around 2^23, whose sums and products need more than 24 bits: exact in binary64, with many ties."""
    return [dyadic(rng.choice((1, -1)) * ((1 << 23) + rng.getrandbits(rng.choice((2, 22)))), 0) for _ in range(length)]


def bf16(rng: Random, length: int) -> Row:
    """The grid of bfloat16: exact results often lie on ties."""
    return [
        rng.getrandbits(1) << 31 | (127 + rng.randint(-4, 3)) << 23 | rng.getrandbits(7) << 16 for _ in range(length)
    ]


def one_hot(rng: Random, length: int) -> Row:
    """A single one among zeros; its product with -0 is +0 as a sum."""
    at = rng.randrange(length) if length else 0
    return [ONE if i == at else 0 for i in range(length)]


def half_zero(rng: Random, length: int) -> Row:
    """Activations after a relu: zeros of either sign, and positive numbers."""
    return [gaussian_bits(rng) & ~SIGN if rng.getrandbits(1) else rng.getrandbits(1) << 31 for _ in range(length)]


def zeros(rng: Random, length: int) -> Row:
    """Zeros of both signs, or of one."""
    signs = rng.choice(((0, SIGN), (0, SIGN), (SIGN,), (0,)))
    return [rng.choice(signs) for _ in range(length)]


def few(rng: Random, length: int) -> Row:
    """Numbers of which many are equal: for the first among equals, for order, for the middle two."""
    return [rng.choice((0, SIGN, ONE, ONE | SIGN, ONE + 1, 0x40000000)) for _ in range(length)]


def cancellation(rng: Random, length: int) -> Row:
    """Large numbers that cancel each other, and what remains is small."""
    row: Row = []
    while len(row) + 1 < length:
        large = rng.getrandbits(23) | (127 + rng.randint(20, 40)) << 23
        row += [large, large | SIGN]
    row += [gaussian_bits(rng) for _ in range(min(3, length))]
    row = row[-length:] if length else []
    rng.shuffle(row)
    return row


def mixed(rng: Random, length: int) -> Row:
    """Huge beside tiny: every exponent, but no product and no sum of them overflows."""
    return [rng.getrandbits(24) << 31 & SIGN | rng.randint(1, 187) << 23 | rng.getrandbits(23) for _ in range(length)]


def subnormals(rng: Random, length: int) -> Row:
    """Numbers below the smallest normal."""
    return [rng.getrandbits(1) << 31 | rng.getrandbits(rng.randint(1, 23)) for _ in range(length)]


def huge(rng: Random, length: int) -> Row:
    """Numbers next to overflow: sums leave the range on the way and come back."""
    return [rng.getrandbits(1) << 31 | rng.randint(252, 254) << 23 | rng.getrandbits(23) for _ in range(length)]


def ties(rng: Random, length: int) -> Row:
    """The exact sum lies halfway between two binary32 numbers, or beside it by less than binary64 can show.

    One number, half of its last place, and now and then something tiny; the rest are pairs that cancel.
    """
    exponent = rng.randint(-20, 20)
    sign = rng.getrandbits(1) << 31
    number = sign | (exponent + 23 + 127) << 23 | rng.getrandbits(23)
    half = sign | (exponent - 1 + 127) << 23
    tiny = rng.choice((0, 1)) * (rng.randint(1, 30) << 23 | rng.getrandbits(1) << 31)
    row = [number, half, tiny]
    while len(row) + 1 < length:
        other = (exponent + rng.randint(-24, 24) + 127) << 23 | rng.getrandbits(23)
        row += [other, other | SIGN]
    row = row[:length] + [0] * (length - len(row))
    rng.shuffle(row)
    return row


def specials(rng: Random, length: int) -> Row:
    """Gaussian numbers with an infinity, a NaN or both infinities among them."""
    row = gaussian(rng, length)
    intruders = rng.choice(
        ((INFINITY,), (INFINITY | SIGN,), (INFINITY, INFINITY | SIGN), (0x7FC00000,), (0xFF800001, INFINITY))
    )
    for intruder in intruders:
        if length:
            row[rng.randrange(length)] = intruder
    return row


def edges(rng: Random, length: int) -> Row:
    """Anything from the table of edges, infinities and NaN included."""
    return [rng.choice(EDGES) for _ in range(length)]


def bits(rng: Random, length: int) -> Row:
    """Uniform over all finite patterns."""
    row = random_bits(rng, length, 1)[0]
    return [word if word & ~SIGN < INFINITY else word ^ 1 << 23 for word in row]


def near_one(rng: Random, length: int) -> Row:
    """Exponents around zero, as in the single elements."""
    return exponents(rng, length, 1)[0]


FAMILIES: dict[str, Family] = {
    "gaussian": gaussian,
    "integers": integers,
    "large_integers": large_integers,
    "bf16": bf16,
    "one_hot": one_hot,
    "half_zero": half_zero,
    "zeros": zeros,
    "few": few,
    "cancellation": cancellation,
    "mixed": mixed,
    "subnormals": subnormals,
    "huge": huge,
    "ties": ties,
    "specials": specials,
    "edges": edges,
    "bits": bits,
    "exponents": near_one,
}


def ones(rng: Random, length: int) -> Row:
    """Ones, all of one sign."""
    return [ONE | rng.getrandbits(1) << 31] * length


BESIDE: dict[str, Family] = {"cancellation": ones, "ties": ones, "specials": half_zero}
"""What a family has opposite it in a product; where nothing is said, more of its own."""
