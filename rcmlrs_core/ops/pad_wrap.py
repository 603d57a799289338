"""pad_wrap(x, widths): every axis extended on both sides by what is at its other end, as on a circle.

1. ``pad_wrap([1, 2, 3], widths=(1, 2)) = [3, 1, 2, 3, 1, 2]``. ``widths`` is as in ``pad``: a pair (before, after)
   for each axis, or one pair for all, or one number for all sides. (PyTorch's circular padding.)
2. A ``take`` along each axis (N4.1). An empty axis has nothing to extend it by, and is refused.
"""

from rcmlrs_core.ops.extension import extension
from rcmlrs_core.ops.op import case

operation = extension(
    __name__,
    lambda i, n: i % n,
    cases=(
        case([1.0, -0.0, 3.0], widths=(1, 2), want=[3.0, 1.0, -0.0, 3.0, 1.0, -0.0]),
        case([1.0, 2.0], widths=(3, 0), want=[2.0, 1.0, 2.0, 1.0, 2.0]),
        case([[1.0, 2.0]], widths=((1, 0), (0, 1)), want=[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]),
    ),
    refusals=(),
)
