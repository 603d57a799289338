"""cumprod(x, axis=None): the products of the first 1, 2, ... elements along an axis.

1. ``cumprod(x)_k = x_1 ... x_k``: each is ``RN`` of the exact product, whatever came before it was rounded to (N2.1).
   The sign of a zero is that of the factors' signs; from a NaN, or ``0 * inf``, on, all are NaN.
2. ``axis`` is an int; None will do for a tensor of one axis (Array API). ``cumulative_prod`` has a one to begin with.
3. The gradient of element i is the sum over k >= i of ``g_k`` times the product of the other elements up to k: a
   row of n makes a square of n^2 elements, which zeros and overflow do not spoil.
4. The products of int32 elements are int32, and refused where they do not fit.
"""

from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError, IntegerRangeError
from rcmlrs_core.numerics.products import exact_products
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.max import as_rows, from_rows
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.ops.prod import bound
from rcmlrs_core.ops.prod_derivative import identity
from rcmlrs_core.plain import FLOAT32, INT32


def row(values: list[float]) -> list[float]:
    """One integer that grows, and each of its states rounded."""
    return at(values, range(len(values)))


def at(values: list[float], places: Sequence[int]) -> list[float]:
    """Likewise, rounded at some places."""
    return list(exact_products(values, places))


def binary64(m: Any, x: Any) -> Any:
    """Fractions and exponents apart: at most n - 1 roundings, as in ``prod``."""
    return m.scaled(*m.products(x))


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return m.whole_products(x)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> tuple[Any]:
    """Row k of the square has ones after x_k, so that the products of others are those up to k."""
    if 0 in x.shape:
        return (x.zeros_like(),)
    values, received = as_rows(x, axis), as_rows(g, axis)
    square = (*values.shape, values.shape[-1])
    up_to = identity(values).where(1.0, values.zeros_like().sum()).cumsum(axis=0).not_equal(0.0)
    others = up_to.where(values.expand_dims(-2).broadcast_to(square), 1.0).prod_derivative(axis=-1)
    parts = up_to.where(others * received.expand_dims(-1), 0.0)
    return (from_rows(parts.sum(axis=-2), x, axis),)


operation = Reduction(
    module=__name__,
    row=row,
    at=at,
    binary64=binary64,
    bound=bound,
    maps=True,
    one_axis=True,
    needs_axis=True,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([2.0, 3.0, 4.0], want=[2.0, 6.0, 24.0]),
        case([1e30, 1e30, 1e-30], want=[1e30, float("inf"), 1e30], note="an overflow is that of one product"),
        case([2.0**-149, 0.5, 2.0], want=[2.0**-149, 0.0, 2.0**-149], note="so is an underflow"),
        case([4097.0, 4097.0, 4097.0], want=[4097.0, 16785408.0, 68769820672.0], note="a tie; not rounded twice"),
        case([2.0, -0.0, 3.0, -1.0], want=[2.0, -0.0, -0.0, 0.0]),
        case([0.0, float("inf"), 1.0], want=[0.0, float("nan"), float("nan")]),
        case([-2.0, float("inf"), -1.0], want=[-2.0, float("-inf"), float("inf")]),
        case([1.0, float("nan"), 0.0], want=[1.0, float("nan"), float("nan")]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, want=[[1.0, 2.0], [3.0, 8.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=-1, want=[[1.0, 2.0], [3.0, 12.0]]),
        case([[], []], axis=1, want=[[], []]),
        case(int32(-(2**31), 1, 0, 2**31 - 1), want=[-(2**31), -(2**31), 0, 0]),
    ),
    refusals=(
        refusal(AxisError, "say which", [[1.0, 2.0], [3.0, 4.0]]),
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "takes one axis or None", [[1.0]], axis=(0, 1)),
        refusal(IntegerRangeError, "is no int32", int32(2**16, 2**16, 0)),
    ),
)
