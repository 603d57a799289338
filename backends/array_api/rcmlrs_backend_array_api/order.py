"""Kernels of operations that compare: argmax, argmin, argsort, median (contract N4.2).

Binary64 has room for what the order of binary32 numbers leaves out: -0 before +0 is -2^-200 before it, and NaN after
infinity is infinity after 2^200. So keys that any library compares and sorts rightly are made by arithmetic.
"""

from collections.abc import Sequence
from math import inf, nan, prod

from rcmlrs_backend_array_api.kernels import rows_back, rows_of
from rcmlrs_backend_array_api.library import Array, Buffer, Library
from rcmlrs_core.derive import Kernel
from rcmlrs_core.plain import FLOAT32, INT32

BEYOND, BELOW_ZERO = 2.0**200, -(2.0**-200)


def kernels(library: Library) -> dict[str, Kernel]:
    """By the names of the operations; none for a library that does not find the first among equals."""
    if not library.searches:
        return {}
    xp, m = library.xp, library.m

    def keys(rows: Array) -> Array:
        """NaN last, -0 before +0, all else in its order."""
        x = library.widen(rows)
        x = m.where(x == inf, BEYOND, m.where((x == 0.0) & xp.signbit(x), BELOW_ZERO, x))
        return m.where(xp.isnan(x), inf, x)

    def found(sign: float, x: Buffer, axis: Sequence[int], keepdims: bool) -> Buffer:
        rows = library.widen(rows_of(library, x, axis))
        rows = rows if sign > 0 else -rows
        seen = m.where(xp.isnan(rows), inf, m.where(rows == inf, BEYOND, rows))
        places = xp.astype(xp.argmax(seen, axis=1), xp.int32)
        shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape) if keepdims or i not in axis)
        return Buffer(rows_back(library, places, x.shape, axis, False, shape), shape, INT32)

    def nothing(x: Buffer, axis: Sequence[int], keepdims: bool = False) -> Buffer | None:
        """The result where there are no elements."""
        if prod(x.shape):
            return None
        shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape) if keepdims or i not in axis)
        return library.load(b"", shape, INT32)

    def argmax(x: Buffer, *, axis: Sequence[int], keepdims: bool) -> Buffer:
        return nothing(x, axis, keepdims) or found(1.0, x, axis, keepdims)

    def argmin(x: Buffer, *, axis: Sequence[int], keepdims: bool) -> Buffer:
        return nothing(x, axis, keepdims) or found(-1.0, x, axis, keepdims)

    def argsort(x: Buffer, *, axis: Sequence[int], descending: bool, stable: bool) -> Buffer:
        if prod(x.shape) == 0:
            return library.load(b"", x.shape, INT32)
        ascending = keys(rows_of(library, x, axis))
        order = xp.astype(xp.argsort(-ascending if descending else ascending, axis=1, stable=True), xp.int32)
        return Buffer(rows_back(library, xp.reshape(order, (-1,)), x.shape, axis, True, x.shape), x.shape, INT32)

    def median(x: Buffer, *, axis: Sequence[int], keepdims: bool) -> Buffer:
        shape = tuple(1 if i in axis else n for i, n in enumerate(x.shape) if keepdims or i not in axis)
        if prod(shape) == 0:
            return library.load(b"", shape, FLOAT32)
        n = prod(x.shape[i] for i in axis)
        ordered = xp.sort(keys(rows_of(library, x, axis)), axis=1)
        low, high, last = ordered[:, (n - 1) // 2], ordered[:, n // 2], ordered[:, n - 1]
        low, high = (m.where(v == BEYOND, inf, m.where(v == BELOW_ZERO, 0.0, v)) for v in (low, high))
        # The sum of two, and its half, round to the right binary32 as in add; of one with itself it is exact.
        middle = m.where(last == inf, nan, (low + high) * 0.5)
        return Buffer(rows_back(library, library.narrow(middle), x.shape, axis, False, shape), shape, FLOAT32)

    return {"argmax": argmax, "argmin": argmin, "argsort": argsort, "median": median}
