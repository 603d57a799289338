"""Draws that are known from elsewhere: digests that ``python -m rcmlrs_conformance.judge.known_draws`` works out anew.

Nothing here comes from ``rcmlrs_core``: the rounds of Philox are written anew, from the paper, and held against the
vectors of its authors; the quantile is mpmath's inverse error function with 40 digits, rounded by mpmath; intervals are
exact fractions. What the core and the backends draw has to have these digests.

Sources: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11, 2011,
section 5 and appendix; the file ``tests/kat_vectors`` of their library, Random123 1.14.0, lines ``philox4x32 10``.
"""

from array import array
from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from struct import pack

import mpmath

Words = tuple[int, ...]

KNOWN_ANSWERS: dict[tuple[Words, Words], Words] = {
    ((0, 0, 0, 0), (0, 0)): (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2): (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)): (
        0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1,
    ),
}  # fmt: skip
"""Counter and key, and the words that they give."""

COUNT = 600
"""Elements of each draw."""

PLACES = ((0, 0), (20240229, 7), ((1 << 64) - 1, (1 << 64) - 1))
"""Seeds and streams."""

INTERVAL = (-0.03125, 0.0625)
CHANCE = 0.1
RANGE = (-3, 14)

DIGESTS: dict[tuple[str, int], str] = {
    ("uniform", 0): "755320fb61947c967df7e80097b9169c9b956ae2acb569c9db84510a84211950",
    ("uniform in an interval", 0): "049186497dd014898942c2a7caa63314c844b730dc17ded28dcfb84e3c6c1ee0",
    ("normal", 0): "196cf12b1efe6ea2958b1c5275fa1781d3aa46a0ea0d84a28881b0690b4bd607",
    ("bernoulli", 0): "8b2bc23ccf7dfad7bd3cb18fa99bb0add2e18d4ebc92a6a5de81dc384828bb2d",
    ("integers", 0): "94fc71e77ca4c66d48ef01d13365620419fa4cc884b2ca9c33a130150ea875ae",
    ("permutation", 0): "52e2fa1d480ef4a7d38c20de9fe3749b4f964f3f74f564aa61382053ee205649",
    ("uniform", 1): "6777c5b36ba902429d9bac91d330ae1753579c3c568514ac5fffd02d860ba6ab",
    ("uniform in an interval", 1): "000024db758af57e5090b9b72359408da0e03e7ff1cdedaa1a5402ddffa044dd",
    ("normal", 1): "d3a3c8193bdd35ff2f6908096044b6823fcde70e80c42b4f44eda4ac7b53c276",
    ("bernoulli", 1): "ab8fb188f917514a1b388f164a6a2dbe0fca8ad1513a21bf4a7606c6f519a7fd",
    ("integers", 1): "e93dad07a6529a2050cf0177aed4abf40a309222f3376feb7e24f775db8a7921",
    ("permutation", 1): "eb1d5100c6cf59d7328db5750cdeba3c9c6b6e379894440b27b21316d57d3e72",
    ("uniform", 2): "14e47ce91ad903915225e059c4862140c5310de197549b10b1c7d1a7b3e245b4",
    ("uniform in an interval", 2): "828d0cffbc51ddbd6ceca2fddec82fcbb06546d361745aff5832df09ece2ccc3",
    ("normal", 2): "61f3f6e23c6d54c83ca9cd269b44db76bba4f66671dd81ab222f6969d3afadea",
    ("bernoulli", 2): "e8da65f659b48fdbb9dfb50a6fcb15ae2758ad8898ee379a677340b1d995b8c2",
    ("integers", 2): "3a4530f11b41a48443bce56541ecb905501bcafd46aa5d0428caade6edf2d503",
    ("permutation", 2): "2cea70629197e9b0ca5eb13b39417a87ea6f025278bcea33ffe2b1d201b24066",
}
"""SHA-256 of the bytes, by the draw and its place in ``PLACES``."""


def philox(counter: Words, key: Words) -> Words:
    """Philox4x32-10: ten rounds of two products, of which the upper halves meet the key and the other words."""
    r0, l0, r1, l1 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * r0, 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * r1, 1 << 32)
        r0, l0, r1, l1 = high1 ^ l0 ^ k0, low1, high0 ^ l1 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % (1 << 32), (k1 + 0xBB67AE85) % (1 << 32)
    return r0, l0, r1, l1


def blocks(seed: int, stream: int) -> Iterator[Words]:
    """The words of the elements, one after the other (N8)."""
    for i in range(COUNT):
        yield philox((i, 0, stream % (1 << 32), stream >> 32), (seed % (1 << 32), seed >> 32))


def normal(t: int) -> float:
    """The binary32 number nearest to the quantile at (t + 1/2) 2^-24."""
    with mpmath.workdps(40):
        exact = mpmath.sqrt(2) * mpmath.erfinv(2 * (mpmath.mpf(t) + mpmath.mpf(1) / 2) / (1 << 24) - 1)
    with mpmath.workprec(24):
        return float(+exact)


def rounded(exact: Fraction) -> float:
    """The binary32 number nearest to a fraction whose magnitude is from 2^-126 to 2^127; of two, the even one."""
    if exact == 0:
        return 0.0
    exponent = abs(exact).numerator.bit_length() - abs(exact).denominator.bit_length()
    exponent -= abs(exact) < Fraction(2) ** exponent
    grid = Fraction(2) ** (exponent - 23)
    return float(round(exact / grid) * grid)


def draws(seed: int, stream: int) -> dict[str, bytes]:
    """Every draw, as the bytes that leave a tensor."""
    words = list(blocks(seed, stream))
    tops = [word[0] >> 8 for word in words]
    low, high = map(Fraction, INTERVAL)
    keys = [word[0] << 32 | word[1] for word in words]
    return {
        "uniform": _bytes([t / (1 << 24) for t in tops]),
        "uniform in an interval": _bytes([rounded(low + (high - low) * Fraction(t, 1 << 24)) for t in tops]),
        "normal": _bytes(list(map(normal, tops))),
        "bernoulli": bytes(Fraction(t, 1 << 24) < Fraction(CHANCE) for t in tops),
        "integers": pack(f"<{COUNT}i", *(RANGE[0] + (key * (RANGE[1] - RANGE[0]) >> 64) for key in keys)),
        "permutation": pack(f"<{COUNT}i", *sorted(range(COUNT), key=lambda i: (keys[i], i))),
    }


def _bytes(values: list[float]) -> bytes:
    """Numbers that are binary32 numbers, as such; one that is not would be an error of this file."""
    assert array("f", values).tolist() == values
    return pack(f"<{len(values)}f", *values)


def digests() -> dict[tuple[str, int], str]:
    """All of them, worked out."""
    for (counter, key), want in KNOWN_ANSWERS.items():
        assert philox(counter, key) == want
    return {(name, i): sha256(raw).hexdigest() for i, place in enumerate(PLACES) for name, raw in draws(*place).items()}


if __name__ == "__main__":
    for key, digest in digests().items():
        print(f"    {key!r}: {digest!r},")
