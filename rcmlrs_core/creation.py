"""Tensors from Python data: lists, numbers, arrays, bytes; and tensors of constants.

Every number enters at its exact value and is rounded once (N6).
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, ITEMSIZE, TYPECODES, PlainArray, Shape
from rcmlrs_core.registry import Backend, current_backend, get_backend
from rcmlrs_core.tensor import Number, RamTensor, as_operand, wrap

ShapeLike = int | Sequence[int]


def from_bytes(raw: Any, shape: ShapeLike, backend: str | Backend | None = None, *, dtype: str = FLOAT32) -> RamTensor:
    """A tensor from row-major, little-endian binary32 bytes: the inverse of ``tobytes``.

    ``raw`` is bytes or anything with the buffer protocol. Its length must be that of ``shape``.
    """
    chosen = current_backend() if backend is None else get_backend(backend)
    dtype = check_dtype("from_bytes", dtype)
    lengths = normalize_shape("from_bytes", shape)
    view = memoryview(raw).cast("B") if memoryview(raw).contiguous else memoryview(bytes(raw))
    expected = ITEMSIZE[dtype]
    for length in lengths:
        expected *= length
    if view.nbytes != expected:
        raise ShapeError(f"from_bytes: {dtype} of shape {lengths} takes {expected} bytes, got {view.nbytes}")
    if dtype == BOOL and any(byte > 1 for byte in view):
        raise DTypeError("from_bytes: a bool is one byte, 0 or 1")
    return wrap(chosen.storage.load(bytes(view), lengths, dtype), lengths, dtype, chosen)


def from_plain(x: PlainArray, backend: str | Backend | None = None) -> RamTensor:
    """A tensor from elements in pure Python."""
    chosen = current_backend() if backend is None else get_backend(backend)
    return wrap(chosen.storage.load(x.tobytes(), x.shape, x.dtype), x.shape, x.dtype, chosen)


def tensor(
    data: Any, backend: str | Backend | None = None, *, dtype: str | None = None, requires_grad: bool = False
) -> RamTensor:
    """A tensor from numbers, nested lists, NumPy arrays or anything with the buffer protocol.

    Numbers become binary32, each rounded once from its exact value (N6), unless ``dtype`` says ``"int32"`` or
    ``"bool"``; data that is all bool becomes bool. Raises :class:`ShapeError` for ragged lists and :class:`DTypeError` for
    what is no number.
    """
    if isinstance(data, RamTensor):
        made = data.detach() if backend is None else data.detach().to(backend)
        if dtype is not None and dtype != made.dtype:
            made = made.astype(dtype=check_dtype("tensor", dtype))
    else:
        if dtype is not None:
            dtype = check_dtype("tensor", dtype)
        made = from_plain(_from_array(data, dtype) or _from_lists(data, dtype), backend)
    return made.requires_grad_() if requires_grad else made


def check_dtype(name: str, dtype: Any) -> str:
    """The element type called ``dtype``; NumPy's dtypes and the builtin ``float``, ``int`` and ``bool`` are understood."""
    called = getattr(dtype, "name", getattr(dtype, "__name__", dtype))
    found = {"float": FLOAT32, "int": INT32}.get(called, called)
    if found not in TYPECODES:
        raise DTypeError(f"{name}: there is no element type {dtype!r}; the types are {', '.join(TYPECODES)}")
    return str(found)


def _from_array(data: Any, dtype: str | None) -> PlainArray | None:
    """From what is an array already; None when it is not."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(data, "__array__"):
        values = numpy.asarray(data)
        if values.dtype.kind not in "fiub":
            raise DTypeError(f"tensor: an array of {values.dtype} holds no real numbers; convert it first")
        dtype = dtype or (BOOL if values.dtype.kind == "b" else FLOAT32)
        if dtype == INT32:
            exact = values.astype("int64")
            if (exact != values).any() or (abs(exact) >= 1 << 31).any():
                raise DTypeError("tensor: not every element is an integer in [-2^31, 2^31); use dtype='float32'")
        with numpy.errstate(all="ignore"):  # overflow to infinity is the rounding that N1.3 asks for
            raw = values.astype({FLOAT32: "<f4", INT32: "<i4", BOOL: "?"}[dtype]).tobytes()
        return PlainArray.frombytes(raw, values.shape, dtype)
    if isinstance(data, str | bytes | bytearray):
        raise DTypeError(f"tensor: {type(data).__name__} is no data; for bytes use from_bytes, for text parse it first")
    try:
        view = memoryview(data)
    except TypeError:
        return None
    if view.format not in {"f", "d", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "?"}:
        raise DTypeError(f"tensor: a buffer of format {view.format!r} holds no real numbers; convert it first")
    if view.format == "f" and dtype in (None, FLOAT32):
        values = array("f")
        values.frombytes(view.tobytes())
        return PlainArray(values, view.shape or ())
    return _from_lists(view.tolist(), dtype, view.shape)


def _from_lists(data: Any, dtype: str | None, shape: Shape | None = None) -> PlainArray:
    if shape is None:
        shape = _shape_of(data)
    flat: list[Any] = list(_leaves(data, shape, ()))
    if dtype is None:
        dtype = BOOL if flat and all(isinstance(value, bool) for value in flat) else FLOAT32
    if dtype == FLOAT32:
        if not all(type(value) is float for value in flat):
            flat = [_number(value) for value in flat]
        return PlainArray.of(flat, shape)
    if dtype == INT32:
        for value in flat:
            if not _is_number(value) or value != value or value in (float("inf"), float("-inf")) or value != int(value):
                raise DTypeError(f"tensor: {value!r} is no integer; int32 takes integers")
            if not -(1 << 31) <= value < 1 << 31:
                raise DTypeError(f"tensor: {value!r} is not in [-2^31, 2^31), the range of int32")
        return PlainArray.of(map(int, flat), shape, INT32)
    for value in flat:
        if value not in (0, 1):
            raise DTypeError(f"tensor: {value!r} is no bool; bool takes True and False (or 1 and 0)")
    return PlainArray.of(map(int, flat), shape, BOOL)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) or hasattr(value, "as_integer_ratio") or hasattr(value, "__float__")


def _number(value: Any) -> float:
    """A number at its exact value, rounded once to binary32."""
    if isinstance(value, float):
        return value  # the store into array('f') is the one rounding
    if isinstance(value, int):
        return float(value) if -(1 << 53) <= value <= 1 << 53 else round_number(value)
    if isinstance(value, RamTensor) and value.size == 1:
        return float(value)
    if not _is_number(value) or isinstance(value, RamTensor):
        raise DTypeError(f"tensor: {value!r} is no number; a tensor is made of numbers and nested lists of them")
    if hasattr(value, "as_integer_ratio"):
        try:
            return round_number(value)
        except (ValueError, OverflowError):  # Decimal's infinities and NaN
            pass
    return float(value)


def _is_list(data: Any) -> bool:
    return isinstance(data, list | tuple | range) or (
        isinstance(data, Sequence) and not isinstance(data, str | bytes | bytearray)
    )


def _shape_of(data: Any) -> Shape:
    """The shape of nested lists, by their first elements."""
    shape: list[int] = []
    while True:
        if isinstance(data, RamTensor):
            return (*shape, *data.shape)
        if not _is_list(data):
            return tuple(shape)
        shape.append(len(data))
        if len(shape) > 64:
            raise ShapeError("tensor: lists are nested deeper than 64 axes; does one contain itself?")
        if not len(data):
            return tuple(shape)
        data = data[0]


def _leaves(data: Any, shape: Shape, place: tuple[int, ...]) -> Iterable[Any]:
    if isinstance(data, RamTensor) and data.shape == shape:
        yield from data.plain().values
        return
    if not shape:
        if _is_list(data):
            raise ShapeError(f"tensor: ragged data: element {list(place)} is a list where its neighbours are numbers")
        yield data
        return
    if not _is_list(data) or len(data) != shape[0]:
        got = f"has {len(data)} elements" if _is_list(data) else f"is {data!r}"
        raise ShapeError(f"tensor: ragged data: element {list(place)} {got} where {shape[0]} are expected")
    if len(shape) == 1 and not any(_is_list(value) or isinstance(value, RamTensor) for value in data):
        yield from data
        return
    for i, part in enumerate(data):
        yield from _leaves(part, shape[1:], (*place, i))


def full(shape: ShapeLike, value: Number, backend: str | Backend | None = None) -> RamTensor:
    """A tensor of which every element is ``value``, rounded once (N6)."""
    chosen = current_backend() if backend is None else get_backend(backend)
    lengths = normalize_shape("full", shape)
    beside = wrap(None, (), FLOAT32, chosen)
    return as_operand(float(value) if isinstance(value, bool) else value, beside).broadcast_to(lengths)


def zeros(shape: ShapeLike, backend: str | Backend | None = None) -> RamTensor:
    """A tensor of zeros."""
    return full(shape, 0.0, backend)


def ones(shape: ShapeLike, backend: str | Backend | None = None) -> RamTensor:
    """A tensor of ones."""
    return full(shape, 1.0, backend)


def eye(n: int, backend: str | Backend | None = None) -> RamTensor:
    """The n by n identity matrix."""
    (n,) = normalize_shape("eye", n)
    return from_plain(PlainArray.of((float(i == j) for i in range(n) for j in range(n)), (n, n)), backend)


def arange(start: int, stop: int | None = None, step: int = 1, backend: str | Backend | None = None) -> RamTensor:
    """The integers from ``start`` to ``stop`` (exclusive; from 0 when one number is given), as binary32."""
    numbers = range(start) if stop is None else range(start, stop, step)
    return from_plain(PlainArray.of(map(_number, numbers), (len(numbers),)), backend)
