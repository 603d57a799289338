"""positive(x): x itself; ``+x``.

1. Of float32 and int32. Nothing is computed, and no bit changes.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.comparison import int32, mask
from rcmlrs_core.ops.op import Composition, case, check_dtypes, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def positive(x: Any) -> Any:
    """Clause 1."""
    check_dtypes("positive", (x,), (FLOAT32, INT32))
    return x


operation = Composition(
    module=__name__,
    function=positive,
    cases=(
        case([-0.0, float("nan"), -1.0], want=[-0.0, float("nan"), -1.0]),
        case(int32(-1, 0), want=[-1, 0]),
    ),
    calls=(call((2, 3)),),
    data="float_moves",
    refusals=(refusal(DTypeError, "takes float32 or int32, got bool", mask(1)),),
)
