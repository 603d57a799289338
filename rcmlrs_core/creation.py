"""Tensors from Python data: lists, numbers, arrays, bytes; and tensors of constants.

Every number enters at its exact value and is rounded once (N6).
"""

import reprlib
import struct
import sys
from array import array
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, lcm, prod
from operator import index
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.numerics.rounding import round_decided
from rcmlrs_core.numerics.scalars import binary32, is_number, number
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, ITEMSIZE, TYPECODES, PlainArray, Shape, check_memory
from rcmlrs_core.registry import Backend, current_backend, get_backend
from rcmlrs_core.tensor import Number, RamTensor, nested, numpy_of, wrap

ShapeLike = int | Sequence[int]


def from_bytes(raw: Any, shape: ShapeLike, backend: str | Backend | None = None, *, dtype: str = FLOAT32) -> RamTensor:
    """A tensor from row-major, little-endian binary32 bytes: the inverse of ``tobytes``.

    ``raw`` is bytes or anything with the buffer protocol. Its length must be that of ``shape``.
    """
    chosen = current_backend() if backend is None else get_backend(backend)
    dtype = check_dtype("from_bytes", dtype)
    lengths = normalize_shape("from_bytes", shape)
    content = memoryview(raw).tobytes()
    expected = ITEMSIZE[dtype] * prod(lengths)
    if len(content) != expected:
        raise ShapeError(f"from_bytes: {dtype} of shape {lengths} takes {expected} bytes, got {len(content)}")
    if dtype == BOOL and content.translate(None, b"\0\1"):
        raise DTypeError("from_bytes: a bool is one byte, 0 or 1")
    return wrap(chosen.storage.load(content, lengths, dtype), lengths, dtype, chosen)


def from_plain(x: PlainArray, backend: str | Backend | None = None) -> RamTensor:
    """A tensor from elements in pure Python."""
    chosen = current_backend() if backend is None else get_backend(backend)
    # A NaN may have any payload as long as it is inside, so there is nothing to look for (N1.2).
    raw = x.values.tobytes() if sys.byteorder == "little" else x.tobytes()
    return wrap(chosen.storage.load(raw, x.shape, x.dtype), x.shape, x.dtype, chosen)


def tensor(
    data: Any, backend: str | Backend | None = None, *, dtype: str | None = None, requires_grad: bool = False
) -> RamTensor:
    """A tensor from numbers, nested lists, NumPy arrays or anything with the buffer protocol.

    Numbers become binary32, each rounded once from its exact value (N6), unless ``dtype`` says ``"int32"`` or
    ``"bool"``; data that is all bool becomes bool. Raises :class:`ShapeError` for ragged lists and :class:`DTypeError`
    for what is no number.
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


def from_dlpack(source: Any, *, backend: str | Backend | None = None, copy: bool | None = None) -> RamTensor:
    """A tensor from another library's array, by DLPack; without a copy where the backend can share its memory.

    That is so on ``native`` and ``numpy`` for binary32, int32 and bool in the memory of the processor. Whoever shares
    memory must not write to it as long as the tensor lives: tensors never change. ``copy=True`` copies, ``copy=False``
    refuses where a copy is needed. Integers of other widths are refused when they do not fit; other floats are rounded
    once (N6).
    """
    if not (hasattr(source, "__dlpack__") and hasattr(source, "__dlpack_device__")):
        raise TypeError(
            f"from_dlpack: takes an array with __dlpack__ and __dlpack_device__, got {type(source).__name__}; "
            "see rc.tensor(...)"
        )
    chosen = current_backend() if backend is None else get_backend(backend)
    if isinstance(source, RamTensor) and source._backend is chosen:
        return source.detach()  # elements never change, so a copy would be the same
    share = getattr(chosen.storage, "share", None)
    buffer = share(source) if share is not None and copy is not True else None
    if buffer is not None:
        shape, dtype = tuple(buffer.shape), str(buffer.dtype).rpartition(".")[2]
        return wrap(buffer, shape, check_dtype("from_dlpack", dtype), chosen)
    if copy is False:
        raise BufferError(
            f"from_dlpack: copy is False, and the backend {chosen.name!r} cannot share the memory of this array; it "
            "shares binary32, int32 and bool in the memory of the processor, if it shares at all"
        )
    array = numpy_of("from_dlpack").from_dlpack(source)
    integers = array.dtype.kind in "iu"
    return tensor(array, chosen, dtype=INT32 if integers else None)


def check_dtype(name: str, dtype: Any) -> str:
    """The element type called ``dtype``; NumPy's and the builtin ``float``, ``int`` and ``bool`` are understood."""
    called = getattr(dtype, "name", getattr(dtype, "__name__", dtype))
    called = {"float": FLOAT32, "int": INT32}.get(str(called), called)
    if not isinstance(called, str) or called not in TYPECODES:
        raise DTypeError(f"{name}: there is no element type {dtype!r}; the types are {', '.join(TYPECODES)}")
    return called


def _from_array(data: Any, dtype: str | None) -> PlainArray | None:
    """From what is an array already; None when it is not."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(data, "__array__"):
        values = numpy.asarray(data)
        if values.dtype.kind == "V" and values.dtype.name.startswith(("bfloat16", "float8_")):  # JAX's, of ml_dtypes
            values = values.astype("<f4")  # each of them is a binary32 number
        kind = values.dtype.kind
        if kind == "O":
            return _from_lists(values.tolist(), dtype, values.shape)
        if kind not in "fiub":
            raise DTypeError(f"tensor: an array of {values.dtype} holds no real numbers; convert it first")
        dtype = dtype or (BOOL if kind == "b" else FLOAT32)
        with numpy.errstate(all="ignore"):  # overflow to infinity is the rounding that N1.3 asks for
            stored = values.astype({FLOAT32: "<f4", INT32: "<i4", BOOL: "?"}[dtype])
        if dtype != FLOAT32 and not (stored == values).all():
            allowed = "an integer in [-2^31, 2^31)" if dtype == INT32 else "a bool (or 1 or 0)"
            raise DTypeError(f"tensor: dtype is {dtype!r}, but not every element of the array is {allowed}")
        if dtype == BOOL:
            stored = stored.view("u1") != 0  # whose bools come from elsewhere may hold any byte for true
        raw = stored.tobytes()
        return PlainArray.frombytes(raw, values.shape, dtype)
    if isinstance(data, str | bytes | bytearray):
        raise DTypeError(f"tensor: {type(data).__name__} is no data; for bytes use from_bytes, for text parse it first")
    try:
        view = memoryview(data)
    except TypeError:
        return None
    if view.format in ("f", "<f") and sys.byteorder == "little" and dtype in (None, FLOAT32):
        return PlainArray.frombytes(view.tobytes(), tuple(view.shape or ()))
    return _from_lists(_elements(view), dtype, tuple(view.shape or ()))


def _elements(view: memoryview) -> Any:
    """The elements of a buffer, nested like its axes; in ctypes' formats too, which a memoryview cannot list itself."""
    prefix, code = view.format[:-1] or "@", view.format[-1:]
    if prefix not in tuple("@=<>!") or code not in "efdbBhHiIlLqQ?":
        raise DTypeError(f"tensor: a buffer of format {view.format!r} holds no real numbers; convert it first")
    if code in "bBhHiIlLqQ":  # whose sizes differ between the machine's formats and the standard ones
        standard = {1: "b", 2: "h", 4: "i", 8: "q"}[view.itemsize]
        code = standard if code.islower() else standard.upper()
    order = ">" if prefix in ">!" or (prefix in "@=" and sys.byteorder == "big") else "<"
    values: Any = list(struct.unpack(f"{order}{view.nbytes // view.itemsize}{code}", view.tobytes()))
    return nested(values, tuple(view.shape or ()))


def _from_lists(data: Any, dtype: str | None, shape: Shape | None = None) -> PlainArray:
    if shape is None:
        shape = _shape_of(data)
    flat: list[Any] = []
    _flatten(data, shape, (), flat)
    kinds = set(map(type, flat))
    if dtype is None:
        dtype = BOOL if kinds == {bool} or (kinds - {float, int} and all(map(_is_bool, flat))) else FLOAT32
    if dtype == FLOAT32:
        if not (kinds <= {float} or (kinds <= {float, int, bool} and _within(flat, -(1 << 53), 1 << 53))):
            flat = [value if type(value) is float else binary32(value) for value in flat]
        return PlainArray.of(flat, shape)  # every element is a binary64 number, and the store its one rounding
    if kinds <= {bool} or (kinds <= {int, bool} and dtype == INT32 and _within(flat, -(1 << 31), (1 << 31) - 1)):
        return PlainArray.of(flat, shape, dtype)
    numbers = [number(value) for value in flat]
    if dtype == INT32:
        for value in numbers:
            if not -(1 << 31) <= value < 1 << 31:  # nor is a NaN
                raise DTypeError(f"tensor: {value!r} is not in [-2^31, 2^31), the range of int32")
            if value != int(value):
                raise DTypeError(f"tensor: {value!r} is no integer; int32 takes integers")
        return PlainArray.of(map(int, numbers), shape, INT32)
    for value in numbers:
        if value not in (0, 1):
            raise DTypeError(f"tensor: {value!r} is no bool; bool takes True and False (or 1 and 0)")
    return PlainArray.of(map(int, numbers), shape, BOOL)


def _within(values: list[Any], low: int, high: int) -> bool:
    """Whether all numbers are in [low, high]; where NaN is among them, perhaps not."""
    return bool(low <= min(values) and max(values) <= high)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or (hasattr(value, "item") and isinstance(number(value), bool))


def _is_list(data: Any) -> bool:
    """Whether ``data`` has parts: a list, a tuple, or an array of another kind that has an axis."""
    if isinstance(data, float | int | str | bytes | bytearray):
        return False
    return isinstance(data, Sequence) or (hasattr(data, "tolist") and getattr(data, "shape", ()) != ())


def _shape_of(data: Any) -> Shape:
    """The shape of nested lists, by their first elements."""
    shape: list[int] = []
    while _is_list(data):
        if not isinstance(data, Sequence):
            return (*shape, *data.shape)
        shape.append(len(data))
        if len(shape) > 64:
            raise ShapeError("tensor: lists are nested deeper than 64 axes; does one contain itself?")
        if not len(data):
            break
        data = data[0]
    return tuple(shape)


def _flatten(data: Any, shape: Shape, place: tuple[int, ...], flat: list[Any]) -> None:
    """Append the elements in row-major order; every list must have the length that ``shape`` says."""
    if not shape:
        if _is_list(data):
            raise ShapeError(f"tensor: ragged data: element {list(place)} is a list where its neighbours are numbers")
        if not is_number(data):
            raise DTypeError(f"tensor: {reprlib.repr(data)} is no number; a tensor is made of nested lists of numbers")
        flat.append(data)
        return
    if _is_list(data) and not isinstance(data, Sequence):
        data = data.tolist()
    if not _is_list(data) or len(data) != shape[0]:
        got = f"has {len(data)} elements" if _is_list(data) else f"is {reprlib.repr(data)}"
        raise ShapeError(f"tensor: ragged data: element {list(place)} {got} where {shape[0]} are expected")
    if len(shape) == 1 and set(map(type, data)) <= {float, int, bool}:
        flat.extend(data)
        return
    for i, part in enumerate(data):
        _flatten(part, shape[1:], (*place, i), flat)


def full(shape: ShapeLike, value: Number, backend: str | Backend | None = None, *, dtype: str = FLOAT32) -> RamTensor:
    """A tensor of which every element is ``value``, rounded once (N6)."""
    chosen = current_backend() if backend is None else get_backend(backend)
    return constant("full", value, dtype, chosen).broadcast_to(normalize_shape("full", shape))


def constant(name: str, value: Any, dtype: str, backend: Backend) -> RamTensor:
    """A number as a tensor of shape (), rounded once (N6); for int32 and bool it is one of theirs."""
    dtype = check_dtype(name, dtype)
    if not is_number(value) or getattr(value, "shape", ()) != ():
        raise DTypeError(f"{name}: {reprlib.repr(value)} is no number; a tensor of several is made by rc.tensor(...)")
    value = number(value)
    if dtype == BOOL and value not in (0, 1):
        raise DTypeError(f"{name}: {value!r} is no bool; bool takes True and False (or 1 and 0)")
    return wrap(backend.scalar(value, dtype), (), dtype, backend)


def zeros(shape: ShapeLike, backend: str | Backend | None = None, *, dtype: str = FLOAT32) -> RamTensor:
    """A tensor of zeros."""
    return full(shape, False, backend, dtype=dtype)  # which is a zero of any element type


def ones(shape: ShapeLike, backend: str | Backend | None = None, *, dtype: str = FLOAT32) -> RamTensor:
    """A tensor of ones."""
    return full(shape, True, backend, dtype=dtype)


def empty(shape: ShapeLike, backend: str | Backend | None = None, *, dtype: str = FLOAT32) -> RamTensor:
    """A tensor of zeros: nothing is left to what a memory happens to hold."""
    return zeros(shape, backend, dtype=dtype)


def full_like(x: RamTensor, value: Number, *, dtype: str | None = None) -> RamTensor:
    """A tensor of the shape and on the backend of ``x``, of which every element is ``value``: ``x.full_like``."""
    return x.full_like(value, dtype)


def asarray(
    data: Any, backend: str | Backend | None = None, *, dtype: str | None = None, copy: bool | None = None
) -> RamTensor:
    """``rc.tensor(data, ...)``; a tensor that is of the backend and element type already is given back itself.

    With ``copy=True`` it is a tensor of its own. With ``copy=False`` anything that would need a copy is refused.
    """
    if isinstance(data, RamTensor) and copy is not True:
        here = backend is None or get_backend(backend) is data._backend
        if here and dtype in (None, data.dtype):
            return data
    if copy is False:
        raise DTypeError("asarray: copy=False, but only a tensor of this backend and element type is taken as it is")
    return tensor(data, backend, dtype=dtype)


def eye(
    n: int, m: int | None = None, backend: str | Backend | None = None, *, k: int = 0, dtype: str = FLOAT32
) -> RamTensor:
    """Ones on a diagonal of an n by m matrix (n by n, unless m is given), zeros elsewhere.

    Element (i, i + k) is one: 0 is the main diagonal, 1 the one above it.
    """
    dtype = check_dtype("eye", dtype)
    if isinstance(m, str | Backend):
        raise ShapeError(
            f"eye: the second argument is the number of columns, got {m!r}; name the backend by backend=..."
        )
    try:
        rows, columns = normalize_shape("eye", (n, n if m is None else m))
        shift = index(k)
    except TypeError:
        raise ShapeError(f"eye: k is an int, the number of a diagonal, got {k!r}") from None
    check_memory("eye", (rows, columns), ITEMSIZE[dtype])
    values = array(TYPECODES[dtype], [0]) * (rows * columns)
    for i in range(max(0, -shift), min(rows, columns - shift)):
        values[i * columns + i + shift] = 1
    return from_plain(PlainArray(values, (rows, columns)), backend)


def arange(
    start: Number,
    stop: Number | None = None,
    step: Number = 1,
    backend: str | Backend | None = None,
    *,
    dtype: str = FLOAT32,
) -> RamTensor:
    """The numbers from ``start`` to before ``stop`` (from 0, when one is given): element i is RN(start + i * step).

    The sum is exact before it is rounded once, and so is the number of elements, ceil((stop - start) / step): no error
    adds up. A Python float enters at its exact value, so that 0.1 is a little more than a tenth.
    """
    if stop is None:
        start, stop = 0, start
    dtype = check_dtype("arange", dtype)
    first, last, stride = (_fraction("arange", value) for value in (start, stop, step))
    if not stride:
        raise AttributeValueError("arange: a step of 0 never arrives")
    (count,) = normalize_shape("arange", max(0, ceil((last - first) / stride)))
    return _sequence("arange", first, stride, count, dtype, backend)


def linspace(
    start: Number,
    stop: Number,
    num: int = 50,
    backend: str | Backend | None = None,
    *,
    endpoint: bool = True,
    dtype: str = FLOAT32,
) -> RamTensor:
    """``num`` numbers at equal distances: element i is RN(start + i * (stop - start) / (num - 1)), rounded once.

    The first is RN(start), the last RN(stop). Without ``endpoint`` the division is by ``num``, and ``stop`` is not
    among them.
    """
    dtype = check_dtype("linspace", dtype)
    (count,) = normalize_shape("linspace", num if not isinstance(num, Sequence) else len(num))
    first, last = _fraction("linspace", start), _fraction("linspace", stop)
    parts = count - 1 if endpoint else count
    return _sequence("linspace", first, (last - first) / max(1, parts), count, dtype, backend)


def _fraction(name: str, value: Any) -> Fraction:
    """A number at its exact value."""
    try:
        if isinstance(value, bool) or not is_number(value):
            raise TypeError
        return Fraction(*number(value).as_integer_ratio())
    except (TypeError, ValueError, OverflowError):
        raise AttributeValueError(f"{name}: takes finite numbers, got {value!r}") from None


def _sequence(
    name: str, first: Fraction, stride: Fraction, count: int, dtype: str, backend: str | Backend | None
) -> RamTensor:
    """RN of ``first + i * stride`` for i below ``count``.

    Over a common denominator these are integers. A quotient of two integers in Python is the nearest binary64 number;
    where both ends of its error round to the same binary32 number, that is the one.
    """
    whole = lcm(first.denominator, stride.denominator)
    start, step = int(first * whole), int(stride * whole)
    if dtype != FLOAT32:
        ends = (first, first + max(0, count - 1) * stride)
        if count and (whole != 1 or dtype == BOOL or not all(-(1 << 31) <= end < 1 << 31 for end in ends)):
            raise DTypeError(f"{name}: from {ends[0]} to {ends[1]} by {stride} are no numbers of {dtype}")
    check_memory(name, (count,), ITEMSIZE[dtype])
    values: array[Any] = array(TYPECODES[dtype])
    for place in range(0, count, CHUNK):
        end = min(place + CHUNK, count)
        numerators = range(start + place * step, start + end * step, step) if step else [start] * (end - place)
        values += array("i", numerators) if dtype == INT32 else _quotients(numerators, whole)
    return from_plain(PlainArray(values, (count,)), backend)


CHUNK = 1 << 16
"""How many elements are made of Python's numbers at a time: these take ten times the memory."""


def _quotients(numerators: Sequence[int], whole: int) -> "array[float]":
    """RN of each quotient."""
    largest = max(abs(numerators[0]), abs(numerators[-1]))
    if largest <= 1 << 53 and whole == 1:
        return array("f", numerators)
    if largest <= 1 << 53 and whole <= 1 << 53 and not whole & (whole - 1):
        return array("f", [numerator / whole for numerator in numerators])  # exact before it is stored
    if largest >> 1000 or whole >> 1000:  # perhaps beyond binary64
        return array("f", [round_number(Fraction(numerator, whole)) for numerator in numerators])
    values, undecided = round_decided([numerator / whole for numerator in numerators], 1)
    for i in undecided:
        values[i] = round_number(Fraction(numerators[i], whole))
    return values
