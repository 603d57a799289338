"""The rounding test: compute in binary64, round both ends of the error interval, and compare bits.

A binary64 value ``y`` whose error is at most ``bound`` units of 2^-53 relative to ``magnitude`` (by default to |y|)
lies with its exact value in ``[y - e, y + e]``. If both ends round to the same binary32 number, that number is RN of
the exact value. What stays undecided goes to the exact definition. This is the pure Python telling; array libraries
have the same test over whole arrays.
"""

from array import array
from collections.abc import Sequence

UNIT_ROUNDOFF = 2.0**-53
"""Half of the distance from 1 to the next binary64 number: the relative error of one rounded operation."""


def widened(bound: float) -> float:
    """``bound`` units of 2^-53, widened for the roundings of the test itself, as the multiple of 2^-52 that
    ``1 + e`` and ``1 - e`` hold exactly.

    ``y * (1 + e)`` and ``y - e * magnitude`` are off by at most two more units relative to |y| <= magnitude.
    """
    units = int(-(-(bound + 2) // 2) * 2)
    return units * UNIT_ROUNDOFF


def round_decided(
    values: Sequence[float], bound: float, magnitudes: Sequence[float] | None = None
) -> "tuple[array[float], list[int]]":
    """The binary32 roundings of ``values``, and the indices at which the test leaves them undecided.

    A ``bound`` of 0 says that rounding ``values`` once is right as it stands: nothing is undecided. A magnitude of 0
    says the same of one value (a sum that is known to be exact).
    """
    if bound == 0:
        return array("f", values), []
    e = widened(bound)
    if magnitudes is None:
        below, above = 1.0 - e, 1.0 + e
        low = array("f", [value * below for value in values])
        high = array("f", [value * above for value in values])
    else:
        low = array("f", [v - e * s for v, s in zip(values, magnitudes, strict=True)])
        high = array("f", [v + e * s for v, s in zip(values, magnitudes, strict=True)])
    if low.tobytes() == high.tobytes():
        return low, []
    # Ends that are equal as numbers but not as bits are -0 and +0, whose sign only the definition knows; a pair of NaN
    # differs from itself but is decided.
    bits_low, bits_high = array("I", low.tobytes()), array("I", high.tobytes())
    undecided = [
        i
        for i, (a, b) in enumerate(zip(bits_low, bits_high, strict=True))
        if a != b and not (low[i] != low[i] and high[i] != high[i])
    ]
    return low, undecided
