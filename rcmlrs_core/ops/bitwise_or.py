"""bitwise_or(x, y): the bits that are set in x, in y or in both; ``x | y``.

1. Of the bits of two int32, or of two bools, where it is ``logical_or``. Nothing can be out of range.
2. Operands broadcast against each other.
3. Bits have no gradient.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.comparison import int32, mask
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, INT32


def plain(x: int, y: int) -> int:
    """Clause 1."""
    return x | y


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Clause 1."""
    return x | y


operation = Elementwise(
    module=__name__,
    clause="N1.1",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(INT32, BOOL),
    gives=None,
    gradient=NoGradient("only float32 has gradients"),
    cases=(
        case(int32(12, -1, -(2**31), 0), int32(10, 2**31 - 1, 1, 5), want=[14, -1, -(2**31) + 1, 5]),
        case(mask(0, 0, 1, 1), mask(0, 1, 0, 1), want=[False, True, True, True]),
        case(int32(6, 5), int32(3), want=[7, 7]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", int32(1, 2), int32(1, 2, 3)),
        refusal(DTypeError, "takes int32 or bool, got float32", [1.0], [1.0]),
        refusal(DTypeError, "int32 and bool differ", int32(1), mask(1)),
    ),
)
