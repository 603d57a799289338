"""hardtanh(x, *, min_val=-1.0, max_val=1.0): x between two bounds, a piecewise linear tanh.

1. min_val below min_val, max_val above max_val, and x between; nothing is rounded. The bounds are rounded once to
   binary32 (N6), and min_val is not above max_val.
2. An x that equals a bound gives the bound, so that of two zeros the bound's counts. NaN stays NaN (N2.3).
3. The gradient is ``g * hardtanh_derivative(x, min_val=min_val, max_val=max_val)``.

Source: R. Collobert, Large scale machine learning, thesis, Paris 2004.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, DTypeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Elementwise, case, refusal


def plain(x: float, *, min_val: float = -1.0, max_val: float = 1.0) -> float:
    """Clauses 1 and 2."""
    return min_val if x <= min_val else max_val if x >= max_val else x


def binary64(m: Any, x: Any, *, min_val: float, max_val: float) -> Any:
    """Clauses 1 and 2; NaN is neither, and stays."""
    return m.where(x <= min_val, min_val, m.where(x >= max_val, max_val, x))


def attribute_check(*, min_val: float, max_val: float) -> dict[str, float]:
    """Clause 1."""
    return checked("hardtanh", min_val, max_val)


def checked(name: str, min_val: float, max_val: float) -> dict[str, float]:
    """Bounds that are in order; NaN is in none."""
    if not min_val <= max_val:
        raise AttributeValueError(f"{name}: min_val must not be above max_val, got {min_val} and {max_val}")
    return {"min_val": min_val, "max_val": max_val}


def gradient(g: Any, y: Any, x: Any, *, min_val: float, max_val: float) -> tuple[Any]:
    """``g * hardtanh'(x)``."""
    return (g * x.hardtanh_derivative(min_val=min_val, max_val=max_val),)


operation = Elementwise(
    module=__name__,
    plain=plain,
    binary64=binary64,
    bound=0,
    attribute_check=attribute_check,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, inf, -inf, nan], want=[0.0, -0.0, 1.0, -1.0, nan]),
        case([1.0, 1 - 2.0**-24, 1 + 2.0**-23, -1.5], want=[1.0, 1 - 2.0**-24, 1.0, -1.0]),
        case([-0.0, 0.0, -1.0, 5.0], min_val=0.0, max_val=2.5, want=[0.0, 0.0, 0.0, 2.5]),
        case([-0.5, 0.5], max_val=0.1, want=[-0.5, 0.1]),
        case([-1e30, 1e30], min_val=-inf, want=[-1e30, 1.0]),
        case([-1.0, 3.0], min_val=0.25, max_val=0.25, want=[0.25, 0.25]),
    ),
    refusals=(
        refusal(AttributeValueError, "must not be above", [1.0], min_val=2.0),
        refusal(AttributeValueError, "must not be above", [1.0], max_val=nan),
        refusal(DTypeError, "takes float32, got int32", int32(1)),
    ),
    samples=({}, {"min_val": 0.0, "max_val": 2.5}, {"min_val": -1e-40}, {"min_val": -inf, "max_val": inf}),
)
