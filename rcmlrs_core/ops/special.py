"""The values of functions of one argument where exact reals do not reach: infinities and signed zeros (N2.3)."""

from collections.abc import Callable
from math import copysign, inf


def limits(
    *,
    minus_infinity: float | None = None,
    plus_infinity: float | None = None,
    minus_zero: float | None = None,
    plus_zero: float | None = None,
) -> Callable[..., float | None]:
    """A ``special`` for an Elementwise operation: the values that are given, None everywhere else."""

    def special(x: float, **attributes: object) -> float | None:
        if x == inf:
            return plus_infinity
        if x == -inf:
            return minus_infinity
        if x == 0:
            return plus_zero if copysign(1.0, x) > 0 else minus_zero
        return None

    return special
