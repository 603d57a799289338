"""poisson_nll_loss(prediction, target, *, log_input=True, eps=1e-8, reduction="mean"): of counts that are Poisson's.

1. The negative log-likelihood of the counts ``target``, without its term of the target alone. The prediction x is the
   logarithm of the rate: ``exp(x) - target x``, an ``exp`` and an ``fma``; or with ``log_input=False`` the rate itself:
   ``x - target log(x + eps)``, an ``add``, a ``log`` and an ``fma``, each rounded once (N5).
2. ``eps`` is a number of at least 0 that keeps the logarithm of a rate of 0 finite (PyTorch; Keras takes 1e-7).
3. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
4. The shapes must be equal: nothing is broadcast.
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_number, check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def poisson_nll_loss(
    prediction: Any, target: Any, *, log_input: bool = True, eps: float = 1e-8, reduction: str = "mean"
) -> Any:
    """Clause 1."""
    check_same_shape("poisson_nll_loss", prediction, target)
    check_number("poisson_nll_loss", "eps", eps)
    if log_input:
        losses = (-target).fma(prediction, prediction.exp())
    else:
        losses = (-target).fma((prediction + eps).log(), prediction)
    return reduce("poisson_nll_loss", losses, reduction)


operation = Composition(
    module=__name__,
    function=poisson_nll_loss,
    cases=(
        case([0.0, 1.0], [3.0, 2.0], reduction="none", want=[1.0, 0.7182817459106445], note="e - 2"),
        case([1.0, 2.0], [3.0, 0.0], log_input=False, eps=0, want=1.5),
        case([0.0], [0.0], log_input=False, want=0.0),
        case([100.0], [1.0], want=float("inf")),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(AttributeValueError, "eps is a number of at least 0", [1.0], [1.0], eps=-1),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), log_input=False, reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
