"""The functions that round, from the textbook: what each of them is at numbers, infinities, zeros and NaN.

Written apart from the operations' files, in other formulas, over Arb's balls and fractions. Nothing of RCMLRS is used:
if a definition and this file agree, neither has a slip that the other has not.

A function of floats (binary32 numbers, infinities, NaN) gives one of three things: a float, which is the result itself;
a fraction, where the exact value is rational, which alone decides ties; or a formula that encloses it in a ball, at
whatever precision Arb works with.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from math import copysign, inf, isfinite, nan
from typing import Any

from flint import arb

from .numbers import exact_root, number, rounded

Ball = Any
Value = float | Fraction | Callable[[], Ball]
Function = Callable[..., Value]


def _logistic(v: Ball) -> Ball:
    return 1 / (1 + (-v).exp())


def _product_rule(x: Ball, v: Ball, slope: Ball) -> Ball:
    """The derivative of x s(v), where ``slope`` is that of v: over one denominator, so that no sum cancels far out."""
    e = (-v).exp()
    return (1 + e * (1 + x * slope)) / (1 + e) ** 2


def _gelu_argument(x: Ball) -> tuple[Ball, Ball]:
    """The v of gelu(x) = x s(v), and its slope."""
    scale = 2 * (2 / arb.pi()).sqrt()
    return scale * (x + arb(44715) / 1000000 * x**3), scale * (1 + arb(3 * 44715) / 1000000 * x**2)


def _normal_tail(x: Ball) -> Ball:
    """The share of the normal distribution left of x."""
    return (-x / arb(2).sqrt()).erfc() / 2


def _mish_derivative(x: Ball) -> Ball:
    plus = x.exp().log1p()
    return plus.tanh() + x * plus.sech() ** 2 * _logistic(x)


SELU_SCALE = Fraction("1.0507009873554804934193349852946")
SELU_ALPHA = Fraction("1.6732632423543772848170429916717")
"""As published."""


def ball_of(value: Fraction) -> Ball:
    """A rational number as a ball."""
    return arb(value.numerator) / arb(value.denominator)


BALLS: dict[str, Callable[[Ball], Ball]] = {
    "acos": lambda x: x.acos(),
    "acosh": lambda x: x.acosh(),
    "asin": lambda x: x.asin(),
    "asinh": lambda x: x.asinh(),
    "atan": lambda x: x.atan(),
    "atanh": lambda x: x.atanh(),
    "cbrt": lambda x: x.root(3) if x > 0 else -(-x).root(3),
    "cos": lambda x: x.cos(),
    "cosh": lambda x: x.cosh(),
    "erf": lambda x: x.erf(),
    "erfc": lambda x: x.erfc(),
    "exp": lambda x: x.exp(),
    "exp2": lambda x: arb(2) ** x,
    "expm1": lambda x: x.expm1(),
    "gelu": lambda x: x * _logistic(_gelu_argument(x)[0]),
    "gelu_derivative": lambda x: _product_rule(x, *_gelu_argument(x)),
    "gelu_erf": lambda x: x * _normal_tail(x),
    "gelu_erf_derivative": lambda x: _normal_tail(x) + x * (-x * x / 2).exp() / (2 * arb.pi()).sqrt(),
    "log": lambda x: x.log(),
    "log10": lambda x: x.log() / arb(10).log(),
    "log1p": lambda x: x.log1p(),
    "log2": lambda x: x.log() / arb(2).log(),
    "mish": lambda x: x * x.exp().log1p().tanh(),
    "mish_derivative": _mish_derivative,
    "rsqrt": lambda x: x.rsqrt(),
    "selu": lambda x: ball_of(SELU_SCALE * SELU_ALPHA) * x.expm1(),
    "selu_derivative": lambda x: ball_of(SELU_SCALE * SELU_ALPHA) * x.exp(),
    "sigmoid": _logistic,
    "sigmoid_derivative": lambda x: 1 / (4 * (x / 2).cosh() ** 2),
    "sin": lambda x: x.sin(),
    "sinh": lambda x: x.sinh(),
    "softplus": lambda x: x.exp().log1p(),
    "sqrt": lambda x: x.sqrt(),
    "swish": lambda x: x * _logistic(x),
    "swish_derivative": lambda x: _product_rule(x, x, 1),
    "tan": lambda x: x.tan(),
    "tanh": lambda x: x.tanh(),
    "tanh_derivative": lambda x: 1 / x.cosh() ** 2,
}
"""Functions of one number where their values are irrational."""


def _power_of_two(x: Fraction) -> Fraction | None:
    """The exponent."""
    n, d = x.numerator, x.denominator
    return Fraction(n.bit_length() - d.bit_length()) if n & (n - 1) == 0 and d & (d - 1) == 0 else None


def _power_of_ten(x: Fraction) -> Fraction | None:
    """The exponent; of the powers of ten only those from 1 on are binary numbers."""
    digits = str(x.numerator)
    return Fraction(len(digits) - 1) if x.denominator == 1 and digits.strip("0") == "1" else None


def _real_cube_root(x: Fraction) -> Fraction | None:
    root = exact_root(abs(x), 3)
    return root if root is None or x > 0 else -root


def _inverse_root(x: Fraction) -> Fraction | None:
    root = exact_root(x, 2)
    return root and 1 / root


def _hardsigmoid(x: Fraction) -> Fraction:
    return min(max(x / 6 + Fraction(1, 2), Fraction(0)), Fraction(1))


RATIONAL: dict[str, Callable[[Fraction], float | Fraction | None]] = {
    "cbrt": _real_cube_root,
    "exp2": lambda x: Fraction(2) ** int(x) if x.denominator == 1 and abs(x) < 200 else None,
    "hardsigmoid": _hardsigmoid,
    "hardswish": lambda x: x * _hardsigmoid(x) if x > -3 else -0.0,
    "hardswish_derivative": lambda x: x / 3 + Fraction(1, 2) if abs(x) < 3 else Fraction(x > 0),
    "log10": _power_of_ten,
    "log2": _power_of_two,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": _inverse_root,
    "selu": lambda x: SELU_SCALE * x if x > 0 else None,
    "selu_derivative": lambda x: SELU_SCALE if x > 0 else None,
    "softsign": lambda x: x / (1 + abs(x)),
    "softsign_derivative": lambda x: 1 / (1 + abs(x)) ** 2,
    "sqrt": lambda x: exact_root(x, 2),
    "square": lambda x: x * x,
}
"""Functions of one number where their values are rational, at all numbers but zero or at some."""

HALF_PI = 13176795 / 2**23
LIMITS = {
    # name: at -inf, at -0, at +0, at +inf
    "acos": (nan, HALF_PI, HALF_PI, nan),
    "acosh": (nan, nan, nan, inf),
    "asin": (nan, -0.0, 0.0, nan),
    "asinh": (-inf, -0.0, 0.0, inf),
    "atan": (-HALF_PI, -0.0, 0.0, HALF_PI),
    "atanh": (nan, -0.0, 0.0, nan),
    "cbrt": (-inf, -0.0, 0.0, inf),
    "cos": (nan, 1.0, 1.0, nan),
    "cosh": (inf, 1.0, 1.0, inf),
    "erf": (-1.0, -0.0, 0.0, 1.0),
    "erfc": (2.0, 1.0, 1.0, 0.0),
    "exp": (0.0, 1.0, 1.0, inf),
    "exp2": (0.0, 1.0, 1.0, inf),
    "expm1": (-1.0, -0.0, 0.0, inf),
    "gelu": (-0.0, -0.0, 0.0, inf),
    "gelu_derivative": (-0.0, 0.5, 0.5, 1.0),
    "gelu_erf": (-0.0, -0.0, 0.0, inf),
    "gelu_erf_derivative": (-0.0, 0.5, 0.5, 1.0),
    "hardsigmoid": (0.0, 0.5, 0.5, 1.0),
    "hardswish": (-0.0, -0.0, 0.0, inf),
    "hardswish_derivative": (0.0, 0.5, 0.5, 1.0),
    "log": (nan, -inf, -inf, inf),
    "log10": (nan, -inf, -inf, inf),
    "log1p": (nan, -0.0, 0.0, inf),
    "log2": (nan, -inf, -inf, inf),
    "mish": (-0.0, -0.0, 0.0, inf),
    "mish_derivative": (-0.0, 10066330 / 2**24, 10066330 / 2**24, 1.0),
    "reciprocal": (-0.0, -inf, inf, 0.0),
    "rsqrt": (nan, -inf, inf, 0.0),
    "selu": (-14748006 / 2**23, -0.0, 0.0, inf),
    "selu_derivative": (0.0, 14748006 / 2**23, 14748006 / 2**23, 8813919 / 2**23),
    "sigmoid": (0.0, 0.5, 0.5, 1.0),
    "sigmoid_derivative": (0.0, 0.25, 0.25, 0.0),
    "sin": (nan, -0.0, 0.0, nan),
    "sinh": (-inf, -0.0, 0.0, inf),
    "softplus": (0.0, 11629080 / 2**24, 11629080 / 2**24, inf),
    "softsign": (-1.0, -0.0, 0.0, 1.0),
    "softsign_derivative": (0.0, 1.0, 1.0, 0.0),
    "sqrt": (nan, -0.0, 0.0, inf),
    "square": (inf, 0.0, 0.0, inf),
    "swish": (-0.0, -0.0, 0.0, inf),
    "swish_derivative": (-0.0, 0.5, 0.5, 1.0),
    "tan": (nan, -0.0, 0.0, nan),
    "tanh": (-1.0, -0.0, 0.0, 1.0),
    "tanh_derivative": (0.0, 1.0, 1.0, 0.0),
}
DOMAIN = {
    "acos": (-1.0, 1.0),
    "acosh": (1.0, inf),
    "asin": (-1.0, 1.0),
    "atanh": (-1.0, 1.0),
    "log": (0.0, inf),
    "log10": (0.0, inf),
    "log1p": (-1.0, inf),
    "log2": (0.0, inf),
    "rsqrt": (0.0, inf),
    "sqrt": (0.0, inf),
}
"""Outside, there is no real value: NaN."""

ENDS = {
    ("acos", 1.0): 0.0,
    ("acosh", 1.0): 0.0,
    ("atanh", 1.0): inf,
    ("atanh", -1.0): -inf,
    ("log", 1.0): 0.0,
    ("log1p", -1.0): -inf,
}
"""Zeros and poles, which no ball encloses."""

FAR = {
    "cosh": (100.0, inf, inf),
    "erfc": (30.0, 2.0, 0.0),
    "exp": (200.0, 0.0, inf),
    "exp2": (200.0, 0.0, inf),
    "expm1": (200.0, -1.0, inf),
    "gelu": (30.0, -0.0, None),
    "gelu_derivative": (30.0, -0.0, 1.0),
    "gelu_erf": (30.0, -0.0, None),
    "gelu_erf_derivative": (30.0, -0.0, 1.0),
    "mish": (300.0, -0.0, None),
    "mish_derivative": (300.0, -0.0, 1.0),
    "sigmoid": (200.0, 0.0, 1.0),
    "sigmoid_derivative": (200.0, 0.0, 0.0),
    "sinh": (100.0, -inf, inf),
    "softplus": (200.0, 0.0, None),
    "swish": (300.0, -0.0, None),
    "swish_derivative": (300.0, -0.0, 1.0),
    "tanh": (100.0, -1.0, 1.0),
    "tanh_derivative": (100.0, 0.0, 0.0),
}
"""Beyond the first number, what it rounds to on the left and on the right (None is x itself), where exponents would
become long: what is left out is less than e^-100 of the result or of the smallest number."""


def _of_one_number(name: str) -> Function:
    def function(x: float) -> Value:
        if x != x:
            return nan
        if x == 0 or not isfinite(x):
            return LIMITS[name][(0 if x < 0 else 3) if x else (1 if copysign(1, x) < 0 else 2)]
        low, high = DOMAIN.get(name, (-inf, inf))
        if not low <= x <= high:
            return nan
        if (name, x) in ENDS:
            return ENDS[name, x]
        reach, left, right = FAR.get(name, (inf, nan, nan))
        if abs(x) > reach:
            limit = left if x < 0 else right
            return x if limit is None else limit
        rational = RATIONAL[name](Fraction(x)) if name in RATIONAL else None
        return (lambda: BALLS[name](arb(x))) if rational is None else rational

    return function


def _finite(*x: float) -> bool:
    return all(map(isfinite, x))


def add(x: float, y: float) -> Value:
    """Fractions; what is infinite, and the sign of a sum of zeros, is as in any format of IEEE 754."""
    return Fraction(x) + Fraction(y) if _finite(x, y) and (x or y) else x + y


def sub(x: float, y: float) -> Value:
    """Likewise."""
    return Fraction(x) - Fraction(y) if _finite(x, y) and (x or y) else x - y


def mul(x: float, y: float) -> Value:
    """Likewise."""
    return Fraction(x) * Fraction(y) if _finite(x, y) and x and y else x * y


def div(x: float, y: float) -> Value:
    """Likewise; Python refuses to divide by zero."""
    if y == 0:
        return nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)
    return Fraction(x) / Fraction(y) if _finite(x, y) and x else x / y


def fma(x: float, y: float, z: float) -> Value:
    """Likewise: in binary64 the product of two such numbers is exact."""
    if _finite(x, y, z) and (x * y or z):
        return Fraction(x) * Fraction(y) + Fraction(z)
    return x * y + z


def add_n(*terms: float) -> Value:
    """An exact zero is +0."""
    return sum(map(Fraction, terms), Fraction(0)) if _finite(*terms) else sum(terms)


def hypot(x: float, y: float) -> Value:
    """The root of the sum of squares; where one is infinite, as C's."""
    if not _finite(x, y):
        return math.hypot(x, y)
    square = Fraction(x) ** 2 + Fraction(y) ** 2
    root = exact_root(square, 2)
    return root if root is not None else lambda: (arb(x) ** 2 + arb(y) ** 2).sqrt()


def atan2(y: float, x: float) -> Value:
    """The angle; on the axes and at infinity, as C's."""
    if not _finite(x, y) or x == 0 or y == 0:
        return _single(math.atan2(y, x))
    return lambda: arb.atan2(arb(y), arb(x))


def _single(value: float) -> float:
    """Rounded to binary32: of pi and its parts, which binary64 does not put next to a midpoint."""
    return value if not isfinite(value) or value == 0 else number(rounded(Fraction(value)))


def logaddexp(x: float, y: float) -> Value:
    """The larger, and log(1 + e^-difference)."""
    if not _finite(x, y):
        return nan if x != x or y != y else max(x, y) + 0.0
    x, y = max(x, y), min(x, y)
    if y - x < -400:
        return x + 0.0
    return lambda: arb(x) + (arb(y) - arb(x)).exp().log1p()


def powf(x: float, y: float) -> Value:
    """The special values of C's pow; fractions where the power is rational; e^(y log x) where it is not."""
    if not _finite(x, y) or x in (0.0, 1.0) or y == 0 or (x < 0 and y != math.floor(y)):
        try:
            return math.pow(x, y)
        except ValueError:  # a pole, or no real number
            return nan if x else copysign(inf, x) if y % 2 == 1 else inf
    base, exponent = None if x < 0 and y % 1 else Fraction(abs(x)), Fraction(y)
    negative = x < 0 and y % 2 == 1
    while base is not None and exponent.denominator > 1:
        base, exponent = exact_root(base, 2), exponent * 2
    if base is not None and abs(exponent) < 200:
        power = base ** int(exponent)
        return -power if negative else power
    bits = y * math.log2(abs(x))
    if abs(x) != 1 and abs(bits) > 400:  # the logarithm's error is nothing beside 400
        size = inf if bits > 0 else 0.0
        return -size if negative else size
    if abs(x) == 1:
        return -1.0 if negative else 1.0
    return lambda: (1 - 2 * negative) * (arb(y) * abs(arb(x)).log()).exp()


def powi(x: float, *, n: int) -> Value:
    """The same: an int32 is a binary64 number."""
    return powf(x, float(n))


def leaky_relu(x: float, *, slope: float) -> Value:
    """The larger of slope x and x."""
    if x != x or x == 0:
        return x
    if x < 0 and slope == 0:
        return -0.0
    if not isfinite(x):
        return max(slope * x, x) if slope else x
    return max(Fraction(slope) * Fraction(x), Fraction(x))


def elu(x: float, *, alpha: float = 1.0) -> Value:
    """alpha (e^x - 1) below zero."""
    if x != x or x >= 0:
        return x
    if alpha == 0:
        return -0.0
    return -alpha if x < -200 else lambda: arb(alpha) * arb(x).expm1()


def elu_derivative(x: float, *, alpha: float = 1.0) -> Value:
    """alpha e^x from zero down."""
    if x != x or x > 0:
        return nan if x != x else 1.0
    if x == 0 or alpha == 0:
        return alpha if x == 0 else 0.0
    return copysign(0.0, alpha) if x < -300 else lambda: arb(alpha) * arb(x).exp()


def celu(x: float, *, alpha: float = 1.0) -> Value:
    """alpha (e^(x / alpha) - 1) below zero."""
    if x != x or x >= 0:
        return x
    return -alpha if x / alpha < -200 else lambda: arb(alpha) * (arb(x) / arb(alpha)).expm1()


def celu_derivative(x: float, *, alpha: float = 1.0) -> Value:
    """e^(x / alpha) from zero down."""
    if x != x or x >= 0:
        return nan if x != x else 1.0
    return 0.0 if x / alpha < -200 else lambda: (arb(x) / arb(alpha)).exp()


FUNCTIONS: dict[str, Function] = {name: _of_one_number(name) for name in LIMITS} | {
    function.__name__: function
    for function in (
        add, add_n, atan2, celu, celu_derivative, div, elu, elu_derivative, fma, hypot, leaky_relu, logaddexp, mul,
        powf, powi, sub,
    )
}  # fmt: skip
"""By the operation's name; attributes are in their normal form, and all of them given."""
