"""``Table``: columns of binary32 numbers with names. Tensors are made on request; files are read in ``csv``."""

import difflib
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rcmlrs_core.errors import DataError

if TYPE_CHECKING:
    from rcmlrs_core.tensor import RamTensor

Column = str | int


class UnknownColumnError(DataError):
    """A column that the table does not have."""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of binary32 numbers with names, as ``read_csv`` found them.

    ``source`` is the file, for messages; ``names`` the columns in order; ``rows`` the number of rows;
    ``dropped`` how many rows ``missing="drop"`` left out. A column is given by name or by position, counted
    from 0, or from -1 at the end.
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
        return tuple(self._values[position][:] for position in positions_of(self.source, self.names, columns))

    def select(self, columns: Iterable[Column]) -> "Table":
        """The table of these columns, in this order.

        Raises:
            DataError: a column that the table does not have, one that is named twice, or none at all.
        """
        return self._of(positions_of(self.source, self.names, columns))

    def without(self, *columns: Column) -> "Table":
        """The table of all other columns: ``table.without("label")``."""
        left_out = positions_of(self.source, self.names, columns)
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
        return positions_of(self.source, self.names, [column])[0]

    def _of(self, positions: Sequence[int]) -> "Table":
        check_distinct(self.source, self.names, positions)
        return Table(
            self.source,
            tuple(self.names[p] for p in positions),
            self.rows,
            self.dropped,
            tuple(self._values[p] for p in positions),
            tuple(self._flaws[p] for p in positions),
        )


def positions_of(source: str, names: Sequence[str], columns: Iterable[Column]) -> list[int]:
    """Where these columns, given by name or by position, stand in a table of ``names``.

    Raises:
        UnknownColumnError: one that is not there. It says which are, and whether one has a similar name.
        DataError: a name instead of a list of names.
    """
    if isinstance(columns, str):
        raise DataError(f"columns {columns!r}: expected a list of columns, got one name; write [{columns!r}]")
    positions = []
    for column in columns:
        if isinstance(column, str) and column in names:
            positions.append(names.index(column))
        elif isinstance(column, int) and not isinstance(column, bool) and -len(names) <= column < len(names):
            positions.append(column % len(names))
        else:
            raise UnknownColumnError(f"{source}: there is no column {column!r}; {_columns_there(names, column)}")
    return positions


def check_distinct(source: str, names: Sequence[str], positions: Sequence[int]) -> None:
    """Refuse a table of no column, and one that has a column twice."""
    if not positions or len(set(positions)) < len(positions):
        chosen = [names[position] for position in positions]
        raise DataError(f"{source}: columns {chosen} selected; name at least one, and none twice")


def _columns_there(names: Sequence[str], column: Column) -> str:
    close = difflib.get_close_matches(column, names, n=1) if isinstance(column, str) else []
    hint = f"did you mean {close[0]!r}? " if close else ""
    known = ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")
    return f"{hint}{'C' if hint else 'c'}olumns 0 to {len(names) - 1} are {known}"


def is_count(value: object) -> bool:
    """Whether it is an integer of at least 1."""
    return isinstance(value, int) and value >= 1


def little_endian(values: "array[float] | array[int]") -> bytes:
    """The bytes of ``values`` as a tensor takes them: little-endian."""
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()
