"""prod(x, axis=None, keepdims=False): the product of the elements along some axes.

1. ``RN`` of the exact product: it depends on no order, and nothing overflows or underflows on the way (N2.1). The sign
   of a zero is that of the factors' signs; NaN and ``0 * inf`` give NaN.
2. ``axis`` is an int, a tuple of ints or None, which is all; the product of no elements is 1.
3. The gradient gives every element ``g`` times the product of the others (``prod_derivative``), zeros included.
4. The product of int32 elements is int32, and refused where it does not fit.
"""

from typing import Any

from rcmlrs_core.errors import AxisError, IntegerRangeError
from rcmlrs_core.numerics.products import exact_product
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import Reduction, case, refusal
from rcmlrs_core.plain import FLOAT32, INT32


def row(values: list[float]) -> float:
    """Integers, rounded once."""
    return exact_product(values)


def binary64(m: Any, x: Any) -> Any:
    """Fractions and exponents apart: n - 1 roundings; scaling is exact, for FARTHEST is far from binary64's ends."""
    return m.scaled(*m.product(x))


def integers(m: Any, x: Any) -> Any:
    """Clause 4."""
    return m.whole_product(x)


def bound(n: int) -> float:
    """n - 1 roundings: (1 + u)^(n-1) - 1 <= (n-1)u/(1 - (n-1)u) <= n u (1 + 2 n u), with u = 2^-53 and n u < 1/2."""
    return n * (1 + n * 2.0**-52)


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Any]:
    """No quotient y / x, which a zero or an underflow would spoil."""
    return (x.prod_derivative(axis=axis) * g.restore_axes(x.shape, axis=axis, keepdims=keepdims),)


operation = Reduction(
    module=__name__,
    row=row,
    binary64=binary64,
    bound=bound,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([2.0, 3.0, 4.0], want=24.0),
        case([1e30, 1e30, 1e-30, 1e-30], want=1.0, note="no overflow on the way"),
        case([2.0**-149, 2.0**-149, 2.0**100, 2.0**100, 2.0**98], want=1.0, note="no underflow on the way"),
        case([16777215.0, 16777215.0, 16777215.0, 2.0**-60], want=4095.999267578125),
        case([4097.0, 4097.0], want=16785408.0, note="a tie: 16785409 goes to even"),
        case([3.0, 5592407.0], want=16777220.0, note="a tie: 16777221 goes to even"),
        case([2.0**-149, 0.5], want=0.0, note="half of the smallest subnormal: the tie goes to even"),
        case([-(2.0**-149), 0.25], want=-0.0, note="a result that vanishes keeps its sign"),
        case([-0.0, 2.0, 3e38, 3e38], want=-0.0),
        case([-0.0, -1.0], want=0.0),
        case([-3e38, 3e38], want=float("-inf")),
        case([float("inf"), -1.0, 2.0**-149], want=float("-inf")),
        case([float("inf"), 1.0, 0.0], want=float("nan")),
        case([0.0, float("nan")], want=float("nan")),
        case([2.0] * 100 + [0.5] * 100, want=1.0),
        case([2.0**127] * 40 + [2.0**-127] * 40, want=1.0),
        case([[1.0, 2.0], [3.0, 4.0]], axis=0, want=[3.0, 8.0]),
        case([[1.0, 2.0], [3.0, 4.0]], axis=(0, 1), keepdims=True, want=[[24.0]]),
        case([[], []], axis=1, want=[1.0, 1.0], note="the product of no elements"),
        case(int32(2**30, -2, 1), want=-(2**31)),
        case(int32(2**31 - 1, 2**31 - 1, 7, 0, 2**31 - 1), want=0, note="no overflow on the way"),
        case(int32(), want=1),
    ),
    refusals=(
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AxisError, "twice", [[1.0]], axis=(0, -2)),
        refusal(IntegerRangeError, "is no int32", int32(-(2**31), -1)),
        refusal(IntegerRangeError, "is no int32", int32(*[2**16] * 9)),
    ),
)
