"""RN of the functions in Arb's balls, in as many bits as it takes, and how far values are from a midpoint.

Needs python-flint, which ``rcmlrs[judge]`` installs. What is rational is decided in integers.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from flint import ctx

from .functions import FUNCTIONS, Value
from .numbers import bits_of, distance, log2, number, rounded

T = TypeVar("T")

MOST_BITS = 1 << 15
"""A precision that no function needs: a formula that is undecided there has a fault."""


def right(name: str, *patterns: int, **attributes: Any) -> int:
    """Bits of the one right result at the arguments with these bits."""
    return rn(FUNCTIONS[name](*map(number, patterns), **attributes))


def rn(value: Value) -> int:
    """Bits of the one right result where the exact value is this."""
    if isinstance(value, float):
        return bits_of(value)
    if isinstance(value, Fraction):
        return rounded(value)

    def nearest(low: Fraction, high: Fraction) -> int | None:
        return rounded(low) if rounded(low) == rounded(high) else None

    return _refined(value, 128, nearest)


def value(name: str, pattern: int) -> Fraction:
    """A function of one number, where it has a finite value, to 300 bits."""
    return _ends_of(name, pattern, 512, lambda low, high: low if high - low <= abs(low) / 2**300 else None)


def exponent_of_distance(name: str, pattern: int) -> float | None:
    """The base-2 logarithm of the distance to the nearest midpoint of two numbers, in units in the last place.

    None where the value is a midpoint itself, or is infinite or NaN.
    """

    def logarithm(low: Fraction, high: Fraction) -> tuple[float | None] | None:
        if low == high == 0 or (low == high and distance(low) == 0):
            return (None,)
        distances = distance(low), distance(high)
        near = min(distances) > 0 and max(distances) <= min(distances) * Fraction(1001, 1000)
        return (log2(distances[0]),) if near else None

    return _ends_of(name, pattern, 256, logarithm)[0]


def _ends_of(name: str, pattern: int, precision: int, tell: Callable[[Fraction, Fraction], T | None]) -> T:
    """What ``tell`` finds from the ends of an interval that holds the function's value, or from the value itself."""
    found = FUNCTIONS[name](number(pattern))
    if isinstance(found, float):
        found = Fraction(found)
    if isinstance(found, Fraction):
        told = tell(found, found)
        assert told is not None
        return told
    return _refined(found, precision, tell)


def _refined(formula: Callable[[], Any], precision: int, tell: Callable[[Fraction, Fraction], T | None]) -> T:
    """What ``tell`` finds, from the ends of an interval of one sign, in as many bits as it takes."""
    while precision <= MOST_BITS:
        with ctx.workprec(precision):
            ball = formula()
            ends = [end.man_exp() for end in (ball.lower(), ball.upper())] if ball.is_finite() else None
        if ends is not None:
            low, high = (_fraction(*end) for end in ends)
            if low * high > 0:  # of one sign, so that a zero has it
                found = tell(low, high)
                if found is not None:
                    return found
        precision *= 2
    raise ArithmeticError(f"{MOST_BITS} bits do not tell what is asked of a function")


def _fraction(mantissa: Any, exponent: Any) -> Fraction:
    """What is far beyond binary32's numbers stays beyond them, and needs no thousands of digits."""
    m, e = int(mantissa), int(exponent)
    if m == 0:
        return Fraction(0)
    top = abs(m).bit_length() + e
    if abs(top) > 1000:
        return Fraction(1 if m > 0 else -1) * Fraction(2) ** (1000 if top > 0 else -1000)
    return Fraction(m) * Fraction(2) ** e
