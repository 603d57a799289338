"""hardtanh_derivative(x, *, min_val=-1.0, max_val=1.0): the derivative of hardtanh.

1. 1 if min_val < x < max_val, else 0, at the bounds too. NaN gives NaN (N2.3).
2. The bounds are rounded once to binary32 (N6), and min_val is not above max_val.
3. The function is constant but for jumps: the gradient is 0.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.hardtanh import checked
from rcmlrs_core.ops.op import Elementwise, case, refusal


def plain(x: float, *, min_val: float = -1.0, max_val: float = 1.0) -> float:
    """Clause 1."""
    return x if x != x else 1.0 if min_val < x < max_val else 0.0


def binary64(m: Any, x: Any, *, min_val: float, max_val: float) -> Any:
    """Clause 1; what compares with nothing is NaN."""
    return m.where((x > min_val) & (x < max_val), 1.0, m.where(x == x, 0.0, x))


def attribute_check(*, min_val: float, max_val: float) -> dict[str, float]:
    """Clause 2."""
    return checked("hardtanh_derivative", min_val, max_val)


def gradient(g: Any, y: Any, x: Any, *, min_val: float, max_val: float) -> tuple[Any]:
    """Zeros."""
    return (g.zeros_like(),)


operation = Elementwise(
    module=__name__,
    clause="N7",
    plain=plain,
    binary64=binary64,
    bound=0,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([0.0, 1.0, -1.0, inf, -inf, nan], want=[1.0, 0.0, 0.0, 0.0, 0.0, nan]),
        case([1 - 2.0**-24, 1 + 2.0**-23, -0.5], want=[1.0, 0.0, 1.0]),
        case([0.0, -0.0, 2.0**-149, 2.5], min_val=0.0, max_val=2.5, want=[0.0, 0.0, 1.0, 0.0]),
    ),
    refusals=(
        refusal(AttributeValueError, "must not be above", [1.0], min_val=2.0),
        refusal(DTypeError, "takes float32, got int32", int32(1)),
    ),
    samples=({}, {"min_val": 0.0, "max_val": 2.5}, {"min_val": -1e-40}, {"min_val": -inf, "max_val": inf}),
)
