"""bitwise_right_shift(x, y): x without its last y bits; ``x >> y``.

1. ``floor(x / 2^y)``: the bits that come in are those of the sign (the Array API standard).
2. A y below zero is refused.
3. Operands, which are int32, broadcast against each other.
4. Bits have no gradient.
"""

from typing import Any

from rcmlrs_core.errors import DTypeError, IntegerRangeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import NO_INTEGER, Elementwise, NoGradient, case, refusal
from rcmlrs_core.plain import INT32


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 1. From a shift by 32 on, only the sign is left."""
    count = m.where(y < 0, 0, m.where(y > 32, 32, y))
    return m.where(y < 0, NO_INTEGER, x >> count)


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Clause 1: only int32 is taken."""
    return integers(m, x, y)


operation = Elementwise(
    module=__name__,
    clause="N1.1",
    binary64=binary64,
    bound=0,
    takes=(INT32,),
    gives=INT32,
    integers=integers,
    gradient=NoGradient("only float32 has gradients"),
    cases=(
        case(int32(2**31 - 1, -(2**31), -1, 5, -6), int32(30, 31, 100, 1, 1), want=[1, -1, -1, 2, -3]),
        case(int32(4, 9), int32(1), want=[2, 4]),
    ),
    refusals=(
        refusal(IntegerRangeError, "1, -1 is no int32", int32(5, 1), int32(0, -1)),
        refusal(ShapeError, "lengths 2 and 3", int32(1, 2), int32(1, 2, 3)),
        refusal(DTypeError, "takes int32, got float32", [1.0], [1.0]),
    ),
    calls=(
        call(Ints((40,), -(2**31), 2**31), Ints((40,), 0, 40)),
        call(Ints((3, 1), -(2**31), 2**31), Ints((4,), 0, 40)),
        call(Ints((), -(2**31), 2**31), Ints((2, 3), 0, 40)),
        call(Ints((0,), 0, 2), Ints((1,), 0, 2)),
    ),
    data="moves",
)
