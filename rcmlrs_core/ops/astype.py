"""astype(x, *, dtype): the same numbers as another element type.

1. bool becomes 0 or 1 as int32 or float32; int32 becomes float32, rounded once: int32 holds odd numbers above 2^24
   (N2.1). The type that a tensor has already is given back unchanged.
2. float32 does not become int32: a fraction, an infinity or a NaN is none, and no conversion here loses a value in
   silence. Nor does anything become bool: a comparison says what is meant, ``x.not_equal(0)``.
3. The gradient of float32 to float32 is ``g``; the other types have none.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.calls import Bools, Ints, call
from rcmlrs_core.ops.op import ALL_DTYPES, General, Operand, Result, case, refusal
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray

CONVERSIONS = {(BOOL, INT32), (BOOL, FLOAT32), (INT32, FLOAT32)}


def rule(x: Operand, *, dtype: str) -> Result:
    """Clauses 1 and 2; an element type of another library is its name."""
    dtype = getattr(dtype, "name", getattr(dtype, "__name__", dtype))
    if not isinstance(dtype, str) or dtype not in ALL_DTYPES:
        raise AttributeValueError(f"astype: dtype must be one of {', '.join(ALL_DTYPES)}, got {dtype!r}")
    if x.dtype != dtype and (x.dtype, dtype) not in CONVERSIONS:
        advice = "compare it, as in x.not_equal(0)" if dtype == BOOL else "make the int32 tensor from Python ints"
        raise DTypeError(f"astype: {x.dtype} does not become {dtype}, as values could be lost; {advice}")
    return Result(x.shape, dtype, {"dtype": dtype})


def definition(x: PlainArray, *, dtype: str) -> PlainArray:
    """Clause 1: a Python number is exact, and storing it is the one rounding."""
    return PlainArray.of(x.values, x.shape, dtype)


def gradient(g: Any, y: Any, x: Any, *, dtype: str) -> tuple[Any]:
    """``g``: only float32 takes gradients."""
    return (g,)


INTS = PlainArray.of([16777217, 16777219, -(2**31), 2**31 - 1], (4,), "int32")

operation = General(
    module=__name__,
    rule=rule,
    definition=definition,
    gradient=gradient,
    cases=(
        case(PlainArray.of([0, 1], (2,), "bool"), dtype="float32", want=[0.0, 1.0]),
        case(PlainArray.of([0, 1], (2,), "bool"), dtype="int32", want=[0, 1]),
        case(INTS, dtype="float32", want=[16777216.0, 16777220.0, -(2.0**31), 2.0**31], note="ties, and a carry"),
        case(INTS, dtype="int32", want=[16777217, 16777219, -(2**31), 2**31 - 1]),
        case([-0.0, nan, -inf, 2.0**-149], dtype="float32", want=[-0.0, nan, -inf, 2.0**-149]),
    ),
    refusals=(
        refusal(DTypeError, "float32 does not become int32", [1.0], dtype="int32"),
        refusal(DTypeError, "not_equal(0)", [1.0], dtype="bool"),
        refusal(AttributeValueError, "one of float32, int32, bool, got 'float64'", [1.0], dtype="float64"),
    ),
    calls=(
        call((17,), dtype="float32"),
        call(Ints((2, 9), -(2**31), 2**31), dtype="float32"),
        call(Ints((65,), 2**24, 2**25), dtype="float32"),
        call(Ints((5,), -(2**31), 2**31), dtype="int32"),
        call(Bools((2, 3)), dtype="float32"),
        call(Bools((7,)), dtype="int32"),
        call(Bools((7,)), dtype="bool"),
        call(Ints((), 0, 9), dtype="float32"),
        call(Ints((0,), 0, 9), dtype="float32"),
    ),
    data="float_moves",
)
