"""logsigmoid_derivative(x): the derivative of logsigmoid.

1. ``sigmoid(-x)``, rounded once (N2.1).
2. ``logsigmoid_derivative(-inf) = 1`` and ``logsigmoid_derivative(inf) = +0``, the limits (N2.3).
3. The gradient is that of sigmoid, by the chain rule.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case


def logsigmoid_derivative(x: Any) -> Any:
    """Clause 1."""
    return x.neg().sigmoid()


operation = Composition(
    module=__name__,
    clause="N2.1",
    function=logsigmoid_derivative,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.5, 0.5, 0.0, 1.0, nan]),
        case([1.0, -1.0, 104.0, -104.0], want=[0.26894143, 0.7310586, 0.0, 1.0]),
    ),
    calls=(call((2, 3)), call(()), call((0,)), call((33,))),
)
