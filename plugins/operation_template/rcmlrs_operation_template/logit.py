"""logit(x): the logarithm of the odds, the inverse of sigmoid.

1. ``logit(x) = log(x / (1 - x))`` for 0 < x < 1, rounded once (N2.1).
2. ``logit(0) = -inf`` and ``logit(1) = inf``, the limits (N2.3); outside of [0, 1] it is NaN.
3. The gradient is ``g / (x (1 - x))``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def exact(r: Any, x: Any) -> Any:
    """Clause 1."""
    return r.log(x / (1 - x))


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0.0 or x == 1.0:
        return -inf if x == 0.0 else inf
    return None if 0.0 < x < 1.0 else nan


def binary64(m: Any, x: Any) -> Any:
    """``log x - log1p(-x)`` away from 1/2, and ``log1p((2x - 1) / (1 - x))`` where that would cancel.

    The first, for x below 1/4 or above 3/4: each logarithm errs by 8 units of 2^-53 of itself, and the sum of their
    magnitudes is at most 1.53 times the result (at 1/4 and at 3/4), so the error is at most 8 * 1.53 + 1 < 14 units.
    The second: 2x - 1 and 1 - x are exact for a binary32 x of at least 1/4; t errs by one unit, which log1p magnifies
    by t / ((1 + t) log1p t) <= 1.83 (at x = 1/4), and log1p itself by 8: below 11.
    """
    middle = (x >= 0.25) & (x <= 0.75)
    t = (2.0 * x - 1.0) / (1.0 - x)
    return m.where(middle, m.log1p(m.where(middle, t, 0.0)), m.log(x) - m.log1p(-x))


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g / (x (1 - x))``."""
    return (g / (x * (1.0 - x)),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=14,
    gradient=gradient,
    cases=(
        case([0.5, 0.0, -0.0, 1.0], want=[0.0, -inf, -inf, inf]),
        case([-(2.0**-149), 1.0000001, inf, -inf, nan], want=[nan] * 5, note="clause 2"),
        case([2.0**-149, 1.0 - 2.0**-24, 0.25, 0.75, 0.49999997, 0.50000006], note="the ends, and around 1/2"),
    ),
    refusals=(refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (1,), "int32")),),
)
