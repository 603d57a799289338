"""index(x, *indices, axis=0): the elements at positions on some neighbouring axes: what ``x[i, j]`` does.

1. ``indices`` are int32 tensors that broadcast against each other to a shape B; there is one for each of the axes from
   ``axis`` on. ``index(x, i, j, axis=1)[a, b, ...] = x[a, i[b], j[b], ...]``: of shape ``x.shape[:axis] + B +
   x.shape[axis + k:]`` for k indices, as in NumPy. No bit changes (N4.1).
2. Indices below zero count from the end. One outside of [-length, length) is refused, unless
   an empty tensor of indices broadcasts it away, as in NumPy.
3. The gradient is added up where the elements came from (``index_add``); an index has none.
"""

from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_int32, int32, raveled
from rcmlrs_core.ops.op import General, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes, normalize_axis
from rcmlrs_core.plain import PlainArray, Shape


def rule(x: Operand, *indices: Operand, axis: int = 0) -> Result:
    """Clause 1."""
    axis, shape = axes_of("index", x.shape, indices, axis)
    return Result((*x.shape[:axis], *shape, *x.shape[axis + len(indices) :]), x.dtype, {"axis": axis})


def axes_of(name: str, given: Shape, indices: tuple[Operand, ...], axis: int) -> tuple[int, Shape]:
    """The first of the axes that are indexed, counted from the front, and the shape of the indices."""
    if not indices:
        raise AxisError(f"{name}: takes at least one tensor of indices, got none")
    for tensor in indices:
        check_int32(name, tensor)
    axis = normalize_axis(name, axis, len(given))
    if axis + len(indices) > len(given):
        raise AxisError(
            f"{name}: {len(indices)} indices from axis {axis} on, but shape {given} has {len(given)} axes; give one "
            "for each axis"
        )
    return axis, broadcast_shapes(name, *(tensor.shape for tensor in indices))


def definition(x: PlainArray, *indices: PlainArray, axis: int) -> PlainArray:
    """Block by block."""
    last = axis + len(indices)
    places, shape = raveled("index", indices, x.shape[axis:last])
    block, inner = prod(x.shape[axis:]), prod(x.shape[last:])
    result = x.values[:0]
    for outer in range(prod(x.shape[:axis])):
        for place in places:
            start = outer * block + place * inner
            result += x.values[start : start + inner]
    return PlainArray(result, (*x.shape[:axis], *shape, *x.shape[last:]))


def gradient(g: Any, y: Any, x: Any, *indices: Any, axis: int) -> tuple[Any, ...]:
    """Clause 3."""
    return x.zeros_like().index_add(g, *indices, axis=axis), *[None] * len(indices)


operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([10.0, -0.0, 30.0], int32([2, 1, -3]), want=[30.0, -0.0, 10.0]),
        case([[1.0, 2.0], [3.0, 4.0]], int32([1, 0, -1]), int32([0, 0, 1]), want=[3.0, 1.0, 4.0]),
        case([[1.0, 2.0], [3.0, 4.0]], int32([1, 0], 2, 1), int32([0, 1]), want=[[3.0, 4.0], [1.0, 2.0]]),
        case(
            [[[1.0], [2.0]], [[3.0], [4.0]]],
            int32([1, 1, 0]),
            axis=1,
            want=[[[2.0], [2.0], [1.0]], [[4.0], [4.0], [3.0]]],
        ),
        case([[1.0, 2.0]], int32([0], 1, 1), int32([]), want=[[]]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 2 at position (1,)", [1.0, 2.0], int32([0, 2])),
        refusal(IndexRangeError, "index -3 at position (0,)", [[1.0, 2.0]], int32([0]), int32([-3])),
        refusal(DTypeError, "int32", [1.0], [0.0]),
        refusal(AxisError, "give one for each axis", [[1.0]], int32([0]), int32([0]), axis=1),
        refusal(AxisError, "at least one", [1.0]),
        refusal(ShapeError, "do not broadcast", [[1.0]], int32([0, 0]), int32([0, 0, 0])),
    ),
    calls=(
        call((5,), Ints((7,), -5, 5)),
        call((4, 3), Ints((2, 3), -4, 4), Ints((3,), 0, 3)),
        call((4, 3), Ints((5,), 0, 3), axis=1),
        call((2, 3, 4, 2), Ints((3, 1), -3, 3), Ints((2,), -4, 4), axis=1),
        call((3, 4), Ints((0,), 0, 3)),
        call((3, 0), Ints((2,), 0, 3)),
        call((33, 5), Ints((), 0, 33), Ints((), 0, 5)),
    ),
    data="moves",
)
