"""``CsvDataset``: the rows of a CSV file that need not fit into the memory, read when a batch asks for them."""

import os
from array import array
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from io import StringIO

from rcmlrs_core.data.csv import LONGEST_LINE, is_delimiter, open_file, records_of, text_of
from rcmlrs_core.data.dataset import Batch, Dataset, checked_indices
from rcmlrs_core.data.frame import Frame, check_width, frame_of, head
from rcmlrs_core.data.schema import Schema
from rcmlrs_core.data.table import positions_of
from rcmlrs_core.errors import DataError
from rcmlrs_core.io.atomic import FilePath


class CsvDataset(Dataset):
    """The rows of a CSV file, each as ``schema.encode`` has it; in memory are 8 bytes a row, and the batch at hand.

    The file is read through once, to find where its rows begin. ``schema`` may be fitted on its first rows:
    ``Schema.fit(read_frame(path, max_rows=100_000), ...)``. ``header``, ``delimiter`` and ``decimal`` are those of
    ``read_frame``. Messages count rows of data from 1. Batches may be taken by several threads.

    Raises:
        DataError: no such file, no rows, columns that the schema needs and the file has not, or a schema that drops
            rows: how many there are would show only when all have been read.
    """

    def __init__(
        self,
        path: FilePath,
        schema: Schema,
        *,
        header: bool = True,
        delimiter: str = ",",
        decimal: str = ".",
        backend: str | None = None,
    ) -> None:
        if schema.missing == "drop":
            raise DataError('CsvDataset: a schema with missing="drop" reads frames only; fit one with another missing=')
        if not is_delimiter(delimiter):
            raise DataError(f"delimiter={delimiter!r}: it is one character that is in no number, such as ',' or ';'")
        self.path = os.fsdecode(path)
        self.schema = schema
        self.delimiter = delimiter
        self.decimal = decimal
        self.backend = backend
        with open_file(self.path) as (raw, _):
            self._seen = _state_of(raw.fileno())
            lines = iter(lambda: raw.readline(LONGEST_LINE), b"")
            self._starts = array("Q", _starts(self.path, lines, delimiter.encode()))
            self._end = raw.tell()
            raw.seek(0)
            self.names, _ = head(self.path, records_of(self.path, text_of(raw), delimiter), header)
        if header:
            del self._starts[0]
        if not self._starts:
            raise DataError(f"{self.path} has a header and no data: add rows, or pass header=False")
        self._kinds = schema.kinds
        target = schema.target.name if schema.target is not None else None
        positions_of(self.path, self.names, [name for name in self._kinds if name != target])
        self._target = target in self.names
        if not self._target:
            self._kinds.pop(target or "", None)

    def __len__(self) -> int:
        return len(self._starts)

    def frame(self, indices: Sequence[int]) -> Frame:
        """The rows at ``indices`` before they are encoded."""
        rows = checked_indices(indices, len(self))
        records = []
        with open_file(self.path) as (raw, _):
            if _state_of(raw.fileno()) != self._seen:
                raise DataError(f"{self.path} has changed since it was opened; make the CsvDataset anew")
            for row in rows:
                start = self._starts[row]
                end = self._starts[row + 1] if row + 1 < len(self) else self._end
                raw.seek(start)
                text = raw.read(end - start).decode("utf-8" if start else "utf-8-sig", "surrogateescape")
                where = f"{self.path}, row {row + 1}"
                # As it stands it is a file of one record, whose messages name its lines.
                found = list(records_of(where, StringIO(text, newline=""), self.delimiter))
                if len(found) > 1:
                    raise DataError(
                        f"{where}: found {len(found)} rows where a line ends in a carriage return alone; end lines as "
                        "others do, with a line feed"
                    )
                fields = found[0][1] if found else []
                check_width(where, fields, self.names, self.delimiter)
                records.append(fields)
        numbers = array("Q", [row + 1 for row in rows])
        return frame_of(self.path, self.names, records, self._kinds, self.decimal, ("row", numbers))

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The rows at ``indices``, read and encoded."""
        return self.schema.encode(self.frame(indices), target=self._target, backend=self.backend).tensors()


def _state_of(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_size, status.st_mtime_ns


def _starts(source: str, lines: Iterator[bytes], delimiter: bytes) -> Iterator[int]:
    """Where the records begin that are not empty lines. A line end in quotes ends no record (RFC 4180)."""
    start, quoted = 0, False
    for number, line in enumerate(lines, 1):
        if len(line) == LONGEST_LINE:
            raise DataError(
                f"{source}, line {number}: found {LONGEST_LINE} characters without a line end, expected one row a "
                "line; export it again as CSV"
            )
        text = line.removeprefix(BOM_UTF8) if number == 1 else line
        if not quoted and not text.isspace():
            yield start
        if quoted or b'"' in text:
            quoted = _ends_quoted(text, delimiter, quoted)
        start += len(line)


def _ends_quoted(line: bytes, delimiter: bytes, quoted: bool) -> bool:
    """Whether a line ends inside of quotes, where it begins ``quoted`` or not.

    A quote opens a field where it is the first character of it; elsewhere, as in 5" pipe, it stands for itself.
    """
    at = 0
    while at < len(line):
        if quoted:
            at = line.find(b'"', at) + 1
            if not at:
                return True
            if line.startswith(b'"', at):  # two of them are one character
                at += 1
            else:
                quoted = False
        elif line.startswith(b'"', at):
            quoted = True
            at += 1
        else:
            at = line.find(delimiter, at) + len(delimiter)
            if at < len(delimiter):
                return False
    return quoted
