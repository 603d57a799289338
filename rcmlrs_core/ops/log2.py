"""log2(x): the logarithm to the base 2.

1. ``RN(log x / log 2)`` (N2.1), which is the exponent itself of a power of two.
2. ``log2(+-0) = -inf``, ``log2(inf) = inf``, ``log2(1) = +0``; below zero the result is NaN (N2.3).
3. The gradient is ``g / (x log 2)``.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.ops.op import Elementwise, case

LOG2_E = 1.4426950408889634


def exact(r: Any, x: Any) -> Any:
    """The exponent of a power of two; any other logarithm is irrational."""
    return r.log2(x)


def special(x: float) -> float | None:
    """Clause 2."""
    if x == 0:
        return -inf
    if x < 0:
        return nan
    return inf if x == inf else None


def binary64(m: Any, x: Any) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53."""
    return m.log2(x)


def gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """``g * ((1 / log 2) / x)``, which loses nothing where x is subnormal."""
    return (g * (LOG2_E / x),)


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
        case([2.0, 0.5, 1024.0, 2.0**127], want=[1.0, -1.0, 10.0, 127.0]),
        case([2.0**-149, 2.0**-148, 2.0**-126], want=[-149.0, -148.0, -126.0], note="subnormal powers"),
        case([3.0, 10.0, 3 * 2.0**-149], want=[1.5849625, 3.3219281, -147.41504]),
        case([1 + 2.0**-23, 1 - 2.0**-24], note="next to zero"),
        case(3.4028234663852886e38, want=128.0, note="a hair below"),
        case(
            [0.3134363, 2.5074904, 3.33572373e-39],
            want=[-1.67375588, 1.32624412, -127.8172],
            note="the nearest to a midpoint of all numbers: 2^-27.6, 2^-27.6 and 2^-27.1 ulp",
        ),
    ),
)
