"""The functions of one argument in Arb's balls: RN of them, and how far they are from the midpoint of two numbers.

Written from the specifications, in other formulas than those of the certifier's intervals. Nothing of RCMLRS is used:
what is infinite, NaN, zero or a pole is not asked here.
"""

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from flint import arb, ctx

Formula = Callable[[Any], Any]
T = TypeVar("T")

SIGN, INFINITY_BITS, NAN_BITS = 0x80000000, 0x7F800000, 0x7FC00000

MOST_BITS = 1 << 14
"""A precision that no function needs: a formula that is undecided there has a fault."""


def number(pattern: int) -> float:
    """The number with these bits."""
    return float(struct.unpack("<f", struct.pack("<I", pattern))[0])


def _logistic(v: Any) -> Any:
    return 1 / (1 + (-v).exp())


def _product_rule(x: Any, v: Any, slope: Any) -> Any:
    """The derivative of x s(v), where ``slope`` is that of v: over one denominator, so that no sum cancels far out."""
    e = (-v).exp()
    return (1 + e * (1 + x * slope)) / (1 + e) ** 2


def _gelu_argument(x: Any) -> tuple[Any, Any]:
    """The v of gelu(x) = x s(v), and its slope."""
    scale = 2 * (2 / arb.pi()).sqrt()
    return scale * (x + arb(44715) / 1000000 * x**3), scale * (1 + arb(3 * 44715) / 1000000 * x**2)


FORMULAS: dict[str, Formula] = {
    "exp": lambda x: x.exp(),
    "expm1": lambda x: x.expm1(),
    "log": lambda x: x.log(),
    "log1p": lambda x: x.log1p(),
    "sigmoid": _logistic,
    "sigmoid_derivative": lambda x: 1 / (4 * (x / 2).cosh() ** 2),
    "tanh": lambda x: x.tanh(),
    "tanh_derivative": lambda x: 1 / x.cosh() ** 2,
    "softplus": lambda x: x.exp().log1p(),
    "swish": lambda x: x * _logistic(x),
    "swish_derivative": lambda x: _product_rule(x, x, 1),
    "gelu": lambda x: x * _logistic(_gelu_argument(x)[0]),
    "gelu_derivative": lambda x: _product_rule(x, *_gelu_argument(x)),
}
"""Of those functions that the certifier encloses; the others it computes in integers."""


def _ends(name: str, pattern: int, precision: int) -> tuple[Fraction, Fraction] | None:
    """An interval that holds the function's value, or None where it is not finite in that precision."""
    with ctx.workprec(precision):
        ball = FORMULAS[name](arb(number(pattern)))
        if not ball.is_finite():
            return None
        low, high = ball.lower().man_exp(), ball.upper().man_exp()
    return _fraction(*low), _fraction(*high)


def _fraction(mantissa: Any, exponent: Any) -> Fraction:
    """What is far beyond binary32's numbers stays beyond them, and needs no thousands of digits."""
    m, e = int(mantissa), int(exponent)
    if m == 0:
        return Fraction(0)
    top = abs(m).bit_length() + e
    if abs(top) > 1000:
        return Fraction(1 if m > 0 else -1) * Fraction(2) ** (1000 if top > 0 else -1000)
    return Fraction(m) * Fraction(2) ** e


def _last_place(value: Fraction) -> Fraction:
    """The distance of two binary32 numbers where ``value`` lies."""
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** exponent:
        exponent -= 1
    return Fraction(2) ** max(exponent - 23, -149)


def rounded(value: Fraction) -> int:
    """Bits of the nearest binary32 number, ties to even (Python's rounding); a zero has the value's sign."""
    sign = SIGN if value < 0 else 0
    quantum = _last_place(value) if value else Fraction(1)
    nearest = round(abs(value) / quantum) * quantum
    if nearest >= 2**128:
        return sign | INFINITY_BITS
    return sign | int(struct.unpack("<I", struct.pack("<f", float(nearest)))[0])


def _refined(name: str, pattern: int, precision: int, tell: Callable[[Fraction, Fraction], T | None]) -> T:
    """What ``tell`` finds, from the ends of an interval of one sign, in as many bits as it takes."""
    while precision <= MOST_BITS:
        ends = _ends(name, pattern, precision)
        if ends is not None and ends[0] * ends[1] > 0:  # of one sign, so that a zero has it
            found = tell(*ends)
            if found is not None:
                return found
        precision *= 2
    raise ArithmeticError(f"{name} at 0x{pattern:08x}: {MOST_BITS} bits do not tell what is asked of it")


def right(name: str, pattern: int) -> int:
    """Bits of RN of the function at the number with the bits ``pattern``."""

    def nearest(low: Fraction, high: Fraction) -> int | None:
        return rounded(low) if rounded(low) == rounded(high) else None

    return _refined(name, pattern, 128, nearest)


def value(name: str, pattern: int) -> Fraction:
    """The function at that number, to 300 bits."""
    return _refined(name, pattern, 512, lambda low, high: low if high - low < abs(low) / 2**300 else None)


def exponent_of_distance(name: str, pattern: int) -> float:
    """The base-2 logarithm of the distance to the nearest midpoint of two numbers, in units in the last place."""

    def logarithm(low: Fraction, high: Fraction) -> float | None:
        distances = _distance(low), _distance(high)
        near = min(distances) > 0 and max(distances) < min(distances) * Fraction(1001, 1000)
        return _log2(distances[0]) if near else None

    return _refined(name, pattern, 256, logarithm)


def _distance(value: Fraction) -> Fraction:
    """To the nearest odd multiple of half a unit, in units."""
    units = abs(value) / _last_place(value)
    return abs(units - math.floor(units) - Fraction(1, 2))


def _log2(value: Fraction) -> float:
    """Of a fraction that a float may not hold."""
    shift = value.numerator.bit_length() - value.denominator.bit_length()
    return math.log2(float(value / Fraction(2) ** shift)) + shift
