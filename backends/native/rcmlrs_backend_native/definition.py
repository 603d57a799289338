"""The elements that a native kernel leaves undecided, by the framework's own definition of the operation."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rcmlrs_backend_native._native import dump
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Elementwise, Reduction, spread
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import PlainArray, offsets, strides_of


def values(name: str, places: Sequence[int], operands: Sequence[Any], attributes: dict[str, Any]) -> list[float]:
    """The elements of the result of operation ``name`` at ``places``, counted in row-major order."""
    operation = KERNELS[name]
    plain = [PlainArray.frombytes(dump(x), x.shape, x.dtype) for x in operands]
    if isinstance(operation, Elementwise):
        shape = broadcast_shapes(name, *(x.shape for x in plain))
        rows = [spread(x, shape) for x in plain]
        return [operation.value(*(row[place] for row in rows), **attributes) for place in places]
    if isinstance(operation, Reduction):
        return _of_rows(operation, plain[0], places, attributes)
    result = operation.define(*plain, **attributes)
    return [result.values[place] for place in places]


def _of_rows(operation: Reduction, x: PlainArray, places: Sequence[int], attributes: dict[str, Any]) -> list[float]:
    """Row by row: the undecided elements of one row share what is costly."""
    result = operation.check(x, **attributes)
    attributes = {key: value for key, value in attributes.items() if key not in ("axis", "keepdims")}
    axes = result.attributes["axis"]
    kept = [i for i in range(len(x.shape)) if i not in axes]
    strides = strides_of(x.shape)
    starts = offsets(tuple(x.shape[i] for i in kept), [strides[i] for i in kept])
    steps = offsets(tuple(x.shape[i] for i in axes), [strides[i] for i in axes])
    if operation.maps:  # the result lies as x does: from a place to its row, and its place in it
        where = {start + step: (row, i) for row, start in enumerate(starts) for i, step in enumerate(steps)}
        found = [where[place] for place in places]
    else:
        width = len(steps) ** 2 if operation.squares else 1
        found = [divmod(place, width) for place in places]
    elements = x.values
    known: dict[tuple[int, int], float] = {}
    for row, group in groupby(sorted(found), key=lambda pair: pair[0]):
        inside = [place for _, place in group]
        exact = operation.elements([elements[starts[row] + step] for step in steps], inside, **attributes)
        known |= {(row, place): value for place, value in zip(inside, exact, strict=True)}
    return [known[pair] for pair in found]
