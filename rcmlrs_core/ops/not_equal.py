"""not_equal(x, y): whether two elements differ; ``x != y``.

1. Elementwise, as a tensor of bools. ``-0`` and ``+0`` are equal; a comparison with NaN is true (IEEE 754-2019,
   5.11).
2. Both are float32, both int32 or both bool. Operands broadcast against each other.
3. A mask has no gradient.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.op import ALL_DTYPES, Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, PlainArray


def plain(x: float, y: float) -> bool:
    """Clause 1."""
    return x != y


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Clause 1."""
    return x != y


operation = Elementwise(
    module=__name__,
    clause="N2.3",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=ALL_DTYPES,
    gives=BOOL,
    gradient=NoGradient("a comparison gives a mask of bools"),
    aliases=("ne",),
    cases=(
        case(
            [-0.0, nan, inf, 1.0, -(2.0**-149), 1 + 2.0**-23],
            [0.0, nan, inf, nan, 0.0, 1.0],
            want=[False, True, False, True, True, True],
        ),
        case(
            PlainArray.of([-(2**31), 7, 16777217], (3,), "int32"),
            PlainArray.of([2**31 - 1, 7, 16777216], (3,), "int32"),
            want=[True, False, True],
        ),
        case(PlainArray.of([0, 1, 1], (3,), "bool"), PlainArray.of([0, 0, 1], (3,), "bool"), want=[False, True, False]),
        case([[1.0], [2.0]], [1.0, 2.0], want=[[False, True], [True, False]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "int32 and float32 differ", PlainArray.of([1], (1,), "int32"), [1.0]),
    ),
)
