"""The Array API standard's functions for tensors: ``x.__array_namespace__()``, for other people's code to use.

Version 2024.12 of the standard, for the part of it that binary32, int32 and bool cover: there are no other element
types. Names and signatures are the standard's; what they compute is what the operations compute, rounded once. A
device is a backend: ``x.device`` is its name, and ``device=`` puts a new tensor there. ``x[i] = v`` changes the tensor
``x`` and none that was made of it or shares its memory; ``x += v`` makes a new one. Arrays of ints become int32 and of
floats float32; a mixture of the two in one operation is refused, as the standard leaves it open. The standard's public
test suite can be run on this namespace: ``tests/array_api/skips.txt`` says how, and what of it does not apply.

Source: the Array API standard, data-apis.org/array-api/2024.12.
"""

import builtins
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from rcmlrs_core import creation
from rcmlrs_core import functions as _f
from rcmlrs_core.creation import from_dlpack as _from_dlpack
from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.shapes import MOST_AXES
from rcmlrs_core.ops.shapes import broadcast_shapes as _broadcast_shapes
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, TYPECODES
from rcmlrs_core.registry import backends as _backends
from rcmlrs_core.registry import current_backend as _current_backend
from rcmlrs_core.tensor import RamTensor

__array_api_version__ = "2024.12"
VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")

Array = RamTensor
Shape = int | Sequence[int]
Axes = int | tuple[int, ...] | None

# ----------------------------------------------------------------------------------- constants and element types

e, pi, inf, nan, newaxis = math.e, math.pi, math.inf, math.nan, None

float32, int32 = FLOAT32, INT32
bool = BOOL

# The standard's other element types by name only, for code that compares x.dtype with them, as SciPy's and
# array-api-extra's does: no tensor has one, and __array_namespace_info__().dtypes() does not list them.
int8, int16, int64, uint8, uint16, uint32, uint64 = "int8", "int16", "int64", "uint8", "uint16", "uint32", "uint64"
float64, complex64, complex128 = "float64", "complex64", "complex128"

ABSENT = {int8, int16, int64, uint8, uint16, uint32, uint64, float64, complex64, complex128}

KINDS = {
    "bool": {BOOL},
    "signed integer": {INT32},
    "unsigned integer": set[str](),
    "integral": {INT32},
    "real floating": {FLOAT32},
    "complex floating": set[str](),
    "numeric": {INT32, FLOAT32},
}


def check_version(version: str | None) -> None:
    """Raise ``ValueError`` for a version of the standard that this is not."""
    if version is not None and version not in VERSIONS:
        raise ValueError(f"__array_namespace__: version {version!r} is asked for; there are {', '.join(VERSIONS)}")


class finfo_object(NamedTuple):
    """The limits of binary32."""

    bits: int = 32
    eps: float = 2.0**-23
    max: float = (2 - 2.0**-23) * 2.0**127
    min: float = -(2 - 2.0**-23) * 2.0**127
    smallest_normal: float = 2.0**-126
    dtype: str = FLOAT32


class iinfo_object(NamedTuple):
    """The limits of int32."""

    bits: int = 32
    max: int = 2**31 - 1
    min: int = -(2**31)
    dtype: str = INT32


def finfo(type: str | Array, /) -> finfo_object:
    """The limits of the floating element type, or of a tensor's."""
    if _type_of("finfo", type) != FLOAT32:
        raise DTypeError(f"finfo: takes a floating element type, which is float32; got {_type_of('finfo', type)}")
    return finfo_object()


def iinfo(type: str | Array, /) -> iinfo_object:
    """The limits of the integer element type, or of a tensor's."""
    if _type_of("iinfo", type) != INT32:
        raise DTypeError(f"iinfo: takes an integer element type, which is int32; got {_type_of('iinfo', type)}")
    return iinfo_object()


def _type_of(name: str, x: Any) -> str:
    return x.dtype if isinstance(x, RamTensor) else creation.check_dtype(name, x)


def isdtype(dtype: str, kind: str | tuple[Any, ...]) -> builtins.bool:
    """Whether an element type is of a kind: a name of the standard's, an element type, or any of several."""
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, one) for one in kind)
    known = KINDS.get(kind, {kind} if kind in TYPECODES or kind in ABSENT else None)
    if known is None:
        raise ValueError(f"isdtype: there is no kind {kind!r}; there are {', '.join(KINDS)}, and the element types")
    return dtype in known


def can_cast(from_: str | Array, to: str, /) -> builtins.bool:
    """Whether elements of one type become the other by the rules of promotion: here, only themselves."""
    return _type_of("can_cast", from_) == creation.check_dtype("can_cast", to)


def result_type(*arrays_and_dtypes: Any) -> str:
    """The element type that operands have together; a Python number takes that of the tensors beside it."""
    types = {_type_of("result_type", x) for x in arrays_and_dtypes if not isinstance(x, builtins.bool | int | float)}
    if len(types) != 1:
        told = " and ".join(sorted(types)) or "no tensor and no element type"
        raise DTypeError(f"result_type: {told} have no element type together; convert one with astype")
    (found,) = types
    numbers = [x for x in arrays_and_dtypes if isinstance(x, int | float) and not isinstance(x, builtins.bool)]
    if found == BOOL and numbers:
        raise DTypeError("result_type: bool and a number have no element type together")
    if found == INT32 and builtins.any(isinstance(x, float) for x in numbers):
        raise DTypeError("result_type: int32 and a float have no element type together")
    return found


def astype(x: Array, dtype: str, /, *, copy: builtins.bool = True, device: str | None = None) -> Array:
    """The elements as another type; floats are cut off towards zero, and refused where they then are no int32."""
    found = x if device is None else x.to(device)
    dtype = creation.check_dtype("astype", dtype)
    if dtype == found.dtype:
        return found.detach() if copy and not found.requires_grad else found
    if dtype == BOOL:
        return found.not_equal(0)
    if dtype == INT32 and found.dtype == FLOAT32:
        whole = found.detach().trunc()
        elements = whole.numpy() if "numpy" in sys.modules else whole.memoryview()
        return creation.tensor(elements, found.device, dtype=INT32).reshape(found.shape)
    return found.astype(dtype)


class __array_namespace_info__:
    """What this namespace can do."""

    def capabilities(self) -> dict[str, Any]:
        """Masks as indices, and shapes that depend on elements: both."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": MOST_AXES}

    def default_device(self) -> str:
        """The backend of new tensors."""
        return _current_backend().name

    def devices(self) -> list[str]:
        """The healthy backends."""
        return [status.name for status in _backends() if status.state == "healthy"]

    def default_dtypes(self, *, device: str | None = None) -> dict[str, str | None]:
        """There is one for each kind; none that is complex."""
        return {"real floating": FLOAT32, "complex floating": None, "integral": INT32, "indexing": INT32}

    def dtypes(self, *, device: str | None = None, kind: Any = None) -> dict[str, str]:
        """The element types of a kind, or all."""
        return {name: name for name in TYPECODES if kind is None or isdtype(name, kind)}


# ------------------------------------------------------------------------------------------------------ creation


def asarray(
    obj: Any, /, *, dtype: str | None = None, device: str | None = None, copy: builtins.bool | None = None
) -> Array:
    """A tensor from a tensor, numbers, nested sequences, or an array: of ints int32, of floats float32.

    A complex number is taken if its imaginary part is zero: the standard's own test suite asks in this way what the
    default complex type is, and here it is a real one.
    """
    if isinstance(obj, complex):
        if obj.imag != 0:
            raise DTypeError(f"asarray: {obj} is no real number, and there are no complex element types")
        obj = obj.real
    if isinstance(obj, RamTensor):
        moved = obj if device is None else obj.to(device)
        if copy is False and (moved is not obj or (dtype is not None and dtype != obj.dtype)):
            raise ValueError("asarray: copy is False, and another device or element type needs a copy")
        if dtype is not None and dtype != moved.dtype:
            return astype(moved, dtype)
        return moved.detach() if copy else moved
    if copy is False:
        raise ValueError(f"asarray: copy is False, and a {type(obj).__name__} is copied; see from_dlpack")
    return creation.tensor(obj, device, dtype=dtype or _natural(obj))


def _natural(obj: Any) -> str | None:
    """int32 for what holds ints and nothing else; otherwise what ``rc.tensor`` makes of it."""
    flat, kinds = [obj], set[str]()
    while flat:
        one = flat.pop()
        if isinstance(one, Sequence) and not isinstance(one, str | bytes | bytearray | memoryview):
            flat += one
        else:
            kinds.add(_kind(one))
    return INT32 if "i" in kinds and kinds <= {"i", "b"} else None


def _kind(one: Any) -> str:
    """``"i"`` for ints, an array or a buffer of them; ``"b"`` for bools; ``"f"`` for anything else."""
    if isinstance(one, int):
        return "b" if isinstance(one, builtins.bool) else "i"
    dtype = getattr(one, "dtype", None)
    called = str(getattr(dtype, "name", dtype)).rpartition(".")[2]
    if dtype is None and not isinstance(one, float):
        try:
            code = memoryview(one).format[-1:]
        except TypeError:
            return "f"
        called = "int" if code in "bBhHiIlLqQ" else "bool" if code == "?" else code
    return "i" if called.startswith(("int", "uint")) else "b" if called.startswith("bool") else "f"


def from_dlpack(x: Any, /, *, device: str | None = None, copy: builtins.bool | None = None) -> Array:
    """A tensor from another library's array; without a copy where the backend can share its memory.

    A tensor stays on its device, as the standard has it, unless another is named.
    """
    return _from_dlpack(x, backend=x.device if device is None and isinstance(x, RamTensor) else device, copy=copy)


def _of(dtype: str | None, *numbers: Any) -> str:
    """The element type of a constant: what is asked for, or what a Python number is."""
    if dtype is not None:
        return creation.check_dtype("dtype", dtype)
    if numbers and builtins.all(isinstance(x, builtins.bool) for x in numbers):
        return BOOL
    return INT32 if numbers and builtins.all(isinstance(x, int) for x in numbers) else FLOAT32


def full(shape: Shape, fill_value: Any, *, dtype: str | None = None, device: str | None = None) -> Array:
    """A tensor of one number."""
    return creation.full(shape, fill_value, device, dtype=_of(dtype, fill_value))


def zeros(shape: Shape, *, dtype: str | None = None, device: str | None = None) -> Array:
    """A tensor of zeros."""
    return creation.full(shape, 0, device, dtype=dtype or FLOAT32)


def ones(shape: Shape, *, dtype: str | None = None, device: str | None = None) -> Array:
    """A tensor of ones."""
    return creation.full(shape, 1, device, dtype=dtype or FLOAT32)


empty = zeros


def full_like(x: Array, /, fill_value: Any, *, dtype: str | None = None, device: str | None = None) -> Array:
    """A tensor of one number, of the shape, element type and device of ``x``."""
    return creation.full(x.shape, fill_value, device or x.device, dtype=dtype or x.dtype)


def zeros_like(x: Array, /, *, dtype: str | None = None, device: str | None = None) -> Array:
    """Zeros, likewise."""
    return full_like(x, 0, dtype=dtype, device=device)


def ones_like(x: Array, /, *, dtype: str | None = None, device: str | None = None) -> Array:
    """Ones, likewise."""
    return full_like(x, 1, dtype=dtype, device=device)


empty_like = zeros_like


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: str | None = None, device: str | None = None
) -> Array:
    """``start``, ``start + step``, ... before ``stop``; each element rounded once."""
    return creation.arange(
        start, stop, step, device, dtype=_of(dtype, *(x for x in (start, stop, step) if x is not None))
    )


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: str | None = None,
    device: str | None = None,
    endpoint: builtins.bool = True,
) -> Array:
    """``num`` numbers from ``start`` to ``stop``, equally spaced; each rounded once."""
    return creation.linspace(start, stop, num, device, endpoint=endpoint, dtype=dtype or FLOAT32)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: str | None = None, device: str | None = None
) -> Array:
    """Ones on the k-th diagonal."""
    return creation.eye(n_rows, n_cols, device, k=k, dtype=dtype or FLOAT32)


def meshgrid(*arrays: Array, indexing: str = "xy") -> tuple[Array, ...]:
    """The coordinates of a grid."""
    return _f.meshgrid(*arrays, indexing=indexing)


def tril(x: Array, /, *, k: int = 0) -> Array:
    """The lower triangle of each matrix."""
    return x.tril(k)


def triu(x: Array, /, *, k: int = 0) -> Array:
    """The upper triangle of each matrix."""
    return x.triu(k)


# --------------------------------------------------------------------------------------------------- elementwise


def _first(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Either operand may be a Python number, but not both."""
    if isinstance(x1, RamTensor) or not isinstance(x2, RamTensor):
        return x1, x2
    return asarray(x1, dtype=x2.dtype if not isinstance(x1, float) else FLOAT32, device=x2.device), x2


def _unary(name: str) -> Any:
    operation = getattr(_f, name)

    def function(x: Array, /) -> Array:
        return operation(x)  # type: ignore[no-any-return]

    return _named(function, name, operation)


def _binary(name: str, standard: str | None = None) -> Any:
    operation = getattr(_f, name)

    def function(x1: Any, x2: Any, /) -> Array:
        return operation(*_first(x1, x2))  # type: ignore[no-any-return]

    return _named(function, standard or name, operation)


def _named(function: Any, name: str, operation: Any) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = operation.__doc__
    return function


abs, acos, acosh, asin, asinh, atan, atanh = map(_unary, ("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh"))
bitwise_invert, ceil, cos, cosh, exp, expm1 = map(_unary, ("bitwise_invert", "ceil", "cos", "cosh", "exp", "expm1"))
floor, isfinite, isinf, isnan, log, log10 = map(_unary, ("floor", "isfinite", "isinf", "isnan", "log", "log10"))
log1p, log2, logical_not, negative, positive = map(_unary, ("log1p", "log2", "logical_not", "negative", "positive"))
reciprocal, round, sign, signbit, sin, sinh = map(_unary, ("reciprocal", "round", "sign", "signbit", "sin", "sinh"))
sqrt, square, tan, tanh, trunc = map(_unary, ("sqrt", "square", "tan", "tanh", "trunc"))

add, atan2, copysign, equal, floor_divide = map(_binary, ("add", "atan2", "copysign", "equal", "floor_divide"))
bitwise_and, bitwise_left_shift, bitwise_or = map(_binary, ("bitwise_and", "bitwise_left_shift", "bitwise_or"))
bitwise_right_shift, bitwise_xor, divide, greater = map(
    _binary, ("bitwise_right_shift", "bitwise_xor", "divide", "greater")
)
greater_equal, hypot, less, less_equal = map(_binary, ("greater_equal", "hypot", "less", "less_equal"))
logaddexp, logical_and, logical_or, logical_xor = map(
    _binary, ("logaddexp", "logical_and", "logical_or", "logical_xor")
)
maximum, minimum, multiply, nextafter = map(_binary, ("maximum", "minimum", "multiply", "nextafter"))
not_equal, pow, remainder, subtract = map(_binary, ("not_equal", "pow", "remainder", "subtract"))


def real(x: Array, /) -> Array:
    """The tensor itself: there are no complex numbers."""
    return x


conj = real


def imag(x: Array, /) -> Array:
    """Zeros, likewise."""
    return zeros_like(x)


def clip(x: Array, /, min: Any = None, max: Any = None) -> Array:
    """Every element brought into [min, max]."""
    return x.clip(min, max)


# ----------------------------------------------------------------------------------------- statistics, reductions


def _as(x: Array, dtype: str | None) -> Array:
    return x if dtype is None or dtype == x.dtype else astype(x, dtype)


def _counted(x: Array, dtype: str | None) -> Array:
    """Sums and products of bools count."""
    return _as(x, dtype or (INT32 if x.dtype == BOOL else x.dtype))


def sum(x: Array, /, *, axis: Axes = None, dtype: str | None = None, keepdims: builtins.bool = False) -> Array:
    """The sum along axes, rounded once."""
    return _counted(x, dtype).sum(axis, keepdims)


def prod(x: Array, /, *, axis: Axes = None, dtype: str | None = None, keepdims: builtins.bool = False) -> Array:
    """The product along axes, rounded once."""
    return _counted(x, dtype).prod(axis, keepdims)


def _along(x: Array, axis: Axes) -> int:
    """How many elements a reduction joins to one; an axis that is not there is refused by the operation."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(x.shape[a] for a in axes if -x.ndim <= a < x.ndim)


def _left_open(x: Array, axis: Axes, keepdims: builtins.bool) -> Array:
    """NaN in the shape of a reduction: what the standard wants where the operation refuses to divide by nothing."""
    return x.detach().sum(axis, keepdims).full_like(nan)


def mean(x: Array, /, *, axis: Axes = None, keepdims: builtins.bool = False) -> Array:
    """The mean along axes, rounded once; of no elements it is NaN, as the standard has it."""
    return _left_open(x, axis, keepdims) if _along(x, axis) == 0 else x.mean(axis, keepdims)


def std(x: Array, /, *, axis: Axes = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Array:
    """The standard deviation along axes, rounded once; NaN where no more elements are there than the correction."""
    return (
        _left_open(x, axis, keepdims) if _along(x, axis) <= correction else x.std(axis, keepdims, correction=correction)
    )


def var(x: Array, /, *, axis: Axes = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Array:
    """The variance along axes, rounded once; NaN where no more elements are there than the correction."""
    return (
        _left_open(x, axis, keepdims) if _along(x, axis) <= correction else x.var(axis, keepdims, correction=correction)
    )


def max(x: Array, /, *, axis: Axes = None, keepdims: builtins.bool = False) -> Array:
    """The largest along axes."""
    return x.max(axis, keepdims)


def min(x: Array, /, *, axis: Axes = None, keepdims: builtins.bool = False) -> Array:
    """The smallest along axes."""
    return x.min(axis, keepdims)


def _one_axis(name: str, x: Array, axis: int | None) -> int:
    if axis is None and x.ndim != 1:
        raise ShapeError(f"{name}: a tensor of shape {x.shape} has {x.ndim} axes; say along which, with axis=...")
    return 0 if axis is None else axis


def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: str | None = None, include_initial: builtins.bool = False
) -> Array:
    """The sums up to each element, each rounded once."""
    return _counted(x, dtype).cumulative_sum(_one_axis("cumulative_sum", x, axis), include_initial)


def cumulative_prod(
    x: Array, /, *, axis: int | None = None, dtype: str | None = None, include_initial: builtins.bool = False
) -> Array:
    """The products up to each element, each rounded once."""
    return _counted(x, dtype).cumulative_prod(_one_axis("cumulative_prod", x, axis), include_initial)


def all(x: Array, /, *, axis: Axes = None, keepdims: builtins.bool = False) -> Array:
    """Whether every element is true (not zero)."""
    return x.all(axis, keepdims)


def any(x: Array, /, *, axis: Axes = None, keepdims: builtins.bool = False) -> Array:
    """Whether some element is true (not zero)."""
    return x.any(axis, keepdims)


def count_nonzero(x: Array, /, *, axis: Axes = None, keepdims: builtins.bool = False) -> Array:
    """How many elements are not zero."""
    return x.count_nonzero(axis, keepdims)


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Array | None = None, append: Array | None = None
) -> Array:
    """Differences of neighbours, n times."""
    return x.diff(axis, n, prepend, append)


# ------------------------------------------------------------------------------------------- searching and sorting


def argmax(x: Array, /, *, axis: int | None = None, keepdims: builtins.bool = False) -> Array:
    """Where the largest is: the first one."""
    return x.argmax(axis, keepdims)


def argmin(x: Array, /, *, axis: int | None = None, keepdims: builtins.bool = False) -> Array:
    """Where the smallest is: the first one."""
    return x.argmin(axis, keepdims)


def nonzero(x: Array, /) -> tuple[Array, ...]:
    """The positions of the elements that are not zero, one tensor for each axis."""
    return x.nonzero()


def searchsorted(x1: Array, x2: Array, /, *, side: str = "left", sorter: Array | None = None) -> Array:
    """Where elements would stand in a sorted sequence."""
    return x1.searchsorted(x2, sorter, side)


def where(condition: Array, x1: Any, x2: Any, /) -> Array:
    """One or the other."""
    if not isinstance(x1, RamTensor) and not isinstance(x2, RamTensor):
        x1 = asarray(x1, dtype=_of(None, x1, x2), device=condition.device)
    return condition.where(x1, x2)


def argsort(x: Array, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Array:
    """The indices that sort."""
    return x.argsort(axis, descending, stable)


def sort(x: Array, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Array:
    """The elements in order."""
    return x.sort(axis, descending, stable)


# ------------------------------------------------------------------------------------------------------------ sets


class unique_all_result(NamedTuple):
    """What ``unique_all`` finds."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class unique_counts_result(NamedTuple):
    """What ``unique_counts`` finds."""

    values: Array
    counts: Array


class unique_inverse_result(NamedTuple):
    """What ``unique_inverse`` finds."""

    values: Array
    inverse_indices: Array


def unique_all(x: Array, /) -> unique_all_result:
    """The different elements in ascending order, where each is first, which each element is, and how often it is.

    Every NaN is different from every other; the two zeros are equal.
    """
    number, flat = x if x.dtype != BOOL else x.astype(INT32), x.flatten()
    number = number.flatten()
    n = number.size
    if n == 0:
        none = creation.zeros((0,), x.device, dtype=INT32)
        return unique_all_result(flat, none, none.reshape(x.shape), none)
    order = number.argsort(0)
    ordered = number.take(order)
    begins = creation.ones((1,), x.device, dtype=BOOL).concat(ordered[1:] != ordered[:-1])
    (firsts,) = begins.nonzero()
    ends = firsts[1:].concat(creation.full((1,), n, x.device, dtype=INT32))
    rank = begins.astype(INT32).cumsum(0) - 1
    inverse = rank.take(order.argsort(0))
    indices = order.take(firsts)
    return unique_all_result(flat.take(indices), indices, inverse.reshape(x.shape), ends - firsts)


def unique_counts(x: Array, /) -> unique_counts_result:
    """The different elements, and how often each is there."""
    found = unique_all(x)
    return unique_counts_result(found.values, found.counts)


def unique_inverse(x: Array, /) -> unique_inverse_result:
    """The different elements, and which of them each element is."""
    found = unique_all(x)
    return unique_inverse_result(found.values, found.inverse_indices)


def unique_values(x: Array, /) -> Array:
    """The different elements."""
    return unique_all(x).values


# ---------------------------------------------------------------------------------------------------- manipulation


def broadcast_arrays(*arrays: Array) -> list[Array]:
    """Tensors repeated to their common shape."""
    return list(_f.broadcast_arrays(*arrays)) if arrays else []


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape."""
    return _broadcast_shapes("broadcast_shapes", *shapes) if shapes else ()


def broadcast_to(x: Array, /, shape: tuple[int, ...]) -> Array:
    """The tensor repeated to a shape."""
    return x.broadcast_to(shape)


def concat(arrays: Sequence[Array], /, *, axis: int | None = 0) -> Array:
    """One after another; with ``axis=None`` flattened."""
    given = [x.flatten() for x in arrays] if axis is None else list(arrays)
    if not given:
        raise ShapeError("concat: takes at least one tensor, got none")
    return given[0].concat(*given[1:], axis=axis or 0)


def expand_dims(x: Array, /, axis: int | tuple[int, ...] = 0) -> Array:
    """With a new axis, or several."""
    return x.expand_dims(axis)


def flip(x: Array, /, *, axis: Axes = None) -> Array:
    """Turned around along axes."""
    return x.flip(axis)


def moveaxis(x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Array:
    """With axes moved to other places."""
    return x.moveaxis(source, destination)


def permute_dims(x: Array, /, axes: tuple[int, ...]) -> Array:
    """With the axes in another order."""
    return x.permute_dims(axes)


def repeat(x: Array, repeats: int | Array, /, *, axis: int | None = None) -> Array:
    """Every element several times."""
    return x.repeat(repeats.tolist() if isinstance(repeats, RamTensor) else repeats, axis)


def reshape(x: Array, /, shape: tuple[int, ...], *, copy: builtins.bool | None = None) -> Array:
    """The same elements under another shape."""
    return x.reshape(shape)


def roll(x: Array, /, shift: int | tuple[int, ...], *, axis: Axes = None) -> Array:
    """Moved on, from the end to the beginning."""
    return x.roll(shift, axis)


def squeeze(x: Array, /, axis: int | tuple[int, ...]) -> Array:
    """Without axes of length one."""
    return x.squeeze(axis)


def stack(arrays: Sequence[Array], /, *, axis: int = 0) -> Array:
    """Along a new axis."""
    if not arrays:
        raise ShapeError("stack: takes at least one tensor, got none")
    return arrays[0].stack(*arrays[1:], axis=axis)


def tile(x: Array, repetitions: tuple[int, ...], /) -> Array:
    """Repeated as a whole."""
    return x.tile(repetitions)


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The slices along an axis."""
    return x.unstack(axis)


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array:
    """The slices that indices name; those below zero count from the end."""
    axis = _one_axis("take", x, axis)
    return x.take(_from_the_front(indices, x.shape[axis]), axis)


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array:
    """Along an axis, the elements that indices name."""
    return x.take_along_axis(_from_the_front(indices, x.shape[axis]), axis)


def _from_the_front(indices: Array, length: int) -> Array:
    return (indices < 0).where(indices + length, indices)


# -------------------------------------------------------------------------------------------------- linear algebra


def matmul(x1: Array, x2: Array, /) -> Array:
    """Products of matrices."""
    return x1.matmul(x2)


def matrix_transpose(x: Array, /) -> Array:
    """The last two axes exchanged."""
    return x.matrix_transpose()


def tensordot(x1: Array, x2: Array, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Array:
    """Sums of products over several axes."""
    return x1.tensordot(x2, axes)


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """Sums of products of rows."""
    return x1.vecdot(x2, axis)
