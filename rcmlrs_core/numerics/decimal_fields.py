"""Decimal fields of a block of text to binary32, all at once, where NumPy is there (contract N6). No files in here.

A field ``-12.375`` is an integer I and 16 digits F behind the point, each read eight digits at a time from 64-bit
words, and y = I + F / 10^16 in binary64. I and 10^16 are exact there, so with u = 2^-53 y is off by at most 3 u |y|,
and by 10^-16 more where further digits were left out. If both ends of that interval round to one binary32 number, it
is RN of the text. What is undecided or written in another way (with an exponent, say) is left to ``decimal_text``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Words = np.ndarray[Any, np.dtype[np.uint64]]
    Ints = np.ndarray[Any, np.dtype[np.int64]]

MARGIN = 32
"""How many bytes before and behind a field are read along with it."""
BOUND = 8 * 2.0**-53
"""Of y, relative to it: 3 u, and room for the roundings of the test itself."""
LEFT_OUT = 2e-16
"""Of the digits behind the sixteenth: 10^-16, likewise."""
SHORT = 15
"""An integer of so many digits is exact in binary64."""


@dataclass(frozen=True)
class Fields:
    """A block of text as a table: where each field starts and ends, and its number, row by row."""

    width: int
    starts: "Ints"
    ends: "Ints"
    numbers: "np.ndarray[Any, np.dtype[np.float32]]"
    open: "np.ndarray[Any, np.dtype[np.bool_]]"
    """The fields whose number is not decided."""
    plain: "np.ndarray[Any, np.dtype[np.bool_]]"
    """The fields of one to seven digits and nothing else."""


def decimal_fields(block: bytes, width: int, delimiter: bytes) -> Fields | None:
    """The fields of whole lines, each of which has ``width`` of them and ends with a line feed; None if one has not."""
    import numpy as np

    text = bytes(MARGIN) + block + bytes(MARGIN)
    b = np.frombuffer(text, np.uint8)[: len(block) + MARGIN]
    other = np.flatnonzero(b[MARGIN:] - np.uint8(48) > 9) + MARGIN  # what is no digit: wraps below 48
    signs = b[other]
    last = np.flatnonzero((signs == delimiter[0]) | (signs == 10))  # of the others, those that end a field
    ends = other[last]
    if len(ends) % width or not len(ends) or ends[-1] != len(b) - 1:
        return None
    if not (signs[last].reshape(-1, width) == np.frombuffer(delimiter * (width - 1) + b"\n", np.uint8)).all():
        return None
    starts = np.empty_like(ends)
    starts[0], starts[1:] = MARGIN, ends[:-1] + 1
    inside = np.empty_like(last)  # how many of a field's characters are no digits
    inside[0], inside[1:] = last[0], last[1:] - last[:-1] - 1
    has_point = (inside > 0) & (signs[last - 1] == 46)
    point = np.where(has_point, other[last - 1], ends)
    first = b[starts]
    negative = first == 45
    signed = negative | (first == 43)
    digits = starts + signed
    before, behind = point - digits, ends - point - has_point
    regular = (inside == signed.astype(np.int64) + has_point) & (before + behind > 0) & (before <= SHORT)
    # Eight characters at every place; the first one is the lowest byte of its word.
    words: Words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    lower = [(1 << 8 * count) - 1 for count in range(9)]
    firsts = np.array(lower, "<u8")
    lasts = np.array([lower[8] - lower[8 - count] for count in range(9)], "<u8")
    whole = _number_of(words[point - 8], lasts[np.minimum(before, 8)])
    if (before > 8).any():
        whole += EIGHT_DIGITS * _number_of(words[point - 16], lasts[np.clip(before - 8, 0, 8)])
    y = whole.astype(np.float64)
    if has_point.any():
        at = point + has_point
        part = EIGHT_DIGITS * _number_of(words[at], firsts[np.minimum(behind, 8)])
        if (behind > 8).any():
            part += _number_of(words[at + 8], firsts[np.clip(behind - 8, 0, 8)])
        y += part.astype(np.float64) / 1e16
        e = np.where(behind > 0, y * BOUND, 0.0) + np.where(behind > 16, LEFT_OUT, 0.0)
        numbers = (y - e).astype(np.float32)
        decided = numbers == (y + e).astype(np.float32)
    else:
        numbers = y.astype(np.float32)
        decided = np.ones(len(y), bool)
    numbers = np.where(negative, -numbers, numbers)
    plain = (inside == 0) & (before > 0) & (before < 8)
    return Fields(width, starts - MARGIN, ends - MARGIN, numbers, ~(regular & decided), plain)


EIGHT_DIGITS = 100_000_000
DIGITS = 0x3030303030303030
"""Eight characters 0: what is left of a digit without it is its value."""


def _number_of(words: "Words", mask: "Words") -> "Words":
    """The numbers of eight decimal digits; those that the mask leaves out count as 0.

    Neighbours are joined to numbers of two, four and eight digits, in one multiplication each: the lower half of a
    pair comes first and counts ten, a hundred, ten thousand times as much.
    """
    v: Any = (words ^ DIGITS) & mask
    v = (v * (10 << 8 | 1) >> 8) & 0x00FF00FF00FF00FF
    v = (v * (100 << 16 | 1) >> 16) & 0x0000FFFF0000FFFF
    return v * (10_000 << 32 | 1) >> 32  # type: ignore[no-any-return]
