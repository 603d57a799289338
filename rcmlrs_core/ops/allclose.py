"""allclose(x, y, *, rtol=1e-05, atol=1e-08, equal_nan=False): whether all elements are close, by ``isclose``.

1. A bool of shape (); true where there are no elements. ``if rc.allclose(x, y):`` works as expected.
2. It has no gradient.
"""

from typing import Any

from rcmlrs_core.errors import ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, Operand, case, refusal


def allclose(x: Any, y: Operand | float, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """The number of those that are not is zero: its sum is exact but for one rounding, which makes no zero."""
    far = x.isclose(y, rtol=rtol, atol=atol, equal_nan=equal_nan).logical_not()
    return far.astype(dtype="float32").sum().equal(0.0)


operation = Composition(
    module=__name__,
    function=allclose,
    cases=(
        case([1.0, 2.0], [1.0, 2.00001], want=True),
        case([1.0, 2.0], [1.0, 2.001], want=False),
        case([1.0, 2.0], [1.0, 2.001], rtol=0.01, want=True),
        case([float("nan")], [float("nan")], want=False),
        case([float("nan")], [float("nan")], equal_nan=True, want=True),
        case([], [], want=True),
    ),
    refusals=(refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),),
    calls=(call((7,), (7,)), call((2, 3), (3,), rtol=8.0), call((0,), (0,))),
)
