"""triu(x, k=0): the upper triangle of a matrix, or of every matrix of a batch; zeros below it.

1. Element (i, j) stays where ``j - i >= k``: 0 is the main diagonal, 1 the one above it. Elsewhere is +0, whatever was
   there. Elements that stay change no bit (N4.1; Array API standard).
2. The gradient is the upper triangle of ``g``.
"""

from rcmlrs_core.ops.op import case
from rcmlrs_core.ops.triangle import triangle

operation = triangle(
    __name__,
    lambda above, k: above >= k,
    cases=(
        case([[1.0, -0.0], [3.0, 4.0]], want=[[1.0, -0.0], [0.0, 4.0]]),
        case([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], k=1, want=[[0.0, 2.0, 3.0], [0.0, 0.0, 6.0]]),
        case([[float("inf"), 2.0], [float("nan"), 4.0]], k=-1, want=[[float("inf"), 2.0], [float("nan"), 4.0]]),
    ),
)
