"""PlainArray: a shape and its elements, in pure Python. What definitions take and give; the Python backend's buffer.

Row-major ``array.array`` of binary32 ('f'), int32 ('i') or bool ('b'): storing into 'f' is the one rounding of N1.3.
A PlainArray is never changed after it is made, so a move that changes no order may share the elements.
"""

import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.numerics.formats import BINARY32

Shape = tuple[int, ...]

FLOAT32, INT32, BOOL = "float32", "int32", "bool"
"""The element types (N1.1). Names are NumPy's; ``rc.float32`` and so on are these strings."""

TYPECODES = {FLOAT32: "f", INT32: "i", BOOL: "b"}
ITEMSIZE = {FLOAT32: 4, INT32: 4, BOOL: 1}
_DTYPES = {code: dtype for dtype, code in TYPECODES.items()}


class PlainArray:
    """``shape`` and ``values``, which holds ``math.prod(shape)`` elements in row-major order."""

    __slots__ = ("shape", "values")

    def __init__(self, values: "array[Any]", shape: Shape) -> None:
        self.values = values
        self.shape = shape

    @classmethod
    def of(cls, values: Iterable[Any], shape: Shape, dtype: str = FLOAT32) -> "PlainArray":
        """From an iterable of Python numbers, each rounded once from binary64 where ``dtype`` is float32."""
        return cls(array(TYPECODES[dtype], values), shape)

    @property
    def dtype(self) -> str:
        """``"float32"``, ``"int32"`` or ``"bool"``."""
        return _DTYPES[self.values.typecode]

    def tobytes(self) -> bytes:
        """Little-endian, row-major bytes; every NaN as 0x7fc00000 (N1.2)."""
        values = self.values
        if values.typecode == "f" and any(map(math.isnan, values)):
            bits = array("I", values.tobytes())
            mask, infinity = BINARY32.sign - 1, BINARY32.infinity
            bits = array("I", [BINARY32.nan if b & mask > infinity else b for b in bits])
            values = bits
        if sys.byteorder == "big":
            values = values[:]
            values.byteswap()
        return values.tobytes()

    @classmethod
    def frombytes(cls, raw: Any, shape: Shape, dtype: str = FLOAT32) -> "PlainArray":
        """From little-endian, row-major bytes (anything with the buffer protocol)."""
        values = array(TYPECODES[dtype])
        values.frombytes(raw)
        if sys.byteorder == "big":
            values.byteswap()
        return cls(values, shape)

    def __repr__(self) -> str:
        return f"PlainArray({self.values.tolist()}, {self.shape}, {self.dtype})"


def check_memory(name: str, shape: Shape, itemsize: int) -> None:
    """Where no memory holds elements of so many bytes each, an error that says so, and says it at once."""
    size = itemsize * math.prod(shape)
    try:
        bytes(size)  # which the system gives without touching it, unlike a bytearray's
    except MemoryError:
        raise MemoryError(f"{name}: shape {shape} takes {size} bytes in Python, more than there are") from None


BYTES_OF_A_NUMBER = 40
"""What an int takes in a list of Python's own."""


def scalar_bytes(value: Any, dtype: str) -> bytes:
    """A number as the bytes of one element, at its exact value and rounded once (N6)."""
    if dtype == FLOAT32:
        if isinstance(value, float) or (isinstance(value, int) and abs(value) <= 1 << 53):
            return PlainArray.of((value,), ()).tobytes()  # exact in binary64, so the store is the one rounding
        if not hasattr(value, "as_integer_ratio"):
            value = float(value)
        return BINARY32.round_number(value).to_bytes(4, "little")
    if dtype == INT32:
        if not -(1 << 31) <= value < 1 << 31 or value != int(value):  # an infinity has no int
            raise DTypeError(f"{value!r} is no int32; it must be an integer in [-2^31, 2^31)")
        return int(value).to_bytes(4, "little", signed=True)
    return bytes([bool(value)])


def strides_of(shape: Shape) -> Shape:
    """How many elements one step along each axis skips, in row-major order."""
    strides: list[int] = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def offsets(shape: Shape, strides: Sequence[int], start: int = 0) -> list[int]:
    """``start + sum(index * stride)`` for every index of ``shape``, in row-major order.

    With the strides of another layout this is a transposition; with a zero stride, a broadcast.
    """
    flat = [start]
    for length, stride in zip(shape, strides, strict=True):
        steps = range(0, length * stride, stride) if stride else [0] * length
        flat = [base + step for base in flat for step in steps]
    return flat


def broadcast_offsets(shape: Shape, target: Shape) -> list[int]:
    """For every index of ``target``, the row-major offset of the element of ``shape`` that broadcasting puts there."""
    padded = (1,) * (len(target) - len(shape)) + shape
    strides = [0 if length == 1 else stride for length, stride in zip(padded, strides_of(padded), strict=True)]
    return offsets(target, strides)
