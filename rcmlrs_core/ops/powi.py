"""powi(x, *, n): x to the integer n; ``x ** 3``.

1. ``RN(x^n)``: one rounding, however many factors (N2.1). ``x^0 = 1``, even for NaN.
2. ``0^n`` is 0 for n > 0 and infinite for n < 0, ``(+-inf)^n`` the other way around; negative for a negative x and
   an odd n (IEEE 754-2019, 9.2.1, ``pown``; N2.3).
3. n is an int32: an int in [-2^31, 2^31).
4. The gradient is ``g * (n * x^(n-1))``, and 0 for n = 0.
5. Of int32 too, to int32: exact, and refused where the result is none or n is negative.
"""

from math import inf, nan
from typing import Any

from rcmlrs_core.errors import AttributeValueError, IntegerRangeError
from rcmlrs_core.ops.comparison import int32
from rcmlrs_core.ops.op import NO_INTEGER, Elementwise, case, refusal
from rcmlrs_core.ops.powf import clipped
from rcmlrs_core.ops.powf import special as special_power
from rcmlrs_core.plain import FLOAT32, INT32


def exact(r: Any, x: Any, *, n: int) -> Any:
    """The power: at most 31 squarings."""
    return x**n


def special(x: float, *, n: int) -> float | None:
    """An int32 is a binary64 number, and the special values are those of ``powf``."""
    return special_power(x, float(n))


def binary64(m: Any, x: Any, *, n: int) -> Any:
    """Within 4 ulp, which are 8 units of 2^-53. n is exact in binary64.

    Where x^n is no normal binary64 number, it rounds to a zero or an infinity in binary32, and so does what pow
    returns there. A square is exact, and so has no error: integers, whose squares are often ties, are decided.
    """
    if n == 2:
        product = x * x
        return product, m.where(product < 0.0, product, 0.0)
    return m.power(x, float(n))


def attribute_check(*, n: int) -> dict[str, int]:
    """Clause 3."""
    if not -(2**31) <= n < 2**31:
        raise AttributeValueError(f"powi: n must be an int32, in [-2^31, 2^31), got {n}; powf takes larger exponents")
    return {"n": n}


def integers(m: Any, x: Any, *, n: int) -> Any:
    """Clause 5, by squaring. Factors that are no int32 become one that is next to int32, and so do their products, as
    no further factor is smaller than 1; and no product on the way leaves int64."""
    if n < 0:
        return x * 0 + NO_INTEGER
    result, factor = x * 0 + 1, x
    while n:
        if n % 2:
            result = clipped(m, result * factor)
        n //= 2
        if n:
            factor = clipped(m, factor * factor)
    return result


def gradient(g: Any, y: Any, x: Any, *, n: int) -> tuple[Any]:
    """Clause 4."""
    if n == -(2**31):  # n - 1 is no int32
        return (g * (n * (y / x)),)
    return (g * (n * x.powi(n=n - 1)) if n else g.zeros_like(),)


NAN, INF = nan, inf

operation = Elementwise(
    module=__name__,
    exact=exact,
    special=special,
    binary64=binary64,
    bound=8,
    sees_nan=True,
    attribute_check=attribute_check,
    takes=(FLOAT32, INT32),
    integers=integers,
    gradient=gradient,
    cases=(
        case([NAN, INF, -0.0, 2.5], n=0, want=[1.0] * 4),
        case([NAN, -INF, -0.0, 0.0, -2.5], n=1, want=[NAN, -INF, -0.0, 0.0, -2.5]),
        case([-INF, -0.0, 4097.0, 2.0**-75], n=2, want=[INF, 0.0, 16785408.0, 0.0], note="4097^2 and 2^-150 are ties"),
        case([-INF, -0.0, 289.0, -8.0], n=3, want=[-INF, -0.0, 24137568.0, -512.0], note="289^3 is a tie"),
        case([-INF, -0.0, 0.0, 3.0, -(2.0**-149)], n=-1, want=[-0.0, -INF, INF, 0.33333334, -INF]),
        case([-0.0, -INF, 3.0], n=-2, want=[INF, 0.0, 0.11111111]),
        case([2.0, -2.0, 0.5], n=-149, want=[2.0**-149, -(2.0**-149), INF]),
        case([2.0, -2.0, 1.9999999], n=-150, want=[0.0, 0.0, 2.0**-149], note="2^-150 is a tie"),
        case([2.0, 1.9999999, -2.0], n=128, note="the overflow threshold"),
        case([1.0000001, 0.99999994, -1.0, -2.0, 1.0], n=2**31 - 1, want=[INF, 0.0, -1.0, -INF, 1.0]),
        case([1.0000001, 0.99999994, -1.0, 0.5, 1.0], n=-(2**31), want=[0.0, INF, 1.0, INF, 1.0]),
        case([1.0000001, 0.99999994, 1.5], n=1000003, note="a million factors, rounded once"),
        case(int32(-2, 0, 1), n=31, want=[-(2**31), 0, 1]),
        case(int32(-1, 1, 0), n=2**31 - 1, want=[-1, 1, 0]),
        case(int32(5, 0), n=0, want=[1, 1]),
        case(int32(-1290, 46340), n=1, want=[-1290, 46340]),
    ),
    refusals=(
        refusal(AttributeValueError, "must be an int32", [1.0], n=2**31),
        refusal(AttributeValueError, "of type int", [1.0], n=0.5),
        refusal(AttributeValueError, "missing", [1.0]),
        refusal(IntegerRangeError, "2, n=31 is no int32", int32(1, 2), n=31),
        refusal(IntegerRangeError, "-65537, n=2 is no int32", int32(-65537), n=2),
        refusal(IntegerRangeError, "-3, n=2147483647", int32(-3), n=2**31 - 1),
        refusal(IntegerRangeError, "2, n=-1 is no int32", int32(2), n=-1),
    ),
    samples=tuple({"n": n} for n in (2, 3, -1, 0, 1, -2, 4, 7, -150, 2**31 - 1, -(2**31))),
)
