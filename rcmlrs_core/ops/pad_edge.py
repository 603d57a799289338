"""pad_edge(x, widths): every axis extended on both sides by its first and its last element.

1. ``pad_edge([1, 2], widths=2) = [1, 1, 1, 2, 2, 2]``. ``widths`` is as in ``pad``: a pair (before, after) for each
   axis, or one pair for all, or one number for all sides.
2. A ``take`` along each axis (N4.1). An empty axis has nothing to extend it by, and is refused.
"""

from rcmlrs_core.ops.extension import extension
from rcmlrs_core.ops.op import case

operation = extension(
    __name__,
    lambda i, n: min(max(i, 0), n - 1),
    cases=(
        case([1.0, -0.0], widths=(1, 2), want=[1.0, 1.0, -0.0, -0.0, -0.0]),
        case([[1.0, 2.0]], widths=((1, 0), (0, 1)), want=[[1.0, 2.0, 2.0], [1.0, 2.0, 2.0]]),
        case([], widths=0, want=[]),
    ),
    refusals=(),
)
