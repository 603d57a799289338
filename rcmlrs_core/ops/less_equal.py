"""less_equal(x, y): whether x is at most y; ``x <= y``.

1. Elementwise, as a tensor of bools. ``-0`` and ``+0`` are equal; a comparison with NaN is false (IEEE 754-2019,
   5.11).
2. Both are float32 or both int32. Operands broadcast against each other.
3. A mask has no gradient.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.op import Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray


def plain(x: float, y: float) -> bool:
    """Clause 1."""
    return x <= y


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Clause 1."""
    return x <= y


operation = Elementwise(
    module=__name__,
    clause="N2.3",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    gives=BOOL,
    gradient=NoGradient("a comparison gives a mask of bools"),
    aliases=("le",),
    cases=(
        case(
            [-0.0, nan, inf, 1.0, -(2.0**-149), 1 + 2.0**-23],
            [0.0, nan, inf, nan, 0.0, 1.0],
            want=[True, False, True, False, True, False],
        ),
        case(
            PlainArray.of([-(2**31), 7, 16777217], (3,), "int32"),
            PlainArray.of([2**31 - 1, 7, 16777216], (3,), "int32"),
            want=[True, True, False],
        ),
        case([[1.0], [2.0]], [1.0, 2.0], want=[[True, True], [False, True]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "int32 and float32 differ", PlainArray.of([1], (1,), "int32"), [1.0]),
        refusal(
            DTypeError,
            "takes float32 or int32, got bool",
            PlainArray.of([1], (1,), "bool"),
            PlainArray.of([0], (1,), "bool"),
        ),
    ),
)
