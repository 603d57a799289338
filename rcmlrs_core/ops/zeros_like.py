"""zeros_like(x): zeros of the shape and element type of ``x``.

1. A constant that is broadcast: whatever ``x`` holds, infinities and NaN too, the result is +0. No gradient flows to
   ``x``.
"""

from typing import Any

from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case


def zeros_like(x: Any) -> Any:
    """Clause 1."""
    return x.full_like(False)  # which is a zero of any element type


operation = Composition(
    module=__name__,
    function=zeros_like,
    cases=(case([1.0, float("inf"), float("nan"), -0.0], want=[0.0] * 4), case([[1.0, 2.0]], want=[[0.0, 0.0]])),
    calls=(
        call((2, 3)),
        call(()),
        call((0,)),
    ),
    data="moves",
)
