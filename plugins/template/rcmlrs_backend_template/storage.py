"""Buffers: what this backend computes on. Yours may be a device pointer, an array of a library, anything."""

import sys
from array import array

from rcmlrs_core.hookspecs import Storage

TYPECODES = {"float32": "f", "int32": "i", "bool": "b"}
NAN_BITS = 0x7FC00000


class Buffer:
    """Elements in row-major order. RCMLRS looks at ``shape`` and ``dtype``, and at nothing else.

    A buffer does not change after it is made; so a kernel may return one that shares the elements of its operand (a
    view), and must never write into an operand.
    """

    __slots__ = ("dtype", "shape", "values")

    def __init__(self, values: "array[float]", shape: tuple[int, ...], dtype: str) -> None:
        self.values = values
        self.shape = shape
        self.dtype = dtype


class ArrayStorage(Storage):
    """Bytes in, bytes out: little-endian binary32, int32, or bool as one byte."""

    def load(self, raw: bytes | memoryview, shape: tuple[int, ...], dtype: str) -> Buffer:
        """A copy: the caller may change its memory afterwards."""
        values: array[float] = array(TYPECODES[dtype])
        values.frombytes(raw)
        if sys.byteorder == "big":
            values.byteswap()
        return Buffer(values, shape, dtype)

    def dump(self, buffer: Buffer) -> bytes:
        """There is one NaN (N1.2): whatever payloads are in the buffer, 0x7fc00000 leaves it."""
        values = buffer.values
        if buffer.dtype == "float32" and any(value != value for value in values):
            words = array("I", values.tobytes())
            words = array("I", [NAN_BITS if value != value else w for value, w in zip(values, words, strict=True)])
            values = words  # type: ignore[assignment]  # elements of the same size
        if sys.byteorder == "big":
            values = values[:]
            values.byteswap()
        return values.tobytes()
