"""bitwise_invert(x): every bit inverted; ``~x``.

1. Of int32 it is ``-1 - x``; of bool, ``logical_not``.
2. Bits have no gradient.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.comparison import int32, mask
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, INT32


def plain(x: bool) -> bool:
    """Clause 1, of bools."""
    return not x


def binary64(m: Any, x: Any) -> Any:
    """Clause 1, of bools."""
    return ~x


def integers(m: Any, x: Any) -> Any:
    """Clause 1, of int32, in two's complement."""
    return -1 - x


operation = Elementwise(
    module=__name__,
    clause="N1.1",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(INT32, BOOL),
    gives=None,
    integers=integers,
    gradient=NoGradient("only float32 has gradients"),
    aliases=("bitwise_not",),
    cases=(
        case(int32(0, -1, 5, -(2**31)), want=[-1, 0, -6, 2**31 - 1]),
        case(mask(0, 1), want=[True, False]),
    ),
    refusals=(refusal(DTypeError, "takes int32 or bool, got float32", [1.0]),),
)
