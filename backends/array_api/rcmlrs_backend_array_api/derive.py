"""Kernels of the operation families over the arrays of one library."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

from rcmlrs_backend_array_api.math import ArrayMath
from rcmlrs_backend_array_api.rounding import Rounded, round_decided
from rcmlrs_core.derive import Kernel, value_and_magnitude
from rcmlrs_core.ops.op import HIGHEST, LOWEST, Elementwise, Move, Operation, Reduction
from rcmlrs_core.plain import FLOAT32, Shape

Rounding = Callable[..., Rounded]
"""``rounding(xp, value, bound, magnitude)``: the rounding test, or a library's faster twin of it."""


def derive(
    operation: Operation, xp: Any, rounding: Rounding = round_decided, block: int | None = None
) -> Kernel | None:
    """A kernel for ``operation`` over the arrays of ``xp``; None where the family has none.

    ``block`` is how many elements are reduced at a time (in whole rows): where the temporaries of so many stay in a
    cache, that is faster.
    """
    if isinstance(operation, Elementwise):
        return elementwise(operation, xp, rounding)
    if isinstance(operation, Reduction):
        return reduction(operation, xp, rounding, block)
    if isinstance(operation, Move):
        return move(operation, xp)
    return None


def dtype_of(xp: Any, name: str) -> Any:
    """The library's element type called ``"float32"``, ``"int32"`` or ``"bool"``."""
    return getattr(xp, name)


def elementwise(operation: Elementwise, xp: Any, rounding: Rounding = round_decided) -> Kernel:
    """The binary64 formula on all elements at once; the definition, one by one, where it does not decide."""
    m = ArrayMath(xp)
    bound, integers = operation.bound, operation.integers

    def kernel(*operands: Any, **attributes: Any) -> Any:
        if integers is not None and operands[0].dtype == xp.int32:
            value = integers(m, *(xp.astype(x, xp.int64) for x in operands), **attributes)
            place = first_outside(xp, value)
            if place is not None:
                elements = [to_list(xp.reshape(xp.broadcast_to(x, value.shape), (-1,))[place]) for x in operands]
                operation.refuse_integers([x[0] for x in elements], attributes)
            return xp.astype(value, xp.int32)
        widened = [xp.astype(x, xp.float64) if x.dtype == xp.float32 else x for x in operands]
        value, magnitude = value_and_magnitude(operation.binary64(m, *widened, **attributes))
        if operation.gives != FLOAT32:
            return xp.astype(value, dtype_of(xp, operation.gives) if operation.gives else operands[-1].dtype)
        values, undecided = rounding(xp, value, bound, magnitude)
        if undecided is None:
            return values
        return settle(xp, values, undecided, operands, lambda *x: operation.value(*x, **attributes))

    return kernel


def first_outside(xp: Any, value: Any) -> Any:
    """The place of the first int64 element that is no int32, as an array of one index; None if every one is."""
    outside = (value < LOWEST) | (value > HIGHEST)
    return xp.nonzero(xp.reshape(outside, (-1,)))[0][:1] if xp.any(outside) else None


def settle(xp: Any, values: Any, undecided: Any, operands: Sequence[Any], definition: Callable[..., float]) -> Any:
    """``values`` with the undecided elements computed by the definition from the operands' elements."""
    places = xp.nonzero(xp.reshape(undecided, (-1,)))[0]
    columns = [to_list(xp.reshape(xp.broadcast_to(x, values.shape), (-1,))[places]) for x in operands]
    result = xp.reshape(values, (-1,))
    result[places] = xp.asarray([definition(*x) for x in zip(*columns, strict=True)], dtype=xp.float32)
    return xp.reshape(result, values.shape)


def to_list(x: Any) -> list[Any]:
    """The elements of an array of one axis as Python numbers."""
    return x.tolist() if hasattr(x, "tolist") else [x[i].item() for i in range(x.shape[0])]


def reduction(
    operation: Reduction,
    xp: Any,
    rounding: Rounding = round_decided,
    block: int | None = None,
    math: type[ArrayMath] = ArrayMath,
) -> Kernel:
    """The axes are moved last and joined into rows; then as :func:`elementwise`, with rows in the place of elements.

    ``math`` is the namespace of the formulas, or a library's faster twin of it.
    """
    m = math(xp)

    def kernel(x: Any, *, axis: Sequence[int], keepdims: bool = False, **attributes: Any) -> Any:
        kept = [i for i in range(x.ndim) if i not in axis]
        lengths = tuple(x.shape[i] for i in kept)
        n = prod(x.shape[i] for i in axis)
        rows = xp.reshape(xp.permute_dims(x, (*kept, *axis)), (prod(lengths), n))
        step = max(1, block // max(1, n)) if block else max(1, rows.shape[0])
        parts = [
            reduce_rows(operation, xp, m, rows[start : start + step, :], attributes, rounding)
            for start in range(0, max(1, rows.shape[0]), step)
        ]
        values = parts[0] if len(parts) == 1 else xp.concat(parts)
        if operation.maps:
            moved = xp.reshape(values, lengths + tuple(x.shape[i] for i in axis))
            order = (*kept, *axis)
            return xp.permute_dims(moved, tuple(order.index(i) for i in range(x.ndim)))
        if operation.squares:
            return xp.reshape(values, (*lengths, n, n))
        return xp.reshape(
            values, tuple(1 if i in axis else s for i, s in enumerate(x.shape) if keepdims or i not in axis)
        )

    return kernel


def reduce_rows(
    operation: Reduction, xp: Any, m: ArrayMath, rows: Any, attributes: dict[str, Any], rounding: Rounding
) -> Any:
    """The results of an array of rows (count, n), in rows again."""
    count, n = rows.shape
    if operation.integers is not None and rows.dtype == xp.int32:
        return _whole(operation, xp, m, rows, attributes)
    if operation.binary64 is None or n == 0 or count == 0:
        return _by_definition(operation, xp, rows, attributes)
    value, magnitude = value_and_magnitude(operation.binary64(m, xp.astype(rows, xp.float64), **attributes))
    if operation.gives != FLOAT32:
        return xp.astype(value, dtype_of(xp, operation.gives))
    values, undecided = rounding(xp, value, operation.bound(n), magnitude)
    if undecided is not None:
        mask, flat = xp.reshape(undecided, (count, -1)), xp.reshape(values, (count, -1))
        for i in to_list(xp.nonzero(xp.any(mask, axis=1))[0]):
            places = to_list(xp.nonzero(mask[i, :])[0])
            for place, exact in zip(places, operation.elements(to_list(rows[i, :]), places, **attributes), strict=True):
                flat[i, place] = exact
        values = xp.reshape(flat, values.shape)
    return values


def _whole(operation: Reduction, xp: Any, m: ArrayMath, rows: Any, attributes: dict[str, Any]) -> Any:
    """The same for rows of int32, by ``integers``."""
    assert operation.integers is not None
    value = operation.integers(m, xp.astype(rows, xp.int64), **attributes)
    place = first_outside(xp, value)
    if place is not None:
        operation.refuse_integers(to_list(rows[to_list(place)[0] // value.shape[1], :]), attributes)
    return xp.astype(value, xp.int32)


def _by_definition(operation: Reduction, xp: Any, rows: Any, attributes: dict[str, Any]) -> Any:
    count, n = rows.shape
    dtype = dtype_of(xp, operation.gives)
    results = [operation.row(row, **attributes) for row in rows.tolist()]
    width = n if operation.maps else n * n if operation.squares else 1
    return xp.reshape(xp.asarray(results, dtype=dtype), (count, width))


def move(operation: Move, xp: Any) -> Kernel:
    """One gather, by the sources that the definition lists."""

    @lru_cache(maxsize=256)
    def sources(shapes: Sequence[Shape], attributes: tuple[tuple[str, Any], ...]) -> Any:
        return xp.asarray(operation.source(*shapes, **dict(attributes)), dtype=xp.int64)

    def kernel(*operands: Any, **attributes: Any) -> Any:
        shape = operation.check(*map(_AsOperand, operands), **attributes).shape
        dtype = operands[0].dtype
        flat = [xp.reshape(x, (-1,)) for x in operands]
        filling = xp.asarray([attributes.get("value", 0)], dtype=dtype)
        places = sources(tuple(tuple(x.shape) for x in operands), tuple(attributes.items()))
        return xp.reshape(xp.concat([*flat, filling])[places], shape)

    return kernel


class _AsOperand:
    """An array as a shape check wants to see it."""

    def __init__(self, x: Any) -> None:
        self.shape = tuple(x.shape)
        self.dtype = str(x.dtype).rpartition(".")[2]
