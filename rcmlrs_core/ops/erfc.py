"""erfc(x): the complementary error function.

1. ``RN(1 - erf(x))``, without the loss that the difference would mean (N2.1).
2. ``erfc(-inf) = 2``, ``erfc(inf) = +0`` (N2.3); ``erfc(0) = 1`` is the only exact value.
3. The gradient is ``-g * 2/sqrt(pi) e^(-x^2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.erf import TWO_OVER_ROOT_PI, gauss
from rcmlrs_core.ops.op import Elementwise, case


def exact(r: Any, x: Any) -> Any:
    """The difference: far above zero it takes 1.44 x^2 bits more."""
    return r.erfc(x)


def special(x: float) -> float | None:
    """Clause 2, and what is as good as infinite: erfc(11) is below 2^-178, and 2 - erfc(-6) below 2^-54."""
    if x > 11:
        return 0.0
    return 2.0 if x < -6 else None


def binary64(m: Any, x: Any) -> Any:
    """Within 8 ulp, which are 16 units of 2^-53: C libraries are within 5.2 ulp, and arrays within 16 units.

    (Sources as in ``erf``.) Beyond 11 the result is below 2^-178, which rounds to +0 in binary32.
    """
    return m.erfc(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``-g * (2/sqrt(pi) * gauss(x))``."""
    return (-g * (TWO_OVER_ROOT_PI * gauss(x)),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=16,
    gradient=gradient,
    cases=(
        case([0.0, -0.0], want=[1.0, 1.0]),
        case([inf, -inf, nan], want=[0.0, 2.0, nan]),
        case(
            [2.0**-149, -(2.0**-149), 2.0**-25, -(2.0**-24)],
            want=[1.0, 1.0, 1 - 2.0**-24, 1 + 2.0**-23],
            note="1 - 1.128 x",
        ),
        case([0.5, 1.0, -1.0, 4.0], want=[0.47950011, 0.15729921, 1.8427008, 1.5417258e-08]),
        case([9.194, 9.2, 9.5, 10.0], note="into the subnormals"),
        case([10.05, 10.06, 10.1, 11.0, 20.0], note="to +0"),
        case([-3.9, -4.0, -6.5], note="to 2"),
        case([1e30, -1e30, 3.4028234663852886e38], want=[0.0, 2.0, 0.0]),
        case(
            [-1.41038054e-5, -0.00361032574, -3.69762688e-7],
            want=[1.00001585, 1.00407374, 1.00000048],
            note="the nearest to a midpoint of all numbers: 2^-32.7, 2^-28.6 and 2^-27.8 ulp",
        ),
    ),
)
