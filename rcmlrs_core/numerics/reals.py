"""Exact reals, as enclosures that are refined until the rounding is decided.

A definition is an ordinary function ``exact(r, *arguments)``: ``r`` is a :class:`Reals`, a working precision with the
functions of the textbook; the arguments and the result are intervals that contain the exact values. ``decide`` calls
it with more and more bits until both ends of the result round to the same number: that number is RN of the exact
value, whatever the precision was. A result that is a dyadic number (a tie, a power, a square root that comes out)
becomes an interval of width zero once the precision holds it, and is decided too.

The interval arithmetic is mpmath's (``mpmath.iv``): + - * / sqrt, integer powers and pi are rounded outward, which
is proven. Its exp, log, sin and cos round outward an approximation that itself is off by less than a thousandth of
an ulp, which can leave the exact value outside by that much; one more ulp on either side makes enclosures of them.
The rest is built from these here: by identities of the textbook, of which every step rounds outward; by alternating
series, whose rest lies between zero and the next term (Leibniz); and by integer roots.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache, lru_cache
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
        convert, of_number = self._iv.convert, lru_cache(maxsize=1024)(self._iv.convert)
        # mpmath converts the 1 of 1 + x at every step, and takes longer for that than for the sum.
        self._iv.convert = lambda x: of_number(x) if type(x) in (int, float) else convert(x)
        self._ulp_around_one = self._iv.mpf(1) + self._iv.mpf([-1, 1]) * self._iv.mpf(2) ** (1 - precision)

    def number(self, value: float | int) -> Enclosure:
        """A Python number at its exact value (to the working precision, which holds every binary32)."""
        return self._iv.mpf(value)

    def ratio(self, numerator: int, denominator: int) -> Enclosure:
        """The rational constant that is written: ``r.ratio(44715, 1000000)`` is 0.044715 (N2.2)."""
        return self._iv.mpf(numerator) / denominator

    def between(self, low: Enclosure, high: Enclosure) -> Enclosure:
        """What lies from the lower end of ``low`` to the upper end of ``high``."""
        return self._iv.mpf([low.a, high.b])

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

    def exp2(self, x: Enclosure) -> Enclosure:
        """2 to the x = e^(x log 2); the power itself for an integer x, so for |x| that are not huge."""
        point = point_of(x)
        if point and point[1] >= 0:
            return self._iv.mpf(2) ** (point[0] << point[1])
        return self.exp(x * self.log(self._iv.mpf(2)))

    def log2(self, x: Enclosure) -> Enclosure:
        """log(x) / log(2); the exponent itself of a power of two."""
        point = point_of(x)
        if point and point[0] == 1:
            return self._iv.mpf(point[1])
        return self.log(x) / self.log(self._iv.mpf(2))

    def log10(self, x: Enclosure) -> Enclosure:
        """log(x) / log(10); the exponent itself of a power of ten, of which the binary numbers are the integers."""
        point = point_of(x)
        if point and point[1] >= 0:
            value = point[0] << point[1]
            exponent = len(str(value)) - 1
            if value == 10**exponent:
                return self._iv.mpf(exponent)
        return self.log(x) / self.log(self._iv.mpf(10))

    def tan(self, x: Enclosure) -> Enclosure:
        """sin(x) / cos(x)."""
        return self.sin(x) / self.cos(x)

    def sinh(self, x: Enclosure) -> Enclosure:
        """(e^x - e^-x) / 2."""
        e = self.exp(x)
        return (e - 1 / e) / 2

    def cosh(self, x: Enclosure) -> Enclosure:
        """(e^x + e^-x) / 2."""
        e = self.exp(x)
        return (e + 1 / e) / 2

    def asinh(self, x: Enclosure) -> Enclosure:
        """log(x + sqrt(x^2 + 1)); odd, and so taken of a positive x, where the sum does not cancel."""
        return -self.asinh(-x) if x.b < 0 else self.log(x + self.sqrt(x * x + 1))

    def acosh(self, x: Enclosure) -> Enclosure:
        """log(x + sqrt(x^2 - 1)), for x >= 1."""
        return self.log(x + self.sqrt((x - 1) * (x + 1)))

    def atanh(self, x: Enclosure) -> Enclosure:
        """log((1 + x) / (1 - x)) / 2, for |x| < 1."""
        return self.log((1 + x) / (1 - x)) / 2

    def atan(self, x: Enclosure) -> Enclosure:
        """x - x^3/3 + x^5/5 - ..., after halving the angle some times: atan x = 2 atan(x / (1 + sqrt(1 + x^2))).

        From the third halving on |x| < 1, so the terms alternate and fall, and what is left out lies between zero and
        the next term (Leibniz).
        """
        halvings = 6
        for _ in range(halvings):
            x = x / (1 + self.sqrt(1 + x * x))
        return self._odd_series(x, lambda n: 1) * 2**halvings

    def asin(self, x: Enclosure) -> Enclosure:
        """atan(x / sqrt((1 - x)(1 + x))), for |x| <= 1."""
        root = self.sqrt((1 - x) * (1 + x))
        return x * self.pi / 2 if root == 0 else self.atan(x / root)

    def acos(self, x: Enclosure) -> Enclosure:
        """2 atan(sqrt((1 - x) / (1 + x))), for |x| <= 1."""
        return self.pi if x == -1 else 2 * self.atan(self.sqrt((1 - x) / (1 + x)))

    def cbrt(self, x: Enclosure) -> Enclosure:
        """The real cube root: from that of the lower end, rounded down, to that of the upper end, rounded up."""
        low, high = (self._cube_root(end) for end in x._mpi_)
        return self._iv.mpf([low.a, high.b])

    def _cube_root(self, end: tuple[int, int, int, int]) -> Enclosure:
        """Of +-n 2^(3e) for an integer n of enough bits: c^3 <= n < (c + 1)^3, and c itself where c^3 = n."""
        sign, significand, exponent, length = end
        if significand == 0:
            return self._iv.mpf(0)
        shift = max(0, 3 * self.precision - length)
        shift += (exponent - shift) % 3
        n = int(significand) << shift
        c = floor_cube_root(n)
        scale = self._iv.mpf(2) ** ((int(exponent) - shift) // 3)
        root = (self._iv.mpf(c) if c**3 == n else self._iv.mpf([c, c + 1])) * scale
        return -root if sign else root

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
        return 2 * self._odd_series(x, lambda n: n) / self.sqrt(self.pi)

    def erfc(self, x: Enclosure) -> Enclosure:
        """1 - erf(x): far above zero the difference takes 1.44 x^2 bits more."""
        return 1 - self.erf(x)

    def _odd_series(self, x: Enclosure, divisor: Callable[[int], int]) -> Enclosure:
        """The sum over n of (-1)^n p_n / (2n+1), where p_0 = x and p_n = p_(n-1) x^2 / divisor(n); it rises with x.

        In integers, as multiples of 2^-places, each bound rounded outward by itself. As soon as n exceeds x^2, from
        where the terms fall, and a term has no weight, what is left out lies between zero and that term.
        """
        low, high = x._mpi_
        if low != high and (low[0] or not low[1]):  # below or around zero: the ends, each by itself
            ends = [self._odd_series(self._iv.mpf(end), divisor) for end in (x.a, x.b)]
            return self._iv.mpf([ends[0].a, ends[1].b])
        if low[0]:
            return -self._odd_series(-x, divisor)
        if not low[1]:
            return x
        if not high[1]:
            raise PrecisionError("an enclosure without an end: a definition left its domain")
        places = self.precision + 16 - min(0, int(high[2] + high[3]))
        a, b = _scaled(low, places), -_scaled(high, places, -1)
        square = a * a >> places, -(-b * b >> places)
        last, small = (square[1] >> places) + 1, b >> self.precision
        p, total, n = (a, b), (a, b), 0
        while True:
            n += 1
            by = divisor(n)
            p = (p[0] * square[0] >> places) // by, -((-p[1] * square[1] >> places) // by)
            term = p[0] // (2 * n + 1), -(-p[1] // (2 * n + 1))
            done = n > last and term[1] <= small
            if done:
                term = 0, term[1]
            total = (total[0] - term[1], total[1] - term[0]) if n % 2 else (total[0] + term[0], total[1] + term[1])
            if done:
                return self._iv.mpf(list(total)) * self._iv.mpf(2) ** -places


def _scaled(end: tuple[int, int, int, int], places: int, sign: int = 1) -> int:
    """``sign`` times a positive end of an enclosure, in multiples of 2^-places, rounded down."""
    _, significand, exponent, _ = end
    shift = int(exponent) + places
    value = sign * int(significand)
    return value << shift if shift >= 0 else value >> -shift


def point_of(x: Enclosure) -> tuple[int, int] | None:
    """(n, e) with an odd n (or 0) where the enclosure is the one number n 2^e, else None."""
    low, high = x._mpi_
    if low != high or (low[1] == 0 and low[2] != 0):
        return None
    return -int(low[1]) if low[0] else int(low[1]), int(low[2])


def floor_cube_root(n: int) -> int:
    """The largest c with c^3 <= n, for n > 0: Newton's method from above, which falls until it is there."""
    c = 1 << -(-n.bit_length() // 3)
    while True:
        lower = (2 * c + n // (c * c)) // 3
        if lower >= c:
            return c
        c = lower


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
