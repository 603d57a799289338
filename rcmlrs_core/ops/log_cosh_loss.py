"""log_cosh_loss(prediction, target, *, reduction="mean"): the logarithm of the hyperbolic cosine of the error.

1. ``mean(log(cosh(prediction - target)))``: about half the square near zero, and the absolute error less log 2 further
   away. With ``a = |prediction - target|`` it is ``log1p(2 sinh(a/2)^2)`` up to 1, where nothing cancels, and
   ``a + softplus(-2 a) - log(2)`` beyond, where nothing overflows; each operation rounded once (N5).
2. ``reduction="sum"`` adds up in place of the mean, and ``"none"`` gives the losses themselves.
3. The shapes must be equal: nothing is broadcast. (Keras' ``log_cosh``.)
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.numerics.reals import decide_float
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.loss import check_same_shape, reduce
from rcmlrs_core.ops.op import Composition, case, refusal


def log_cosh_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Clause 1; each formula is given only arguments of its own, so that no gradient of the other is 0 * inf."""
    check_same_shape("log_cosh_loss", prediction, target)
    errors = (prediction - target).abs()
    near = ((errors.minimum(1.0) * 0.5).sinh().square() * 2.0).log1p()
    beyond = errors.maximum(1.0)
    far = beyond + (beyond * -2.0).softplus() - decide_float(lambda r: r.log(r.number(2)))
    return reduce("log_cosh_loss", errors.less(1.0).where(near, far), reduction)


operation = Composition(
    module=__name__,
    function=log_cosh_loss,
    cases=(
        case([0.0, 3.0, -1.0], [0.0, 1.0, 0.0], reduction="none", want=[0.0, 1.325002670288086, 0.4337807893753052]),
        case([1e-10], [0.0], want=5.000000245224396e-21, note="half the square"),
        case([1e38, inf, nan], [-1e38, 0.0, 0.0], reduction="none", want=[2e38, inf, nan]),
    ),
    refusals=(
        refusal(ShapeError, "broadcasts nothing", [[1.0], [2.0]], [1.0, 2.0]),
        refusal(AttributeValueError, "reduction is one of mean, sum, none", [1.0], [1.0], reduction="average"),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 4), (3, 4), reduction="sum"),
        call((2, 3), (2, 3), reduction="none"),
    ),
)
