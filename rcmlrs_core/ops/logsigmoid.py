"""logsigmoid(x): the logarithm of the sigmoid, log(1 / (1 + e^-x)).

1. ``-softplus(-x)``: since RN is odd, this is ``RN`` of the exact logarithm, without a second rounding (N2.1).
2. ``logsigmoid(-inf) = -inf``; ``logsigmoid(inf) = -0``, the limit from below (N2.3).
3. The gradient is ``g * logsigmoid_derivative(x)``, by the chain rule.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.comparison import mask
from rcmlrs_core.ops.op import Composition, case, refusal


def logsigmoid(x: Any) -> Any:
    """Clause 1."""
    return x.neg().softplus().neg()


operation = Composition(
    module=__name__,
    clause="N2.1",
    function=logsigmoid,
    aliases=("log_sigmoid",),
    cases=(
        case([0.0, -0.0], want=[-0.6931472, -0.6931472]),
        case([inf, -inf, nan], want=[-0.0, -inf, nan]),
        case([16.0, 50.0, 104.0, -1e30], want=[-1.1253517e-07, -1.9287499e-22, -0.0, -1e30]),
    ),
    refusals=(refusal(DTypeError, "bool", mask(1)),),
    calls=(call((2, 3)), call(()), call((0,)), call((33,))),
)
