"""Kernels in pure Python, derived from the operations' own files: the binary64 formula, the rounding test, and the
definition for what stays undecided.

The Python backend is made of these; any other backend whose table lacks a kernel can run them on copies of its data.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from rcmlrs_core.numerics import rows as m
from rcmlrs_core.numerics.rounding import round_decided
from rcmlrs_core.numerics.rows import Row
from rcmlrs_core.ops.op import Elementwise, Move, Operation, Reduction, spread
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import FLOAT32, INT32, PlainArray, Shape, check_memory

Kernel = Callable[..., Any]
"""``kernel(*buffers, **attributes) -> buffer``; the attributes are in the normal form that ``check`` gives."""

Watch = Callable[[str, int, int], None]
"""``watch(operation, undecided, elements)``: told how many elements went to the definition."""


def plain_kernel(operation: Operation, watch: Watch | None = None) -> Kernel:
    """The kernel of ``operation`` on :class:`PlainArray` operands."""
    if isinstance(operation, Elementwise):
        return _elementwise(operation, watch)
    if isinstance(operation, Reduction):
        return _reduction(operation, watch)
    if isinstance(operation, Move):
        return _move(operation)
    return operation.define


def _elementwise(operation: Elementwise, watch: Watch | None) -> Kernel:
    binary64, bound = operation.binary64, operation.bound
    name = operation.name

    def kernel(*operands: PlainArray, **attributes: Any) -> PlainArray:
        shape = operands[0].shape
        if any(operand.shape != shape for operand in operands):
            shape = broadcast_shapes(name, *(operand.shape for operand in operands))
        rows = [spread(operand, shape) for operand in operands]
        if operation.of_integers(*operands):
            return PlainArray.of(operation.whole(rows, **attributes), shape, INT32)
        value, magnitude = value_and_magnitude(binary64(m, *map(Row, rows), **attributes))
        if bound == 0 or operation.gives != FLOAT32:
            return PlainArray.of(value.values, shape, operation.gives or operands[-1].dtype)
        rounded, undecided = round_decided(value.values, bound, magnitude and magnitude.values)
        for i in undecided:
            rounded[i] = operation.value(*(row[i] for row in rows), **attributes)
        if watch:
            watch(name, len(undecided), len(rounded))
        return PlainArray(rounded, shape)

    return kernel


def value_and_magnitude(result: Any) -> tuple[Any, Any]:
    """What a ``binary64`` formula returns, as a pair; no magnitude means the value's own."""
    return result if isinstance(result, tuple) else (result, None)


def _reduction(operation: Reduction, watch: Watch | None) -> Kernel:
    binary64 = operation.binary64
    if binary64 is None:
        return operation.define

    def quick(values: list[float], **attributes: Any) -> Any:
        if not values:
            return operation.row(values, **attributes)
        value, magnitude = value_and_magnitude(binary64(m, Row(values), **attributes))
        results = value.values if isinstance(value, Row) else [value]
        if operation.gives != FLOAT32:
            return list(map(int, value.values)) if isinstance(value, Row) else int(value)
        scale = magnitude.values if isinstance(magnitude, Row) else None if magnitude is None else [magnitude]
        rounded, undecided = round_decided(results, operation.bound(len(values)), scale)
        if undecided:
            for i, exact in zip(undecided, operation.elements(values, undecided, **attributes), strict=True):
                rounded[i] = exact
        if watch:
            watch(operation.name, len(undecided), len(rounded))
        return rounded if isinstance(value, Row) else rounded[0]

    def kernel(x: PlainArray, **attributes: Any) -> PlainArray:
        return operation.by_rows(x, operation.whole if operation.of_integers(x) else quick, **attributes)

    return kernel


LARGE = 1 << 24
"""Elements of a move before which a look at the memory is worth its time."""

BYTES_OF_A_PLACE = 32
"""What a list of sources takes for each element while it is made, at least."""


def _move(operation: Move) -> Kernel:
    @lru_cache(maxsize=256)
    def plan(shapes: Sequence[Shape], attributes: tuple[tuple[str, Any], ...]) -> Kernel | None:
        sources = operation.source(*shapes, **dict(attributes))
        if len(shapes) == 1 and sources == range(math.prod(shapes[0])):
            return None  # nothing moves: the elements are shared
        if len(sources) < 2:  # itemgetter returns a tuple only for two items and more
            return lambda values: [values[i] for i in sources]
        return itemgetter(*sources)

    def kernel(*operands: PlainArray, **attributes: Any) -> PlainArray:
        shape, dtype, _ = operation.check(*operands, **attributes)
        if math.prod(shape) > LARGE:
            check_memory(operation.name, shape, BYTES_OF_A_PLACE)
        pick = plan(tuple(operand.shape for operand in operands), tuple(attributes.items()))
        if pick is None:
            return PlainArray(operands[0].values, shape)
        if len(operands) == 1:
            values = operands[0].values.tolist()
        else:
            values = [value for operand in operands for value in operand.values]
        values.append(attributes.get("value", 0))
        return PlainArray.of(pick(values), shape, dtype)

    return kernel
