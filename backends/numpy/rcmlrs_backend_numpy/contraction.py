"""matmul and linear: one binary64 GEMM, a look at the output, and a handful of exact dot products (contract N3.1).

The products of binary32 numbers are exact in binary64, so a dot product of k terms, summed in any order, is off by at
most ``k u / (1 - k u) * sum |a_i b_i|`` with u = 2^-53 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1),
and the sum is at most ``|a| |b|``, the norms of row and column. Where both ends of that interval round to the same
binary32, that is the answer. Of what is left, the sum is exact where every product is a multiple of some g and ``|a|
|b| < 2^53 g``, since then every partial sum is; the rest goes to ``sums``.

An infinity or a NaN needs no care: it makes the bound infinite or NaN, and the sum what N3.2 says. An infinite bound
decides nothing, and then the sum is taken as it is; one that is NaN (of a NaN, or infinity times a row of zeros) goes
with a sum that is NaN. Finite terms do not overflow: even their squares are below 2^256.
"""

import threading
from math import prod
from typing import Any

import numpy

from rcmlrs_backend_numpy.sums import UNIT, chunks, grid, sum_rows

Array = Any

PIECE = 512
"""Terms of a dot product that the BLAS sums at a time. Pieces joined afterwards have a smaller error than one long sum,
and so leave fewer elements undecided; the joining costs a pass over the output for each."""

TILE = 1 << 15
"""Elements of the output that are looked at together: their error bounds and both ends stay in the cache."""

KEEP = 1 << 22
"""Numbers that a thread may keep between products: enough for matrices of 1024 x 1024."""

SMALL = 1 << 17
"""Up to this many products, a product of the magnitudes costs less than the norms of all rows and columns."""

GRID_PAYS = 4
"""The grids of all rows and columns are worth finding when this many times the undecided elements outnumber them."""


def matmul(x: Array, y: Array) -> Array:
    """x @ y, each element RN of the exact dot product."""
    with numpy.errstate(all="ignore"):
        if x.ndim <= 2 and y.ndim <= 2:
            rows = x if x.ndim == 2 else x.reshape(1, -1)
            columns = y if y.ndim == 2 else y.reshape(-1, 1)
            shape = (*x.shape[:-1], *(y.shape[1:] if y.ndim == 2 else ()))
            return products(rows, columns).reshape(shape)
        if y.ndim == 2:  # a batch of rows is one long matrix
            return products(as_matrix(x), y).reshape(*x.shape[:-1], y.shape[-1])
        if y.ndim == 1:
            return products(as_matrix(x), y.reshape(-1, 1)).reshape(x.shape[:-1])
        if x.ndim == 1:
            return matmul(x.reshape(1, -1), y).reshape(*y.shape[:-2], y.shape[-1])
        batch = numpy.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        xs = numpy.broadcast_to(x, (*batch, *x.shape[-2:]))
        ys = numpy.broadcast_to(y, (*batch, *y.shape[-2:]))
        result = numpy.empty((*batch, x.shape[-2], y.shape[-1]), numpy.float32)
        for index in numpy.ndindex(*batch):
            result[index] = products(xs[index], ys[index])
        return result


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """x @ weight^T + bias, the bias inside the one rounding."""
    with numpy.errstate(all="ignore"):
        return products(as_matrix(x), weight.T, bias).reshape(*x.shape[:-1], weight.shape[0])


def as_matrix(x: Array) -> Array:
    """All rows of ``x``, one below the other."""
    return x.reshape(prod(x.shape[:-1]), x.shape[-1])


KERNELS = {"matmul": matmul, "linear": linear}


def products(x: Array, y: Array, addend: Array | None = None) -> Array:
    """RN of every ``addend_j + sum_k x_ik y_kj`` for matrices x (m, k), y (k, n) and a row of n addends."""
    (m, k), n = x.shape, y.shape[1]
    if addend is not None:
        addend = addend.astype(numpy.float64)
    if m * k * n <= SMALL:
        return _small_products(x, y, addend)
    memory = workspace.take(m * k + k * n + 2 * m * n)
    a = _widened(x, memory[: m * k])
    b = _widened(y, memory[m * k : m * k + k * n])
    sums, part = memory[m * k + k * n : m * k + k * n + 2 * m * n].reshape(2, m, n)
    numpy.matmul(a[:, :PIECE], b[:PIECE], out=sums)
    for piece in range(PIECE, k, PIECE):
        sums += numpy.matmul(a[:, piece : piece + PIECE], b[piece : piece + PIECE], out=part)
    factor = relative_error(min(k, PIECE) + -(-k // PIECE))
    sizes_x, sizes_y = _norms(a, 1), _norms(b, 0)
    errors_x, slack = sizes_x * factor, 0.0
    if addend is not None:
        sums += addend
        slack = numpy.abs(addend) * factor
    result = numpy.empty((m, n), numpy.float32)
    left: list[Array] = []
    step = max(1, TILE // n)
    for start in range(0, m, step):
        rows = slice(start, start + step)
        error = errors_x[rows, None] * sizes_y
        if addend is not None:
            error += slack
        left.append(undecided(sums[rows], error, result[rows]) + start * n)
    places = numpy.concatenate(left)
    if places.size:
        i, j = numpy.divmod(places, n)
        result[i, j] = _settle(x, y, a, b, addend, sums[i, j], sizes_x[i] * sizes_y[j], i, j)
    workspace.give(memory)
    return result


def _small_products(x: Array, y: Array, addend: Array | None) -> Array:
    """The same with the sums of magnitudes themselves, which the BLAS finds sooner than NumPy the norms."""
    a, b = x.astype(numpy.float64), y.astype(numpy.float64)
    sums, sizes = numpy.matmul(a, b), numpy.matmul(numpy.abs(a), numpy.abs(b))
    error = sizes * relative_error(x.shape[1])
    if addend is not None:
        sums += addend
        error += numpy.abs(addend) * relative_error(x.shape[1])
    result = numpy.empty(sums.shape, numpy.float32)
    places = undecided(sums, error, result)
    if places.size:
        i, j = numpy.divmod(places, y.shape[1])
        result[i, j] = _settle(x, y, a, b, addend, sums[i, j], sizes[i, j] * (1 + 1e-9), i, j)
    return result


def relative_error(additions: int) -> float:
    """The bound of the error of a sum relative to the sum of magnitudes, if a term passes through so many additions.

    Each errs by u relative to a partial sum. Six more are for the addend and for the roundings of the two ends, which
    take two; the terms in u^2 are in the quotient, and the last factor is for the roundings of magnitudes and bounds.
    """
    return (additions + 6) * UNIT / (1 - (additions + 6) * UNIT) * (1 + 1e-9)


def undecided(sums: Array, error: Array, low: Array) -> Array:
    """The places, counted row by row, where ``sums - error``, which is put into ``low``, and ``sums + error`` round to
    different bits."""
    low[...] = sums - error
    high = (sums + error).astype(numpy.float32)
    return numpy.flatnonzero(low.view(numpy.int32) != high.view(numpy.int32))


class Workspace(threading.local):
    """Binary64 memory that a thread keeps from one product to the next: fresh pages make a conversion take ten times as
    long."""

    def __init__(self) -> None:
        self.kept = numpy.empty(0)

    def take(self, size: int) -> Array:
        """At least ``size`` numbers, of any value. They are nobody else's: a product within a product takes its own."""
        memory, self.kept = self.kept, numpy.empty(0)
        return memory if memory.size >= size else numpy.empty(size)

    def give(self, memory: Array) -> None:
        """Keep the memory, unless it is much."""
        if memory.size <= KEEP:
            self.kept = memory


workspace = Workspace()


def _widened(x: Array, memory: Array) -> Array:
    """A matrix in binary64, in the order in which it lies: BLAS takes either, and to turn it would be slow."""
    turned = abs(x.strides[0]) < abs(x.strides[1])
    a = memory.reshape(x.shape[::-1]).T if turned else memory.reshape(x.shape)
    a[...] = x
    return a


def _rows(a: Array, chosen: Array) -> Array:
    """Some rows of a matrix that lies in either order, each taken in the way that is quick."""
    return a[chosen] if a.flags.c_contiguous else a.T.take(chosen, axis=1).T


def _norms(a: Array, axis: int) -> Array:
    """Euclidean norms, a hair too large: the squares are exact, and the sum of n of them errs by less than n units."""
    squares = numpy.einsum("ij,ij->i" if axis else "ij,ij->j", a, a)
    return numpy.sqrt(squares) * (1 + 1e-9 + a.shape[axis] * UNIT)


def _settle(
    x: Array, y: Array, a: Array, b: Array, addend: Array | None, sums: Array, size: Array, i: Array, j: Array
) -> Array:
    """The elements (i, j) that the first look leaves undecided; ``size`` bounds their sums of magnitudes."""
    result = (sums + 0.0).astype(numpy.float32)  # + 0.0: an exact zero is +0 (N3.2)
    open_ = numpy.isfinite(sums)
    if len(i) * GRID_PAYS >= sum(x.shape[:1] + y.shape[1:]):
        step = grid(x, 1)[i] * grid(y, 0)[j]
        if addend is not None:
            step = numpy.minimum(step, grid(addend.astype(numpy.float32)[:, None], 1)[j])
            size = size + numpy.abs(addend[j])
        open_ &= ~(size < step * 2.0**53)
    places = numpy.flatnonzero(open_)
    places = places[numpy.argsort(j[places])]  # neighbouring columns share lines of the cache
    for chunk in chunks(places, a.shape[1] + 1):
        terms = _rows(a, i[chunk]) * _rows(b.T, j[chunk])
        if addend is not None:
            terms = numpy.concatenate([terms, addend[j[chunk], None]], axis=1)
        result[chunk] = sum_rows(terms)
    return result
