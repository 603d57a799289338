"""``read_frame``: a CSV file with columns of numbers and of text. What becomes of the text is said by a ``Schema``.

``read_csv`` reads tables of numbers alone, and faster.
"""

import math
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Literal

from rcmlrs_core.data.csv import (
    LARGEST,
    PYTHON,
    better_delimiter,
    check_names,
    is_delimiter,
    open_text,
    records_of,
    swapped,
)
from rcmlrs_core.data.csv_blocks import is_missing
from rcmlrs_core.data.dataset import checked_indices, split_indices
from rcmlrs_core.data.table import is_count, positions_of
from rcmlrs_core.errors import DataError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.numerics.decimal_text import all_finite, round_decimal, round_decimals, shown

Kind = Literal["number", "text"]
Texts = list[str | None]


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns by name: ``array('f')``, with NaN where a value is missing, or a list of str, with None there.

    ``source`` is the file, for messages; ``names`` the columns in order.
    """

    source: str
    names: tuple[str, ...]
    rows: int
    _columns: "Mapping[str, array[float] | Texts]" = field(repr=False)
    _numbered: "tuple[str, array[int]]" = field(repr=False)
    """What rows are called in messages, "line" or "row", and their numbers."""

    def __len__(self) -> int:
        return self.rows

    def kind(self, name: str) -> Kind:
        """Whether a column holds numbers or text."""
        return "number" if isinstance(self.column(name), array) else "text"

    def column(self, name: str) -> "array[float] | Texts":
        """The values of a column.

        Raises:
            UnknownColumnError: there is none of this name.
        """
        positions_of(self.source, self.names, [name])
        return self._columns[name]

    def where(self, row: int, name: str) -> str:
        """A cell as messages name it: file, line and column."""
        unit, numbers = self._numbered
        return f"{self.source}, {unit} {numbers[row]}, column {self.names.index(name) + 1} ({shown(name)})"

    def take(self, indices: Iterable[int]) -> "Frame":
        """The rows at ``indices``, in that order."""
        rows = checked_indices(indices, self.rows)
        columns: dict[str, array[float] | Texts] = {}
        for name, values in self._columns.items():
            if isinstance(values, array):
                columns[name] = array("f", [values[row] for row in rows])
            else:
                columns[name] = [values[row] for row in rows]
        unit, numbers = self._numbered
        return Frame(self.source, self.names, len(rows), columns, (unit, array("Q", [numbers[row] for row in rows])))

    def split(
        self,
        parts: Sequence[float | Fraction],
        *,
        shuffle: bool = True,
        seed: int = 0,
        stratify: str | None = None,
    ) -> "tuple[Frame, ...]":
        """The rows in disjoint parts, as ``data.split`` has it; ``stratify`` is the name of a column."""
        labels = None if stratify is None else list(self.column(stratify))
        return tuple(self.take(rows) for rows in split_indices(self.rows, parts, shuffle, seed, labels))


def read_frame(
    path: FilePath,
    *,
    numbers: Iterable[str] = (),
    text: Iterable[str] = (),
    header: bool = True,
    delimiter: str = ",",
    decimal: str = ".",
    max_rows: int | None = None,
) -> Frame:
    """The columns of a CSV file, which is read as by ``read_csv``; every one is held in memory.

    A column is one of numbers if all of its fields that are not missing are finite numbers, each the exact decimal
    rounded once (N6), and one of text otherwise. ``numbers`` and ``text`` name columns for which that is said and not
    found: a code such as 01097 is text, and in a column of ``numbers`` anything else is refused. Without a ``header``
    columns are called c0, c1, ...

    Raises:
        DataError: what ``read_csv`` refuses; a column that is said to hold numbers and does not.
    """
    source = os.fsdecode(path)
    if not is_delimiter(delimiter):
        raise DataError(f"delimiter={delimiter!r}: it is one character that is in no number, such as ',' or ';'")
    if decimal not in (".", ","):
        raise DataError(f"decimal={decimal!r}: it is '.' or ','")
    if max_rows is not None and not is_count(max_rows):
        raise DataError(f"max_rows={max_rows!r}: it is an integer of at least 1, or None for all rows")
    for what, chosen in (("numbers", numbers), ("text", text)):
        if isinstance(chosen, str):
            raise DataError(f"{what}={chosen!r}: it is a list of names; write {what}=[{chosen!r}]")
    kinds: dict[str, Kind] = {}
    kinds.update(dict.fromkeys(numbers, "number"))
    kinds.update(dict.fromkeys(text, "text"))
    with open_text(source) as file:
        records = records_of(source, file, delimiter)
        names, first = head(source, records, header)
        positions_of(source, names, kinds)
        found = list(islice(_even(source, names, first, records, delimiter), max_rows))
    if not found:
        raise DataError(f"{source} has a header and no data: add rows, or pass header=False if line 1 holds values")
    lines = array("Q", [line for line, _ in found])
    return frame_of(source, names, [fields for _, fields in found], kinds, decimal, ("line", lines))


def head(
    source: str, records: Iterator[tuple[int, list[str]]], header: bool
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The names of the columns, and the records that were read for them and are data."""
    first = next(records, None)
    if first is None:
        raise DataError(f"{source} is empty; expected rows of values")
    line, fields = first
    names = [(name.strip() if header else "") or f"c{place}" for place, name in enumerate(fields)]
    check_names(source, line, names)
    return names, [] if header else [first]


def _even(
    source: str,
    names: Sequence[str],
    first: list[tuple[int, list[str]]],
    records: Iterator[tuple[int, list[str]]],
    delimiter: str,
) -> Iterator[tuple[int, list[str]]]:
    yield from first
    for line, fields in records:
        check_width(f"{source}, line {line}", fields, names, delimiter)
        yield line, fields


def check_width(where: str, fields: Sequence[str], names: Sequence[str], delimiter: str) -> None:
    """A record has a field for each column."""
    if len(fields) != len(names):
        hint = better_delimiter(delimiter, PYTHON, names[0]) if len(names) == 1 else None
        raise DataError(
            f"{where}: found a row of {len(fields)}, expected {len(names)} field{'s' * (len(names) > 1)}; "
            + (hint or f"mend the row, or quote a field that has {delimiter!r} in it")
        )


def frame_of(
    source: str,
    names: Sequence[str],
    records: Sequence[Sequence[str]],
    kinds: Mapping[str, Kind],
    decimal: str,
    numbered: "tuple[str, array[int]]",
) -> Frame:
    """The frame of these records; a column that ``kinds`` does not name is what it can be."""
    columns: dict[str, array[float] | Texts] = {}
    frame = Frame(source, tuple(names), len(records), columns, numbered)
    for name, texts in zip(names, zip(*records, strict=True), strict=True):
        kind = kinds.get(name)
        if kind != "text":
            plain = texts if decimal == "." else tuple(map(swapped, texts))
            found = _numbers(plain, kind)
            if found is not None:
                columns[name] = found
                continue
            if kind == "number":
                raise _first_error(frame, name, plain, texts)
        columns[name] = [None if is_missing(text) else text.strip() for text in texts]
    return frame


def _numbers(texts: Sequence[str], kind: Kind | None) -> "array[float] | None":
    """The numbers of a column; None if it is none of numbers."""
    found = _finite(texts)
    if found is not None:
        return found
    gaps = [row for row, text in enumerate(texts) if is_missing(text)]
    if not gaps or (len(gaps) == len(texts) and kind is None):
        return None
    filled = list(texts)
    for row in gaps:
        filled[row] = "0"
    found = _finite(filled)
    if found is not None:
        for row in gaps:
            found[row] = math.nan
    return found


def _finite(texts: Sequence[str]) -> "array[float] | None":
    try:
        values = round_decimals(texts)
    except DataError:
        return None
    return values if all_finite(values) else None


def _first_error(frame: Frame, name: str, plain: Sequence[str], texts: Sequence[str]) -> DataError:
    for row, text in enumerate(plain):
        if is_missing(text):
            continue
        try:
            value = round_decimal(text)
        except DataError:
            return DataError(
                f"{frame.where(row, name)}: found {shown(texts[row])}, expected a number; write it in digits, as in "
                "-12.5 or 1e-3, or leave the field empty for a missing value"
            )
        if math.isinf(value):
            return DataError(
                f"{frame.where(row, name)}: {shown(texts[row])} is beyond the largest binary32 number, {LARGEST}; "
                "scale the column"
            )
    raise AssertionError("every field is a number")
