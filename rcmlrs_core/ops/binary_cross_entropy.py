"""binary_cross_entropy(probabilities, target, weight=None, *, eps=0.0, reduction="mean"): of probabilities.

1. For probabilities p and targets t in [0, 1] the mean of ``-t log(p) - (1 - t) log(1 - p)``, with ``log1p(-p)`` for
   the second logarithm: ``log``, ``log1p``, ``sub``, ``mul``, ``fma`` and ``mean``, each rounded once (N5).
2. A logarithm is at least -100 (PyTorch's clipping), so that a p of 0 or 1 that is wrong costs 100. No gradient flows
   there: prefer ``binary_cross_entropy_with_logits``, which needs no clipping.
3. With ``eps`` above 0 (at most 0.5), p is clipped to [eps, 1 - eps] first (Keras does so with 1e-7); both ends are
   rounded once (N6).
4. ``weight`` multiplies the losses, and broadcasts to them; the mean is that of all, whatever their weights.
5. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
6. Probabilities and targets have one shape: nothing is broadcast between them. The loss of a p that is not in [0, 1] is
   NaN (unless it is clipped by ``eps``).
"""

from math import nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_number, check_same_shape, check_weight, labels_of, reduce
from rcmlrs_core.ops.op import Composition, case, refusal

LEAST = -100.0


def binary_cross_entropy(
    probabilities: Any, target: Any, weight: Any = None, *, eps: float = 0.0, reduction: str = "mean"
) -> Any:
    """Clause 1."""
    name = "binary_cross_entropy"
    check_same_shape(name, probabilities, target)
    least = check_number(name, "eps", eps, most=0.5)
    p = probabilities.clip(round_number(least), round_number(1 - least)) if least else probabilities
    # At 0 and 1, where a logarithm would be infinite, it is asked for at another place: its gradient there is no NaN.
    never, surely = p.equal(0.0), p.equal(1.0)
    of_p = p.masked_fill(never, 1.0).log().maximum(LEAST).masked_fill(never, LEAST)
    of_rest = (-p.masked_fill(surely, 0.0)).log1p().masked_fill(surely, LEAST)
    losses = -(1.0 - target).fma(of_rest, target * of_p)
    if weight is not None:
        check_weight(name, weight, losses.shape)
        losses = losses * weight
    return reduce(name, losses, reduction)


operation = Composition(
    module=__name__,
    function=binary_cross_entropy,
    cases=(
        case([0.5, 0.5], [0.0, 1.0], want=0.6931471824645996, note="log 2"),
        case([0.0, 1.0], [0.0, 1.0], reduction="sum", want=0.0),
        case([0.0, 1.0], [1.0, 0.0], reduction="none", want=[100.0, 100.0], note="clause 2"),
        case([1e-45, 1e-30], [1.0, 0.0], reduction="none", want=[100.0, 1e-30]),
        case([0.0, 1.0], [1.0, 0.0], eps=1e-7, reduction="none", want=[16.11809539794922, 15.942384719848633]),
        case([0.5, 0.5], [0.25, 1.0], [2.0], reduction="none", want=[1.3862943649291992, 1.3862943649291992]),
        case([1.5, float("nan")], [0.0, 1.0], reduction="none", want=[nan, nan]),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(ShapeError, "weight of shape (3,) does not broadcast", [1.0, 0.5], [0.0, 1.0], [1.0, 1.0, 1.0]),
        refusal(DTypeError, "float32", [1.0], labels_of(1)),
        refusal(AttributeValueError, "eps is a number of at least 0 and at most 0.5", [1.0], [1.0], eps=1),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), (4,), eps=0.01, reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
