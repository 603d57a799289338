"""max(x, axis=None, keepdims=False): the largest of the elements along some axes.

1. No rounding. NaN if any element is NaN; ``max(-0, +0) = +0`` (N2.3).
2. ``axis`` is an int, a tuple of ints or None, which is all. The largest of no elements is refused.
3. The gradient goes to the first of the largest in row-major order (N4.3), or to the first NaN.
4. Of int32 too, to int32.
"""

import math
from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.numerics import rows
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def row(values: list[float]) -> float:
    """One comparison after the other."""
    largest = values[0]
    for value in values:
        largest = rows.larger(largest, value)
    return largest


def binary64(m: Any, x: Any) -> Any:
    """Every binary32 number is a binary64 number of the same order."""
    return m.max(x)


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return m.max(x)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    """``g`` at the first of the largest."""
    chosen = as_rows(x, axis).argmax(axis=-1, keepdims=True)
    return (to_chosen(g, chosen, x, axis),)


def as_rows(x: Any, axis: tuple[int, ...]) -> Any:
    """The axes in ``axis`` moved last and joined into one: the rows of the reduction."""
    kept = tuple(i for i in range(len(x.shape)) if i not in axis)
    shape = tuple(x.shape[i] for i in kept) + (math.prod(x.shape[i] for i in axis),)
    return reordered(x, (*kept, *axis)).reshape(shape)


def to_chosen(g: Any, chosen: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """Zeros like ``x`` with what ``g`` says at the places ``chosen`` of each row, added where a place comes twice."""
    zeros = as_rows(x.zeros_like(), axis)
    updates = g.reshape((*chosen.shape[:-1], 1))
    if updates.shape != chosen.shape:
        updates = updates.broadcast_to(chosen.shape)
    return from_rows(zeros.scatter_add(chosen, updates, axis=-1), x, axis)


def from_rows(rows: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """Back from :func:`as_rows` to the shape of ``x``."""
    order = (*(i for i in range(len(x.shape)) if i not in axis), *axis)
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    return reordered(rows.reshape(tuple(x.shape[i] for i in order)), back)


def reordered(x: Any, order: tuple[int, ...]) -> Any:
    """``x.transpose(order)``, which is ``x`` where the order is that which there is: no operation for that."""
    return x if order == tuple(range(len(order))) else x.transpose(order)


operation = Reduction(
    module=__name__,
    clause="N2.3",
    row=row,
    binary64=binary64,
    bound=lambda n: 0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    aliases=("find_max", "amax"),
    empty="the largest of no elements does not exist",
    cases=(
        case([1.0, 3.0, 2.0], want=3.0),
        case([-0.0, 0.0], want=0.0),
        case([0.0, -0.0, -1.0], want=0.0),
        case([-0.0, -1.0, -0.0], want=-0.0),
        case([1.0, float("nan"), float("inf")], want=float("nan")),
        case([float("-inf"), float("-inf")], want=float("-inf")),
        case([-(2.0**-149), -(2.0**-148)], want=-(2.0**-149)),
        case([[1.0, 5.0], [4.0, 2.0]], axis=0, want=[4.0, 5.0]),
        case([[1.0, 5.0], [4.0, 2.0]], axis=(0, 1), keepdims=True, want=[[5.0]]),
        case(int32(0, -(2**31), -5), want=0),
        case(int32(-(2**31), -5), axis=0, keepdims=True, want=[-5]),
    ),
    refusals=(refusal(ShapeError, "the largest of no elements", [[], []], axis=1),),
)
