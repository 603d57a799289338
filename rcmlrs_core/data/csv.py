"""CSV files to tables of binary32 columns: ``read_csv`` and ``Table``. Tensors are made on request.

The standard library's ``csv`` splits lines into fields; here the fields become numbers, each rounded once
(contract N6), and whatever is wrong with a file is said with its line and column. Lines are physical lines;
a record with line breaks inside of quotes counts as its last one.
"""

import csv
import math
import os
import re
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import TYPE_CHECKING, Literal, TextIO

from rcmlrs_core.errors import DataError
from rcmlrs_core.numerics.decimal_text import round_decimal, round_decimals, shown

if TYPE_CHECKING:
    from rcmlrs_core.tensor import RamTensor

Missing = Literal["error", "nan", "drop"]
Column = str | int

MISSING = frozenset({"", "na", "nan", "+nan", "-nan", "?"})
"""What stands for a missing value, in lower case and without spaces around it."""
LARGEST_LABEL = 2**24
"""Up to here every integer is a binary32 number, so that a label column loses nothing in a table."""
LONGEST_LINE = 2**24
"""In characters. A file without line ends is no CSV file, and would fill the memory before that shows."""
CELLS_AT_ONCE = 2**16
"""How many cells are held as text before they become numbers."""
LARGEST = "3.4028234663852886e+38"

_UNDECODABLE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of binary32 numbers with names, as ``read_csv`` found them.

    ``source`` is the file, for messages; ``names`` the columns in order; ``rows`` the number of rows;
    ``dropped`` how many rows ``missing="drop"`` left out. A column is given by name or by position, counted
    from 0.
    """

    source: str
    names: tuple[str, ...]
    rows: int
    dropped: int
    _values: "tuple[array[float], ...]" = field(repr=False)
    _flaws: tuple[str | None, ...] = field(repr=False)
    """For each column, why its first cell that is no label is none; the text is gone by the time one asks."""

    __iter__ = None  # over rows or over columns: neither goes without saying

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, column: Column) -> "array[float]":
        """A copy of one column as ``array('f')``."""
        return self._values[self._position(column)][:]

    def columns(self, columns: Iterable[Column]) -> "tuple[array[float], ...]":
        """Copies of several columns."""
        return tuple(self[column] for column in columns)

    def select(self, columns: Iterable[Column]) -> "Table":
        """The table of these columns, in this order.

        Raises:
            DataError: a column that the table does not have, one that is named twice, or none at all.
        """
        return self._of([self._position(column) for column in columns])

    def without(self, *columns: Column) -> "Table":
        """The table of all other columns: ``table.without("label")``."""
        left_out = {self._position(column) for column in columns}
        return self._of([position for position in range(len(self.names)) if position not in left_out])

    def tensor(self, columns: Iterable[Column] | None = None, backend: str | None = None) -> "RamTensor":
        """The ``(rows, columns)`` tensor of these columns, by default of all. Moves bits only (N4.1)."""
        if columns is not None:
            return self.select(columns).tensor(backend=backend)
        from rcmlrs_core.creation import from_bytes

        width = len(self.names)
        flat = array("f", bytes(4 * self.rows * width))
        for position, values in enumerate(self._values):
            flat[position::width] = values
        return from_bytes(little_endian(flat), (self.rows, width), backend)

    def labels(self, column: Column, backend: str | None = None) -> "RamTensor":
        """One column as an int32 tensor ``(rows,)`` of class labels: integers from 0 to 2^24 = 16777216.

        ``3``, ``3.0`` and ``3e0`` are the label 3: the exact value counts, not the spelling.

        Raises:
            DataError: a cell is missing, negative, too large or no integer; the first such cell is named.
        """
        position = self._position(column)
        if (flaw := self._flaws[position]) is not None:
            raise DataError(flaw)
        from rcmlrs_core.creation import from_bytes

        integers = array("i", map(int, self._values[position]))
        return from_bytes(little_endian(integers), (self.rows,), backend, dtype="int32")

    def _position(self, column: Column) -> int:
        if isinstance(column, str) and column in self.names:
            return self.names.index(column)
        if isinstance(column, int) and not isinstance(column, bool) and 0 <= column < len(self.names):
            return column
        known = ", ".join(map(repr, self.names[:12])) + (", ..." if len(self.names) > 12 else "")
        raise DataError(f"{self.source}: there is no column {column!r}; columns 0 to {len(self.names) - 1} are {known}")

    def _of(self, positions: Sequence[int]) -> "Table":
        if not positions or len(set(positions)) < len(positions):
            chosen = [self.names[p] for p in positions]
            raise DataError(f"{self.source}: columns {chosen} selected; name at least one, and none twice")
        return Table(
            self.source,
            tuple(self.names[p] for p in positions),
            self.rows,
            self.dropped,
            tuple(self._values[p] for p in positions),
            tuple(self._flaws[p] for p in positions),
        )


def read_csv(
    path: str | os.PathLike[str],
    *,
    header: bool | None = None,
    delimiter: str = ",",
    missing: Missing = "error",
    max_rows: int | None = None,
) -> Table:
    """The table in a CSV file: UTF-8 with or without a byte order mark, fields quoted as in RFC 4180.

    A number is written as ``float`` takes it, without underscores, and is its exact decimal value rounded
    once (N6). A field is missing if it is empty, ``NA``, ``nan`` or ``?``, in letters of any case and with
    spaces around it. Empty lines are passed over, but between the values of a single column each is a
    missing value.

    Args:
        path: the file.
        header: whether the first record names the columns; ``None`` takes it for names if any of its fields
            is neither a number nor missing. A column without a name is called c0, c1, ... after its
            position.
        delimiter: the character between fields.
        missing: ``"error"`` refuses a missing value, ``"nan"`` makes it NaN, ``"drop"`` leaves out its row.
        max_rows: read so many rows and look at no more of the file.

    Raises:
        DataError: a file that is not there, a directory, empty or without data; bytes that are not UTF-8,
            NUL bytes, quotes that do not match, a row of another width, a name that occurs twice, a missing
            value, a field that is no number, infinite or too large for binary32. It says file, line, column
            and what to do.
    """
    source = os.fspath(path)
    if missing not in ("error", "nan", "drop"):
        raise DataError(f'missing={missing!r}: it is "error", "nan" or "drop"')
    if max_rows is not None and max_rows < 1:
        raise DataError(f"max_rows={max_rows}: it is at least 1, or None for all rows")
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '"\r\n+-.\0':
        raise DataError(f"delimiter={delimiter!r}: it is one character that is in no number, such as ',' or ';'")
    if os.path.isdir(source):
        raise DataError(f"{source} is a directory; name a CSV file in it")
    try:
        # Bytes that are not UTF-8 come through as lone surrogates, so that _lines can name their line.
        with open(source, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return _read(source, file, header, delimiter, missing, max_rows)
    except FileNotFoundError:
        raise DataError(f"{source}: no such file; check the path (the working folder is {os.getcwd()})") from None
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}") from error


def little_endian(values: "array[float] | array[int]") -> bytes:
    """The bytes of ``values`` as a tensor takes them: little-endian."""
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


Record = tuple[int, list[str]]
"""The line that a record ends on, and its fields."""


def _read(
    source: str, file: TextIO, header: bool | None, delimiter: str, missing: Missing, max_rows: int | None
) -> Table:
    records = _records(source, file, delimiter)
    first = next(records, None)
    if first is None:
        raise DataError(f"{source} is empty; expected rows of numbers")
    first_line, fields = first
    if header is None:
        header = not all(is_missing(text) or _is_number(text) for text in fields)
    names = _names(source, first_line, fields) if header else tuple(f"c{i}" for i in range(len(fields)))
    columns = _Columns(source, names, delimiter, missing)
    try:
        for line, fields in records if header else chain([first], records):
            if len(fields) != len(names):
                raise DataError(
                    f"{source}, line {line}: found a row of {len(fields)}, expected {len(names)} fields as "
                    f"on line {first_line}; mend the row, or quote a field that has {delimiter!r} in it"
                )
            columns.add((line, fields))
            if max_rows is not None and columns.rows + columns.pending >= max_rows:
                columns.flush()  # now it shows how many of these rows stay
                if columns.rows == max_rows:
                    break
    except DataError:
        columns.flush()  # an earlier line may have an error of its own, and the first one is told
        raise
    columns.flush()
    if columns.rows == 0:
        if columns.dropped:
            raise DataError(
                f"{source}: each of the {columns.dropped} rows has a missing value and was dropped; "
                'missing="nan" keeps them'
            )
        raise DataError(
            f"{source} has a header and no data: line {first_line} was read as the names of the columns; add "
            "rows, or pass header=False if it holds values"
        )
    return Table(source, names, columns.rows, columns.dropped, tuple(columns.values), tuple(columns.flaws))


class _Columns:
    """Columns that grow: records come in, and become numbers some ``CELLS_AT_ONCE`` at a time."""

    def __init__(self, source: str, names: tuple[str, ...], delimiter: str, missing: Missing) -> None:
        self.source = source
        self.names = names
        self.delimiter = delimiter
        self.missing = missing
        self.values = [array("f") for _ in names]
        self.flaws: list[str | None] = [None] * len(names)
        self.dropped = 0
        self._records: list[Record] = []
        self._at_once = max(1, CELLS_AT_ONCE // len(names))

    @property
    def rows(self) -> int:
        """Rows that are numbers by now."""
        return len(self.values[0])

    @property
    def pending(self) -> int:
        """Rows that still are text."""
        return len(self._records)

    def add(self, record: Record) -> None:
        """Take one record of the right width."""
        self._records.append(record)
        if len(self._records) >= self._at_once:
            self.flush()

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
                self._note_flaw(position, records)

    def _numbers_and_gaps(self, records: list[Record]) -> "tuple[list[Record], list[array[float]]]":
        """The records that stay, and their columns with NaN where a value is missing; or the first error."""
        if self.missing == "error":
            raise self._first_error(records)
        kept: list[Record] = []
        filled: list[Record] = []
        gaps: list[tuple[int, int]] = []
        for line, fields in records:
            missing = [position for position, text in enumerate(fields) if is_missing(text)]
            if missing and self.missing == "drop":
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
        if is_missing(text):
            if self.missing != "error":
                return None
            found = f"found {shown(text)}" if text.strip() else "the field is empty"
            return f'{found}, expected a number; missing="nan" takes it as NaN, missing="drop" drops the row'
        try:
            value = round_decimal(text)
        except DataError:
            return f"found {shown(text)}, expected a number; {self._remedy(text)}"
        if math.isinf(value):
            return f"{shown(text)} is beyond the largest binary32 number, {LARGEST}; scale the column"
        return None

    def _remedy(self, text: str) -> str:
        if text.strip().lstrip("+-").lower() in ("inf", "infinity"):
            return "write a finite number, or leave the field empty for a missing one"
        if len(self.names) == 1 and (other := next((d for d in ";\t|," if d in text), None)):
            return f"the delimiter is {self.delimiter!r}, and delimiter={other!r} may be the right one"
        if "_" in text:
            return "write it without underscores"
        return "write it in digits, as in -12.5 or 1e-3, or leave the field empty for a missing value"

    def _note_flaw(self, position: int, records: Iterable[Record]) -> None:
        for line, fields in records:
            text = fields[position]
            if (reason := _no_label(text)) is not None:
                self.flaws[position] = (
                    f"{self._where(line, position)}: found {shown(text)}, expected a label, which is an "
                    f"integer from 0 to {LARGEST_LABEL}; {reason}"
                )
                return

    def _where(self, line: int, position: int) -> str:
        return f"{self.source}, line {line}, column {position + 1} ({shown(self.names[position])})"


def _numbers(records: Sequence[Record]) -> "list[array[float]]":
    """The columns of ``records``, which have at least one. A field without a finite number is a DataError."""
    columns = [round_decimals(texts) for texts in zip(*(fields for _, fields in records), strict=True)]
    if not all(all(map(math.isfinite, column)) for column in columns):
        raise DataError("a number is beyond the largest binary32 number")
    return columns


def is_missing(text: str) -> bool:
    """Whether a field stands for a missing value."""
    return text.strip().lower() in MISSING


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
    except InvalidOperation:  # an exponent beyond even Decimal's
        whole = False
    return None if whole else "it is not an integer: a column of measurements has no labels"


def _names(source: str, line: int, fields: Sequence[str]) -> tuple[str, ...]:
    names = tuple(name.strip() or f"c{position}" for position, name in enumerate(fields))
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if name in seen:
            raise DataError(
                f"{source}, line {line}: columns {seen[name]} and {position} are both called {shown(name)}; "
                "rename one, or pass header=False if the line holds values"
            )
        seen[name] = position
    return names


def _records(source: str, file: TextIO, delimiter: str) -> Iterator[Record]:
    """The records of a file that are not empty lines, each with the line it ends on."""
    reader = csv.reader(_lines(source, file), delimiter=delimiter, strict=True)
    single = False
    empty: list[int] = []
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            problem = _quoting(str(error), reader.line_num - line)
            raise DataError(f"{source}, line {line}: {problem}") from error
        if fields is None:
            return
        if not fields:
            if single:
                empty.append(reader.line_num)
            continue
        # In a single column an empty line is a value that is not there, unless nothing comes after it.
        for passed in empty:
            yield passed, [""]
        empty.clear()
        single = len(fields) == 1
        yield reader.line_num, fields


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


def _lines(source: str, file: TextIO) -> Iterator[str]:
    """The lines of a file, each looked at for what no CSV file has in it."""
    number = 0
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
