"""The data sets that come with RCMLRS. Their sources and terms are in ``sets/README.md``."""

import atexit
from contextlib import ExitStack
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from rcmlrs_core.data.csv import read_csv
from rcmlrs_core.data.dataset import TensorDataset
from rcmlrs_core.data.sequences import WindowDataset
from rcmlrs_core.data.table import Table, little_endian
from rcmlrs_core.errors import DataError

if TYPE_CHECKING:
    from rcmlrs_core.tensor import RamTensor

FILES = {"alice": "alice.txt", "digits": "digits.csv", "sunspots": "sunspots.csv"}
"""The sets that ``path_of`` knows, and their files."""

_unpacked = ExitStack()
atexit.register(_unpacked.close)


@cache
def path_of(name: str) -> Path:
    """The file of the set ``name``, one of ``FILES``. From a zip file it is unpacked until Python ends.

    Raises:
        DataError: there is no such set.
    """
    if name not in FILES:
        raise DataError(f"there is no data set {name!r}; the sets are {', '.join(FILES)}")
    return _unpacked.enter_context(as_file(files("rcmlrs_core.data").joinpath("sets", FILES[name])))


def load_digits(backend: str | None = None) -> "tuple[RamTensor, RamTensor]":
    """Handwritten digits: images ``(1797, 64)`` and labels ``(1797,)``, int32 from 0 to 9.

    An image is 8 x 8, row-major; a pixel counts the inked ones of 4 x 4 finer pixels, 0 to 16. Divided by
    16 it lies in [0, 1], exactly.
    """
    table = _table("digits")
    return table.without("label").tensor(backend=backend), table.labels("label", backend=backend)


def load_sunspots(backend: str | None = None) -> "RamTensor":
    """The yearly mean sunspot number of 1700 to 2008: a tensor ``(309,)``, oldest first. It has no unit."""
    from rcmlrs_core.creation import from_bytes

    table = _table("sunspots")
    return from_bytes(little_endian(table["sunspots"]), (table.rows,), backend)


def digits(backend: str | None = None) -> TensorDataset:
    """Handwritten digits as pictures: ``(1797, 1, 8, 8)`` in [0, 1], exact sixteenths, and labels from 0 to 9."""
    images, labels = load_digits(backend)
    return TensorDataset(images.reshape((-1, 1, 8, 8)) / 16.0, labels)


def sunspots(length: int, *, horizon: int = 1, steps: int | None = None, backend: str | None = None) -> WindowDataset:
    """Windows over the yearly sunspot numbers, and what comes after each: see ``WindowDataset``."""
    return WindowDataset(load_sunspots(backend), length, horizon=horizon, steps=steps)


def load_alice() -> str:
    """The first four chapters of Alice's Adventures in Wonderland (L. Carroll, 1865), for models of characters."""
    return path_of("alice").read_text(encoding="ascii")


def _table(name: str) -> Table:
    return read_csv(path_of(name), header=True)
