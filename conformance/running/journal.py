"""A journal: what a run has found up to now, a line for each unit, so that it can be resumed after an interruption.

The first line says what was run: backends, versions, level and seed. A line that was cut off in the middle is ignored.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from rcmlrs_core.errors import DataError
from rcmlrs_core.io.reading import open_regular

from ..report.plain import Json, from_plain, to_plain
from .collect import Collector, Done

KIND = "rcmlrs conformance journal 1"
"""What the first line calls the file, with the number of the format."""

MOST_BYTES = 1 << 28
"""Nothing larger is read; a run at the deep level writes about a hundredth of that."""

SECONDS = 1.0
"""How often lines are forced to the disk: a process that is killed loses none, a machine that stops the last ones."""


class Journal:
    """Reads what is there, and appends to it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lines: dict[tuple[str, str], Done] = {}
        self._file: BinaryIO | None = None
        self._forced = 0.0

    def begin(self, heads: list[str], against: str) -> None:
        """Open the journal of such a run, or begin it; raises DataError for that of another one."""
        head = {"kind": KIND, "heads": heads, "against": against}
        raw = b""
        if self.path.exists():
            with open_regular(self.path) as (file, size):
                if size > MOST_BYTES:
                    raise DataError(f"{self.path} has {size:,} bytes, too many for a journal; name another file")
                raw = file.read(MOST_BYTES + 1)
        whole, _, torn = raw.rpartition(b"\n")
        lines = [line for line in map(_read, whole.split(b"\n")) if line]
        if raw and (not lines or lines[0].get("kind") != KIND):
            raise DataError(f"{self.path} is no journal of a run (its first line says {raw[:40]!r}); name another file")
        if lines and lines[0] != head:
            there, here = (
                "; ".join([*run["heads"], *([f"against {run['against']}"] if run["against"] else [])])
                for run in (head | {"heads": ["what cannot be read"]} if not _is_head(lines[0]) else lines[0], head)
            )
            raise DataError(
                f"{self.path} is the journal of another run; name another file, or remove this one\n"
                f"there: {there}\nhere: {here}"
            )
        for line in lines[1:]:
            try:
                self._lines[line["backend"], line["unit"]] = from_plain(line)
            except (AttributeError, KeyError, TypeError, ValueError):
                continue  # damaged: the unit runs again
        self._file = self.path.open("ab")
        if torn:
            os.truncate(self.path, len(raw) - len(torn))
        if not lines:
            self._write(head)

    def done(self, collector: Collector) -> Iterator[tuple[int, Done]]:
        """What need not run again: what is right. What was wrong is tried again, as it may have been mended."""
        for place, unit in enumerate(collector.units):
            found = self._lines.get((collector.runs[unit.backend].backend, unit.name))
            if found and found.group.ok and _is_kept(collector, place):
                yield place, found

    def add(self, collector: Collector, place: int, done: Done) -> None:
        """Append a line."""
        unit = collector.units[place]
        if _is_kept(collector, place):
            self._write({"backend": collector.runs[unit.backend].backend, "unit": unit.name, **to_plain(done)})

    def _write(self, line: Json) -> None:
        assert self._file is not None
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        if time.monotonic() >= self._forced + SECONDS:
            self._force()

    def _force(self) -> None:
        assert self._file is not None
        os.fsync(self._file.fileno())
        self._forced = time.monotonic()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._force()
            self._file.close()


def _is_kept(collector: Collector, place: int) -> bool:
    """Whether the unit is a whole one: of a group of which single cases were asked for, nothing is kept."""
    unit = collector.units[place]
    return unit.part is not None or collector.wanted.wanted(unit) is None


def _is_head(line: Json) -> bool:
    heads = line.get("heads")
    return isinstance(heads, list) and all(isinstance(head, str) for head in heads) and "against" in line


def _read(raw: bytes) -> Json | None:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None
