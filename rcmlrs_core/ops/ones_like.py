"""ones_like(x): ones of the shape and element type of ``x``.

1. A constant that is broadcast: whatever ``x`` holds, infinities and NaN too, the result is 1. No gradient flows to
   ``x``.
"""

from typing import Any

from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case


def ones_like(x: Any) -> Any:
    """Clause 1."""
    return x.full_like(True)  # which is a one of any element type


operation = Composition(
    module=__name__,
    function=ones_like,
    cases=(case([0.0, float("inf"), float("nan")], want=[1.0] * 3), case([[1.0, 2.0]], want=[[1.0, 1.0]])),
    calls=(
        call((2, 3)),
        call(()),
        call((0,)),
    ),
    data="moves",
)
