"""zeros_like(x, *, dtype=None): zeros of the shape of ``x``, and of its element type unless ``dtype`` says another.

1. A constant that is broadcast: whatever ``x`` holds, infinities and NaN too, the result is +0. No gradient flows to
   ``x``.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal
from rcmlrs_core.plain import INT32, PlainArray


def zeros_like(x: Any, *, dtype: str | None = None) -> Any:
    """Clause 1."""
    return x.full_like(False, dtype)  # which is a zero of any element type


operation = Composition(
    module=__name__,
    function=zeros_like,
    aliases=("empty_like",),
    cases=(
        case([1.0, float("inf"), float("nan"), -0.0], want=[0.0] * 4),
        case([[1.0, 2.0]], want=[[0.0, 0.0]]),
        case([1.0], dtype="int32", want=PlainArray.of([0], (1,), INT32)),
    ),
    refusals=(refusal(DTypeError, "there is no element type 'float16'", [1.0], dtype="float16"),),
    calls=(
        call((2, 3)),
        call(()),
        call((0,)),
    ),
    data="moves",
)
