"""pad_reflect(x, widths): every axis extended on both sides by its reflection, the element at the end not repeated.

1. ``pad_reflect([1, 2, 3], widths=2) = [3, 2, 1, 2, 3, 2, 1]``. ``widths`` is as in ``pad``: a pair (before, after)
   for each axis, or one pair for all, or one number for all sides. What is wider than the axis is reflected at the
   other end again.
2. A ``take`` along each axis (N4.1). An axis that is extended has two elements or more.
"""

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.extension import extension
from rcmlrs_core.ops.op import case, refusal


def place(i: int, n: int) -> int:
    """There and back again is a way of 2(n - 1)."""
    return n - 1 - abs(i % (2 * (n - 1)) - (n - 1))


operation = extension(
    __name__,
    place,
    cases=(
        case([1.0, -0.0, 3.0], widths=(1, 2), want=[-0.0, 1.0, -0.0, 3.0, -0.0, 1.0]),
        case([1.0, 2.0], widths=(3, 0), want=[2.0, 1.0, 2.0, 1.0, 2.0]),
        case([[1.0, 2.0]], widths=((0, 0), (0, 1)), want=[[1.0, 2.0, 1.0]]),
    ),
    refusals=(refusal(ShapeError, "2 or more", [1.0], widths=1),),
    shortest=2,
)
