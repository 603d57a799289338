"""Arrays in files: ``read_arrays`` for NumPy's ``.npy`` and ``.npz`` and for safetensors, and ``NpyDataset``.

Files of NumPy need NumPy (the extra ``numpy``). Nothing in a file is run: pickled objects are refused.
"""

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO

from rcmlrs_core.creation import tensor
from rcmlrs_core.data.dataset import Batch, Dataset, checked_indices
from rcmlrs_core.errors import DataError, DTypeError, FileFormatError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.io.binary import load_state_binary
from rcmlrs_core.io.reading import open_regular
from rcmlrs_core.plain import BOOL, FLOAT32, INT32
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MOST_UNPACKED = 1 << 32
"""In bytes: the most that the compressed arrays of a file may take, unless one says otherwise."""
NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"

_ADVICE = "it is truncated, altered or of another kind; get it again from where it came, or save it again"


def read_arrays(
    path: FilePath, *, backend: str | Backend | None = None, most_bytes: int = MOST_UNPACKED
) -> dict[str, RamTensor]:
    """The arrays in a file by name: of ``.npy`` one, called ``"array"``; of ``.npz`` or safetensors all.

    What the file is tells its beginning, not its name. Floats become binary32, each rounded once (N6); integers int32,
    and bools bools. ``TensorDataset(found["x"], found["y"])`` is a data set of them.

    Args:
        path: the file.
        backend: where the tensors live.
        most_bytes: how much the compressed arrays of an ``.npz`` file may take: a small file can claim to be huge.

    Raises:
        FileFormatError: the file is damaged, holds objects, text or complex numbers, integers beyond int32, or more
            than ``most_bytes``. It names the file and the array.
        OSError: there is no such file, or it may not be read.
        ImportError: NumPy is not installed.
    """
    source = os.fsdecode(path)
    with open_regular(path) as (file, size):
        start = file.read(6)
        file.seek(0)
        if start == NPY:
            return {"array": _tensor(f"{source}", _array(source, file, size), backend)}
        if start.startswith(ZIP):
            found: dict[str, RamTensor] = {}
            for name, array in _members(source, file, most_bytes):
                if name in found:
                    raise FileFormatError(f"{source}: two arrays have the name {name!r}; {_ADVICE}")
                found[name] = _tensor(f"{source}, array {name!r}", array, backend)
            return found
    return load_state_binary(path, backend=backend)


class NpyDataset(Dataset):
    """Examples in ``.npy`` files that need not fit into the memory: ``NpyDataset("x.npy", "y.npy")``.

    They are along the first axis, and are read when a batch asks for them, through a map of the file; types become
    what ``read_arrays`` says.

    Raises:
        FileFormatError: what ``read_arrays`` refuses.
        DataError: numbers of examples that differ, or none.
    """

    def __init__(self, *paths: FilePath, backend: str | None = None) -> None:
        numpy = _numpy()
        self.paths = tuple(map(os.fsdecode, paths))
        self.backend = backend
        self._arrays: list[Array] = []
        for source in self.paths:
            with open_regular(source) as (file, size):
                shape, order, dtype = _header(source, file, size)
                offset = file.tell()
            self._arrays.append(
                numpy.memmap(source, dtype, "r", offset, shape, order) if prod(shape) else _empty(shape)
            )
        counts = {array.shape[:1] for array in self._arrays}
        if len(counts) != 1 or counts <= {(), (0,)}:
            shapes = [array.shape for array in self._arrays]
            raise DataError(
                f"NpyDataset: takes arrays with the same first axis, the examples; {self.paths} are {shapes}"
            )

    def __len__(self) -> int:
        return int(self._arrays[0].shape[0])

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The rows at ``indices``."""
        rows = checked_indices(indices, len(self))
        return tuple(
            _tensor(source, array[rows], self.backend) for source, array in zip(self.paths, self._arrays, strict=True)
        )


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise ImportError("files of NumPy are read by NumPy; install it: pip install 'rcmlrs[numpy]'") from None
    return numpy


def _empty(shape: tuple[int, ...]) -> Any:
    return _numpy().empty(shape, "<f4")


def _tensor(source: str, array: "Array", backend: str | Backend | None) -> RamTensor:
    dtype = {"b": BOOL, "i": INT32, "u": INT32, "f": FLOAT32}[array.dtype.kind]
    try:
        return tensor(array, backend, dtype=dtype)
    except DTypeError:
        raise FileFormatError(
            f"{source}: has an integer that is not in [-2^31, 2^31), the range of int32; save it as float64 to have it "
            "rounded to float32, or make the numbers smaller"
        ) from None


def _header(source: str, file: BinaryIO, size: int) -> "tuple[tuple[int, ...], Any, np.dtype[Any]]":
    """Shape, order and element type; the elements that follow fill the file."""
    numpy = _numpy()
    formats = numpy.lib.format
    try:
        version = formats.read_magic(file)
        readers = {(1, 0): formats.read_array_header_1_0, (2, 0): formats.read_array_header_2_0}
        shape, fortran, dtype = readers[version](file)
    except (ValueError, KeyError, EOFError, UnicodeDecodeError):
        raise FileFormatError(f"{source}: expected an array of NumPy; {_ADVICE}") from None
    if dtype.kind not in "biuf" or dtype.itemsize > 8 or any(length < 0 for length in shape):
        raise FileFormatError(
            f"{source}: has elements of type {dtype}, expected real numbers of at most 64 bits; convert the array by "
            "NumPy, and save it without pickle"
        )
    if size - file.tell() != dtype.itemsize * prod(shape):
        raise FileFormatError(
            f"{source}: expected {dtype.itemsize * prod(shape)} bytes for {dtype} of shape {shape}, found "
            f"{size - file.tell()}; {_ADVICE}"
        )
    return tuple(shape), "F" if fortran else "C", dtype


def _array(source: str, file: BinaryIO, size: int) -> "Array":
    shape, order, dtype = _header(source, file, size)
    raw = file.read()
    try:
        found: Array = _numpy().frombuffer(raw, dtype).reshape(shape, order=order)
    except ValueError:  # a length beyond any memory, beside one of 0
        raise FileFormatError(f"{source}: the shape {shape} is that of no array; {_ADVICE}") from None
    return found


def _members(source: str, file: BinaryIO, most_bytes: int) -> "Iterator[tuple[str, Array]]":
    unpacked = 0
    with _damage(source), zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if info.compress_type != zipfile.ZIP_STORED:
                unpacked += info.file_size
            if unpacked > most_bytes:
                raise FileFormatError(
                    f"{source}: its arrays take more than {most_bytes} bytes when they are unpacked; if you trust it, "
                    "pass most_bytes=..."
                )
            with archive.open(info) as member:
                # A damaged member ends early or late, or with a wrong checksum: reading says so.
                yield name, _array(f"{source}, array {name!r}", member, info.file_size)  # type: ignore[arg-type]


@contextmanager
def _damage(source: str) -> Iterator[None]:
    try:
        yield
    except FileFormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileFormatError(f"{source} cannot be unpacked: {error}; {_ADVICE}") from None
