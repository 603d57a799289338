"""Elementwise kernels: NumPy's binary32 operations where they are right as they stand, formulas in blocks elsewhere."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy

from rcmlrs_backend_array_api.derive import elementwise
from rcmlrs_backend_numpy.rounding import round_decided
from rcmlrs_core.derive import Kernel
from rcmlrs_core.ops.op import Elementwise

BLOCK = 1 << 15
"""Elements of a block: its binary64 temporaries (256 KiB each) stay in a second-level cache."""

Array = Any


def quiet(kernel: Kernel) -> Kernel:
    """Without NumPy's warnings: overflow to infinity and 0/0 are results, and flags are not promised (N9).

    NumPy's own functions return a scalar for operands of shape (); a buffer is an array.
    """

    @wraps(kernel)
    def quieted(*operands: Array, **attributes: Any) -> Array:
        with numpy.errstate(all="ignore"):
            return numpy.asarray(kernel(*operands, **attributes))

    return quieted


def blocked(operation: Elementwise) -> Kernel:
    """The derived kernel, run on one block of elements after the other."""
    whole = elementwise(operation, numpy, round_decided)
    gives, integers = operation.gives, operation.integers

    def kernel(*operands: Array, **attributes: Any) -> Array:
        with numpy.errstate(all="ignore"):
            shape = operands[0].shape
            if any(x.shape != shape for x in operands):
                shape = numpy.broadcast_shapes(*(x.shape for x in operands))
            size = 1
            for length in shape:
                size *= length
            if size <= BLOCK:
                return whole(*map(numpy.atleast_1d, operands), **attributes).reshape(shape)
            # A single number stays one; everything else is laid out as the result is.
            flat = [x.reshape(()) if x.size == 1 else numpy.broadcast_to(x, shape).reshape(-1) for x in operands]
            whole_numbers = integers and operands[0].dtype == numpy.int32
            result = numpy.empty(size, numpy.int32 if whole_numbers else gives or operands[-1].dtype)
            for start in range(0, size, BLOCK):
                block = slice(start, start + BLOCK)
                result[block] = whole(*(x[block] if x.ndim else x for x in flat), **attributes)
            return result.reshape(shape)

    return kernel


def _relu(x: Array) -> Array:
    # NumPy's maximum returns either zero of (-0, +0); adding +0 makes +0 of -0 and changes nothing else.
    return numpy.maximum(x, numpy.float32(0)) + numpy.float32(0)


def _maximum(x: Array, y: Array) -> Array:
    # Either zero, likewise: of two zeros the sum is +0 unless both are -0.
    larger = numpy.maximum(x, y)
    return numpy.where((x == 0) & (y == 0), x + y, larger) if (larger == 0).any() else larger


def _minimum(x: Array, y: Array) -> Array:
    smaller = numpy.minimum(x, y)
    return numpy.where((x == 0) & (y == 0), -(-x - y), smaller) if (smaller == 0).any() else smaller


def _copysign(x: Array, y: Array) -> Array:
    # The sign of NaN cannot be seen (N1.2), but NumPy looks at it.
    return numpy.copysign(x, numpy.where(numpy.isnan(y), numpy.float32(1), y))


def _signbit(x: Array) -> Array:
    return numpy.signbit(x) & ~numpy.isnan(x)


# One binary32 operation of IEEE 754 is RN of the exact value; the probes check that subnormals are kept.
KERNELS: dict[str, Callable[..., Array]] = {
    "add": quiet(numpy.add),
    "sub": quiet(numpy.subtract),
    "mul": quiet(numpy.multiply),
    "div": quiet(numpy.divide),
    "sqrt": quiet(numpy.sqrt),
    "square": quiet(numpy.square),
    "neg": quiet(numpy.negative),
    "abs": quiet(numpy.abs),
    "relu": quiet(_relu),
    "maximum": quiet(_maximum),
    "minimum": quiet(_minimum),
    "floor": quiet(numpy.floor),
    "ceil": quiet(numpy.ceil),
    "trunc": quiet(numpy.trunc),
    "round": quiet(numpy.rint),
    "reciprocal": quiet(lambda x: numpy.float32(1) / x),
    "remainder": quiet(numpy.remainder),  # fmod is exact; where the sign is wrong, one addition
    "fmod": quiet(numpy.fmod),
    "copysign": quiet(_copysign),
    "nextafter": quiet(numpy.nextafter),
    "isnan": quiet(numpy.isnan),
    "isinf": quiet(numpy.isinf),
    "isfinite": quiet(numpy.isfinite),
    "signbit": quiet(_signbit),
    "equal": quiet(numpy.equal),
    "not_equal": quiet(numpy.not_equal),
    "less": quiet(numpy.less),
    "less_equal": quiet(numpy.less_equal),
    "greater": quiet(numpy.greater),
    "greater_equal": quiet(numpy.greater_equal),
    "logical_not": quiet(numpy.logical_not),
    "logical_and": quiet(numpy.logical_and),
    "logical_or": quiet(numpy.logical_or),
    "logical_xor": quiet(numpy.logical_xor),
    "bitwise_and": quiet(numpy.bitwise_and),
    "bitwise_or": quiet(numpy.bitwise_or),
    "bitwise_xor": quiet(numpy.bitwise_xor),
    "bitwise_invert": quiet(numpy.invert),
    "where": quiet(numpy.where),
}
