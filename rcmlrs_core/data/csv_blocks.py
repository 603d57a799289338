"""The quick way through a CSV file: whole lines at a time, as long as nothing in them needs the ``csv`` module.

A block is a table of fields between delimiters and line ends alone: no quotes, no empty lines, as many fields in each
line as in the first. What is not is left to the slow way in ``csv``, which also finds the words for what is wrong.
With NumPy, fields become numbers all at once (``decimal_fields``); without it, by Python's ``float``.
"""

import math
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from rcmlrs_core.errors import DataError
from rcmlrs_core.numerics.decimal_text import all_finite, round_decimals

if TYPE_CHECKING:
    from rcmlrs_core.numerics.decimal_fields import Fields

BLOCK = 1 << 18
"""In bytes: what the caches of a processor hold beside the numbers that it becomes."""
WORTH_AN_IMPORT = 1 << 21
"""In bytes: a file for which NumPy is imported where it is not yet."""

MISSING = frozenset({"", "na", "nan", "+nan", "-nan", "?"})
"""What stands for a missing value, in lower case and without spaces around it."""

_SWAPPED = bytes.maketrans(b",.", b".,")


class Cells:
    """The fields of a block, row by row. ``column`` gives the numbers of one column, ``text`` a single field."""

    def __init__(self, block: bytes, width: int, delimiter: bytes) -> None:
        self.rows = block.count(b"\n")
        self._width = width
        self._cells = block.decode().replace("\n", delimiter.decode()).split(delimiter.decode())

    def column(self, position: int, gaps: set[int] | None) -> "array[float]":
        """RN of every field (N6). A field without a finite number is a DataError.

        With ``gaps``, to which their rows are added, missing ones are NaN.
        """
        return _numbers(self._cells[position : self.rows * self._width : self._width], range(self.rows), gaps)

    def text(self, row: int, position: int) -> str:
        """One field."""
        return self._cells[row * self._width + position]

    def unusual(self, position: int) -> Iterator[int]:
        """The rows in which the column has anything but one to seven digits."""
        texts = self._cells[position : self.rows * self._width : self._width]
        return (row for row, text in enumerate(texts) if not (text.isdecimal() and len(text) < 8))


class NumpyCells(Cells):
    """The same, by NumPy."""

    def __init__(self, block: bytes, fields: "Fields") -> None:
        self.rows = len(fields.starts) // fields.width
        self._width = fields.width
        self._block = block
        self._fields = fields

    def column(self, position: int, gaps: set[int] | None) -> "array[float]":
        """RN of every field (N6)."""
        mine = slice(position, None, self._width)
        values = array("f")
        values.frombytes(self._fields.numbers[mine].tobytes())
        rows = self._fields.open[mine].nonzero()[0].tolist()
        if rows:
            rounded = _numbers([self.text(row, position) for row in rows], rows, gaps)
            for row, value in zip(rows, rounded, strict=True):
                values[row] = value
        return values

    def text(self, row: int, position: int) -> str:
        """One field."""
        at = row * self._width + position
        return self._block[self._fields.starts[at] : self._fields.ends[at]].decode()

    def unusual(self, position: int) -> Iterator[int]:
        """The rows in which the column has anything but one to seven digits."""
        rows: list[int] = (~self._fields.plain[position :: self._width]).nonzero()[0].tolist()
        return iter(rows)


def cells_of(block: bytes, width: int, delimiter: bytes, decimal: str, quick: bool) -> Cells | None:
    """The fields of a block; None if it is no such table."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b'"' in block or b"\r" in block or b"\0" in block or not block.endswith(b"\n"):
        return None
    if width == 1 and (b"\n\n" in block or block.startswith(b"\n")):
        return None  # an empty line is a missing value here, but not at the end
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            return None
    if decimal == ",":
        block = block.translate(_SWAPPED)
    if quick:
        from rcmlrs_core.numerics.decimal_fields import decimal_fields

        fields = decimal_fields(block, width, delimiter)
        return None if fields is None else NumpyCells(block, fields)
    marks = delimiter + b"\n"
    others = bytes(value for value in range(256) if value not in marks)
    if block.translate(None, others) != (delimiter * (width - 1) + b"\n") * block.count(b"\n"):
        return None
    return Cells(block, width, delimiter)


def plain_line(raw: BinaryIO, longest: int) -> str | None:
    """The first line of a file, if it needs no ``csv`` module; the file then is behind it."""
    line = raw.readline(longest)
    line = line.removeprefix(b"\xef\xbb\xbf")
    line = line[:-2] + b"\n" if line.endswith(b"\r\n") else line
    if not line.endswith(b"\n") or not line.strip() or any(mark in line for mark in (b'"', b"\r", b"\0")):
        return None
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def blocks(raw: BinaryIO, longest: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, some ``BLOCK`` bytes at a time, and where in the file they begin. The last one gets a line end."""
    while True:
        start = raw.tell()
        block = raw.read(BLOCK)
        if not block:
            return
        if not block.endswith(b"\n"):
            block += raw.readline(longest)
            if not block.endswith(b"\n") and not raw.peek(1):  # type: ignore[attr-defined]
                block += b"\n"
        yield start, block


def numpy_is_there(size: int) -> bool:
    """Whether NumPy is imported, or is worth it for a file of so many bytes and can be."""
    if sys.byteorder == "big" or ("numpy" not in sys.modules and size < WORTH_AN_IMPORT):
        return False
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


def is_missing(text: str) -> bool:
    """Whether a field stands for a missing value."""
    return text.strip().lower() in MISSING


def _numbers(texts: Sequence[str], rows: Sequence[int], gaps: set[int] | None) -> "array[float]":
    """See ``Cells.column``; ``rows`` are those of the texts."""
    missing: list[int] = []
    try:
        values = round_decimals(texts)
    except DataError:
        missing = [place for place, text in enumerate(texts) if is_missing(text)]
        if gaps is None or not missing:
            raise
        filled = list(texts)
        for place in missing:
            filled[place] = "0"
        values = round_decimals(filled)
    if not all_finite(values):
        raise DataError("a number is beyond the largest binary32 number")
    for place in missing:
        values[place] = math.nan
    if gaps is not None:
        gaps.update(rows[place] for place in missing)
    return values
