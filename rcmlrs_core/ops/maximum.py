"""maximum(x, y): the larger of two elements.

1. The larger operand itself; nothing is rounded. ``maximum(-0, +0) = +0``, and NaN if either is NaN (N2.3).
2. Operands broadcast against each other.
3. The gradient passes ``g`` to ``y`` where x < y, and to ``x`` everywhere else: of equals the first takes it (N4.3).
4. Of int32 too, to int32.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.rows import larger
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def plain(x: float, y: float) -> float:
    """Clause 1."""
    return larger(x, y)


def binary64(m: Any, x: Any, y: Any) -> Any:
    """Clause 1, which every m.maximum keeps."""
    return m.maximum(x, y)


def integers(m: Any, x: Any, y: Any) -> Any:
    """Clause 4."""
    return m.where(x < y, y, x)


def gradient(g: Any, z: Any, x: Any, y: Any) -> tuple[Any | None, Any | None]:
    """Clause 3; a constant costs nothing."""
    second = x.less(y)
    to_x = second.where(0.0, g).sum_to(x.shape) if x.requires_grad else None
    return to_x, second.where(g, 0.0).sum_to(y.shape) if y.requires_grad else None


operation = Elementwise(
    module=__name__,
    clause="N2.3",
    plain=plain,
    binary64=binary64,
    bound=0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([-0.0, 0.0, -0.0], [0.0, -0.0, -0.0], want=[0.0, 0.0, -0.0]),
        case([nan, 1.0, nan, -inf], [1.0, nan, inf, nan], want=[nan] * 4),
        case([inf, -inf, -inf], [1.0, 1.0, -inf], want=[inf, 1.0, -inf]),
        case([2.0**-149, -(2.0**-149)], [0.0, -0.0], want=[2.0**-149, -0.0]),
        case([[1.0], [3.0]], [2.0, 4.0], want=[[2.0, 4.0], [3.0, 4.0]]),
        case(int32(1, -(2**31)), int32(2, 2**31 - 1), want=[2, 2**31 - 1]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "int32 and float32 differ", int32(1), [1.0]),
    ),
)
