"""Kernels of the Python backend that are quicker than the derived ones.

Two functions of Python do the work: ``sum(map(mul, a, b))``, a dot product that stays in C, and
``math.fsum``, a sum that is rounded once. The first needs a look at its error, the second at binary32's midpoints.
"""

import math
import struct
import sys
from array import array
from collections.abc import Callable
from operator import add, mul, sub
from typing import Any

from rcmlrs_core.numerics.rounding import UNIT_ROUNDOFF, round_decided
from rcmlrs_core.numerics.sums import round_sum
from rcmlrs_core.ops import mean as mean_file
from rcmlrs_core.ops import sum as sum_file
from rcmlrs_core.ops.conv import rule as conv_rule
from rcmlrs_core.ops.conv import windows_and_kernels
from rcmlrs_core.ops.linear import rows_of
from rcmlrs_core.ops.matmul import Matrix, matrices, rule
from rcmlrs_core.ops.op import spread
from rcmlrs_core.ops.scatter_add import terms
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import PlainArray, Shape

if sys.version_info >= (3, 12):  # quicker, and more accurate than the bound below asks for

    def dots(row: list[float], columns: Matrix) -> list[float]:
        """The dot products of a row with every column, in binary64."""
        return [math.sumprod(row, column) for column in columns]

else:

    def dots(row: list[float], columns: Matrix) -> list[float]:
        """The dot products of a row with every column, in binary64."""
        return [sum(map(mul, row, column)) for column in columns]


def products(rows: Matrix, columns: Matrix) -> "array[float]":
    """The dot product of every row with every column, each rounded once.

    A sum of k products in binary64 is off by at most k u/(1 - k u) times the sum of magnitudes, which is at most the
    product of the norms (Cauchy and Schwarz). Where both ends of that interval round to the same bits, it is decided.
    """
    result = array("f")
    if not rows or not columns:
        return result
    # For the sum of products, the norms, and the arithmetic of the test itself.
    error = (2 * len(rows[0]) + 16) * UNIT_ROUNDOFF
    norms = [math.sqrt(sum(map(mul, column, column))) for column in columns]
    pack = struct.Struct(f"{len(columns)}f").pack
    for row in rows:
        scale = error * math.sqrt(sum(map(mul, row, row)))
        values = dots(row, columns)
        errors = [scale * norm for norm in norms]
        try:
            low, high = pack(*map(sub, values, errors)), pack(*map(add, values, errors))
        except OverflowError:  # struct refuses what an array rounds to infinity
            low = array("f", map(sub, values, errors)).tobytes()
            high = array("f", map(add, values, errors)).tobytes()
        if low == high:
            result.frombytes(low)
            continue
        rounded = array("f", low)
        for j, (a, b) in enumerate(zip(array("I", low), array("I", high), strict=True)):
            if a != b:
                rounded[j] = round_sum(list(map(mul, row, columns[j])))
        result += rounded
    return result


def matmul(x: PlainArray, y: PlainArray) -> PlainArray:
    """Matrix by matrix."""
    result = array("f")
    for rows, columns in matrices(x, y):
        result += products(rows, columns)
    return PlainArray(result, rule(x, y).shape)


def linear(x: PlainArray, weight: PlainArray, bias: PlainArray | None = None) -> PlainArray:
    """The bias is one more weight, of an input that is always one."""
    rows, columns = rows_of(x), rows_of(weight)
    if bias is not None:
        rows = [[*row, 1.0] for row in rows]
        columns = [[*column, b] for column, b in zip(columns, bias.values, strict=True)]
    return PlainArray(products(rows, columns), (*x.shape[:-1], weight.shape[0]))


def conv(
    x: PlainArray,
    weight: PlainArray,
    bias: PlainArray | None = None,
    *,
    stride: Shape,
    dilation: Shape,
    groups: int,
) -> PlainArray:
    """Sample by sample and group by group, kernels times windows; the bias as in ``linear``."""
    result = array("f")
    for windows, kernels, outputs in windows_and_kernels(x, weight, stride, dilation, groups):
        if bias is not None:
            windows = [[*window, 1.0] for window in windows]
            kernels = [[*kernel, bias.values[output]] for kernel, output in zip(kernels, outputs, strict=True)]
        result += products(kernels, windows)
    return PlainArray(result, conv_rule(x, weight, bias, stride=stride, dilation=dilation, groups=groups).shape)


def add_n(*xs: PlainArray) -> PlainArray:
    """``fsum`` of each element's terms, rounded once to binary64 already; two terms need no look at all (see add)."""
    shape: Shape = xs[0].shape
    if any(x.shape != shape for x in xs):
        shape = broadcast_shapes("add_n", *(x.shape for x in xs))
    operands = [spread(x, shape) for x in xs]
    if len(operands) <= 2:
        first, *others = operands
        pairs = zip(first, others[0], strict=True) if others else ((x, 0.0) for x in first)
        return PlainArray.of([x + y + 0.0 for x, y in pairs], shape)  # + 0.0: (-0) + (-0) is +0 here
    try:
        sums = list(map(math.fsum, zip(*operands, strict=True)))
    except (ValueError, OverflowError):  # inf - inf somewhere
        return PlainArray.of(map(round_sum, zip(*operands, strict=True)), shape)
    values, undecided = round_decided(sums, 1)
    for i in undecided:
        values[i] = round_sum([operand[i] for operand in operands])
    return PlainArray(values, shape)


def sum_(x: PlainArray, **attributes: Any) -> PlainArray:
    """``fsum``, and a look at midpoints."""
    return sum_file.operation.by_rows(x, round_sum, **attributes)


def mean(x: PlainArray, **attributes: Any) -> PlainArray:
    """``fsum`` and a quotient, where both ends of their error round alike."""
    return mean_file.operation.by_rows(x, _mean, **attributes)


def _mean(values: list[float]) -> float:
    try:
        quotient = math.fsum(values) / len(values)
    except (ValueError, OverflowError):
        return mean_file.row(values)
    decided, undecided = round_decided([quotient], 2)
    return mean_file.row(values) if undecided else decided[0]


def scatter_add(x: PlainArray, indices: PlainArray, updates: PlainArray, *, axis: int) -> PlainArray:
    """``fsum`` where there is something to add."""
    sums = [t[0] + 0.0 if len(t) == 1 else round_sum(t) for t in terms(x, indices, updates, axis)]
    return PlainArray.of(sums, x.shape)


sum_.__name__ = "sum"

KERNELS: tuple[Callable[..., Any], ...] = (matmul, linear, conv, add_n, sum_, mean, scatter_add)
"""What the backend registers, each under its own name."""
