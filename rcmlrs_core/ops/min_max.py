"""min_max(x, axis=None): the elements scaled to [0, 1] by the smallest and the largest.

1. ``(x - min(x)) / (max(x) - min(x))``, with both taken along ``axis`` (an int, a tuple of ints, or None, which is the
   whole tensor): ``min``, ``max``, ``sub`` and ``div``, each rounded once (N5). A table of one sample in each row takes
   ``axis=0``.
2. The smallest elements become +0 and the largest 1. Where all are equal there is nothing to scale, and all become +0;
   the gradient there is that of a scale of 1.
3. Not a number, or an infinity, makes what shares its scale NaN or zero, as IEEE 754 has it.
4. ``x.min_max_(axis)`` does it in place.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def min_max(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """Clause 1; a span of zero is replaced by one."""
    least = x.min(axis=axis, keepdims=True)
    span = x.max(axis=axis, keepdims=True) - least
    return (x - least) / span.equal(0.0).where(1.0, span)


operation = Composition(
    module=__name__,
    function=min_max,
    cases=(
        case([1.0, 2.0, 4.0], want=[0.0, 0.3333333432674408, 1.0]),
        case([[1.0, 10.0], [3.0, 20.0], [2.0, 15.0]], axis=0, want=[[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]),
        case([[5.0, 1.0], [5.0, 2.0]], axis=0, want=[[0.0, 0.0], [0.0, 1.0]], note="clause 2: a constant column"),
        case([0.1, 0.1], want=[0.0, 0.0]),
        case([1.0, float("nan")], want=[float("nan"), float("nan")]),
    ),
    refusals=(
        refusal(AxisError, "axis 1", [1.0, 2.0], axis=1),
        refusal(ShapeError, "empty", []),
    ),
    calls=(
        call((7,)),
        call((3, 4), axis=0),
        call((3, 4), axis=1),
        call((2, 3)),
    ),
)
