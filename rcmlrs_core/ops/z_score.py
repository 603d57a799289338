"""z_score(x, axis=None): the elements shifted to mean 0 and scaled to standard deviation 1.

1. ``(x - mean(x)) / std(x)``, with both taken along ``axis`` (an int, a tuple of ints, or None, which is the whole
   tensor) and the deviation that of the elements themselves, divided by n: ``mean``, ``std``, ``sub`` and ``div``, each
   rounded once (N5). A table of one sample in each row takes ``axis=0``.
2. Where all elements are equal, the deviation is exactly 0 and there is nothing to scale: all become 0, and the
   gradient is that of a scale of 1.
3. An infinity or NaN makes what shares its scale NaN.
4. ``x.z_score_(axis)`` does it in place.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, ShapeError
from rcmlrs_core.ops.calls import call
from rcmlrs_core.ops.op import Composition, case, refusal


def z_score(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """Clause 1; a deviation of zero is replaced by one."""
    deviation = x.std(axis=axis, keepdims=True, correction=0)
    return (x - x.mean(axis=axis, keepdims=True)) / deviation.equal(0.0).where(1.0, deviation)


operation = Composition(
    module=__name__,
    function=z_score,
    cases=(
        case([3.0, 2.0, 1.0], want=[1.2247447967529297, 0.0, -1.2247447967529297]),
        case([[1.0, 10.0], [3.0, 30.0]], axis=0, want=[[-1.0, -1.0], [1.0, 1.0]]),
        case([[0.1, 1.0], [0.1, 3.0]], axis=0, want=[[0.0, -1.0], [0.0, 1.0]], note="clause 2: a constant column"),
        case([1.0, float("inf")], want=[float("nan"), float("nan")]),
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
