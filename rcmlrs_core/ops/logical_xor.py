"""logical_xor(x, y): true where one of x and y is, and not the other.

1. Of bools, to bools. Operands broadcast against each other.
2. A mask has no gradient.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, PlainArray


def plain(x: bool, y: bool) -> bool:
    """Clause 1."""
    return x != y


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Clause 1, on bools."""
    return x ^ y


operation = Elementwise(
    module=__name__,
    clause="N1.1",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(BOOL,),
    gives=BOOL,
    gradient=NoGradient("it gives a mask of bools"),
    cases=(
        case(
            PlainArray.of([0, 0, 1, 1], (4,), "bool"),
            PlainArray.of([0, 1, 0, 1], (4,), "bool"),
            want=[False, True, True, False],
        ),
        case(
            PlainArray.of([1, 0], (2, 1), "bool"),
            PlainArray.of([1, 0], (2,), "bool"),
            want=[[False, True], [True, False]],
        ),
    ),
    refusals=(
        refusal(DTypeError, "takes bool, got float32", [1.0], [0.0]),
        refusal(
            ShapeError, "lengths 2 and 3", PlainArray.of([1, 0], (2,), "bool"), PlainArray.of([1, 0, 1], (3,), "bool")
        ),
    ),
)
