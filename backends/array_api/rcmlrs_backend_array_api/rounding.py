"""The rounding test over whole arrays (its pure Python twin, with the reasoning: numerics.rounding)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from rcmlrs_core.numerics.rounding import widened


class Rounded(NamedTuple):
    """Binary32 values, and the mask of those that the test leaves undecided (None when it decides all)."""

    values: Any
    undecided: Any


def round_decided(xp: Any, value: Any, bound: float, magnitude: Any = None) -> Rounded:
    """Round binary64 ``value`` to binary32, where its error is at most ``bound`` units of 2^-53 of ``magnitude``.

    Where ``value`` is infinite or NaN it is right by the formula's promise.
    """
    if bound == 0:
        return Rounded(xp.astype(value, xp.float32), None)
    low, high = ends(value, bound, magnitude)
    return compare_ends(xp, value, xp.astype(low, xp.float32), xp.astype(high, xp.float32))


def ends(value: Any, bound: float, magnitude: Any) -> tuple[Any, Any]:
    """Both ends of the interval in which the exact values lie, in binary64; for a bound that is not 0."""
    e = widened(bound)
    if magnitude is None:
        return value * (1.0 - e), value * (1.0 + e)
    error = magnitude * e
    return value - error, value + error


def compare_ends(xp: Any, value: Any, low: Any, high: Any, narrow: Callable[[Any], Any] | None = None) -> Rounded:
    """Equal bits decide. Ends that differ as numbers, or as the signs of two zeros, do not.

    ``narrow`` rounds to binary32, where the library's own conversion does not do it.
    """
    differ = low != high
    if not xp.any(differ) and not xp.any(low == 0):
        return Rounded(low, None)
    unlike = differ | ((low == 0) & (xp.signbit(low) != xp.signbit(high)))
    finite = xp.isfinite(value)
    values = xp.where(finite, low, narrow(value) if narrow else xp.astype(value, xp.float32))
    undecided = unlike & finite
    return Rounded(values, undecided if xp.any(undecided) else None)
