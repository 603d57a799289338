"""Arrays by path in an HDF5 file, as Keras keeps weights: written plainly, read with distrust. Needs h5py.

Nothing in here knows what the arrays mean. A file from a stranger is read or refused: only groups and arrays that lie
in it are entered (no soft link, external link, virtual or external array), an array is read only after its type and
shape were looked at, and one that declares much more than it stores is refused.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import prod
from typing import Any, BinaryIO

from rcmlrs_core.creation import from_bytes, from_plain
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.binary import STORED
from rcmlrs_core.io.state import shape_problem
from rcmlrs_core.numerics.decimal_text import shown
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray, Shape
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor

ADVICE = "the file is truncated, altered or not what it claims to be; get it again from where it came"
DEEPEST = 64
"""Groups within groups. Models of models of models stay far below."""
EXPANSION = 100
"""An array declares at most this many times the bytes that it stores (and ``SMALL`` bytes in any case): compressed
weights do not reach it, and a bomb does."""
SMALL = 1 << 16
KINDS = {("f", 2): "F16", ("f", 4): "F32", ("f", 8): "F64"} | {
    (sign, size): f"{name}{8 * size}" for sign, name in (("i", "I"), ("u", "U")) for size in (1, 2, 4, 8)
}
"""Element types that are read, by NumPy's kind and size, under the names that ``io.binary`` knows them by."""
NUMPY_TYPES = {FLOAT32: "<f4", INT32: "<i4", BOOL: "?"}


def h5py() -> Any:
    """The library, or an error that says how to get it."""
    try:
        import h5py as library
    except ImportError:
        raise ImportError(
            "the files of Keras (.weights.h5 and .keras) are read and written by h5py, which is not installed: "
            "pip install 'rcmlrs[keras]'; a .safetensors file needs no other library"
        ) from None
    return library


def written(tensors: Mapping[str, RamTensor], groups: Mapping[str, Mapping[str, str]]) -> bytes:
    """An HDF5 file with every tensor at its path, and every group with its attributes. Equal arguments, equal bytes."""
    library = h5py()
    import numpy  # h5py needs it

    buffer = BytesIO()
    with library.File(buffer, "w") as file:
        for path, attributes in groups.items():
            group = file.require_group(path)
            for key, text in attributes.items():
                group.attrs[key] = text
        for path, tensor in tensors.items():
            elements = numpy.frombuffer(tensor.tobytes(), NUMPY_TYPES[tensor.dtype]).reshape(tensor.shape)
            file.create_dataset(path, data=elements)
    return buffer.getvalue()


@dataclass(frozen=True)
class Stored:
    """An array of a file: what it is, before it is read."""

    path: str
    kind: str
    shape: Shape
    source: str
    _array: Any

    @property
    def dtype(self) -> str:
        """The element type of the tensor that it becomes."""
        return STORED[self.kind].dtype

    def read(self, backend: Backend) -> RamTensor:
        """Its elements: float32 and int32 as they are, half precisions exactly, binary64 rounded once (N6)."""
        with _refusing(self.source, self.path):
            raw = self._array[()].astype(self._array.dtype.newbyteorder("<"), copy=False).tobytes()
        decode = STORED[self.kind].decode
        if decode is None:
            return from_bytes(raw, self.shape, backend, dtype=self.dtype)
        try:
            return from_plain(PlainArray(decode(raw), self.shape), backend)
        except OverflowError:
            raise FileFormatError(
                f"{self.source}: {shown(self.path)} has an integer that is not in [-2^31, 2^31), the range of int32"
            ) from None


@contextmanager
def opened(source: str, file: BinaryIO) -> Iterator[dict[str, Stored]]:
    """The arrays of an HDF5 file by path; none is read yet. ``source`` names the file in errors.

    Raises :class:`FileFormatError` for what is no HDF5 file, and for anything in it that is not a plain group or array.
    """
    library = h5py()
    with _refusing(source):
        opened_file = library.File(file, "r")
    try:
        with _refusing(source):
            found = dict(_arrays(library, source, opened_file))
        yield found
    finally:
        opened_file.close()


def _arrays(library: Any, source: str, root: Any) -> Iterator[tuple[str, Stored]]:
    """Every array by path, and each group once, whatever leads to it."""
    seen = {library.h5o.get_info(root.id).addr}
    stack = [("", root)]
    while stack:
        prefix, group = stack.pop()
        if prefix.count("/") > DEEPEST:
            raise FileFormatError(f"{source}: groups are more than {DEEPEST} deep; {ADVICE}")
        for name in group:
            path = f"{prefix}/{name}" if prefix else name
            link = group.get(name, getlink=True)
            if not isinstance(link, library.HardLink):
                raise FileFormatError(
                    f"{source}: {shown(path)} is a {type(link).__name__}, which may lead anywhere; expected groups and "
                    "arrays that lie in the file"
                )
            item = group[name]
            if isinstance(item, library.Group):
                address = library.h5o.get_info(item.id).addr
                if address not in seen:
                    seen.add(address)
                    stack.append((path, item))
            elif isinstance(item, library.Dataset):
                yield path, _stored(source, path, item)
            else:
                raise FileFormatError(f"{source}: {shown(path)} is a {type(item).__name__}, expected a group or array")


def _stored(source: str, path: str, array: Any) -> Stored:
    """What an array declares, if it may be read."""
    within = f"{source}: {shown(path)}"
    if array.is_virtual or array.external:
        raise FileFormatError(f"{within} has its elements in another file, which is not opened; expected them in this")
    half = array.dtype.itemsize == 2 and array.dtype.kind in "Vu" and array.attrs.get("dtype") == "bfloat16"
    kind = "BF16" if half else KINDS.get((array.dtype.kind, array.dtype.itemsize))
    shape = array.shape
    if kind is None or shape is None:
        raise FileFormatError(f"{within} has elements of type {shown(str(array.dtype))}, expected numbers; {ADVICE}")
    if problem := shape_problem(shape):
        raise FileFormatError(f"{within} cannot be loaded: {problem}; {ADVICE}")
    declared, kept = prod(shape) * array.dtype.itemsize, array.id.get_storage_size()
    chunk = prod(array.chunks) * array.dtype.itemsize if array.chunks else 0
    if max(declared, chunk) > max(EXPANSION * kept, SMALL):
        raise FileFormatError(
            f"{within} declares {max(declared, chunk)} bytes and stores {kept}; expected at most {EXPANSION} times as "
            f"many; {ADVICE}"
        )
    return Stored(path, kind, shape, source, array)


@contextmanager
def _refusing(source: str, path: str | None = None) -> Iterator[None]:
    """What the library makes of a broken file, as an error of ours."""
    try:
        yield
    except FileFormatError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        where = f"{source}: {shown(path)}" if path else source
        raise FileFormatError(f"{where}: expected an HDF5 file with weights, found: {error}; {ADVICE}") from None
