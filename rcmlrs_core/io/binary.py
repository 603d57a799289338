"""The binary format, which is safetensors: ``save_tensors_binary`` and ``load_state_binary``.

A file is three parts without gaps:

    8 bytes   N, the length of the header: an unsigned little-endian integer, at most 100,000,000
    N bytes   the header: a JSON object in UTF-8, from its ``{`` on, filled up with spaces
              {"__metadata__": {"key": "text", ...},                                      may be missing
               "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
    the rest  the elements, little-endian and row-major; ``data_offsets`` are the begin and the end of a tensor's in
              this part, and together the tensors cover every byte of it once

Source: "Format" in the README of https://github.com/huggingface/safetensors, whose library reads and writes the same
files. What is written here is a choice among what the format allows: the header keeps the order of the names; its
length is a multiple of 8; the tensors of 4-byte elements come before the bools, so that each is aligned. Equal
arguments make equal bytes.
"""

import json
import os
import struct
import sys
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO

from rcmlrs_core.creation import from_bytes, from_plain
from rcmlrs_core.errors import BackendError, DataError, FileFormatError
from rcmlrs_core.io.atomic import FilePath, atomic_write
from rcmlrs_core.io.reading import JsonReader, decoded, open_regular
from rcmlrs_core.io.state import MOST_AXES, RESERVED, State, Tensors, metadata_of, named, shape_problem
from rcmlrs_core.numerics.decimal_text import shown
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, ITEMSIZE, PlainArray, Shape
from rcmlrs_core.registry import Backend, current_backend, get_backend
from rcmlrs_core.tensor import RamTensor

LONGEST_HEADER = 100_000_000
"""The format's own limit, in bytes."""
ALIGNMENT = 8
"""The header is filled up to a multiple of this, so that the data begins on one."""
NAMES = {FLOAT32: "F32", INT32: "I32", BOOL: "BOOL"}
"""What the format calls the element types (N1.1)."""
OTHERS = {
    b"PK\x03\x04": "a zip archive, as .keras and .npz files are; keras.models.load_model or data.read_arrays reads it",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as .weights.h5 files are; load_weights of a keras model reads it",
}
"""How files begin that are taken for one."""

_ADVICE = "the file is truncated, altered or no safetensors file; get it again from where it came, or save it again"


def save_tensors_binary(path: FilePath, tensors: Tensors, *, metadata: Mapping[str, str] | None = None) -> None:
    """Save tensors in a safetensors file: a dict of them, or a list, where they are called "0", "1", ...

    Every bit is kept; every NaN is the one NaN (N1.2). ``metadata`` are strings that travel along, by default those
    of a ``State``. The file is replaced in one step (see ``atomic_write``). Backend and gradients are not saved.

    Raises:
        TypeError, DataError, ShapeError: what cannot be stored (see ``named``, ``metadata_of``), or a header that is
            longer than the format allows: millions of tensors.
        OSError: the file system refuses; what was there is unchanged.
    """
    texts = metadata_of(tensors, metadata)
    found = named(tensors)
    sizes = {name: tensor.size * ITEMSIZE[tensor.dtype] for name, tensor in found.items()}
    layout = sorted(found, key=lambda name: -ITEMSIZE[found[name].dtype])  # stable: else in the order of the names
    ends = dict(zip(layout, accumulate(sizes[name] for name in layout), strict=True))
    header: dict[str, Any] = {RESERVED: texts} if texts else {}
    for name, tensor in found.items():
        offsets = [ends[name] - sizes[name], ends[name]]
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % ALIGNMENT)
    if len(encoded) > LONGEST_HEADER:
        raise DataError(
            f"the header for {len(found)} tensors takes {len(encoded)} bytes, and {LONGEST_HEADER} are the most; "
            "save them in several files"
        )
    with atomic_write(path) as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for name in layout:
            raw = found[name].tobytes()
            if len(raw) != sizes[name]:
                raise BackendError(
                    f"backend {found[name].backend!r} gave {len(raw)} bytes of {name!r}, expected {sizes[name]}; "
                    "nothing was saved; move the tensors to another backend with .to(name)"
                )
            file.write(raw)


def load_state_binary(path: FilePath, *, backend: str | Backend | None = None) -> State:
    """The tensors in a safetensors file, on ``backend`` (by default the current one): a dict in the file's order.

    F32, I32 and BOOL are taken as they are; F16 and BF16 are exact as binary32; F64 is rounded once (N6). I64, I16,
    I8, U64, U32, U16 and U8 become int32 if every element is in its range. The file is only read, never run, and
    takes memory in proportion to its size.

    Raises:
        FileFormatError: the file is not what the format says, in any of its parts, or holds elements of another type.
        OSError: there is no such file, or it may not be read.
        BackendError: there is no such backend.
    """
    chosen = current_backend() if backend is None else get_backend(backend)
    with open_regular(path) as (file, size):
        return read_state(os.fsdecode(path), file, size, chosen)


def read_state(source: str, file: BinaryIO, size: int, backend: Backend) -> State:
    """The state in ``file``, which has ``size`` bytes; ``source`` names it in errors."""
    entries, metadata = _header(source, file, size)
    tensors: dict[str, RamTensor] = {}
    for entry in sorted(entries.values(), key=lambda entry: entry.offsets):
        raw = file.read(entry.nbytes)
        if len(raw) != entry.nbytes:
            raise FileFormatError(
                f"{source} shrank while it was read: {shown(entry.name)} has {entry.nbytes} bytes, found {len(raw)}; "
                "load it when nobody writes to it"
            )
        tensors[entry.name] = _tensor(source, entry, raw, backend)
    if file.read(1):
        raise FileFormatError(
            f"{source} grew while it was read: expected its end after {size} bytes, found more; "
            "load it when nobody writes to it"
        )
    return State({name: tensors[name] for name in entries}, metadata)


@dataclass(frozen=True)
class _Stored:
    """An element type of the format: bytes an element, the type it becomes, and how its bytes become elements."""

    size: int
    dtype: str
    decode: "Callable[[bytes], array[Any]] | None" = None
    """None: the bytes are those of a tensor."""


def _native(code: str, raw: bytes) -> "array[Any]":
    """Little-endian elements as an array of this type code."""
    values: array[Any] = array(code)
    values.frombytes(raw)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _from_binary16(raw: bytes) -> "array[float]":
    return array("f", (value for (value,) in struct.iter_unpack("<e", raw)))


def _from_bfloat16(raw: bytes) -> "array[float]":
    wide = bytearray(2 * len(raw))  # bfloat16 is the upper half of binary32
    wide[2::4] = raw[0::2]
    wide[3::4] = raw[1::2]
    return _native("f", bytes(wide))


def _from_binary64(raw: bytes) -> "array[float]":
    return array("f", _native("d", raw))  # the store is the one rounding


def _from_integers(code: str) -> "Callable[[bytes], array[int]]":
    return lambda raw: array("i", _native(code, raw))  # OverflowError beyond int32


STORED = {
    "F32": _Stored(4, FLOAT32),
    "I32": _Stored(4, INT32),
    "BOOL": _Stored(1, BOOL),
    "F16": _Stored(2, FLOAT32, _from_binary16),
    "BF16": _Stored(2, FLOAT32, _from_bfloat16),
    "F64": _Stored(8, FLOAT32, _from_binary64),
    "I64": _Stored(8, INT32, _from_integers("q")),
    "I16": _Stored(2, INT32, _from_integers("h")),
    "I8": _Stored(1, INT32, _from_integers("b")),
    "U64": _Stored(8, INT32, _from_integers("Q")),
    "U32": _Stored(4, INT32, _from_integers("I")),
    "U16": _Stored(2, INT32, _from_integers("H")),
    "U8": _Stored(1, INT32, _from_integers("B")),
}
"""The element types that are read, by their names in the format."""


@dataclass(frozen=True)
class _Entry:
    """What the header says of one tensor."""

    name: str
    stored: _Stored
    shape: Shape
    offsets: tuple[int, int]

    @property
    def nbytes(self) -> int:
        return self.offsets[1] - self.offsets[0]


def _header(source: str, file: BinaryIO, size: int) -> tuple[dict[str, _Entry], dict[str, str]]:
    """The entries of the tensors, in the header's order, and the metadata; checked against the file's ``size``."""
    first = file.read(8)
    if len(first) < 8:
        raise FileFormatError(f"{source}: expected 8 bytes with the length of a header, found {len(first)}; {_ADVICE}")
    length = int.from_bytes(first, "little")
    if length > LONGEST_HEADER or length > size - 8:
        if first.lstrip()[:1] == b"{":
            raise FileFormatError(
                f"{source}: expected a safetensors file, found JSON text; load_state_json may read it"
            )
        for beginning, kind in OTHERS.items():
            if first.startswith(beginning):
                raise FileFormatError(f"{source}: expected a safetensors file, found {kind}")
        most = min(LONGEST_HEADER, max(size - 8, 0))
        raise FileFormatError(
            f"{source}: expected a header of at most {most} bytes, found the length {length}; {_ADVICE}"
        )
    raw = file.read(length)
    if raw[:1] != b"{":
        raise FileFormatError(f"{source}: expected a header that begins with '{{', found {raw[:1]!r}; {_ADVICE}")
    within = f"{source}, header"
    reader = JsonReader(within, decoded(within, raw, _ADVICE), _ADVICE)
    entries: dict[str, _Entry] = {}
    metadata: dict[str, str] = {}
    for name in reader.members():
        if name == RESERVED:
            metadata = {key: reader.string() for key in reader.members()}
        else:
            entries[name] = _entry(reader, name)
    reader.end()
    end = 0
    for entry in sorted(entries.values(), key=lambda entry: entry.offsets):
        if entry.offsets[0] != end:
            raise FileFormatError(
                f"{within}: expected {shown(entry.name)} to begin where the tensor before it ends, at {end}, found "
                f"{entry.offsets[0]}: bytes that belong to two tensors or to none; {_ADVICE}"
            )
        end = entry.offsets[1]
    if end != size - 8 - length:
        raise FileFormatError(f"{source}: expected {end} bytes of data, found {size - 8 - length}; {_ADVICE}")
    return entries, metadata


def _entry(reader: JsonReader, name: str) -> _Entry:
    dtype: str | None = None
    shape: Shape | None = None
    offsets: tuple[int, ...] | None = None
    for key in reader.members():
        if key == "dtype":
            dtype = reader.string()
        elif key == "shape":
            shape = reader.naturals(MOST_AXES)
        elif key == "data_offsets":
            offsets = reader.naturals(2)
        else:
            raise reader.error(f"expected dtype, shape and data_offsets of {shown(name)}, found {shown(key)}")
    if dtype is None or shape is None or offsets is None:
        raise reader.error(f"expected dtype, shape and data_offsets of {shown(name)}, one of which is missing")
    stored = STORED.get(dtype)
    if stored is None:
        raise FileFormatError(
            f"{reader.source}: {shown(name)} has elements of type {shown(dtype)}, expected one of {', '.join(STORED)}; "
            "if the file is as it should be, convert that tensor with the library that made it"
        )
    if problem := shape_problem(shape):
        raise reader.error(f"{shown(name)} cannot be loaded: {problem}")
    nbytes = stored.size
    for length in shape:
        nbytes *= length
    if len(offsets) != 2 or offsets[1] - offsets[0] != nbytes:
        raise reader.error(
            f"{shown(name)}: {dtype} of shape {shape} takes {nbytes} bytes, found the data_offsets {list(offsets)}"
        )
    return _Entry(name, stored, shape, (offsets[0], offsets[1]))


def _tensor(source: str, entry: _Entry, raw: bytes, backend: Backend) -> RamTensor:
    stored = entry.stored
    if stored.decode is not None:
        try:
            return from_plain(PlainArray(stored.decode(raw), entry.shape), backend)
        except OverflowError:
            raise FileFormatError(
                f"{source}: {shown(entry.name)} has an integer that is not in [-2^31, 2^31), the range of int32; store "
                "it as F64 to have it rounded to float32, or make the numbers smaller"
            ) from None
    if stored.dtype == BOOL and raw.translate(None, b"\0\1"):
        odd = next(byte for byte in raw if byte > 1)
        raise FileFormatError(f"{source}: {shown(entry.name)}: a bool is the byte 0 or 1, found {odd}; {_ADVICE}")
    return from_bytes(raw, entry.shape, backend, dtype=stored.dtype)
