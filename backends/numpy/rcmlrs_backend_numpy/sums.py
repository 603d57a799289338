"""Exact sums of many rows or columns at once, each rounded once: sum, mean, add_n, and what other sums leave undecided
(contract N3.1, N3.2); and products, with NumPy's own ``frexp``.

Stage by stage, each for what the one before leaves undecided: a plain sum in binary64 of short stretches; the same
where it is exact, since all terms are multiples of some g and their magnitudes less than 2^53 g in sum; a sum by
halves, whose error is that of log2 n additions; one by TwoSum, whose error is of the order of u^2, with u = 2^-53; and
an exact one. Every stage gives values and bounds. A bound covers the rounding of the two ends ``value +- bound`` too,
and has more than a hundredth to spare for the roundings of the bound itself.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy

from rcmlrs_backend_array_api.derive import reduction
from rcmlrs_backend_array_api.math import ArrayMath
from rcmlrs_backend_numpy.elementwise import BLOCK, quiet
from rcmlrs_backend_numpy.rounding import round_decided
from rcmlrs_core.derive import Kernel
from rcmlrs_core.numerics.accurate import two_sum
from rcmlrs_core.numerics.rows import FARTHEST
from rcmlrs_core.numerics.sums import exact_sum, round_sum
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Reduction

Array = Any

UNIT = 2.0**-53

STRETCH = 128
"""Terms that NumPy sums plainly: enough for its full speed, and few enough to leave little undecided."""

CHUNK = 1 << 15
"""Terms of undecided sums that are held at once: their temporaries stay in the cache."""

FEW = 1 << 9
"""Up to this many terms are summed exactly, one by one, sooner than all at once with a bound."""


def total(x: Array, *, axis: Sequence[int], keepdims: bool) -> Array:
    """The sum along some axes."""
    return _reduce(x, axis, keepdims, mean=False)


def mean(x: Array, *, axis: Sequence[int], keepdims: bool) -> Array:
    """The sum divided by the number of elements, rounded once."""
    return _reduce(x, axis, keepdims, mean=True)


def _reduce(x: Array, axis: Sequence[int], keepdims: bool, mean: bool) -> Array:
    kept = [i for i in range(x.ndim) if i not in axis]
    n, count = prod(x.shape[i] for i in axis), prod(x.shape[i] for i in kept)
    # Whichever of the two is a view, where one is; else the one whose rows are longer.
    rows = x.transpose(*kept, *axis)
    if kept and kept[0] == 0 and (n >= count or rows.flags.c_contiguous):
        columns = rows.reshape(count, n).T
    else:
        columns = x.transpose(*axis, *kept).reshape(n, count)
    shape = tuple(1 if i in axis else length for i, length in enumerate(x.shape) if keepdims or i not in axis)
    with numpy.errstate(all="ignore"):
        return sum_columns(columns, n if mean else 1).reshape(shape)


def add_n(*xs: Array) -> Array:
    """The sum of the operands. Of two it is one addition; more are added by TwoSum, and where that finds no error, as
    is the rule with a few binary32 numbers, the sum is exact."""
    with numpy.errstate(all="ignore"):
        if len(xs) <= 2:
            return numpy.asarray(sum(xs, numpy.float32(0)))  # which begins with +0, so that an exact zero is +0
        shape = numpy.broadcast_shapes(*(x.shape for x in xs))
        flat = [numpy.broadcast_to(x, shape).reshape(-1) for x in xs]
        result = numpy.empty(prod(shape), numpy.float32)
        for start in range(0, len(result), CHUNK):
            block = [x[start : start + CHUNK] for x in flat]
            value = block[0].astype(numpy.float64)
            inexact = numpy.zeros(len(value), bool)
            for x in block[1:]:
                value, error = two_sum(value, x)
                inexact |= error != 0  # or NaN, of infinities
            result[start : start + CHUNK] = value + 0.0
            left = numpy.nonzero(inexact)[0]
            if left.size:
                result[start + left] = sum_columns(numpy.stack([x[left] for x in block]))
        return result.reshape(shape)


class Exponents(ArrayMath):
    """The namespace of a formula, with fractions and exponents as NumPy takes numbers apart."""

    def frexp(self, x: Array) -> tuple[Array, Array]:
        """``(f, e)`` with x = f * 2^e and |f| in [1/2, 1); of an infinity or a NaN, e means nothing."""
        f, e = numpy.frexp(x)
        return f, e.astype(numpy.float64)

    def scaled(self, f: Array, e: Array) -> Array:
        """f * 2^e."""
        return numpy.ldexp(f, numpy.clip(e, -FARTHEST, FARTHEST).astype(numpy.int32))


def _product(name: str) -> Kernel:
    operation = TABLE[name]
    assert isinstance(operation, Reduction)
    return quiet(reduction(operation, numpy, round_decided, BLOCK, Exponents))


KERNELS = {
    "sum": total,
    "mean": mean,
    "add_n": add_n,
    "prod": _product("prod"),
    "prod_derivative": _product("prod_derivative"),
    "cumprod": _product("cumprod"),
}


def sum_columns(x: Array, divisor: int = 1) -> Array:
    """RN of the exact sum of every column of binary32 numbers, divided by ``divisor``."""
    value, bound = _by_stretches(x)
    result, undecided = _round(value, bound, divisor)
    for chunk in chunks(numpy.nonzero(undecided)[0], len(x)):
        if len(chunk) * len(x) > FEW:
            columns = x[:, chunk]
            # The factor is 2^53 but for the roundings of the magnitudes.
            exact = numpy.abs(columns).sum(axis=0, dtype=numpy.float64) < grid(columns, 0) * 2.0**52
            result[chunk], left = _round(value[chunk], numpy.where(exact, 0.0, bound[chunk]), divisor)
            chunk = chunk[left]
        if chunk.size:
            result[chunk] = sum_rows(x[:, chunk].T.astype(numpy.float64), divisor)
    return result


def sum_rows(terms: Array, divisor: int = 1) -> Array:
    """RN of the exact sum of every row of binary64 terms, divided by ``divisor``.

    Each term is a binary32 number or, where nothing is divided, a product of two.
    """
    result = numpy.empty(len(terms), numpy.float32)
    rows = numpy.arange(len(terms))
    for stage in (_by_halves, _by_two_sum):
        if terms.size <= FEW:
            break
        result[rows], undecided = _round(*stage(terms), divisor)
        rows, terms = rows[undecided], terms[undecided]
    for row, exact in zip(rows, terms.tolist(), strict=True):
        result[row] = round_sum(exact) if divisor == 1 else exact_sum(exact, divisor)
    return result


def chunks(places: Array, width: int) -> Iterator[Array]:
    """The places, some at a time: as many as there are CHUNK terms in rows of ``width``."""
    step = max(1, CHUNK // max(1, width))
    return (places[start : start + step] for start in range(0, len(places), step))


def grid(x: Array, axis: int) -> Array:
    """For every row (axis 1) or column (axis 0) a power of two of which each element is a multiple.

    From two reductions over the bits: the lowest significand bit that any element uses, and the smallest exponent of
    the elements that are not zero. It may be finer than it need be, but is found at the speed of memory.
    """
    bits = x.view(numpy.uint32)
    used = numpy.bitwise_or.reduce(bits, axis=axis) & 0x7FFFFF | 0x800000
    unused = numpy.frexp((used & -used).astype(numpy.float64))[1] - 1  # of the 23 stored bits, from the last
    doubled = bits << 1  # without the sign
    doubled -= 1  # zero becomes the largest
    smallest = doubled.min(axis=axis, initial=0xFFFFFFFF) + numpy.uint32(1)
    # All zeros: any grid will do. Subnormals have the exponent of the smallest normal numbers.
    exponent = numpy.where(smallest == 0, 512, numpy.maximum((smallest >> 24).astype(numpy.int32), 1))
    return numpy.ldexp(1.0, exponent - 150 + unused)


def _round(value: Array, bound: Array, divisor: int) -> tuple[Array, Array]:
    """The binary32 results, and where the ends of the interval differ, so that they are undecided.

    A quotient errs by one unit more, and its ends by another; so does that of an exact sum. But an exact sum needs no
    margin where the rounded quotient is exact or no midpoint. A midpoint has 25 bits, so that its product with a
    divisor below 2^28 is exact, and equals the sum just when the quotient is.
    """
    if divisor != 1:
        total, value = value, value / divisor
        margin = numpy.abs(value) * (4 * UNIT)
        if divisor < 1 << 28:
            margin[(bound == 0) & (value * divisor == total)] = 0
        bound = bound / divisor + margin
    low, high = (value - bound + 0.0).astype(numpy.float32), (value + bound).astype(numpy.float32)
    undecided = low.view(numpy.int32) != high.view(numpy.int32)
    # An infinity or a NaN is what N3.2 says, as finite terms do not overflow; but inf - inf makes NaN of an end.
    finite = numpy.isfinite(value)
    return numpy.where(finite, low, value.astype(numpy.float32)), undecided & finite


def _by_stretches(x: Array) -> tuple[Array, Array]:
    """The sums of the columns of binary32 numbers, by a plain sum of every STRETCH of them; and bounds of their errors.

    A term passes through fewer than STRETCH additions, in whatever order NumPy makes them, and those of the halving,
    each of which errs by u relative to a partial sum. Four more units are for the ends and for terms in u^2.
    """
    k, count = x.shape
    if k <= STRETCH:
        magnitude = numpy.abs(x).sum(axis=0, dtype=numpy.float64)
        return x.sum(axis=0, dtype=numpy.float64), magnitude * ((k + 4) * UNIT)
    whole = k - k % STRETCH
    parts = x[:whole].reshape(k // STRETCH, STRETCH, count).sum(axis=1, dtype=numpy.float64)
    if whole < k:
        parts = numpy.concatenate([parts, x[whole:].sum(axis=0, dtype=numpy.float64, keepdims=True)])
    value, halvings = _halve(parts.T)
    # The largest magnitude is found sooner than their sum. In binary32 its product with 2^-53 would underflow.
    return value, numpy.abs(x).max(axis=0).astype(numpy.float64) * (k * (STRETCH + halvings + 4) * UNIT)


def _by_halves(terms: Array) -> tuple[Array, Array]:
    """The sums of the rows, one half added to the other until one term is left; and bounds of their errors.

    A term passes through as many additions as there are halvings. One more unit is for the ends, and three for terms in
    u^2 and for the sum of magnitudes.
    """
    value, halvings = _halve(terms)
    return value, numpy.abs(terms).sum(axis=1) * ((halvings + 4) * UNIT)


def _halve(terms: Array) -> tuple[Array, int]:
    halvings = 0
    while terms.shape[1] > 1:
        half, odd = divmod(terms.shape[1], 2)
        joined = terms[:, :half] + terms[:, half : 2 * half]
        terms = numpy.concatenate([joined, terms[:, -1:]], axis=1) if odd else joined
        halvings += 1
    return terms.sum(axis=1), halvings


def _by_two_sum(terms: Array) -> tuple[Array, Array]:
    """As :func:`_by_halves` for finite terms, by TwoSum (Knuth), which gives the rounded sum and its exact error; the
    errors are summed plainly.

    With S the sum of magnitudes, the partial sums of each level have magnitudes of S in sum, so its errors have one of
    u S at most, but for terms in u^2; the k - 1 errors of all levels, summed in any order, lose at most k u of their
    ``levels * u S``. Joining sum and errors and computing the ends each err by u of the value. Where there is no error,
    the sum is exact.
    """
    count, k = terms.shape
    magnitude, levels = numpy.abs(terms).sum(axis=1), k.bit_length()
    errors, inexact = numpy.zeros(count), numpy.zeros(count, bool)
    while terms.shape[1] > 1:
        half, odd = divmod(terms.shape[1], 2)
        joined, error = two_sum(terms[:, :half], terms[:, half : 2 * half])
        inexact |= error.any(axis=1)
        errors = errors + error.sum(axis=1)
        terms = numpy.concatenate([joined, terms[:, -1:]], axis=1) if odd else joined
    value = terms.sum(axis=1) + errors
    bound = numpy.abs(value) * (4 * UNIT) + magnitude * ((k + 8) * (levels + 1) * UNIT * UNIT)
    return value, numpy.where(inexact, bound, 0.0)
