"""The rounding test, NumPy's way: the bits of both ends are compared as integers."""

from typing import Any

import numpy

from rcmlrs_backend_array_api.rounding import Rounded, ends


def round_decided(xp: Any, value: Any, bound: float, magnitude: Any = None) -> Rounded:
    """As ``rcmlrs_backend_array_api.rounding.round_decided``; ``xp`` is NumPy."""
    if bound == 0:
        return Rounded(value.astype(numpy.float32), None)
    low, high = (end.astype(numpy.float32) for end in ends(value, bound, magnitude))
    undecided = low.view(numpy.int32) != high.view(numpy.int32)
    if not undecided.any():
        return Rounded(low, None)
    # What is infinite or NaN is right by the formula's promise, and inf - inf has made NaN of an end.
    finite = numpy.isfinite(value)
    numpy.copyto(low, value.astype(numpy.float32), where=~finite)
    undecided &= finite
    return Rounded(low, undecided if undecided.any() else None)
