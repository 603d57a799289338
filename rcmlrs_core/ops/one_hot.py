"""one_hot(indices, *, classes): a row of ``classes`` zeros for every index, with a one at its place.

1. Of shape ``indices.shape + (classes,)`` and float32: ``one_hot([2, 0], classes=3) = [[0, 0, 1], [1, 0, 0]]``.
2. An index outside of [0, classes) is refused; negative ones too.
3. Not differentiable: an index moves in jumps.
"""

from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.indices import check_int32, check_range, int32
from rcmlrs_core.ops.op import General, NoGradient, Operand, Result, bind_attributes, case, refusal
from rcmlrs_core.ops.shapes import normalize_shape
from rcmlrs_core.plain import FLOAT32, PlainArray


def rule(indices: Operand, *, classes: int) -> Result:
    """At least one class."""
    check_int32("one_hot", indices)
    classes = bind_attributes("one_hot", CLASSES, {"classes": classes})["classes"]
    if classes < 1:
        raise AttributeValueError(f"one_hot: classes must be at least 1, got {classes}")
    return Result(normalize_shape("one_hot", (*indices.shape, classes)), FLOAT32, {"classes": classes})


def definition(indices: PlainArray, *, classes: int) -> PlainArray:
    """Zeros, and a one for every index."""
    check_range("one_hot", indices, classes)
    result = [0.0] * (len(indices.values) * classes)
    for i, index in enumerate(indices.values):
        result[i * classes + index] = 1.0
    return PlainArray.of(result, (*indices.shape, classes))


operation = General(
    module=__name__,
    clause="N4.1",
    rule=rule,
    definition=definition,
    gradient=NoGradient("the place of the one moves in jumps"),
    cases=(
        case(int32([2, 0]), classes=3, want=[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]),
        case(int32([1, 0], 2, 1), classes=2, want=[[[0.0, 1.0]], [[1.0, 0.0]]]),
    ),
    refusals=(
        refusal(IndexRangeError, "index 3 at position (1,)", int32([0, 3]), classes=3),
        refusal(IndexRangeError, "negative", int32([-1]), classes=3),
        refusal(AttributeValueError, "at least 1", int32([0]), classes=0),
        refusal(DTypeError, "int32", [0.0], classes=3),
        refusal(ShapeError, "2^62", int32([0]), classes=2**64),
    ),
    calls=(
        call(Ints((7,), 0, 5), classes=5),
        call(Ints((2, 3), 0, 4), classes=9),
        call(Ints((), 0, 1), classes=1),
        call(Ints((0,), 0, 1), classes=3),
        call(Ints((65,), 0, 10), classes=10),
    ),
    data="float_moves",
)
CLASSES = {"classes": operation.signature.parameters["classes"]}
