"""An array library as the kernels see it: its namespace, how numbers come into it and out again, and how a binary64
value becomes a binary32 number there.

Nothing here is of one library. What a library cannot do is found by ``probes``, which set ``wide`` or replace
functions of ``m``; what only its own documentation can tell (that it compiles for each shape, how binary64 is switched
on) is said by whoever makes the :class:`Library`.
"""

import sys
from array import array
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import prod
from typing import Any, NamedTuple

from rcmlrs_backend_array_api.math import ArrayMath
from rcmlrs_backend_array_api.rounding import Rounded, compare_ends, ends
from rcmlrs_core.errors import BackendError
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, TYPECODES, PlainArray, Shape, broadcast_offsets

Array = Any
Scope = Callable[[], AbstractContextManager[Any]]
Evaluate = Callable[[Array], Array]

FLOAT64, INT64 = "float64", "int64"
_WIDER = {FLOAT64: "d", INT64: "q"}

SMALL = 1 << 12
"""Up to this many elements, a library that compiles for each shape is given arrays of few lengths only."""

KEPT = 1 << 16
"""Up to this many places are kept, as the same shapes come again."""

TINY = 2.0**-126
"""The smallest normal binary32 number."""

LAST_PLACE = 1.5 * 2.0**-97
"""A binary64 number next to which the distance of neighbours is 2^-149: adding it rounds to a multiple of that."""


class Buffer(NamedTuple):
    """Elements in row-major order in an array of one axis, which may be longer than the shape says.

    The array is of the library's float32, int32 or bool; or, where the library is ``wide``, of float64 that holds
    binary32 numbers.
    """

    array: Array
    shape: Shape
    dtype: str


class Library:
    """A namespace ``xp`` that follows the Array API standard (2023.12 or later; array-api-compat makes one of others).

    ``scope()`` is a context in which every use of the library takes place: it switches binary64 on, or warnings off (by
    default, NumPy's).
    ``compiles`` says that each new shape costs a compilation, so that shapes should be few. ``evaluate(x)`` computes
    what a lazy array stands for.
    """

    def __init__(
        self, xp: Any, *, scope: Scope | None = None, compiles: bool = False, evaluate: Evaluate | None = None
    ) -> None:
        if evaluate is not None:
            xp = Evaluated(xp, evaluate)
        self.xp = xp
        self.m: Any = ArrayMath(xp)
        self.scope = scope or quiet
        self.wide = False
        self.multiplies = self.searches = True
        self.small = SMALL if compiles else 0
        self._indices: dict[Any, Array] = {}
        self._numpy = _import_numpy()
        self._inward: Callable[[Any, str], Array] | None = None
        self._outward: Callable[[Array], Any] | None = None

    # ------------------------------------------------------------------------------------------- element types

    def dtype(self, name: str) -> Any:
        """The library's element type in which elements called ``name`` are kept."""
        return getattr(self.xp, FLOAT64 if self.wide and name == FLOAT32 else name)

    def widen(self, x: Array) -> Array:
        """Binary32 numbers in binary64; anything else as it is."""
        return self.xp.astype(x, self.xp.float64) if not self.wide and x.dtype == self.xp.float32 else x

    def keep(self, value: Array, dtype: str) -> Array:
        """Values that are elements of ``dtype`` already, in the type in which those are kept."""
        wanted = self.dtype(dtype)
        return value if value.dtype == wanted else self.xp.astype(value, wanted)

    def narrow(self, value: Array) -> Array:
        """RN of binary64 numbers, in the type in which binary32 numbers are kept.

        A library that flushes subnormal binary32 numbers still rounds normal ones. The others are rounded by adding
        and subtracting a number whose last place is theirs; a zero takes its sign from the value.
        """
        xp = self.xp
        if not self.wide:
            return xp.astype(value, xp.float32)
        rounded = xp.astype(xp.astype(value, xp.float32), xp.float64)
        tiny = xp.abs(value) < TINY
        if not xp.any(tiny):
            return rounded
        last_place = xp.where(value < 0.0, xp.asarray(-LAST_PLACE, dtype=xp.float64), LAST_PLACE)
        multiple = (value + last_place) - last_place
        return xp.where(tiny, xp.where(multiple == 0.0, value * 0.0, multiple), rounded)

    def round(self, value: Array, bound: float, magnitude: Array = None) -> Rounded:
        """The rounding test of ``rounding``, with this library's way of rounding."""
        if bound == 0:
            return Rounded(self.narrow(value), None)
        low, high = ends(value, bound, magnitude)
        return compare_ends(self.xp, value, self.narrow(low), self.narrow(high), self.narrow)

    # ------------------------------------------------------------------------------------ elements in and out

    def from_host(self, values: Any, dtype: str) -> Array:
        """An array of one axis, of numbers or of bytes' worth of them (``array.array``)."""
        if self._inward is None:
            self._find_ways()
        assert self._inward is not None
        return self._inward(values, dtype)

    def to_host(self, x: Array) -> Any:
        """The elements of an array of one axis, where Python reaches them: something that has ``tolist``."""
        if self._outward is None:
            self._find_ways()
        assert self._outward is not None
        return self._outward(x)

    def _find_ways(self) -> None:
        """Through NumPy where the library takes and gives its arrays, through DLPack, or number by number."""
        sample = [1.0, -0.0, float("inf"), 2.0**-149, -(2.0**-1000), float("nan")]
        inward: list[Callable[[Any, str], Array]] = [self._in_numbers]
        outward: list[Callable[[Array], Any]] = [self._out_numbers]
        if self._numpy is not None:
            inward[:0] = [self._in_numpy, self._in_dlpack]
            outward[:0] = [self._out_numpy, self._out_dlpack]
        reasons: list[str] = []
        for put in inward:
            for get in outward:
                try:
                    got = get(put(sample, FLOAT64)).tolist()
                    flags = get(put([1, 0, 1], BOOL)).tolist()
                    whole = get(put([7, -(2**31)], INT32)).tolist()
                except Exception as error:
                    reasons.append(f"{put.__name__}, {get.__name__}: {type(error).__name__}: {error}")
                    continue
                if list(map(repr, got)) == list(map(repr, sample)) and flags == [1, 0, 1] and whole == [7, -(2**31)]:
                    self._inward, self._outward = put, get
                    return
                reasons.append(f"{put.__name__}, {get.__name__}: gives back {got}, {flags}, {whole}")
        raise BackendError(f"no way of bringing numbers into the library and out gives them back: {'; '.join(reasons)}")

    def _in_numpy(self, values: Any, dtype: str) -> Array:
        with self._numpy.errstate(invalid="ignore"):  # a signalling NaN is widened
            given = self._numpy.array(values, dtype)
        return self.xp.asarray(given, dtype=getattr(self.xp, dtype), copy=True)

    def _in_dlpack(self, values: Any, dtype: str) -> Array:
        return self.xp.from_dlpack(self._numpy.array(values, dtype))

    def _in_numbers(self, values: Any, dtype: str) -> Array:
        convert = {BOOL: bool, FLOAT32: float, FLOAT64: float}.get(dtype, int)
        return self.xp.asarray(list(map(convert, values)), dtype=getattr(self.xp, dtype))

    def _out_numpy(self, x: Array) -> Any:
        return self._numpy.asarray(x)

    def _out_dlpack(self, x: Array) -> Any:
        return self._numpy.from_dlpack(x, device="cpu", copy=True)

    def _out_numbers(self, x: Array) -> Any:
        code = "b" if x.dtype == self.xp.bool else "d" if self.xp.isdtype(x.dtype, "real floating") else "q"
        return array(code, [x[i].__float__() if code == "d" else x[i].__int__() for i in range(x.shape[0])])

    def load(self, raw: Any, shape: Shape, dtype: str) -> Buffer:
        """A buffer from row-major little-endian bytes."""
        values = PlainArray.frombytes(raw, shape, dtype).values
        length = self.length(len(values))
        if length > len(values):
            values.extend([0] * (length - len(values)))
        kept = FLOAT64 if self.wide and dtype == FLOAT32 else dtype
        return Buffer(self.from_host(values, kept), tuple(shape), dtype)

    def plain(self, x: Buffer) -> PlainArray:
        """A buffer's elements in pure Python."""
        values = self.to_host(x.array)
        code = TYPECODES[x.dtype]
        if self._numpy is not None and isinstance(values, self._numpy.ndarray):
            kept = values[: prod(x.shape)].astype(FLOAT32 if code == "f" else "int8" if code == "b" else x.dtype)
            return PlainArray(array(code, kept.tobytes()), x.shape)
        return PlainArray(array(code, values.tolist()[: prod(x.shape)]), x.shape)

    # ------------------------------------------------------------------------------------------------- lengths

    def length(self, size: int) -> int:
        """The length of the array that holds ``size`` elements: never 0, and for a library that compiles for each
        shape one of few."""
        if size <= 1 or size > self.small:
            return max(1, size)
        length = 16
        while length < size:
            length *= 4
        return length

    def fitted(self, x: Array, size: int) -> Array:
        """An array of one axis, made as long as ``size`` elements are kept."""
        extra = self.length(size) - x.shape[0]
        if extra > 0:
            return self.xp.concat([x, self.xp.zeros((extra,), dtype=x.dtype)])
        return x[: self.length(size)] if extra else x

    def index(self, offsets: Callable[..., Sequence[int]], *arguments: Any) -> Array:
        """``offsets(*arguments)`` in the library, where it is kept for the next time, unless it is long."""
        found = self._indices.get((offsets, *arguments))
        if found is None:
            places = offsets(*arguments)
            length = self.length(len(places))
            found = self.from_host([*places, *[0] * (length - len(places))], INT64)
            if length <= KEPT:
                if len(self._indices) >= 1024:
                    self._indices.clear()
                self._indices[(offsets, *arguments)] = found
        return found

    def pick(self, x: Array, index: Array) -> Array:
        """The elements (or rows) at the places that an array of int64 names."""
        return self.xp.take(x, index, axis=0)

    def as_shape(self, x: Buffer) -> Array:
        """The buffer as an array of its shape."""
        size = prod(x.shape)
        return self.xp.reshape(x.array if x.array.shape[0] == size else x.array[:size], x.shape)

    def flat(self, x: Array, dtype: str) -> Buffer:
        """A buffer from an array of the library, of any shape."""
        shape = tuple(x.shape)
        size = prod(shape)
        if size == 0:
            return self.load(b"", shape, dtype)
        return Buffer(self.fitted(self.xp.reshape(x, (size,)), size), shape, dtype)

    def spread(self, x: Buffer, shape: Shape) -> Array:
        """The array of ``x`` broadcast to ``shape``; a single element is left as it is."""
        if x.shape == shape or prod(x.shape) == 1:
            return x.array
        size = prod(shape)
        if size <= self.small:
            return self.pick(x.array, self.index(broadcast_offsets, x.shape, shape))
        return self.fitted(self.xp.reshape(self.xp.broadcast_to(self.as_shape(x), shape), (size,)), size)

    def picked_numbers(self, x: Array, places: Sequence[int]) -> list[Any]:
        """The elements of ``x`` at some places, as Python numbers; a single element is at every place."""
        if x.shape[0] == 1:
            return self.to_host(x).tolist() * len(places)  # type: ignore[no-any-return]
        index = self.from_host([*places, *[0] * (self.length(len(places)) - len(places))], INT64)
        return self.to_host(self.pick(x, index)).tolist()[: len(places)]  # type: ignore[no-any-return]

    def places(self, mask: Array, size: int) -> list[int]:
        """Where a mask of one axis holds, among the first ``size``."""
        found = self.to_host(mask)
        if self._numpy is not None and isinstance(found, self._numpy.ndarray):
            return self._numpy.flatnonzero(found[:size]).tolist()  # type: ignore[no-any-return]
        return [place for place, holds in enumerate(found.tolist()[:size]) if holds]

    def replaced(self, x: Array, places: Sequence[int], numbers: Sequence[float]) -> Array:
        """``x`` with other numbers at some places. The standard has no such function, and arrays may be immutable."""
        which = [0] * x.shape[0]
        for i, place in enumerate(places):
            which[place] = i + 1
        given = [0.0, *numbers, *[0.0] * (self.length(len(numbers) + 1) - len(numbers) - 1)]
        kept = FLOAT64 if self.wide else FLOAT32
        index = self.from_host(which, INT64)
        return self.xp.where(index > 0, self.pick(self.from_host(given, kept), index), x)


class Evaluated:
    """A namespace of lazy arrays whose functions compute their results at once: every result is used more than once,
    and what is undecided depends on elements."""

    def __init__(self, xp: Any, evaluate: Evaluate) -> None:
        self._xp = xp
        self._evaluate = evaluate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._xp, name)
        if not callable(found) or isinstance(found, type):
            setattr(self, name, found)
            return found

        def computed(*arguments: Any, **options: Any) -> Any:
            result = found(*arguments, **options)
            if isinstance(result, tuple | list):
                return type(result)(map(self._evaluate, result))
            return self._evaluate(result) if hasattr(result, "shape") else result

        setattr(self, name, computed)
        return computed


def quiet() -> AbstractContextManager[Any]:
    """Without NumPy's warnings, as many libraries are built on it: overflow to infinity and 0/0 are results (N9)."""
    numpy = sys.modules.get("numpy")
    return numpy.errstate(all="ignore") if numpy else nullcontext()


def _import_numpy() -> Any:
    try:
        import numpy
    except ImportError:
        return None
    return numpy
