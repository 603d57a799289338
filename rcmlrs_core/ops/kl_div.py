"""kl_div(x, target, *, log_target=False, reduction="mean"): how far log-probabilities are from a distribution.

1. The Kullback-Leibler divergence of log-probabilities ``x``: each element is ``target (log(target) - x)``, and 0 where
   the target is 0 (and x finite). ``log``, ``sub``, ``mul`` and ``mean``, each rounded once (N5).
2. With ``log_target=True`` the targets are logarithms too: ``exp(target) (target - x)``.
3. The mean is that of all elements, which is not the divergence; ``reduction="batchmean"`` divides the sum by the
   length of the first axis, which is. ``"sum"`` adds up, and ``"none"`` gives the elements themselves.
4. The shapes must be equal: nothing is broadcast. (The order of arguments is PyTorch's; Keras' ``KLDivergence`` takes
   probabilities, the true ones first.)
"""

from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import REDUCTIONS, check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def kl_div(x: Any, target: Any, *, log_target: bool = False, reduction: str = "mean") -> Any:
    """Clause 1; the logarithm is asked for where there is one, so that the gradient elsewhere is no NaN."""
    check_same_shape("kl_div", x, target)
    if reduction not in (*REDUCTIONS, "batchmean"):
        raise AttributeValueError(f"kl_div: reduction is one of {', '.join(REDUCTIONS)}, batchmean, got {reduction!r}")
    if log_target:
        losses = target.exp() * (target - x)
    else:
        losses = target * (target.masked_fill(target.equal(0.0), 1.0).log() - x)
    if reduction != "batchmean":
        return reduce("kl_div", losses, reduction)
    if not x.ndim or not x.shape[0]:
        raise ShapeError(f"kl_div: batchmean divides by the length of the first axis, and the shape is {x.shape}")
    return losses.sum() / x.shape[0]


operation = Composition(
    module=__name__,
    function=kl_div,
    cases=(
        case([[-1.0, -0.5]], [[0.0, 1.0]], reduction="none", want=[[0.0, 0.5]]),
        case([[-1.0, -0.5], [-2.0, -0.25]], [[0.0, 1.0], [1.0, 0.0]], want=0.625),
        case([[-1.0, -0.5], [-2.0, -0.25]], [[0.0, 1.0], [1.0, 0.0]], reduction="batchmean", want=1.25),
        case([-1.0, -2.0], [0.0, -2.0], log_target=True, reduction="none", want=[1.0, 0.0]),
        case([-1.0, -0.5], [0.25, 0.75], reduction="sum", want=0.06266483664512634),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(ShapeError, "batchmean", 1.0, 1.0, reduction="batchmean"),
        refusal(
            AttributeValueError, "reduction is one of mean, sum, none, batchmean", [1.0], [1.0], reduction="average"
        ),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), reduction="batchmean"),
        call((3, 4), (3, 4), log_target=True, reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
