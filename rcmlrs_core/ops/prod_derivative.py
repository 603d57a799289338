"""prod_derivative(x, axis=None): for each element the product of the other elements along some axes.

1. ``RN`` of the exact product of the others, which is the derivative of ``prod``: with zeros among the elements too,
   and whatever their product overflows to on the way. Of one element it is 1. Signs, infinities and NaN as in ``prod``.
2. ``axis`` is an int, a tuple of ints (which together are one row) or None, which is all.
3. The gradient of element i receives the products without i and one more; a row of n makes a square of n^2 elements.
"""

import math
from collections.abc import Sequence
from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.numerics.products import exact_product
from rcmlrs_core.ops.max import as_rows, from_rows
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.ops.prod import bound


def row(values: list[float]) -> list[float]:
    """Every product in integers, rounded once."""
    return at(values, range(len(values)))


def at(values: list[float], places: Sequence[int]) -> list[float]:
    """Where an element stands several times, so does its result."""
    found: dict[str, float] = {}
    for place in places:
        key = str(values[place])  # which tells -0 from +0
        if key not in found:
            found[key] = exact_product(values[:place] + values[place + 1 :])
    return [found[str(values[place])] for place in places]


def binary64(m: Any, x: Any) -> Any:
    """The product of those before times that of those after: at most n - 1 roundings."""
    return m.scaled(*m.other_products(x))


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> tuple[Any]:
    """d y_i / d x_j is the product without i and j; of no elements, nothing."""
    if 0 in x.shape:
        return (x.zeros_like(),)
    values, received = as_rows(x, axis), as_rows(g, axis)
    own, square = identity(values), (*values.shape, values.shape[-1])
    # Row i has a 1 in the place of x_i, so that the product of the others of x_j is that without both.
    without = own.where(1.0, values.expand_dims(-2).broadcast_to(square)).prod_derivative(axis=-1)
    parts = own.where(0.0, without * received.expand_dims(-1))
    return (from_rows(parts.sum(axis=-2), x, axis),)


def identity(rows: Any) -> Any:
    """For rows of n, of which there is one, a bool tensor of shape (n, n) that is true on the diagonal.

    Ones, each with n zeros behind it, and the n^2 first of these numbers as a square.
    """
    n = rows.shape[-1]
    one = rows.full_like(1.0).reshape((math.prod(rows.shape[:-1]), n)).slice(start=(0,), stop=(1,))
    padded = one.reshape((n, 1)).pad(((0, 0), (0, n))).reshape((n * (n + 1),))
    return padded.slice(start=(0,), stop=(n * n,)).reshape((n, n)).not_equal(0.0)


operation = Reduction(
    module=__name__,
    row=row,
    at=at,
    binary64=binary64,
    bound=bound,
    maps=True,
    gradient=gradient,
    cases=(
        case([2.0, 3.0, 5.0], want=[15.0, 10.0, 6.0]),
        case([0.0, 3.0, 5.0], want=[15.0, 0.0, 0.0], note="one zero"),
        case([0.0, 3.0, -0.0, 5.0], want=[-0.0, -0.0, 0.0, -0.0], note="two zeros, whose signs count"),
        case([1e30, 1e30, 1e-30], want=[1.0, 1.0, float("inf")]),
        case([2.0**127] * 3 + [2.0**-127] * 3, want=[2.0**-127] * 3 + [2.0**127] * 3, note="no overflow on the way"),
        case([2.0**-149, 0.5, 1.0], want=[0.5, 2.0**-149, 0.0], note="half of the smallest subnormal: a tie"),
        case([4097.0, 4097.0, 2.0], want=[8194.0, 8194.0, 16785408.0], note="a tie goes to even"),
        case([float("inf"), 2.0, 0.0], want=[0.0, float("nan"), float("inf")]),
        case([float("nan"), 2.0], want=[2.0, float("nan")]),
        case([7.0], want=[1.0], note="the product of no others"),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, want=[[3.0, 4.0], [1.0, 2.0]]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=(0, 1), want=[[24.0, 12.0], [8.0, 6.0]]),
    ),
    refusals=(
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "twice", [[1.0]], axis=(0, -2)),
    ),
)
