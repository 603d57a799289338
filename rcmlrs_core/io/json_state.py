"""The JSON format, for human eyes: ``save_tensors_json`` and ``load_state_json``.

    {
      "format": "rcmlrs-state",
      "format_version": 1,
      "metadata": {"key": "text"},
      "tensors": {
        "weights": {
          "dtype": "float32",
          "shape": [2, 3],
          "digest": "5cb7...",
          "values": [
            0.1, -0.0, 1e-45,
            "nan", "inf", "-inf"
          ]
        }
      }
    }

It is JSON by RFC 8259, in UTF-8. ``dtype`` is ``float32``, ``int32`` or ``bool``; ``values`` are the elements in
row-major order in one flat list, a line for each row of the last axis. A float32 is the shortest decimal that rounds
to it, so that every bit is restored; what JSON has no number for is a string. ``digest`` is ``RamTensor.digest``, and
need not be there. Keys may be in another order, but for three: ``format`` is the first of all, ``format_version`` comes
before ``tensors``, and ``values`` are the last of a tensor.
"""

import json
import math
import os
from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from rcmlrs_core.creation import from_plain
from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.atomic import FilePath, atomic_write
from rcmlrs_core.io.reading import AT_ONCE, NUMBER, JsonReader, decoded, open_regular
from rcmlrs_core.io.state import MOST_AXES, RESERVED, State, Tensors, metadata_of, named, shape_problem
from rcmlrs_core.numerics.decimal_text import round_decimals, shown
from rcmlrs_core.numerics.shortest import shortest_decimals
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, TYPECODES, PlainArray, Shape
from rcmlrs_core.registry import Backend, current_backend, get_backend
from rcmlrs_core.tensor import RamTensor

FORMAT = "rcmlrs-state"
VERSION = 1
LARGEST_FILE = 2**30
"""In bytes; some 100 million numbers. More than that nobody reads: it belongs into the binary format."""

_ADVICE = "mend it by hand, or save it again"
_WORDS = {'"nan"': math.nan, '"inf"': math.inf, '"-inf"': -math.inf}
_ELEMENTS = {
    FLOAT32: (rf"{NUMBER}|{'|'.join(_WORDS)}", 'a number, "nan", "inf" or "-inf"'),
    INT32: (r"-?(?:0|[1-9][0-9]{0,9}+)(?![0-9.eE])", "an integer in [-2^31, 2^31)"),
    BOOL: ("true|false", "true or false"),
}
"""For each element type, what an element looks like in the file, as a regular expression and in words."""


def save_tensors_json(path: FilePath, tensors: Tensors, *, metadata: Mapping[str, str] | None = None) -> None:
    """Save tensors as JSON: a dict of them, or a list, where they are called "0", "1", ...

    The same as ``save_tensors_binary`` in all but the format, and some 3 to 5 times as large.

    Raises:
        TypeError, DataError, ShapeError: what cannot be stored (see ``named`` and ``metadata_of``).
        OSError: the file system refuses; what was there is unchanged.
    """
    texts = metadata_of(tensors, metadata)
    found = named(tensors)
    with atomic_write(path) as file:
        for part in _document(found, texts):
            file.write(part.encode())


def load_state_json(path: FilePath, *, backend: str | Backend | None = None) -> State:
    """The tensors in a JSON file, on ``backend`` (by default the current one): a dict in the file's order.

    A number is its exact decimal value, rounded once (N6); beyond the range of binary32 it is infinite (N1.3). A tensor
    that has a digest must fit it: whoever edits values by hand removes the line with the digest. The file is only read,
    never run, and takes memory in proportion to its size.

    Raises:
        FileFormatError: the file is not what the format says, or values do not fit their digest.
        OSError: there is no such file, or it may not be read.
        BackendError: there is no such backend.
    """
    chosen = current_backend() if backend is None else get_backend(backend)
    source = os.fsdecode(path)
    with open_regular(path) as (file, size):
        if size > LARGEST_FILE:
            raise FileFormatError(
                f"{source}: expected at most {LARGEST_FILE} bytes, found {size}; use the binary format for so much"
            )
        raw = file.read(size)
    if raw[8:9] == b"{" and b"\0" in raw[:8]:
        raise FileFormatError(
            f"{source}: expected JSON text, found what looks like safetensors; load_state_binary may read it"
        )
    return read_state(source, raw, chosen)


def read_state(source: str, raw: bytes, backend: Backend) -> State:
    """The state in the text ``raw``; ``source`` names it in errors."""
    text = decoded(source, raw, _ADVICE).removeprefix("\ufeff")  # some editors put a byte order mark in front
    reader = JsonReader(source, text, _ADVICE)
    version: int | None = None
    metadata: dict[str, str] = {}
    tensors: dict[str, RamTensor] | None = None
    for place, key in enumerate(reader.members()):
        if (place == 0) != (key == "format") or (place == 0 and reader.string() != FORMAT):
            raise FileFormatError(
                f'{source}: expected the beginning {{"format": "{FORMAT}", found other JSON; to make tensors of it, '
                "read it with the json module and give its lists to rc.tensor"
            )
        if key == "format_version":
            version = reader.natural()
            if version != VERSION:
                raise FileFormatError(
                    f"{source} has format_version {version}, expected {VERSION}; a newer RCMLRS may read it"
                )
        elif key == "metadata":
            metadata = {name: reader.string() for name in reader.members()}
        elif key == "tensors":
            if version is None:
                raise reader.error("expected format_version before the tensors")
            tensors = {name: _tensor(reader, name, backend) for name in reader.members()}
        elif key != "format":
            raise reader.error(f"expected format_version, metadata or tensors, found {shown(key)}")
    if tensors is None:
        raise reader.error("expected tensors, found none")
    reader.end()
    return State(tensors, metadata)


def _document(tensors: Mapping[str, RamTensor], metadata: Mapping[str, str]) -> Iterator[str]:
    """The text of a file, in parts."""
    yield f'{{\n  "format": "{FORMAT}",\n  "format_version": {VERSION},\n'
    yield f'  "metadata": {_quoted(metadata)},\n  "tensors": {{'
    for place, (name, tensor) in enumerate(tensors.items()):
        yield f'{"," if place else ""}\n    {_quoted(name)}: {{\n      "dtype": "{tensor.dtype}",\n'
        yield f'      "shape": {list(tensor.shape)},\n      "digest": "{tensor.digest()}",\n      "values": ['
        yield from _values(tensor)
        yield ("\n      " if tensor.size else "") + "]\n    }"
    yield "\n  }\n}\n"


def _quoted(value: str | Mapping[str, str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _values(tensor: RamTensor) -> Iterator[str]:
    """The elements and what stands between them: a new line where a row of the last axis begins."""
    values = tensor.plain().values
    row = tensor.shape[-1] if tensor.ndim else 1
    for start in range(0, len(values), AT_ONCE):
        some = values[start : start + AT_ONCE]
        if tensor.dtype == FLOAT32:
            texts = [text if text[-1].isdigit() else f'"{text}"' for text in shortest_decimals(some)]
        elif tensor.dtype == BOOL:
            texts = ["true" if value else "false" for value in some]
        else:
            texts = list(map(str, some))
        for place, text in enumerate(texts, start):
            yield (("," if place else "") + "\n        " if place % row == 0 else ", ") + text


def _tensor(reader: JsonReader, name: str, backend: Backend) -> RamTensor:
    if name == RESERVED:
        raise reader.error(f"a tensor cannot be called {RESERVED!r}, which is reserved; rename it")
    dtype: str | None = None
    shape: Shape | None = None
    digest: str | None = None
    values: array[Any] | None = None
    for key in reader.members():
        if values is not None:
            raise reader.error(f"expected the values of {shown(name)} to come last, found {shown(key)} after them")
        if key == "dtype":
            dtype = reader.string()
            if dtype not in _ELEMENTS:
                raise reader.error(f"expected the dtype {', '.join(_ELEMENTS)}, found {shown(dtype)}")
        elif key == "shape":
            shape = reader.naturals(MOST_AXES)
            if problem := shape_problem(shape):
                raise reader.error(f"{shown(name)} cannot be loaded: {problem}")
        elif key == "digest":
            digest = reader.string()
        elif key == "values":
            if dtype is None or shape is None:
                raise reader.error(f"expected dtype and shape of {shown(name)} before its values")
            values = _elements(reader, dtype)
        else:
            raise reader.error(f"expected dtype, shape, digest and values of {shown(name)}, found {shown(key)}")
    if shape is None or values is None:
        raise reader.error(f"expected dtype, shape and values of {shown(name)}, one of which is missing")
    if len(values) != math.prod(shape):
        raise reader.error(f"{shown(name)} of shape {shape} has {math.prod(shape)} values, found {len(values)}")
    tensor = from_plain(PlainArray(values, shape), backend)
    if digest is not None and digest != tensor.digest():
        raise FileFormatError(
            f"{reader.source}: the values of {shown(name)} do not fit its digest: expected {shown(digest, 64)}, found "
            f'{tensor.digest()}; if they were changed on purpose, remove the line "digest" of {shown(name)}, else the '
            "file is damaged: get it again from where it came"
        )
    return tensor


def _elements(reader: JsonReader, dtype: str) -> "array[Any]":
    values: array[Any] = array(TYPECODES[dtype])
    for texts in reader.array(*_ELEMENTS[dtype]):
        if dtype == FLOAT32:
            values.extend(_floats(texts))
        elif dtype == BOOL:
            values.extend(text == "true" for text in texts)
        else:
            numbers = list(map(int, texts))
            if (odd := next((n for n in numbers if not -(1 << 31) <= n < 1 << 31), None)) is not None:
                raise reader.error(f"before this place: {odd} is not in [-2^31, 2^31), the range of int32")
            values.extend(numbers)
    return values


def _floats(texts: list[str]) -> "array[float]":
    """Each number rounded once, and each word."""
    words = [(place, _WORDS[text]) for place, text in enumerate(texts) if text[0] == '"']
    for place, _ in words:
        texts[place] = "0"
    values = round_decimals(texts)
    for place, word in words:
        values[place] = word
    return values
