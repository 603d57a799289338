"""clip(x, min=None, max=None): x, and its bounds where it lies outside of them.

1. ``minimum(maximum(x, min), max)``, each only where it is given: a number or a tensor that broadcasts against x. Where
   min is above max the result is max. Nothing is rounded but numbers, once (N6).
2. NaN stays; a bound that is NaN gives NaN. Of two zeros the bound of 0 decides: ``clip(-0, min=0) = +0`` (N2.3).
3. Of float32, or all of int32.
4. The gradient passes ``g`` to x where min <= x <= max, and to the bound that is taken elsewhere.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.calls import Ints, call
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Composition, Operand, case, refusal


def clip(x: Any, min: Operand | float | None = None, max: Operand | float | None = None) -> Any:
    """Clause 1."""
    if min is not None:
        x = x.maximum(min)
    return x if max is None else x.minimum(max)


operation = Composition(
    module=__name__,
    function=clip,
    aliases=("clamp",),
    cases=(
        case([-2.0, -0.5, 0.5, 2.0], min=-1.0, max=1.0, want=[-1.0, -0.5, 0.5, 1.0]),
        case([-2.0, 2.0], min=0, want=[0.0, 2.0]),
        case([-2.0, 2.0], max=0.1, want=[-2.0, 0.1]),
        case([-2.0, nan, 2.0], want=[-2.0, nan, 2.0], note="without bounds"),
        case([-0.0, nan, inf, -inf], min=0.0, max=1.0, want=[0.0, nan, 1.0, 0.0]),
        case([0.0, 3.0], min=2.0, max=1.0, want=[1.0, 1.0], note="max is the last"),
        case([[-1.0, 5.0]], [0.0, 0.0], [[1.0], [2.0]], want=[[0.0, 1.0], [0.0, 2.0]]),
        case(int32(-(2**31), 5, 2**31 - 1), min=-1, max=7, want=[-1, 5, 7]),
        case(int32(1, 5), int32(3, 3), want=[3, 5]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "differ", int32(1, 2), min=0.5),
    ),
    calls=(
        call((7,), min=-0.5, max=0.5),
        call((2, 3), (3,), (2, 1)),
        call((5,), max=0.0),
        call(Ints((9,), -9, 9), Ints((9,), -9, 9)),
        call((), min=-1.0),
        call((0,), max=1.0),
    ),
)
