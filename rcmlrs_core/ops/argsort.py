"""argsort(x, axis=-1, *, descending=False, stable=True): the indices that sort the elements along an axis.

1. Ascending, -0 before +0, NaN last (N4.2); with ``descending`` the reverse of that order: NaN first, as it is the
   largest of all for ``max``, and +0 before -0. Equal elements keep their order either way, whatever ``stable`` says.
   The result is int32, of the shape of ``x``.
2. ``x.gather(x.argsort(axis=a), axis=a)`` is ``x.sort(axis=a)``.
3. Not differentiable: an index moves in jumps.
4. Of int32 too.
"""

import math
from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.numerics.formats import INFINITY
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import NoGradient, Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32

MINUS_ZERO, INFINITE, NOT_A_NUMBER = -(2.0**-200), 2.0**200, 2.0**300
"""In the order of N4.2 among binary32 numbers: binary64 numbers in the place of those that do not compare so."""


def row(values: list[float], *, descending: bool = False, stable: bool = True) -> list[int]:
    """By the number, then by the sign; Python's sort is stable, in reverse too."""
    keys = [
        (value != value, 0.0 if value != value else value, math.copysign(1.0, value) if value == 0 else 0.0)
        for value in values
    ]
    return sorted(range(len(values)), key=keys.__getitem__, reverse=descending)


def order_keys(m: Any, x: Any) -> Any:
    """Binary64 numbers without NaN and zeros of two kinds, in the order of N4.2."""
    numbers = m.where(x == 0.0, m.where(1.0 / x < 0.0, MINUS_ZERO, 0.0 * x), x)
    numbers = m.where(x == INFINITY, INFINITE, m.where(x == -INFINITY, -INFINITE, numbers))
    return m.where(x != x, NOT_A_NUMBER, numbers)


def binary64(m: Any, x: Any, *, descending: bool, stable: bool) -> Any:
    """The order of the keys."""
    keys = order_keys(m, x)
    return m.argsort(-keys if descending else keys)


def integers(m: Any, x: Any, *, descending: bool, stable: bool) -> Any:
    """Clause 4."""
    return m.argsort(-x if descending else x)


operation = Reduction(
    module=__name__,
    clause="N4.2",
    row=row,
    binary64=binary64,
    gives=INT32,
    maps=True,
    one_axis=True,
    default_axis=-1,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=NoGradient("the order of the elements changes in jumps"),
    cases=(
        case([3.0, 1.0, 2.0], want=[1, 2, 0]),
        case([1.0, 0.0, 1.0, 0.0], want=[1, 3, 0, 2], note="equal elements keep their order"),
        case([0.0, -0.0, 0.0, -0.0], want=[1, 3, 0, 2], note="-0 before +0"),
        case([float("nan"), float("inf"), float("-inf"), float("nan")], want=[2, 1, 0, 3], note="NaN last"),
        case([[3.0, 1.0], [2.0, 4.0]], axis=0, want=[[1, 0], [0, 1]]),
        case([1.0, 3.0, 2.0, 3.0], descending=True, want=[1, 3, 2, 0], note="equal elements keep their order"),
        case([-0.0, float("nan"), 0.0, float("inf"), -0.0], descending=True, want=[1, 3, 2, 0, 4]),
        case(int32(7, -(2**31), 2**24 + 1, 2**24, 7), want=[1, 0, 4, 3, 2]),
        case(int32(7, -(2**31), 2**24 + 1, 7), descending=True, want=[2, 0, 3, 1]),
    ),
    refusals=(refusal(AxisError, "takes one axis or None", [[1.0]], axis=(0, 1)),),
    samples=({}, {"descending": True}),
)
