"""What the six comparisons share: two operands of one element type, a mask of bools, the same hard cases."""

from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.op import ALL_DTYPES, Case, Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray


def comparison(
    module: str,
    plain: Callable[[Any, Any], Any],
    *,
    alias: str,
    floats: Sequence[bool],
    integers: Sequence[bool],
    broadcast: Sequence[Sequence[bool]],
    bools: Sequence[bool] | None = None,
) -> Elementwise:
    """The operation of ``module``; ``plain`` compares two numbers, rows or arrays alike.

    The results of the shared cases are those of the file's own comparison. ``bools`` says that bools are compared too.
    """
    cases: list[Case] = [
        case([-0.0, nan, inf, 1.0, -(2.0**-149), 1 + 2.0**-23], [0.0, nan, inf, nan, 0.0, 1.0], want=list(floats)),
        case(int32(-(2**31), 7, 16777217), int32(2**31 - 1, 7, 16777216), want=list(integers)),
        case([[1.0], [2.0]], [1.0, 2.0], want=[list(row) for row in broadcast]),
    ]
    refusals = [
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "int32 and float32 differ", int32(1), [1.0]),
    ]
    if bools is None:
        refusals.append(refusal(DTypeError, "takes float32 or int32, got bool", mask(1), mask(0)))
    else:
        cases.append(case(mask(0, 1, 1), mask(0, 0, 1), want=list(bools)))
    return Elementwise(
        module=module,
        clause="N2.3",
        plain=plain,
        binary64=lambda m, x, y: plain(x, y),
        bound=0,
        takes=(FLOAT32, INT32) if bools is None else ALL_DTYPES,
        gives=BOOL,
        gradient=NoGradient("a comparison gives a mask of bools"),
        aliases=(alias,),
        cases=cases,
        refusals=refusals,
    )


def int32(*values: int) -> PlainArray:
    """Integers for a case."""
    return PlainArray.of(values, (len(values),), INT32)


def mask(*values: int) -> PlainArray:
    """Bools for a case."""
    return PlainArray.of(values, (len(values),), BOOL)
