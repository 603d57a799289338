"""isclose(x, y, *, rtol=1e-05, atol=1e-08, equal_nan=False): whether elements are equal but for a tolerance.

1. ``|x - y| <= atol + rtol * |y|`` where both are finite, each operation rounded once (N5); elsewhere whether they are
   equal, as infinities may be. With ``equal_nan``, two NaN are close.
2. Operands broadcast against each other; y may be a number. A mask has no gradient.
3. RCMLRS is made so that one need not ask this: results are equal to the bit, and ``x.digest()`` says so.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Composition, Operand, case, refusal


def isclose(x: Any, y: Operand | float, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Clause 1."""
    other: Any = y if isinstance(y, type(x)) else x.full_like(y)
    near = (x - other).abs().less_equal(rtol * other.abs() + atol)
    close = near.logical_and(x.isfinite()).logical_and(other.isfinite()).logical_or(x.equal(other))
    return close.logical_or(x.isnan().logical_and(other.isnan())) if equal_nan else close


operation = Composition(
    module=__name__,
    function=isclose,
    cases=(
        case([1.0, 1.0, 1.0], [1.0, 1.000005, 1.0001], want=[True, True, False]),
        case([1.0, 1.25, 1.5], [1.0, 1.0, 1.0], rtol=0.25, atol=0.0, want=[True, True, False], note="the end is close"),
        case([0.0, 1e-9, 1e-7], [-0.0, 0.0, 0.0], want=[True, True, False]),
        case([inf, -inf, inf, 1.0, nan], [inf, inf, 1.0, inf, nan], want=[True, False, False, False, False]),
        case([nan, nan], [nan, 1.0], equal_nan=True, want=[True, False]),
        case([[1.0], [2.0]], [1.0, 2.0], want=[[True, False], [False, True]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "float32", int32(1), int32(1)),
    ),
    calls=(
        call((7,), (7,)),
        call((3, 1), (4,), rtol=0.5, atol=0.25),
        call((0,), (1,)),
        call((9,), (9,), equal_nan=True),
    ),
)
