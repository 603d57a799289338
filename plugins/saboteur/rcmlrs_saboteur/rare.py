"""Faults that are rare by construction: what only a thorough level sees, and what only all arguments show."""

import math
from array import array
from typing import Any

from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Reduction
from rcmlrs_core.plain import PlainArray
from rcmlrs_saboteur.plugin import Kernel, fault

BLOCK = 512


@fault("sum", clause="N3.1", caught_at="deep")
def sum_rounds_between_blocks(kernel: Kernel) -> Kernel:
    """Exact within blocks of 512 elements, whose sums are joined in binary32: shorter rows are right."""
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
