"""matmul and linear: binary64 products, a look at the output, and exact sums for what stays undecided (contract N3.1).

As in NumPy's backend (whose module of this name has the reasoning): the products of binary32 numbers are exact in
binary64, so a dot product of k of them is off by at most ``k u / (1 - k u) * sum |a_i b_i|``, in any order. Here the
sums of magnitudes come from a second product of matrices, so nothing but ``matmul`` is asked of a library.
"""

from array import array
from collections.abc import Iterator, Sequence
from math import prod
from typing import TypeVar

from rcmlrs_backend_array_api.library import Array, Buffer, Library
from rcmlrs_core.derive import Kernel
from rcmlrs_core.numerics.accurate import accurate_sum
from rcmlrs_core.numerics.sums import round_sum
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import FLOAT32, Shape, broadcast_offsets

T = TypeVar("T")

UNIT = 2.0**-53

FEW = 32
"""Up to this many undecided elements are summed exactly, one by one, sooner than all at once with a bound."""

CHUNK = 1 << 20
"""Terms of undecided elements that are held at once."""


def kernels(library: Library) -> dict[str, Kernel]:
    """``matmul`` and ``linear``, if the library's products are good enough."""
    if not library.multiplies:
        return {}

    def matmul(x: Buffer, y: Buffer) -> Buffer:
        vector_x, vector_y = len(x.shape) == 1, len(y.shape) == 1
        left = x._replace(shape=(1, *x.shape)) if vector_x else x
        right = y._replace(shape=(*y.shape, 1)) if vector_y else y
        batch = broadcast_shapes("matmul", left.shape[:-2], right.shape[:-2])
        m, n = left.shape[-2], right.shape[-1]
        shape = (*batch, *(() if vector_x else (m,)), *(() if vector_y else (n,)))
        if not right.shape[:-2]:  # a batch of rows is one long matrix
            left = left._replace(shape=(prod(batch) * m, left.shape[-1]))
            return products(library, left, right, None, (), False, shape)
        return products(library, left, right, None, batch, False, shape)

    def linear(x: Buffer, weight: Buffer, bias: Buffer | None = None) -> Buffer:
        rows = x._replace(shape=(prod(x.shape[:-1]), x.shape[-1]))
        return products(library, rows, weight, bias, (), True, (*x.shape[:-1], weight.shape[0]))

    return {"matmul": matmul, "linear": linear}


def matrix_offsets(shape: Shape, batch: Shape, turned: bool, rows: int, columns: int) -> Sequence[int]:
    """The places of the elements of all matrices, each filled up to ``rows`` times ``columns`` by -1."""
    (m, n), (step_i, step_j) = shape[-2:], (shape[-1], 1)
    if turned:
        m, n, step_i, step_j = n, m, step_j, step_i
    places = []
    for which in broadcast_offsets(shape[:-2], batch):
        start = which * shape[-1] * shape[-2]
        for i in range(rows):
            for j in range(columns):
                places.append(start + i * step_i + j * step_j if i < m and j < n else -1)
    return places


def is_inside(shape: Shape, batch: Shape, turned: bool, rows: int, columns: int) -> Sequence[int]:
    """Ones where :func:`matrix_offsets` is no filling."""
    return [int(place >= 0) for place in matrix_offsets(shape, batch, turned, rows, columns)]


def inside_offsets(shape: Shape, batch: Shape, turned: bool, rows: int, columns: int) -> Sequence[int]:
    """:func:`matrix_offsets`, with any place where the filling is."""
    return [max(0, place) for place in matrix_offsets(shape, batch, turned, rows, columns)]


def matrices(library: Library, x: Buffer, batch: Shape, turned: bool, rows: int, columns: int) -> Array:
    """All matrices in binary64, of shape (batch, rows, columns), filled up with zeros where they are smaller."""
    xp, count = library.xp, prod(batch)
    m, n = x.shape[-2:][::-1] if turned else x.shape[-2:]
    if count * rows * columns <= library.small:
        plan = (x.shape, batch, turned, rows, columns)
        picked = library.widen(library.pick(x.array, library.index(inside_offsets, *plan)))
        filled = picked
        if (m, n) != (rows, columns):
            filled = xp.where(library.index(is_inside, *plan) > 0, picked, xp.zeros_like(picked))
        return xp.reshape(filled[: count * rows * columns], (count, rows, columns))
    a = library.widen(library.as_shape(x))
    if turned:
        a = xp.matrix_transpose(a)
    a = xp.reshape(xp.broadcast_to(a, (*batch, m, n)), (count, m, n))
    if (m, n) == (rows, columns):
        return a
    if columns > n:
        a = xp.concat([a, xp.zeros((count, m, columns - n), dtype=a.dtype)], axis=2)
    return xp.concat([a, xp.zeros((count, rows - m, columns), dtype=a.dtype)], axis=1) if rows > m else a


def result_offsets(count: int, m: int, n: int, rows: int, columns: int) -> Sequence[int]:
    """The elements of matrices that were filled up."""
    return [(b * rows + i) * columns + j for b in range(count) for i in range(m) for j in range(n)]


def products(
    library: Library, x: Buffer, y: Buffer, bias: Buffer | None, batch: Shape, turned: bool, shape: Shape
) -> Buffer:
    """RN of every ``bias_j + sum_k x_ik y_kj`` for matrices x (m, k), y (k, n), or with ``turned`` y (n, k).

    With a ``batch`` there is a row of addends for each pair of matrices.
    """
    xp = library.xp
    m, k = x.shape[-2:]
    n, count = y.shape[-2 if turned else -1], prod(batch)
    if prod(shape) == 0:
        return library.load(b"", shape, FLOAT32)
    if k == 0:
        zeros = library.load(bytes(4 * prod(shape)), shape, FLOAT32)
        if bias is None:
            return zeros
        addends = bias._replace(shape=(*batch, 1, n)) if batch else bias
        return zeros._replace(array=zeros.array + library.spread(addends, shape))
    rows, inner, columns = library.length(m), library.length(k), library.length(n)
    a = matrices(library, x, batch, False, rows, inner)
    b = matrices(library, y, batch, turned, inner, columns)
    addend = None
    sums, sizes = xp.matmul(a, b), xp.matmul(xp.abs(a), xp.abs(b))
    if bias is not None:
        addend = matrices(library, bias._replace(shape=(*batch, 1, n)), batch, False, 1, columns)
        sums, sizes = sums + addend, sizes + xp.abs(addend)
    # A term passes through k additions at most and that of the bias; then the two ends are rounded. The quotient and
    # the last factor are for the terms in u^2 and the roundings of the magnitudes.
    factor = (inner + 6) * UNIT / (1 - (inner + 6) * UNIT) * (1 + 1e-9)
    sums = xp.reshape(sums + 0.0, (-1,))  # an exact zero is +0 (N3.2)
    rounded = library.round(sums, factor / UNIT, xp.reshape(sizes, (-1,)))
    values = rounded.values
    if rounded.undecided is not None:
        places = library.places(rounded.undecided, count * rows * columns)
        numbers = settle(library, a, b, addend, places)
        values = library.replaced(values, places, numbers)
    if (m, n) != (rows, columns):
        if prod(shape) <= library.small:
            values = library.pick(values, library.index(result_offsets, count, m, n, rows, columns))
        else:
            values = xp.reshape(xp.reshape(values, (count, rows, columns))[:, :m, :n], (-1,))
    return Buffer(library.fitted(values, prod(shape)), shape, FLOAT32)


def settle(library: Library, a: Array, b: Array, addend: Array | None, places: list[int]) -> list[float]:
    """The elements at ``places`` of the products, as sums that are nearly exact, and those left over as exact ones."""
    xp = library.xp
    count, rows, inner = a.shape
    columns = b.shape[2]
    left = xp.reshape(a, (count * rows, inner))
    right = xp.reshape(xp.matrix_transpose(b), (count * columns, inner))
    numbers: list[float] = []
    for chunk in chunks(places, inner + 1):
        length = library.length(len(chunk))
        filled = [*chunk, *chunk[:1] * (length - len(chunk))]
        i = library.from_host([place // columns for place in filled], "int64")
        j = library.from_host([place // (rows * columns) * columns + place % columns for place in filled], "int64")
        terms = library.pick(left, i) * library.pick(right, j)
        if addend is not None:
            terms = xp.concat([terms, xp.reshape(library.pick(xp.reshape(addend, (-1,)), j), (-1, 1))], axis=1)
        numbers += settle_terms(library, terms, len(chunk))
    return numbers


def settle_terms(library: Library, terms: Array, count: int) -> list[float]:
    """RN of the exact sums of the first ``count`` rows of binary64 terms."""
    xp, n = library.xp, terms.shape[1]
    if count > FEW:
        total, magnitude = accurate_sum(library.m, terms)
        rounded = library.round(xp.reshape(total, (-1,)), 1, xp.reshape(magnitude, (-1,)))
        numbers: list[float] = library.to_host(library.widen(rounded.values)).tolist()[:count]
        open_ = library.places(rounded.undecided, count) if rounded.undecided is not None else []
    else:
        numbers, open_ = [0.0] * count, list(range(count))
    if open_:
        terms_of: list[float] = library.to_host(xp.reshape(terms, (-1,)))[: count * n].tolist()
        for place in open_:
            # Stored as binary32: the one rounding.
            numbers[place] = array("f", [round_sum(terms_of[place * n : place * n + n])])[0]
    return numbers


def chunks(places: list[T], width: int) -> Iterator[list[T]]:
    """Some places at a time."""
    step = max(1, CHUNK // width)
    return (places[start : start + step] for start in range(0, len(places), step))
