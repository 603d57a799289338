"""CSV files to tables of binary32 columns: ``read_csv``. What a table can do is in ``table``.

The standard library's ``csv`` splits lines into fields; here the fields become numbers, each rounded once
(contract N6), and whatever is wrong with a file is said with its line and column. Lines are physical lines;
a record with line breaks inside of quotes counts as its last one.
"""

import csv
import math
import os
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO, TextIOWrapper
from itertools import chain
from typing import BinaryIO, Literal, TextIO

from rcmlrs_core.data.csv_blocks import Cells, blocks, cells_of, is_missing, numpy_is_there, plain_line
from rcmlrs_core.data.table import Column, Table, UnknownColumnError, check_distinct, is_count, positions_of
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.io.reading import open_regular
from rcmlrs_core.numerics.decimal_text import all_finite, round_decimal, round_decimals, shown

Missing = Literal["error", "nan", "drop"]

LARGEST_LABEL = 2**24
"""Up to here every integer is a binary32 number, so that a label column loses nothing in a table."""
LONGEST_LINE = 2**24
"""In characters. A file without line ends is no CSV file, and would fill the memory before that shows."""
CELLS_AT_ONCE = 2**16
"""How many cells are held as text before they become numbers."""
LARGEST = "3.4028234663852886e+38"

_UNDECODABLE = re.compile("[\udc80-\udcff]")
WITH_COMMA = re.compile(r"\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?\s*")
"""A number with a decimal comma."""
_SWAPPED = str.maketrans(",.", ".,")
"""With ``decimal=","`` fields are held with comma and point swapped: so 12,6 is a number, and 12.6 is none."""


@dataclass(frozen=True)
class Wording:
    """How errors say what to pass: by default as arguments in Python. A command puts its options here."""

    header: str = "header=True"
    no_header: str = "header=False"
    columns: str = "columns=[...] reads only those that are numbers"
    missing: str = 'missing="nan" takes it as NaN, missing="drop" drops the row'
    all_dropped: str = 'missing="nan" keeps them'
    decimal: str = 'decimal=","'
    delimiter: Callable[[str], str] = "delimiter={!r}".format


PYTHON = Wording()


def read_csv(
    path: FilePath,
    *,
    columns: Iterable[Column] | None = None,
    header: bool | None = None,
    delimiter: str = ",",
    decimal: str = ".",
    missing: Missing = "error",
    max_rows: int | None = None,
    wording: Wording = PYTHON,
) -> Table:
    """The table in a CSV file: UTF-8 with or without a byte order mark, fields quoted as in RFC 4180.

    A number is written as ``float`` takes it, without underscores, and is its exact decimal value rounded
    once (N6). A field is missing if it is empty, ``NA``, ``nan`` or ``?``, in letters of any case and with
    spaces around it. Empty lines are passed over, but between the values of a single column each is a
    missing value. A large file is read several times as fast where NumPy is, to the same bits.

    Args:
        path: the file.
        columns: read only these, in this order: names, or positions from 0 (or from -1 at the end). The
            others may hold anything, such as dates. ``None`` reads all.
        header: whether the first record names the columns; ``None`` takes it for names if any of its fields
            is neither a number nor missing. A column without a name is called c0, c1, ... after its
            position.
        delimiter: the character between fields.
        decimal: the decimal sign, ``"."`` or ``","``. With a comma, 12,6 is a number and 12.6 is none.
        missing: ``"error"`` refuses a missing value, ``"nan"`` makes it NaN, ``"drop"`` leaves out its row.
            What is missing in a column that is not read does not count.
        max_rows: read so many rows and look at no more of the file.
        wording: how errors name these arguments.

    Raises:
        DataError: columns that are not there; a first record that may be names or values, which happens where
            the columns asked for by position have numbers in it and others text; a file that is not there, a
            directory, a device or a pipe, empty or without data; bytes that are not UTF-8, NUL bytes, quotes
            that do not match, a row of another width, a name that occurs twice, a missing value, a field that
            is no number, infinite or too large for binary32. It says file, line, column and what to do.
    """
    source = os.fsdecode(path)
    if not source:
        raise DataError("the path of the CSV file is empty; name a file")
    if missing not in ("error", "nan", "drop"):
        raise DataError(f'missing={missing!r}: it is "error", "nan" or "drop"')
    if max_rows is not None and not is_count(max_rows):
        raise DataError(f"max_rows={max_rows!r}: it is an integer of at least 1, or None for all rows")
    if not is_delimiter(delimiter):
        raise DataError(f"delimiter={delimiter!r}: it is one character that is in no number, such as ',' or ';'")
    if decimal not in (".", ","):
        raise DataError(f"decimal={decimal!r}: it is '.' or ','")
    if isinstance(columns, str):
        raise DataError(f"columns={columns!r}: it is a list of names or positions; write columns=[{columns!r}]")
    chosen = None if columns is None else tuple(columns)
    how = _How(chosen, header, delimiter, decimal, missing, max_rows, wording)
    with open_file(source) as (raw, size):
        return _read(source, raw, size, how)


@contextmanager
def open_file(source: str) -> Iterator[tuple[BinaryIO, int]]:
    """A CSV file and its size in bytes; what cannot be read is a DataError."""
    if os.path.isdir(source):
        raise DataError(f"{source} is a directory; name a CSV file in it")
    try:
        with open_regular(source) as (raw, size):
            yield raw, size
    except FileFormatError as error:
        raise DataError(str(error)) from None
    except FileNotFoundError:
        raise DataError(f"{source}: no such file; check the path (the working folder is {os.getcwd()})") from None
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}") from error


Record = tuple[int, list[str]]
"""The line that a record ends on, and its fields."""


def is_delimiter(text: object) -> bool:
    """Whether fields can be told apart by it: one character that is in no number, no quote and no line end."""
    return isinstance(text, str) and len(text) == 1 and not text.isalnum() and text not in '"\r\n+-.\0'


@dataclass(frozen=True)
class _How:
    """The arguments of ``read_csv``."""

    columns: tuple[Column, ...] | None
    header: bool | None
    delimiter: str
    decimal: str
    missing: Missing
    max_rows: int | None
    wording: Wording

    def is_quick(self) -> bool:
        """Whether the quick way may be tried. It reads on beyond ``max_rows``, and knows one byte as the delimiter."""
        return self.max_rows is None and self.delimiter.isascii() and self.delimiter != self.decimal

    def plain(self, text: str) -> str:
        """A field as ``float`` reads it; and, since it swaps two characters, back as the file has it."""
        return text if self.decimal == "." else swapped(text)

    def better_delimiter(self, first: str, text: str = "") -> str | None:
        """What to say where ``first``, the only field of the first record, or ``text`` holds another delimiter."""
        return better_delimiter(self.delimiter, self.wording, first, text)


def better_delimiter(delimiter: str, wording: Wording, first: str, text: str = "") -> str | None:
    """The same for a file that is read with ``delimiter``."""
    found = [d for d in ";\t|" if d in first + text]
    if "," in first and not WITH_COMMA.fullmatch(first):
        found.append(",")
    if not found or delimiter in found:
        return None
    now = "a tab" if delimiter == "\t" else repr(delimiter)
    return f"the delimiter is {now}, and {wording.delimiter(found[0])} may be the right one"


def _read(source: str, raw: BinaryIO, size: int, how: _How) -> Table:
    head = plain_line(raw, LONGEST_LINE) if how.is_quick() else None
    if head is None:
        raw.seek(0)
        records = records_of(source, text_of(raw), how.delimiter)
    else:
        records = records_of(source, StringIO(head, newline=""), how.delimiter)
    first = next(records, None)
    if first is None:
        raise DataError(f"{source} is empty; expected rows of numbers")
    first_line, fields = first
    header = _has_header(source, first_line, fields, how) if how.header is None else how.header
    width = len(fields)
    hint = how.better_delimiter(fields[0]) if width == 1 else None
    names = [(name.strip() if header else "") or f"c{position}" for position, name in enumerate(fields)]
    try:
        positions = positions_of(source, names, range(width) if how.columns is None else how.columns)
    except UnknownColumnError as error:
        raise UnknownColumnError(f"{error}; {hint}" if hint else str(error)) from None
    check_distinct(source, names, positions)
    check_names(source, first_line, names, positions, how.wording)
    columns = _Columns(source, how, fields, names, positions)
    if head is not None:
        records = columns.read_blocks(raw, [] if header else [first], numpy_is_there(size))
    elif not header:
        records = chain([first], records)
    try:
        for at, fields in records:
            if len(fields) != width:
                raise DataError(
                    f"{source}, line {at}: found a row of {len(fields)}, expected {width} field{'s' * (width > 1)} "
                    f"as on line {first_line}; "
                    + (hint or f"mend the row, or quote a field that has {how.delimiter!r} in it")
                )
            columns.add(at, fields)
            if how.max_rows is not None and columns.rows + columns.pending >= how.max_rows:
                columns.flush()  # now it shows how many of these rows stay
                if columns.rows == how.max_rows:
                    break
    except DataError:
        columns.flush()  # an earlier line may have an error of its own, and the first one is told
        raise
    columns.flush()
    if columns.rows == 0:
        if columns.dropped:
            raise DataError(
                f"{source}: each of the {columns.dropped} rows has a missing value and was dropped; "
                + how.wording.all_dropped
            )
        raise DataError(
            f"{source} has a header and no data: line {first_line} was read as the names of the columns; add "
            f"rows, or pass {how.wording.no_header} if it holds values"
        )
    chosen = tuple(names[position] for position in positions)
    return Table(source, chosen, columns.rows, columns.dropped, tuple(columns.values), tuple(columns.flaws))


def _has_header(source: str, line: int, fields: Sequence[str], how: _How) -> bool:
    """Whether the first record names the columns, where nobody said so."""
    numeric = [is_missing(text) or _is_number(how.plain(text)) for text in fields]
    if all(numeric):
        return False
    if how.columns is None or any(isinstance(column, str) for column in how.columns):
        return True
    chosen = positions_of(source, fields, how.columns)
    if chosen and all(numeric[position] for position in chosen):
        found, beside = fields[chosen[0]], fields[numeric.index(False)]
        raise DataError(
            f"{source}, line {line}: {shown(found)} beside {shown(beside)} may be names or values; pass "
            f"{how.wording.header} for names, {how.wording.no_header} for values"
        )
    return True


class _Columns:
    """Columns that grow: records come in, and become numbers some ``CELLS_AT_ONCE`` at a time."""

    def __init__(
        self, source: str, how: _How, first: Sequence[str], names: Sequence[str], positions: Sequence[int]
    ) -> None:
        self.source = source
        self.how = how
        self.first = first
        self.names = names
        self.positions = positions
        """Those that are read; everything below has one column for each."""
        self.values = [array("f") for _ in positions]
        self.flaws: list[str | None] = [None] * len(positions)
        self.dropped = 0
        self._records: list[Record] = []
        self._at_once = max(1, CELLS_AT_ONCE // len(positions))

    @property
    def rows(self) -> int:
        """Rows that are numbers by now."""
        return len(self.values[0])

    @property
    def pending(self) -> int:
        """Rows that still are text."""
        return len(self._records)

    def add(self, line: int, fields: Sequence[str]) -> None:
        """Take one record of the right width."""
        self._records.append((line, [self.how.plain(fields[position]) for position in self.positions]))
        if len(self._records) >= self._at_once:
            self.flush()

    def read_blocks(self, raw: BinaryIO, first: list[Record], quick: bool) -> Iterator[Record]:
        """Take the blocks of a file as far as the quick way goes, from its second line on; the records that are left.

        ``first`` are the records before.
        """
        for line, fields in first:
            self.add(line, fields)
        line, width = 2, len(self.names)
        delimiter = self.how.delimiter.encode()
        for start, block in blocks(raw, LONGEST_LINE):
            cells = cells_of(block, width, delimiter, self.how.decimal, quick)
            if cells is None:
                raw.seek(start)
                yield from records_of(self.source, text_of(raw), self.how.delimiter, line - 1, width == 1)
                return
            self.flush()
            self._take(cells, line)
            line += cells.rows

    def _take(self, cells: Cells, line: int) -> None:
        """The rows of a block, of which the first is at ``line``."""
        gaps: set[int] = set()
        allowed = None if self.how.missing == "error" else gaps
        try:
            numbers = [cells.column(position, allowed) for position in self.positions]
        except DataError:
            self._records = [
                (line + row, [cells.text(row, position) for position in self.positions]) for row in range(cells.rows)
            ]
            self.flush()
            return
        if self.how.missing == "nan":
            gaps.clear()
        self.dropped += len(gaps)
        for index, (position, column) in enumerate(zip(self.positions, numbers, strict=True)):
            self.values[index].extend(
                [value for row, value in enumerate(column) if row not in gaps] if gaps else column
            )
            if self.flaws[index] is None:
                for row in cells.unusual(position):
                    if row not in gaps:
                        self._note_flaw(index, [(line + row, cells.text(row, position))])
                    if self.flaws[index] is not None:
                        break

    def flush(self) -> None:
        """Make numbers of the records so far, a column at a time."""
        records, self._records = self._records, []
        if not records:
            return
        try:
            numbers = _numbers(records)
        except DataError:
            records, numbers = self._numbers_and_gaps(records)
        for position, column in enumerate(numbers):
            self.values[position].extend(column)
            if self.flaws[position] is None:
                self._note_flaw(position, ((line, fields[position]) for line, fields in records))

    def _numbers_and_gaps(self, records: list[Record]) -> "tuple[list[Record], list[array[float]]]":
        """The records that stay, and their columns with NaN where a value is missing; or the first error."""
        if self.how.missing == "error":
            raise self._first_error(records)
        kept: list[Record] = []
        filled: list[Record] = []
        gaps: list[tuple[int, int]] = []
        for line, fields in records:
            missing = [position for position, text in enumerate(fields) if is_missing(text)]
            if missing and self.how.missing == "drop":
                self.dropped += 1
                continue
            gaps += [(len(kept), position) for position in missing]
            kept.append((line, fields))
            filled.append((line, ["0" if is_missing(text) else text for text in fields] if missing else fields))
        try:
            numbers = _numbers(filled) if filled else []
        except DataError:
            raise self._first_error(kept) from None
        for row, position in gaps:
            numbers[position][row] = math.nan
        return kept, numbers

    def _first_error(self, records: Iterable[Record]) -> DataError:
        """What is wrong with the first cell, by line and then by column, that has no number in it."""
        for line, fields in records:
            for position, text in enumerate(fields):
                if (problem := self._problem(text)) is not None:
                    return DataError(f"{self._where(line, position)}: {problem}")
        raise AssertionError("every cell is a number")

    def _problem(self, text: str) -> str | None:
        spelled = self.how.plain(text)
        if is_missing(text):
            if self.how.missing != "error":
                return None
            found = f"found {shown(spelled)}" if text.strip() else "the field is empty"
            return f"{found}, expected a number; {self.how.wording.missing}"
        try:
            value = round_decimal(text)
        except DataError:
            return f"found {shown(spelled)}, expected a number; {self._remedy(spelled)}"
        if math.isinf(value):
            return f"{shown(spelled)} is beyond the largest binary32 number, {LARGEST}; scale the column"
        return None

    def _remedy(self, text: str) -> str:
        """What to do about ``text``, as the file has it, which spells no number."""
        how = self.how
        if text.strip().lstrip("+-").lower() in ("inf", "infinity"):
            return "write a finite number, or leave the field empty for a missing one"
        if len(self.names) == 1 and (hint := how.better_delimiter(self.first[0], text)):
            return hint
        if how.decimal == "." and WITH_COMMA.fullmatch(text):
            return f"{how.wording.decimal} takes the comma as the decimal sign; one between thousands must go"
        if how.decimal == "," and "." in text:
            return "the decimal sign is a comma here: write it without points"
        if "_" in text:
            return "write it without underscores"
        digits = "write it in digits, as in -12.5 or 1e-3, or leave the field empty for a missing value"
        return f"{digits}; {how.wording.columns}" if len(self.names) > 1 else digits

    def _note_flaw(self, position: int, texts: Iterable[tuple[int, str]]) -> None:
        for line, text in texts:
            if (reason := _no_label(text)) is not None:
                self.flaws[position] = (
                    f"{self._where(line, position)}: found {shown(self.how.plain(text))}, expected a label, which is "
                    f"an integer from 0 to {LARGEST_LABEL}; {reason}"
                )
                return

    def _where(self, line: int, index: int) -> str:
        position = self.positions[index]
        return f"{self.source}, line {line}, column {position + 1} ({shown(self.names[position])})"


def _numbers(records: Sequence[Record]) -> "list[array[float]]":
    """The columns of ``records``, which have at least one. A field without a finite number is a DataError."""
    columns = [round_decimals(texts) for texts in zip(*(fields for _, fields in records), strict=True)]
    if not all(map(all_finite, columns)):
        raise DataError("a number is beyond the largest binary32 number")
    return columns


def swapped(text: str) -> str:
    """Comma and point exchanged."""
    return text.translate(_SWAPPED)


def _is_number(text: str) -> bool:
    """Whether a field of the first record is data: also if it is infinite, which is refused as data later."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _no_label(text: str) -> str | None:
    """Why a field that is a number or missing is no label, or ``None`` if it is one."""
    if text.isdecimal() and len(text) < 8:  # nearly all labels, and quickly
        return None
    if is_missing(text):
        return "number the classes from 0, and give every row one"
    value = float(text)
    if value < 0:
        return "it is negative: number the classes from 0"
    if value > LARGEST_LABEL:
        return "it is too large: number the classes from 0 without gaps"
    try:
        # Digits behind the sixteenth can make a fraction of what binary64 takes for an integer.
        whole = value.is_integer() and Decimal(text) == int(value)
    except InvalidOperation:  # an exponent beyond even Decimal's, and so a fraction, if it is not of 0
        whole = not Decimal(text.lower().partition("e")[0])
    return None if whole else "it is not an integer: a column of measurements has no labels"


def check_names(
    source: str,
    line: int,
    names: Sequence[str],
    positions: Sequence[int] | None = None,
    wording: Wording = PYTHON,
) -> None:
    """Refuse a name among those at ``positions``, or among all, that two columns have."""
    counts = Counter(names)
    for name in names if positions is None else (names[position] for position in positions):
        if counts[name] > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            raise DataError(
                f"{source}, line {line}: columns {first + 1} and {second + 1} are both called {shown(name)}; "
                f"rename one, or pass {wording.no_header} if the line holds values"
            )


@contextmanager
def open_text(source: str) -> Iterator[TextIO]:
    """A CSV file as ``records_of`` takes it."""
    with open_file(source) as (raw, _):
        yield text_of(raw)


def text_of(raw: BinaryIO) -> TextIO:
    """The text of a file from here on. Bytes that are not UTF-8 come as lone surrogates, whose line is told."""
    encoding = "utf-8" if raw.tell() else "utf-8-sig"
    return TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="")


def records_of(source: str, file: TextIO, delimiter: str, before: int = 0, single: bool = False) -> Iterator[Record]:
    """The records of a file that are not empty lines, each with the line it ends on.

    ``before`` is how many lines come before, and ``single`` whether those had a single column.
    """
    reader = csv.reader(_lines(source, file, before), delimiter=delimiter, strict=True)
    empty: list[int] = []
    while True:
        line = before + reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            problem = _quoting(str(error), before + reader.line_num - line)
            raise DataError(f"{source}, line {line}: {problem}") from error
        if fields is None:
            return
        if not fields:
            if single:
                empty.append(before + reader.line_num)
            continue
        # In a single column an empty line is a value that is not there, unless nothing comes after it.
        for passed in empty:
            yield passed, [""]
        empty.clear()
        single = len(fields) == 1
        yield before + reader.line_num, fields


def _quoting(problem: str, further: int) -> str:
    """What the csv module's ``problem`` means, in a record of ``further`` lines beyond its first."""
    over = f" (the record runs over {further + 1} lines)" if further > 0 else ""
    if "field limit" in problem:
        limit = csv.field_size_limit()
        return f"a field has more than {limit} characters{over}; look for a quote that is never closed"
    if "end of data" in problem:
        return f'a quoted field is not closed before the end of the file{over}; add the missing "'
    if "expected after" in problem:
        return f'text follows the closing quote of a field{over}; inside of quotes, write a quote as ""'
    return f"{problem}{over}; see RFC 4180 for the format"


def _lines(source: str, file: TextIO, number: int) -> Iterator[str]:
    """The lines of a file from ``number + 1`` on, each looked at for what no CSV file has in it."""
    while line := file.readline(LONGEST_LINE):
        number += 1
        if not line.isascii() and (bad := _UNDECODABLE.search(line)):
            byte = ord(bad.group()) - 0xDC00
            hint = "the file looks like UTF-16; " if number == 1 and byte in (0xFE, 0xFF) else ""
            raise DataError(f"{source}, line {number}: byte 0x{byte:02x} is not UTF-8; {hint}save it as UTF-8 text")
        if "\0" in line:
            raise DataError(
                f"{source}, line {number}: found a NUL byte, expected text; the file is binary, UTF-16 or "
                "damaged: export it again as UTF-8 text"
            )
        if len(line) == LONGEST_LINE:
            raise DataError(
                f"{source}, line {number}: found {LONGEST_LINE} characters without a line end, expected one "
                "row a line; export it again as CSV"
            )
        yield line
