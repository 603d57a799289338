"""sort(x, axis=-1, *, descending=False, stable=True): the elements along an axis in order.

1. Ascending, -0 before +0, NaN last (N4.2); with ``descending`` the reverse of that order: NaN first, as it is the
   largest of all for ``max``, and +0 before -0. No other bit changes (N4.1).
2. Equal elements have the same bits, so that ``stable`` does not show but in the gradient, which keeps their order.
3. The gradient gives to each element what its place in the order receives (``argsort``).
4. int32 elements are sorted likewise.
"""

from typing import Any

from rcmlrs_core.errors import AxisError
from rcmlrs_core.numerics.formats import INFINITY, NAN
from rcmlrs_core.ops import argsort
from rcmlrs_core.ops.argsort import INFINITE, MINUS_ZERO, NOT_A_NUMBER
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.max import as_rows, from_rows
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def row(values: list[float], *, descending: bool = False, stable: bool = True) -> list[float]:
    """By the indices of ``argsort``."""
    return [values[i] for i in argsort.row(values, descending=descending)]


def binary64(m: Any, x: Any, *, descending: bool, stable: bool) -> Any:
    """The keys in order, and back from keys to numbers."""
    keys = argsort.order_keys(m, x)
    found = -m.sort(-keys) if descending else m.sort(keys)
    found = m.where(found == MINUS_ZERO, -0.0, m.where(found == 0.0, 0.0, found))
    found = m.where(found == INFINITE, INFINITY, m.where(found == -INFINITE, -INFINITY, found))
    return m.where(found == NOT_A_NUMBER, NAN, found)


def integers(m: Any, x: Any, *, descending: bool, stable: bool) -> Any:
    """Clause 4."""
    return -m.sort(-x) if descending else m.sort(x)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], descending: bool, stable: bool) -> tuple[Any]:
    """Each place once, so that nothing is summed but with a zero."""
    rows = as_rows(x, axis)
    order = rows.argsort(axis=-1, descending=descending)
    return (from_rows(rows.zeros_like().scatter_add(order, as_rows(g, axis), axis=-1), x, axis),)


operation = Reduction(
    module=__name__,
    clause="N4.2",
    row=row,
    binary64=binary64,
    maps=True,
    one_axis=True,
    default_axis=-1,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([3.0, 1.0, 2.0], want=[1.0, 2.0, 3.0]),
        case([0.0, -0.0, 0.0, -0.0, -1.0], want=[-1.0, -0.0, -0.0, 0.0, 0.0], note="-0 before +0"),
        case(
            [float("nan"), float("inf"), float("-inf"), float("nan"), 3e38],
            want=[float("-inf"), 3e38, float("inf"), float("nan"), float("nan")],
            note="NaN last",
        ),
        case([2.0**-149, -(2.0**-149), 0.0, -0.0], want=[-(2.0**-149), -0.0, 0.0, 2.0**-149]),
        case([1.0, 3.0, 2.0, 3.0], descending=True, want=[3.0, 3.0, 2.0, 1.0]),
        case(
            [-0.0, float("nan"), 0.0, float("inf"), -1.0],
            descending=True,
            want=[float("nan"), float("inf"), 0.0, -0.0, -1.0],
        ),
        case([[3.0, 1.0], [2.0, 4.0]], axis=0, want=[[2.0, 1.0], [3.0, 4.0]]),
        case([[3.0, 1.0], [2.0, 4.0]], want=[[1.0, 3.0], [2.0, 4.0]]),
        case(int32(7, -(2**31), 2**31 - 1, 7), want=[-(2**31), 7, 7, 2**31 - 1]),
        case(int32(7, -(2**31), 2**31 - 1, 7), descending=True, want=[2**31 - 1, 7, 7, -(2**31)]),
    ),
    refusals=(
        refusal(AxisError, "takes one axis or None", [[1.0]], axis=(0, 1)),
        refusal(AxisError, "axis 1 is out of range", [1.0], axis=1),
    ),
    samples=({}, {"descending": True}),
)
