"""CSVLogger: a line for every epoch in a CSV file."""

import csv
import os
from pathlib import Path
from typing import Any, TextIO

from rcmlrs_core.train.callbacks.base import Callback, Logs


class CSVLogger(Callback):
    """Writes ``epoch`` and what was measured, by name in the order of the alphabet, as Keras does.

    Every line is on the disk when its epoch ends. ``append`` goes on in a file that is there. What the first epoch did
    not measure has no column; what a later one does not measure is ``NA``.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None
        self._file: TextIO | None = None
        self._writer: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self._header = not (self.append and Path(self.filename).exists() and Path(self.filename).stat().st_size)
        self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        if self._file is None:
            return
        measured = logs or {}
        if self.keys is None:
            self.keys = sorted(measured)
            self._writer = csv.DictWriter(self._file, ["epoch", *self.keys], delimiter=self.separator)
            if self._header:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **{key: measured.get(key, "NA") for key in self.keys}})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
