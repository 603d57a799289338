"""Kernels: each returns the binary32 number nearest to the exact result, for every argument there is."""

import math
from array import array

from rcmlrs_backend_template.storage import Buffer
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import broadcast_offsets


def relu(x: Buffer) -> Buffer:
    """max(0, x). NaN stays NaN, and -0 becomes +0: ``value if value > 0 else 0`` would lose the NaN."""
    return Buffer(array("f", [0.0 if value <= 0.0 else value for value in x.values]), x.shape, x.dtype)


def sqrt(x: Buffer) -> Buffer:
    """The square root in binary64, which the store into binary32 rounds again: harmless here, as 53 >= 2 * 24 + 2.

    Below zero the result is NaN, where Python raises; sqrt(-0) is -0, which is not below zero.
    """
    return Buffer(array("f", [math.sqrt(v) if v >= 0.0 else math.nan for v in x.values]), x.shape, x.dtype)


def mul(x: Buffer, y: Buffer) -> Buffer:
    """x * y: exact in binary64, as 24 + 24 bits fit into 53, so the store into binary32 is the one rounding.

    The shapes broadcast. RCMLRS asks this kernel for float32 alone: products of int32 go to a derived one.
    """
    shape = broadcast_shapes("mul", x.shape, y.shape)
    xs, ys = (map(operand.values.__getitem__, broadcast_offsets(operand.shape, shape)) for operand in (x, y))
    return Buffer(array("f", [a * b for a, b in zip(xs, ys, strict=True)]), shape, x.dtype)
