"""add_n(*xs): the sum of any number of tensors, elementwise, rounded once.

1. ``RN`` of the exact sum of the operands' elements: it depends on no order (N3.1). An exact zero is +0, also of one
   operand; NaN, or both infinities, give NaN (N3.2). This is how the contributions to a gradient are joined (N7).
2. Operands broadcast against each other; there is at least one.
3. The gradient passes ``g`` to each, summed over the axes that were broadcast.
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.numerics.accurate import INFINITY, two_sum
from rcmlrs_core.numerics.sums import special_sum
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Elementwise, case, refusal


def exact(r: Any, *xs: Any) -> Any:
    """The sum: every enclosure is a point once the precision holds it."""
    total = r.number(0)
    for x in xs:
        total = total + x
    return total


def special(*xs: float) -> float | None:
    """N3.2."""
    return special_sum(xs)


def binary64(m: Any, *xs: Any) -> Any:
    """The sum by TwoSum, whose errors are summed apart: where there are none, the sum is exact and a tie is decided.

    Else one rounding joins sum and errors, and n - 2 roundings are in the sum of the errors: all together at most one
    unit of 2^-53 of |sum| + n * (sum of |errors|). Infinities would make NaN of the errors; the plain sum is right
    there.
    """
    total = xs[0] + 0.0
    if len(xs) == 1:
        return total
    rest, size = 0.0, 0.0
    for x in xs[1:]:
        total, error = two_sum(total, x)
        rest, size = rest + error, size + m.abs(error)
    value = m.where(m.abs(total) < INFINITY, total + rest, total) + 0.0
    return value, m.where(size > 0.0, m.abs(value) + size * len(xs), 0.0)


def gradient(g: Any, y: Any, *xs: Any) -> tuple[Any, ...]:
    """``g`` to each."""
    return tuple(g.sum_to(x.shape) for x in xs)


operation = Elementwise(
    module=__name__,
    clause="N3.1",
    exact=exact,
    special=special,
    binary64=binary64,
    bound=1,
    gradient=gradient,
    cases=(
        case([-0.0, 1.5], want=[0.0, 1.5], note="N3.2: an exact zero is +0"),
        case(-0.0, -0.0, -0.0, want=0.0),
        case(1e30, 1.0, -1e30, want=1.0),
        case(16777216.0, 1.0, 0.0, want=16777216.0, note="a tie goes to even"),
        case(16777216.0, 1.0, 2.0**-149, want=16777218.0, note="a hair above the tie"),
        case(16777216.0, 2.0**-149, 1.0, want=16777218.0),
        case(3e38, 3e38, -3e38, want=3e38, note="no overflow on the way"),
        case(3.4028234663852886e38, 1.0141204801825835e31, -(2.0**-149), want=3.4028234663852886e38),
        case(float("inf"), 1.0, float("-inf"), want=float("nan")),
        case(float("inf"), 1.0, 1.0, want=float("inf")),
        case([1.0, 2.0], [[10.0], [20.0]], 0.5, want=[[11.5, 12.5], [21.5, 22.5]]),
    ),
    refusals=(refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),),
    calls=(
        call((7,)),
        call((7,), (7,)),
        call((2, 3), (2, 3), (2, 3)),
        call((), (), (), ()),
        call((3, 1), (4,), ()),
        call((0,), (0,)),
        call(*[(5,)] * 9),
    ),
    data="sums",
    of_length=lambda n: call(*[(2,)] * n),
)
