"""log10(x): the logarithm to the base 10.

1. ``RN(log x / log 10)`` (N2.1), which is the exponent itself of a power of ten.
2. ``log10(+-0) = -inf``, ``log10(inf) = inf``, ``log10(1) = +0``; below zero the result is NaN (N2.3).
3. The gradient is ``g / (x log 10)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case

LOG10_E = 0.4342944819032518


def exact(r: Any, x: Any) -> Any:
    """The exponent of a power of ten, of which eleven are binary32 numbers; any other logarithm is irrational."""
    return r.log10(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0:
        return -inf
    if x < 0:
        return nan
    return inf if x == inf else None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.log10(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * ((1 / log 10) / x)``, which loses nothing where x is subnormal."""
    return (g * (LOG10_E / x),)


operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    gradient=gradient,
    cases=(
        case([0.0, -0.0, 1.0], want=[-inf, -inf, 0.0]),
        case([-1.0, -(2.0**-149), -inf], want=[nan, nan, nan]),
        case([inf, nan], want=[inf, nan]),
        case(
            [10.0, 100.0, 1e9, 1e10],
            want=[1.0, 2.0, 9.0, 10.0],
            note="1e10 is the largest power of ten that is a number",
        ),
        case([1e11, 0.1, 1e-10], want=[11.0, -1.0, -10.0], note="no powers of ten, but next to them"),
        case([2.0**-149, 3 * 2.0**-149], note="subnormal numbers"),
        case([1 + 2.0**-23, 1 - 2.0**-24], note="next to zero"),
        case(3.4028234663852886e38, want=38.53184),
        case(
            [1.53806442e20, 1.53806442e21, 6077.72266],
            want=[20.1869736, 21.1869736, 3.783741],
            note="the nearest to a midpoint of all numbers: 2^-32.4, 2^-32.4 and 2^-30.7 ulp",
        ),
    ),
)
