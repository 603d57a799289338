"""Decimal text to binary32: its exact value, rounded once (contract N6). No files and no tables in here.

``float(text)`` is the correctly rounded binary64 number y. Rounding is monotone, and every midpoint of two
binary32 numbers is a binary64 number, so RN(y) is RN of the text unless y itself is a midpoint: there the
text may lie a hair above it or below, and only the exact decimal can tell. 1 + 2^-24 and 1 + 2^-24 + 10^-30
give the same y.
"""

import math
import sys
from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal

from rcmlrs_core.errors import DataError
from rcmlrs_core.numerics.formats import BINARY32, from_bits

MIDPOINT = 1 << 28
"""What the lowest 29 bits of a binary64 significand, for which a normal binary32 has no room, are on a midpoint of two
normal binary32 numbers, and on the boundary of overflow."""
SMALLEST_NORMAL = 2.0**-126
"""Below it the midpoints lie elsewhere. Such numbers are rare in data: all of them are looked at exactly."""


def round_decimal(text: str) -> float:
    """``RN`` of the number that ``text`` spells, at its exact value (N6). The sign of a zero stays.

    The syntax is that of ``float(text)`` without underscores and without the words ``nan`` and ``inf``.
    Magnitudes from 2^128 - 2^103 up become infinite (N1.3). Time and memory are linear in the length of
    ``text``, whatever its exponent says.

    Raises:
        DataError: ``text`` spells no number.
    """
    return round_decimals((text,))[0]


def round_decimals(texts: Sequence[str]) -> "array[float]":
    """``round_decimal`` of each of ``texts``.

    Raises:
        DataError: one of them spells no number; the first such one is named.
    """
    try:
        values = array("d", map(float, texts))
    except ValueError:
        raise _refusal(texts) from None
    if "_" in "".join(texts) or (not all_finite(values) and any(map(_is_word, texts))):
        raise _refusal(texts)
    rounded = array("f", values)
    for index in _to_look_at(values):
        rounded[index] = _round_beside(values[index], texts[index])
    return rounded


def all_finite(values: "array[float]") -> bool:
    """Whether none is infinite or NaN. Nearly always the upper bytes alone tell."""
    upper = _planes(values)[-1]
    return not (b"\x7f" in upper or b"\xff" in upper) or all(map(math.isfinite, values))


def _planes(values: "array[float]") -> list[bytes]:
    """The lowest byte of each value, then the next ones, up to that with the sign."""
    raw = values.tobytes()
    size = values.itemsize
    places = range(size) if sys.byteorder == "little" else reversed(range(size))
    return [raw[place::size] for place in places]


_BESIDE_MIDPOINT = bytes(byte & 0x1F != 0x10 for byte in range(256))
_TINY = bytes(byte & 0x7F <= 0x38 for byte in range(256))
"""The upper byte of numbers below 2^-111: sign, and 7 bits of the exponent."""
_NOT_ZERO = bytes(byte != 0 for byte in range(256))


def _to_look_at(values: "array[float]") -> Iterator[int]:
    """Where ``values`` are midpoints of binary32 numbers, or too small to tell: by bytes of all of them at a time.

    The 29 bits that are ``MIDPOINT`` are three bytes of 0 and the lower five bits of the fourth.
    """
    planes = _planes(values)
    beside = _joined([*planes[:3], planes[3].translate(_BESIDE_MIDPOINT)])
    place = beside.find(0)
    while place >= 0:
        yield place
        place = beside.find(0, place + 1)
    tiny = planes[7].translate(_TINY)
    if 1 in tiny:
        there = _joined([*planes[:7], planes[7].translate(_WITHOUT_SIGN)]).translate(_NOT_ZERO)
        found = (int.from_bytes(tiny, "little") & int.from_bytes(there, "little")).to_bytes(len(tiny), "little")
        place = found.find(1)
        while place >= 0:
            if abs(values[place]) < SMALLEST_NORMAL:
                yield place
            place = found.find(1, place + 1)


_WITHOUT_SIGN = bytes(byte & 0x7F for byte in range(256))


def _joined(planes: Sequence[bytes]) -> bytes:
    """The bitwise or of several strings of bytes, which are as long as each other."""
    whole = 0
    for plane in planes:
        whole |= int.from_bytes(plane, "little")
    return whole.to_bytes(len(planes[0]), "little")


def shown(text: str, limit: int = 40) -> str:
    """``text`` as an error quotes it: on one line, in printable characters, cut after ``limit`` of them."""
    if len(text) <= limit:
        return ascii(text) if not text.isprintable() else repr(text)
    return f"{shown(text[:limit])}... ({len(text)} characters)"


def _round_beside(value: float, text: str) -> float:
    """``RN`` of ``text``, whose binary64 is the finite, non-zero ``value``.

    The exact decimal says on which side of ``value`` it lies, and that is kept as one bit behind the last.
    Comparing the two expands no exponent: they agree in some sixteen leading digits, so what is aligned is
    no longer than the text and the at most 767 digits of ``value``.
    """
    exact, near = Decimal(text), Decimal.from_float(value)
    side = (exact > near) - (exact < near)
    significand, exponent = math.frexp(value)
    return from_bits(BINARY32.round_dyadic(2 * int(math.ldexp(significand, 53)) + side, exponent - 54))


def _is_word(text: str) -> bool:
    """Whether ``text``, which ``float`` takes, is ``nan`` or ``inf``: no number starts with a letter."""
    return text.strip().lstrip("+-")[0].isalpha()


def _refusal(texts: Sequence[str]) -> DataError:
    """The error for the first of ``texts`` that spells no number; one of them does not."""
    for text in texts:
        try:
            float(text)
            if "_" not in text and not _is_word(text):
                continue
        except ValueError:
            pass
        return DataError(f"{shown(text)} is not a decimal number; write it in digits, as in -12.5 or 1e-3")
    raise AssertionError("every text spells a number")
