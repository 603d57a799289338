"""Faults that are rare by construction: what only large calls, a thorough level or all arguments show."""

import math
from array import array
from typing import Any

from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Reduction
from rcmlrs_core.plain import FLOAT32, PlainArray
from rcmlrs_saboteur.plugin import Kernel, fault

BLOCK = 1536

LAUNCHED = 1 << 15


@fault("sum", clause="N3.1", caught_at="deep")
def sum_rounds_between_blocks(kernel: Kernel) -> Kernel:
    """Exact within blocks of 1536 elements, whose sums are joined in binary32: shorter rows are right."""
    operation = KERNELS["sum"]
    assert isinstance(operation, Reduction)
    row = operation.row

    def joined(values: list[float]) -> float:
        if len(values) <= BLOCK:
            return float(row(values))
        total = -0.0
        for start in range(0, len(values), BLOCK):
            (total,) = array("f", [total + row(values[start : start + BLOCK])])
        return total

    return lambda x, **attributes: operation.by_rows(x, joined, **attributes)


@fault("tanh", clause="N2.1", caught_at="exhaustive")
def tanh_off_at_an_unmarked_input(kernel: Kernel) -> Kernel:
    """One ulp too much, at one argument out of 2^32 that lies at no edge and near no midpoint."""
    argument = float.fromhex("0x1.6a5d3cp-2")

    def tanh(x: PlainArray) -> Any:
        right = kernel(x)
        values = zip(x.values, right.values, strict=True)
        return PlainArray.of((math.nextafter(y, 1) + 2.0**-26 if a == argument else y for a, y in values), x.shape)

    return tanh


@fault("expm1", clause="N2.1", caught_at="standard")
def launch_of_too_few_blocks(kernel: Kernel) -> Kernel:
    """Elements beyond the first 2^15 are never computed, as a launch has a largest number of blocks."""

    def expm1(x: PlainArray) -> Any:
        values = [*kernel(PlainArray(x.values[:LAUNCHED], (min(LAUNCHED, len(x.values)),))).values]
        return PlainArray.of(values + [0.0] * (len(x.values) - len(values)), x.shape)

    return expm1


@fault("gather", clause="N4.1", caught_at="standard")
def indices_of_eight_bits(kernel: Kernel) -> Kernel:
    """Indices are packed into bytes on the way, which is right along short axes."""

    def gather(x: PlainArray, index: PlainArray, **attributes: Any) -> Any:
        return kernel(
            x, PlainArray.of([i % 256 if i > 0 else i for i in index.values], index.shape, index.dtype), **attributes
        )

    return gather


@fault("div", clause="N2.1", caught_at="standard")
def one_tensor_divided_by_itself(kernel: Kernel) -> Kernel:
    """x / x is simplified to 1 where both operands are one tensor, whatever it holds."""

    def div(x: PlainArray, y: PlainArray) -> Any:
        return PlainArray.of([1.0] * len(x.values), x.shape) if x is y else kernel(x, y)

    return div


@fault("sum", clause="N3.1", caught_at="standard")
def axes_of_four_summed_apart(kernel: Kernel) -> Kernel:
    """A sum over some of four axes goes axis by axis, and is rounded in between."""

    def total(x: PlainArray, *, axis: tuple[int, ...], keepdims: bool) -> Any:
        if len(x.shape) < 4 or x.dtype != FLOAT32 or len(axis) < 2:
            return kernel(x, axis=axis, keepdims=keepdims)
        first = kernel(x, axis=axis[:1], keepdims=True)
        return kernel(kernel(first, axis=axis[1:], keepdims=True), axis=axis, keepdims=keepdims)

    return total
