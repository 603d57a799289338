"""where(condition, x, y): x where the condition holds, y elsewhere.

1. The condition is a bool; x and y have one element type, which is the result's. No bit changes (N4.1).
2. Operands broadcast against each other.
3. The gradient passes ``g`` to the operand that was taken and zero to the other; the condition takes none.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.calls import Bools, call
from rcmlrs_core.ops.op import ALL_DTYPES, Elementwise, Operand, Result, case, conversion, refusal
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import BOOL, PlainArray


class Where(Elementwise):
    """An elementwise operation whose first operand has an element type of its own."""

    def check(self, *operands: Operand, **attributes: Any) -> Result:
        """The condition is a bool; for the others the check is that of every elementwise operation."""
        condition, *others = operands
        if condition.dtype != BOOL:
            hint = conversion(BOOL, condition.dtype)
            raise DTypeError(f"where: the condition comes first and is bool, got {condition.dtype}; {hint}")
        shape, dtype, attributes = super().check(*others, **attributes)
        return Result(broadcast_shapes(self.name, condition.shape, shape), dtype, attributes)


def plain(condition: bool, x: float, y: float) -> float:
    """Clause 1."""
    return x if condition else y


def binary64(m: Any, condition: Any, x: Any, y: Any) -> Any:
    """Clause 1."""
    return m.where(condition, x, y)


def gradient(g: Any, z: Any, condition: Any, x: Any, y: Any) -> tuple[None, Any | None, Any | None]:
    """Clause 3; a constant costs nothing."""
    to_x = condition.where(g, 0.0).sum_to(x.shape) if x.requires_grad else None
    return None, to_x, condition.where(0.0, g).sum_to(y.shape) if y.requires_grad else None


MASK = PlainArray.of([1, 0, 1], (3,), "bool")

operation = Where(
    module=__name__,
    clause="N4.1",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=ALL_DTYPES,
    gives=None,
    gradient=gradient,
    cases=(
        case(MASK, [1.0, 2.0, -0.0], [nan, inf, 3.0], want=[1.0, inf, -0.0]),
        case(MASK, [nan, nan, inf], 2.0**-149, want=[nan, 2.0**-149, inf]),
        case(MASK, [[1.0], [2.0]], 0.0, want=[[1.0, 0.0, 1.0], [2.0, 0.0, 2.0]]),
        case(
            MASK,
            PlainArray.of([1, 2, -(2**31)], (3,), "int32"),
            PlainArray.of([2**31 - 1], (1,), "int32"),
            want=[1, 2**31 - 1, -(2**31)],
        ),
        case(MASK, MASK, PlainArray.of([1], (), "bool"), want=[True, True, True]),
    ),
    refusals=(
        refusal(DTypeError, "the condition comes first and is bool, got float32", [1.0, 0.0], [1.0, 2.0], [3.0, 4.0]),
        refusal(DTypeError, "float32 and int32 differ", MASK, [1.0, 2.0, 3.0], PlainArray.of([1], (), "int32")),
        refusal(ShapeError, "lengths 3 and 2", MASK, [1.0, 2.0], 0.0),
    ),
    calls=(
        call(Bools((7,)), (7,), (7,)),
        call(Bools((3, 1)), (1, 4), (4,)),
        call(Bools(()), (5,), (5,)),
        call(Bools((2, 3)), (), (3,)),
        call(Bools((0,)), (0,), (1,)),
        call(Bools((65,)), (65,), ()),
    ),
    data="moves",
)
