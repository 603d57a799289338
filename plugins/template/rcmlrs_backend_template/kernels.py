"""Kernels: each returns the binary32 number nearest to the exact result, for every argument there is."""

import math
from array import array

from rcmlrs_backend_template.storage import Buffer


def relu(x: Buffer) -> Buffer:
    """max(0, x). NaN stays NaN, and -0 becomes +0: ``value if value > 0 else 0`` would lose the NaN."""
    return Buffer(array("f", [0.0 if value <= 0.0 else value for value in x.values]), x.shape, x.dtype)


def sqrt(x: Buffer) -> Buffer:
    """The square root in binary64, which the store into binary32 rounds again: harmless here, as 53 >= 2 * 24 + 2.

    Below zero the result is NaN, where Python raises; sqrt(-0) is -0, which is not below zero.
    """
    return Buffer(array("f", [math.sqrt(v) if v >= 0.0 else math.nan for v in x.values]), x.shape, x.dtype)
