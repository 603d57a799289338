"""A row of binary64 numbers in pure Python, and the namespace ``m`` that a ``binary64`` formula is written over.

An operation's ``binary64(m, x)`` is written once, in the operators of Python and the functions below. Array libraries
give it their arrays and a namespace of the same functions (``rcmlrs_backend_array_api``); pure Python gives it a
:class:`Row` and this module. IEEE 754 holds throughout: no function raises on overflow, division by zero or a domain
error, it returns the infinity or NaN that hardware would.

Elementwise: abs acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 floor log
log10 log1p log2 maximum minimum power round signbit sin sinh sqrt tan tanh trunc where. Along the last axis, which is
kept with length one where there are axes: sum max (NaN if any is, +0 over -0: N2.3); product, giving ``(f, e)`` for
f * 2^e, so that nothing overflows, and scaled, which makes a number of them; of integers, argmax and whole_product.
From rows to rows: cumsum argsort sort (stable, without NaN); products and other_products, as product; whole_products.
From rows to squares, for Jacobians: outer with_diagonal. ``x.shape[-1]`` is the length of a row.
"""

import builtins
import math
import operator
from collections.abc import Callable, Iterable
from itertools import accumulate, repeat
from typing import Any

from rcmlrs_core.numerics.formats import INFINITY, NAN

Scalar = float | bool


class Row:
    """Binary64 numbers (or bools, from a comparison) with elementwise operators; a plain number broadcasts."""

    __slots__ = ("values",)

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = list(values)

    @property
    def shape(self) -> tuple[int]:
        """The number of elements, as arrays tell it."""
        return (len(self.values),)

    def __neg__(self) -> "Row":
        return Row(map(operator.neg, self.values))

    def __add__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.add, self, other)

    def __radd__(self, other: Scalar) -> "Row":
        return _binary(operator.add, other, self)

    def __sub__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.sub, self, other)

    def __rsub__(self, other: Scalar) -> "Row":
        return _binary(operator.sub, other, self)

    def __mul__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.mul, self, other)

    def __rmul__(self, other: Scalar) -> "Row":
        return _binary(operator.mul, other, self)

    def __truediv__(self, other: "Row | Scalar") -> "Row":
        return _divide(self, other)

    def __rtruediv__(self, other: Scalar) -> "Row":
        return _divide(other, self)

    def __floordiv__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.floordiv, self, other)

    def __mod__(self, other: "Row | Scalar") -> "Row":
        return _binary(remainder, self, other)

    def __lshift__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.lshift, self, other)

    def __rshift__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.rshift, self, other)

    def __lt__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.lt, self, other)

    def __le__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.le, self, other)

    def __gt__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.gt, self, other)

    def __ge__(self, other: "Row | Scalar") -> "Row":
        return _binary(operator.ge, self, other)

    def __eq__(self, other: object) -> "Row":  # type: ignore[override]  # elementwise, as in every array library
        return _binary(operator.eq, self, other)

    def __ne__(self, other: object) -> "Row":  # type: ignore[override]
        return _binary(operator.ne, self, other)

    def __and__(self, other: "Row") -> "Row":
        return _binary(operator.and_, self, other)

    def __or__(self, other: "Row") -> "Row":
        return _binary(operator.or_, self, other)

    def __xor__(self, other: "Row") -> "Row":
        return _binary(operator.xor, self, other)

    def __invert__(self) -> "Row":
        return Row(map(operator.not_, self.values))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Row({self.values})"


def _values(x: Any) -> Iterable[Any]:
    return x.values if isinstance(x, Row) else repeat(x)


def _binary(function: Callable[[Any, Any], Any], x: Any, y: Any) -> Row:
    return Row(map(function, _values(x), _values(y)))


def _divide(x: Any, y: Any) -> Row:
    try:
        return _binary(operator.truediv, x, y)
    except ZeroDivisionError:
        return _binary(divide, x, y)


def divide(x: float, y: float) -> float:
    """x / y of IEEE 754, where Python would raise: 0/0 is NaN, x/0 the infinity with the sign of the quotient."""
    if y == 0.0:
        if x == 0.0 or x != x:
            return NAN
        return math.copysign(INFINITY, x) * math.copysign(1.0, y)
    return x / y


def remainder(x: float, y: float) -> float:
    """``x - y floor(x / y)``, rounded once; of the sign of y. NaN where Python would raise: of x and zero."""
    return x % y if y else NAN


def _total(function: Callable[[float], float], pole: float | None = None) -> Callable[[Any], Any]:
    """``function`` on rows and numbers, made total: +inf on overflow, -inf at its ``pole``, NaN off its domain."""

    def guarded(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return INFINITY
        except ValueError:
            return -INFINITY if x == pole else NAN

    def apply(x: Any) -> Any:
        if not isinstance(x, Row):
            return guarded(x)
        try:
            return Row(map(function, x.values))
        except (OverflowError, ValueError):
            return Row(map(guarded, x.values))

    return apply


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INFINITY, x)


def _atanh(x: float) -> float:
    return math.copysign(INFINITY, x) if math.fabs(x) == 1.0 else math.atanh(x)


acos = _total(math.acos)
acosh = _total(math.acosh)
asin = _total(math.asin)
asinh = _total(math.asinh)
atan = _total(math.atan)
atanh = _total(_atanh)
cbrt = _total(math.cbrt)
cos = _total(math.cos)
cosh = _total(math.cosh)
erf = _total(math.erf)
erfc = _total(math.erfc)
exp = _total(math.exp)
exp2 = _total(math.exp2)
expm1 = _total(math.expm1)
log = _total(math.log, pole=0.0)
log10 = _total(math.log10, pole=0.0)
log1p = _total(math.log1p, pole=-1.0)
log2 = _total(math.log2, pole=0.0)
sin = _total(math.sin)
sinh = _total(_sinh)
sqrt = _total(math.sqrt)
tan = _total(math.tan)
tanh = _total(math.tanh)


def abs(x: Any) -> Any:
    """|x|."""
    return Row(map(math.fabs, x.values)) if isinstance(x, Row) else math.fabs(x)


def atan2(y: Any, x: Any) -> Row:
    """The angle of the point (x, y), with the special cases of IEEE 754."""
    return _binary(math.atan2, y, x)


def power(x: Any, y: Any) -> Any:
    """x to the y, with the special cases of IEEE 754 ``pow``."""
    if not isinstance(x, Row) and not isinstance(y, Row):
        return _power(x, y)
    return Row(map(_power, _values(x), _values(y)))


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -INFINITY if x < 0.0 and y % 2.0 == 1.0 else INFINITY
    except ValueError:
        if x == 0.0:  # a pole: y is negative
            return math.copysign(INFINITY, x) if y % 2.0 == 1.0 else INFINITY
        return NAN


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, y elsewhere."""
    if not isinstance(condition, Row):
        return x if condition else y
    return Row(a if c else b for c, a, b in zip(condition.values, _values(x), _values(y), strict=False))


def larger(x: float, y: float) -> float:
    """The larger of two numbers: NaN if either is, +0 over -0 (N2.3)."""
    if x > y or x != x:
        return x
    if x == y == 0.0:
        return x if math.copysign(1.0, x) > 0 else y
    return y


def smaller(x: float, y: float) -> float:
    """The smaller of two numbers: NaN if either is, -0 under +0 (N2.3)."""
    return -larger(-x, -y)


def maximum(x: Any, y: Any) -> Row:
    """Elementwise ``larger``."""
    return _binary(larger, x, y)


def minimum(x: Any, y: Any) -> Row:
    """Elementwise ``smaller``."""
    return _binary(smaller, x, y)


def sum(x: Row) -> float:
    """The sum in binary64, in any order (the formula's bound allows for that)."""
    total: float = builtins.sum(x.values)
    return total


def max(x: Row) -> float:
    """The largest, in binary64: NaN if any is, +0 over -0 (N2.3)."""
    values = x.values
    if any(map(math.isnan, values)):
        return NAN
    largest: float = builtins.max(values)
    if largest == 0.0 and isinstance(largest, float):
        sign: float = builtins.max(math.copysign(1.0, value) for value in values if value == 0.0)
        return math.copysign(0.0, sign)
    return largest


def cumsum(x: Row) -> Row:
    """The sums of the first 1, 2, ... elements, in any order."""
    return Row(accumulate(x.values))


def argsort(x: Row) -> Row:
    """The places of the elements in ascending order, which is stable; there is no NaN."""
    return Row(sorted(range(len(x.values)), key=x.values.__getitem__))


def sort(x: Row) -> Row:
    """The elements in ascending order; there is no NaN."""
    return Row(sorted(x.values))


FARTHEST = 400
"""Exponents of ``scaled`` are cut off here: far beyond what a binary32 number has, and short of what binary64 has."""


def product(x: Row) -> tuple[float, float]:
    """The product of a row as ``(f, e)``, f * 2^e: n - 1 roundings, and no overflow."""
    fractions, exponents = products(x)
    return fractions.values[-1], exponents.values[-1]


def products(x: Row) -> tuple[Row, Row]:
    """The products of the first 1, 2, ... elements as ``(f, e)``, f * 2^e: at most n - 1 roundings each."""
    f, e = 1.0, 0.0
    fractions, exponents = [], []
    for value in x.values:
        f, step = math.frexp(f * value)
        e += step
        fractions.append(f)
        exponents.append(e)
    return Row(fractions), Row(exponents)


def other_products(x: Row) -> tuple[Row, Row]:
    """For each element the product of the others, as ``(f, e)``, f * 2^e: at most n - 1 roundings each."""
    before, before_e = products(Row([1.0, *x.values[:-1]]))
    after, after_e = products(Row([1.0, *x.values[:0:-1]]))
    after, after_e = Row(reversed(after.values)), Row(reversed(after_e.values))
    return before * after, before_e + after_e


def whole_product(x: Row) -> int:
    """The product of integers."""
    return math.prod(x.values)


def whole_products(x: Row) -> Row:
    """The products of the first 1, 2, ... integers."""
    return Row(accumulate(x.values, operator.mul))


def scaled(f: Any, e: Any) -> Any:
    """f * 2^e; rounded, that is what it is in binary32 also where e is beyond FARTHEST."""
    if not isinstance(f, Row):
        return math.ldexp(f, int(builtins.min(builtins.max(e, -FARTHEST), FARTHEST)))
    return Row(map(scaled, f.values, e.values))


def argmax(x: Row) -> int:
    """The place of the largest integer, the first one among equals."""
    return x.values.index(builtins.max(x.values))


def floor(x: Any) -> Any:
    """The largest integer that is not above x; -0 is one of its own."""
    return _whole(math.floor, x)


def ceil(x: Any) -> Any:
    """The smallest integer that is not below x; -0 above (-1, -0]."""
    return _whole(math.ceil, x)


def trunc(x: Any) -> Any:
    """The integer part, with the sign of x."""
    return _whole(math.trunc, x)


def round(x: Any) -> Any:
    """The nearest integer, the even one of two, with the sign of x."""
    return _whole(builtins.round, x)


def _whole(function: Callable[[float], int], x: Any) -> Any:
    def one(x: float) -> float:
        return math.copysign(function(x), x) if math.isfinite(x) else x

    return Row(map(one, x.values)) if isinstance(x, Row) else one(x)


def copysign(x: Any, y: Any) -> Row:
    """|x| with the sign of y."""
    return _binary(math.copysign, x, y)


def signbit(x: Row) -> Row:
    """Whether the sign is minus, of -0 too."""
    return Row(math.copysign(1.0, value) < 0 for value in x.values)


def outer(x: Row, y: Row) -> Row:
    """The products x_i y_j, row by row of the square: ``x[..., :, None] * y[..., None, :]``."""
    return Row(a * b for a in x.values for b in y.values)


def with_diagonal(square: Row, diagonal: Row) -> Row:
    """The square with the diagonal replaced."""
    values = square.values[:]
    values[:: len(diagonal.values) + 1] = diagonal.values
    return Row(values)
