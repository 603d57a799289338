"""min(x, axis=None, keepdims=False): the smallest of the elements along some axes.

1. No rounding. NaN if any element is NaN; ``min(-0, +0) = -0`` (N2.3).
2. ``axis`` is an int, a tuple of ints or None, which is all. The smallest of no elements is refused.
3. The gradient goes to the first of the smallest in row-major order (N4.3), or to the first NaN.
4. Of int32 too, to int32.
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.numerics import rows
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.max import as_rows, to_chosen
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def row(values: list[float]) -> float:
    """One comparison after the other."""
    smallest = values[0]
    for value in values:
        smallest = rows.smaller(smallest, value)
    return smallest


def binary64(m: Any, x: Any) -> Any:
    """``min(x) = -max(-x)``, signed zeros included."""
    return -m.max(-x)


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return -m.max(-x)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    """``g`` at the first of the smallest."""
    chosen = as_rows(x, axis).argmin(axis=-1, keepdims=True)
    return (to_chosen(g, chosen, x, axis),)


operation = Reduction(
    module=__name__,
    clause="N2.3",
    row=row,
    binary64=binary64,
    bound=lambda n: 0,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    aliases=("find_min", "amin"),
    empty="the smallest of no elements does not exist",
    cases=(
        case([2.0, 1.0, 3.0], want=1.0),
        case([0.0, -0.0], want=-0.0),
        case([-0.0, 0.0, 1.0], want=-0.0),
        case([0.0, 1.0, 0.0], want=0.0),
        case([1.0, float("nan"), float("-inf")], want=float("nan")),
        case([float("inf"), float("inf")], want=float("inf")),
        case([[1.0, 5.0], [4.0, 2.0]], axis=0, want=[1.0, 2.0]),
        case([[1.0, 5.0], [4.0, 2.0]], axis=(0, 1), keepdims=True, want=[[1.0]]),
        case(int32(0, -(2**31), -5), want=-(2**31)),
        case(int32(0, 5), want=0),
    ),
    refusals=(refusal(ShapeError, "the smallest of no elements", [[], []], axis=1),),
)
