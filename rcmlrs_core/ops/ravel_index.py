"""ravel_index(*indices, shape): positions on several axes as one number each: the place in row-major order.

1. ``indices`` are int32 tensors that broadcast against each other, one for each length of ``shape``:
   ``ravel_index(i, j, shape=(m, n)) = i * n + j`` (NumPy's ``ravel_multi_index``), an int32.
2. Indices below zero count from the end. One outside of [-length, length) is refused, and so is a shape of more than
   2^31 elements.
3. Not differentiable: the number of a place moves in jumps.
"""

from collections.abc import Sequence
from math import prod

from rcmlrs_core.errors import AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_int32, int32, raveled
from rcmlrs_core.ops.op import General, NoGradient, Operand, Result, case, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes, normalize_shape
from rcmlrs_core.plain import INT32, PlainArray, Shape


def rule(*indices: Operand, shape: int | Sequence[int]) -> Result:
    """Clauses 1 and 2."""
    lengths = normalize_shape("ravel_index", shape)
    if len(lengths) != len(indices) or not indices:
        raise AxisError(
            f"ravel_index: {len(indices)} indices for the {len(lengths)} axes of {lengths}; give one for each"
        )
    for tensor in indices:
        check_int32("ravel_index", tensor)
    if prod(lengths) > 1 << 31:
        raise ShapeError(f"ravel_index: {lengths} has {prod(lengths)} elements, more than an int32 can number")
    return Result(broadcast_shapes("ravel_index", *(tensor.shape for tensor in indices)), INT32, {"shape": lengths})


def definition(*indices: PlainArray, shape: Shape) -> PlainArray:
    """Element by element."""
    places, found = raveled("ravel_index", indices, shape)
    return PlainArray.of(places, found, INT32)


operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=NoGradient("the number of a place moves in jumps"),
    cases=(
        case(int32([1, 0, -1]), int32([0, 2, -2]), shape=(2, 3), want=[3, 2, 4]),
        case(int32([1, 0], 2, 1), int32([0, 1]), shape=(2, 2), want=[[2, 3], [0, 1]]),
        case(int32([-1, 4]), shape=5, want=[4, 4]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 2 at position (1,)", int32([0, 2]), shape=(2,)),
        refusal(IndexRangeError, "index -3 at position (0,)", int32([0]), int32([-3]), shape=(1, 2)),
        refusal(DTypeError, "int32", [0.0], shape=(1,)),
        refusal(AxisError, "give one for each", int32([0]), shape=(1, 2)),
        refusal(ShapeError, "do not broadcast", int32([0, 0]), int32([0, 0, 0]), shape=(1, 1)),
        refusal(ShapeError, "more than an int32", int32([0]), int32([0]), shape=(65536, 65536)),
    ),
    calls=(
        call(Ints((7,), -5, 5), shape=(5,)),
        call(Ints((2, 3), -4, 4), Ints((3,), 0, 3), shape=(4, 3)),
        call(Ints((), 0, 3), Ints((2, 1), -9, 9), Ints((2,), 0, 1), shape=(3, 9, 1)),
        call(Ints((0,), 0, 1), shape=(0,)),
    ),
    data="few",
)
