"""index_mask(x, mask, axis=0): the elements where a mask holds, on some neighbouring axes: what ``x[mask]`` does.

1. ``mask`` is a bool with at least one axis, of the shape that ``x`` has from ``axis`` on. These axes become one, on
   which the parts of ``x`` follow in row-major order of the mask. Its length depends on the mask's elements. No bit
   changes (N4.1). (``where`` keeps the shape; ``masked_select`` broadcasts.)
2. The gradient puts every element back to its place among zeros; the mask takes none.
"""

from math import prod
from typing import Any

from rcmlrs_core.errors import AxisError, DTypeError, ShapeError
from rcmlrs_core.ops.calls import Bools, call
from rcmlrs_core.ops.op import General, Operand, Result, case, conversion, refusal
from rcmlrs_core.ops.shapes import normalize_axis
from rcmlrs_core.plain import BOOL, PlainArray


def rule(x: Operand, mask: Operand, axis: int = 0) -> Result:
    """Clause 1."""
    if mask.dtype != BOOL:
        raise DTypeError(f"index_mask: a mask is bool, got {mask.dtype}; {conversion(BOOL, mask.dtype)}")
    if not mask.shape:
        raise AxisError("index_mask: a mask has at least one axis, got one of shape (); where takes a single bool")
    axis = normalize_axis("index_mask", axis, len(x.shape))
    last = axis + len(mask.shape)
    if x.shape[axis:last] != mask.shape:
        raise ShapeError(
            f"index_mask: a mask of shape {mask.shape} from axis {axis} of shape {x.shape} on; it has the lengths of "
            "these axes (masked_select broadcasts)"
        )
    return Result((*x.shape[:axis], -1, *x.shape[last:]), x.dtype, {"axis": axis})


def definition(x: PlainArray, mask: PlainArray, *, axis: int) -> PlainArray:
    """Part by part."""
    last = axis + len(mask.shape)
    block, inner = prod(x.shape[axis:]), prod(x.shape[last:])
    result = x.values[:0]
    for outer in range(prod(x.shape[:axis])):
        for place, taken in enumerate(mask.values):
            if taken:
                start = outer * block + place * inner
                result += x.values[start : start + inner]
    return PlainArray(result, (*x.shape[:axis], sum(mask.values), *x.shape[last:]))


def gradient(g: Any, y: Any, x: Any, mask: Any, *, axis: int) -> tuple[Any, None]:
    """Clause 2."""
    return x.zeros_like().index_put(g, *mask.nonzero(), axis=axis), None


MASK = PlainArray.of([1, 0, 1], (3,), BOOL)

operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case([1.0, 2.0, -0.0], MASK, want=[1.0, -0.0]),
        case([[1.0, 2.0], [3.0, 4.0]], PlainArray.of([0, 1, 1, 0], (2, 2), BOOL), want=[2.0, 3.0]),
        case([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], MASK, axis=-1, want=[[1.0, 3.0], [4.0, 6.0]]),
        case([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], MASK, want=[[1.0, 2.0], [5.0, 6.0]]),
        case([1.0], PlainArray.of([0], (1,), BOOL), want=[]),
    ),
    refusals=(
        refusal(DTypeError, "a mask is bool, got int32", [1.0], PlainArray.of([1], (1,), "int32")),
        refusal(ShapeError, "it has the lengths of these axes", [1.0, 2.0], MASK),
        refusal(ShapeError, "it has the lengths of these axes", [1.0], PlainArray.of([1], (1, 1), BOOL)),
        refusal(AxisError, "at least one axis", [1.0], PlainArray.of([1], (), BOOL)),
        refusal(AxisError, "out of range", [1.0], MASK, axis=1),
    ),
    calls=(
        call((7,), Bools((7,))),
        call((3, 4), Bools((3,))),
        call((3, 4), Bools((3, 4))),
        call((2, 3, 4), Bools((3,)), axis=1),
        call((2, 3, 4), Bools((3, 4)), axis=-2),
        call((0, 3), Bools((0,))),
        call((2, 0), Bools((2,))),
        call((65,), Bools((65,))),
    ),
    data="moves",
)
