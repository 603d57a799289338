"""Exact reals, as enclosures that are refined until the rounding is decided.

A definition is an ordinary function ``exact(r, *arguments)``: ``r`` is a :class:`Reals`, a working precision with the
functions of the textbook; the arguments and the result are intervals that contain the exact values. ``decide`` calls
it with more and more bits until both ends of the result round to the same number: that number is RN of the exact
value, whatever the precision was. A result that is a dyadic number (a tie, a power, a square root that comes out)
becomes an interval of width zero once the precision holds it, and is decided too.

The interval arithmetic is mpmath's (``mpmath.iv``): + - * / sqrt, integer powers and pi are rounded outward, which
is proven. Its exp, log, sin and cos round outward an approximation that itself is off by less than a thousandth of
an ulp, which can leave the exact value outside by that much; one more ulp on either side makes enclosures of them.
The rest is built from these here.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

from rcmlrs_core.errors import PrecisionError
from rcmlrs_core.numerics.formats import BINARY32, Format, from_bits

FIRST_PRECISION = 96
"""Bits of the first try: most cases that reach an exact definition are decided here."""

LAST_PRECISION = 1 << 15
"""Where ``decide`` gives up. The hardest known binary32 cases need some hundreds of bits (odd subnormals)."""

Enclosure = Any
"""An interval of mpmath (which is untyped); supports + - * / and integer ``**``."""


class Reals:
    """The textbook's functions over enclosures, at one working precision of ``precision`` bits."""

    def __init__(self, precision: int) -> None:
        from mpmath.ctx_iv import MPIntervalContext  # when it is needed: most programs decide every rounding without

        self.precision = precision
        self._iv = MPIntervalContext()
        self._iv.prec = precision
        self._ulp_around_one = self._iv.mpf(1) + self._iv.mpf([-1, 1]) * self._iv.mpf(2) ** (1 - precision)

    def number(self, value: float | int) -> Enclosure:
        """A Python number at its exact value (to the working precision, which holds every binary32)."""
        return self._iv.mpf(value)

    def ratio(self, numerator: int, denominator: int) -> Enclosure:
        """The rational constant that is written: ``r.ratio(44715, 1000000)`` is 0.044715 (N2.2)."""
        return self._iv.mpf(numerator) / denominator

    @property
    def pi(self) -> Enclosure:
        """pi is pi (N2.2)."""
        return +self._iv.pi

    def sqrt(self, x: Enclosure) -> Enclosure:
        """The non-negative square root."""
        return self._iv.sqrt(x)

    def exp(self, x: Enclosure) -> Enclosure:
        """e to the x."""
        return self._iv.mpf(1) if x == 0 else self._iv.exp(x) * self._ulp_around_one

    def log(self, x: Enclosure) -> Enclosure:
        """The natural logarithm."""
        return self._iv.log(x) * self._ulp_around_one

    def sin(self, x: Enclosure) -> Enclosure:
        """Sine of x radians."""
        return self._iv.sin(x) * self._ulp_around_one

    def cos(self, x: Enclosure) -> Enclosure:
        """Cosine of x radians."""
        return self._iv.mpf(1) if x == 0 else self._iv.cos(x) * self._ulp_around_one

    def power(self, x: Enclosure, y: Enclosure) -> Enclosure:
        """x to the y for single numbers: with y = n / 2^k, the n-th power of k square roots; x > 0 unless k = 0.

        Every binary number y is such a fraction. Roots and powers that come out exactly do so here.
        """
        n, denominator = float(y).as_integer_ratio()
        for _ in range(denominator.bit_length() - 1):
            x = self._iv.sqrt(x)
        return x**n

    def sigmoid(self, x: Enclosure) -> Enclosure:
        """1 / (1 + e^-x)."""
        return 1 / (1 + self.exp(-x))

    def tanh(self, x: Enclosure) -> Enclosure:
        """(e^x - e^-x) / (e^x + e^-x), written with one exponential so that the interval stays narrow."""
        return 1 - 2 / (1 + self.exp(2 * x))

    def erf(self, x: Enclosure) -> Enclosure:
        """2/sqrt(pi) * sum over n of (-1)^n x^(2n+1) / (n! (2n+1)): the Maclaurin series of the error function.

        From the first term with n >= x^2 on, the terms alternate and fall, so what is left out lies between zero
        and the next term (Leibniz). Meant for |x| < 30; the terms grow to e^(x^2), which costs 1.44 x^2 bits.
        """
        square = x * x
        magnitude = float(abs(square).b)
        small = abs(x).b * self._iv.mpf(2) ** -self.precision
        power, total, n = x, x, 0
        while True:
            n += 1
            power = -power * square / n
            term = power / (2 * n + 1)
            if n > magnitude and abs(term).b <= small.b:
                total = total + self._hull_with_zero(term)
                return 2 * total / self.sqrt(self.pi)
            total = total + term

    def _hull_with_zero(self, x: Enclosure) -> Enclosure:
        return self._iv.mpf([min(x.a, 0), max(x.b, 0)])


@cache
def reals(precision: int) -> Reals:
    """The shared :class:`Reals` of a precision: it has no state that changes, so threads may share it."""
    return Reals(precision)


def decide(formula: Callable[[Reals], Enclosure], form: Format = BINARY32) -> int:
    """Bits of RN of the real number that ``formula`` encloses, refined until the rounding is decided (N2.1).

    An exact zero gives +0. Raises :class:`PrecisionError` when ``LAST_PRECISION`` bits do not decide.
    """
    precision = FIRST_PRECISION
    while precision <= LAST_PRECISION:
        low, high = round_ends(formula(reals(precision)), form)
        if low == high:
            return low
        precision *= 2
    raise PrecisionError(f"{LAST_PRECISION} bits do not decide the rounding to {form.name}; is the exact value a tie?")


def round_ends(enclosure: Enclosure, form: Format = BINARY32) -> tuple[int, int]:
    """Bits of RN of the lower and of the upper end of an enclosure. An infinite end is rounded to its infinity."""
    low, high = enclosure._mpi_
    return _round_mpf(low, form), _round_mpf(high, form)


def _round_mpf(value: tuple[int, int, int, int], form: Format) -> int:
    """RN of mpmath's raw number (sign, significand, exponent, length); a zero significand may also mean inf or NaN."""
    sign, significand, exponent, _ = value
    if significand == 0 and exponent != 0:
        from mpmath.libmp import finf, fninf

        if value == finf:
            return form.infinity
        if value == fninf:
            return form.infinity | form.sign
        raise PrecisionError("the enclosure is not a number: a definition left its domain")
    return form.round_dyadic(-int(significand) if sign else int(significand), int(exponent))


def decide_float(formula: Callable[[Reals], Enclosure]) -> float:
    """RN of a host-side constant, as a Python float: ``1/sqrt(fan_in)``, ``1 - beta^t`` and the like (N6)."""
    return from_bits(decide(formula))


def ratio_of(r: Reals, value: float | int | Fraction) -> Enclosure:
    """A Python number or fraction as an enclosure at the precision of ``r``."""
    numerator, denominator = value.as_integer_ratio()
    return r.ratio(numerator, denominator)
