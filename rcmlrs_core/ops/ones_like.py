"""ones_like(x, *, dtype=None): ones of the shape of ``x``, and of its element type unless ``dtype`` says another.

1. A constant that is broadcast: whatever ``x`` holds, infinities and NaN too, the result is 1. No gradient flows to
   ``x``.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def ones_like(x: Any, *, dtype: str | None = None) -> Any:
    """Clause 1."""
    return x.full_like(True, dtype)  # which is a one of any element type


operation = Composition(
    module=__name__,
    function=ones_like,
    cases=(
        case([0.0, float("inf"), float("nan")], want=[1.0] * 3),
        case([[1.0, 2.0]], want=[[1.0, 1.0]]),
        case([0.0], dtype="bool", want=[True]),
    ),
    refusals=(refusal(DTypeError, "there is no element type 'float16'", [1.0], dtype="float16"),),
    calls=(
        call((2, 3)),
        call(()),
        call((0,)),
    ),
    data="moves",
)
