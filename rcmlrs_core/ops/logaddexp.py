"""logaddexp(x, y): the logarithm of the sum of e^x and e^y, elementwise.

1. ``RN(log(e^x + e^y))``: one rounding (N2.1).
2. ``-inf`` is the logarithm of nothing: ``logaddexp(-inf, y) = y`` (+0 for a zero). If either is inf, so is the result;
   NaN if either is NaN (N2.3).
3. Operands broadcast against each other.
4. The gradient passes ``g * sigmoid(x - y)`` to ``x`` and ``g * sigmoid(y - x)`` to ``y``, a half to each where both
   are the same infinity; each summed over the axes that were broadcast.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.ops.op import Elementwise, case, refusal
from rcmlrs_core.plain import PlainArray


def exact(r: Any, x: Any, y: Any) -> Any:
    """``x + log(1 + e^(y - x))`` for x >= y: the same. It is no algebraic number (Lindemann, Weierstrass)."""
    if y > x:
        x, y = y, x
    return x + r.log(1 + r.exp(y - x))


def special(x: float, y: float) -> float | None:
    """Clause 2."""
    if x == inf or y == inf:
        return inf
    if x == -inf or y == -inf:
        return max(x, y) + 0.0
    return None


def binary64(m: Any, x: Any, y: Any) -> Any:
    """``max(x, y) + l`` with ``l = log1p(e^-d)`` and d = |x - y|, within 128 units of |max(x, y)| + l.

    8 of exp, which log1p does not magnify, 8 of log1p, 1 of the sum. The difference is within 1 unit of d, which moves
    l by d units: 105 at most where d <= 105. Beyond, l is below 2^-151; and either the larger operand is 0, so that the
    difference is exact, or it is at least 2^-149 in size, beside which d * l stays below 105 units.
    """
    larger = m.maximum(x, y)
    d = m.where(x == y, 0.0, m.abs(x - y))
    rest = m.log1p(m.exp(-d))
    value = larger + rest
    return value, m.where(m.abs(value) == inf, 0.0, m.abs(larger) + rest)


def gradient(g: Any, z: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Clause 4."""
    d = x.equal(y).logical_and(x.abs().equal(inf)).where(0.0, x - y)
    return (g * d.sigmoid()).sum_to(x.shape), (g * (-d).sigmoid()).sum_to(y.shape)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=128,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, 1.0], [0.0, -0.0, 1.0], want=[0.6931472, 0.6931472, 1.6931472]),
        case([-inf, -inf, 2.5, -inf], [3.0, -0.0, -inf, -inf], want=[3.0, 0.0, 2.5, -inf]),
        case([inf, inf, -inf], [1.0, inf, inf], want=[inf, inf, inf]),
        case([nan, 1.0, nan, -inf], [1.0, nan, inf, nan], want=[nan] * 4),
        case([-0.6931472, -0.5, -1e-3], [-0.6931472, -0.9327521, -6.908256], note="the sum of the powers is next to 1"),
        case([0.0, -0.0, 0.0], [-100.0, -104.0, -3.4028234663852886e38], want=[3.783506e-44, 0.0, 0.0], note="to +0"),
        case([2.0**-149, -(2.0**-149)], [-103.2789, -103.2789], note="two subnormal numbers"),
        case([1e38, 3.4028234663852886e38], [-1e38, 3.4028234663852886e38], want=[1e38, 3.4028234663852886e38]),
        case([-200.0, 88.0, -1e30], [-200.0, -88.0, -1e30], want=[-199.30685, 88.0, -1e30]),
        case([1000.0, -1000.0], [999.0, -1001.0], want=[1000.31323, -999.68677], note="no overflow, no underflow"),
        case([[0.0], [1.0]], [0.0, -1.0], want=[[0.6931472, 0.31326169], [1.3132616, 1.126928]]),
    ),
    refusals=(
        refusal(ShapeError, "lengths 2 and 3", [1.0, 2.0], [1.0, 2.0, 3.0]),
        refusal(DTypeError, "takes float32, got int32", PlainArray.of([1], (), "int32"), 1.0),
    ),
)
