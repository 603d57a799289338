"""The rounding test, NumPy's way: the bits of both ends are compared as integers."""

from typing import Any

import numpy

from rcmlrs_backend_array_api.rounding import Rounded
from rcmlrs_core.numerics.rounding import widened


def round_decided(xp: Any, value: Any, bound: float, magnitude: Any = None) -> Rounded:
    """As ``rcmlrs_backend_array_api.rounding.round_decided``; ``xp`` is NumPy."""
    if bound == 0:
        return Rounded(value.astype(numpy.float32), None)
    e = widened(bound)
    if magnitude is None:
        low, high = value * (1.0 - e), value * (1.0 + e)
    else:
        error = magnitude * e
        low, high = value - error, value + error
    low, high = low.astype(numpy.float32), high.astype(numpy.float32)
    undecided = low.view(numpy.int32) != high.view(numpy.int32)
    if not undecided.any():
        return Rounded(low, None)
    # What is infinite or NaN is right by the formula's promise, and inf - inf has made NaN of an end.
    finite = numpy.isfinite(value)
    numpy.copyto(low, value.astype(numpy.float32), where=~finite)
    undecided &= finite
    return Rounded(low, undecided if undecided.any() else None)
