"""softplus_derivative(x): the derivative of softplus.

1. ``sigmoid(x)``, rounded once (N2.1).
2. The gradient is that of sigmoid.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case


def softplus_derivative(x: Any) -> Any:
    """Clause 1."""
    return x.sigmoid()


operation = Composition(
    module=__name__,
    clause="N2.1",
    function=softplus_derivative,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.5, 0.5, 1.0, 0.0, nan]),
        case([1.0, -1.0, -104.0], want=[0.7310586, 0.26894143, 0.0]),
    ),
    calls=(call((2, 3)), call(()), call((0,)), call((33,))),
)
