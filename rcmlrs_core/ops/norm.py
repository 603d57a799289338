"""norm(x, axis=None, keepdims=False, *, ord=2): the p-norm of the elements along some axes, as one vector.

1. ``(sum |x_i|^p)^(1/p)`` with p = ``ord``: ``RN`` of the exact root of the exact sum (N3.1); 2 is the Euclidean
   length, 1 the sum of the magnitudes. ``ord`` is rounded once to binary32 (N6).
2. ``inf`` is the largest magnitude, ``-inf`` the smallest, 0 the number of elements that are not zero (a NaN is not).
   With p < 0 the norm is 0 if any element is, and elements of inf add nothing.
3. NaN gives NaN. With p > 0 any infinity gives inf.
4. ``axis`` is an int, a tuple of ints or None, which is all. The norm of no elements is +0; with ``inf`` and p < 0 it
   is refused. This is the Array API's ``vector_norm``; a matrix has its Frobenius norm.
5. The gradient is ``g * sign(x_i) (|x_i| / norm)^(p-1)``, and zero where x_i or the norm is; with ``inf`` and ``-inf``
   the first element that has the norm takes it (N4.3); with 0 there is none. Where a p-norm is infinite, so that the
   quotient is 0 or NaN, it is of no use.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rcmlrs_core.errors import AttributeValueError, AxisError, PrecisionError
from rcmlrs_core.numerics.accurate import accurate_sum
from rcmlrs_core.numerics.formats import BINARY32, INFINITY, NAN, from_bits, round_number
from rcmlrs_core.numerics.reals import FIRST_PRECISION, LAST_PRECISION, Enclosure, Reals, reals, round_ends
from rcmlrs_core.numerics.sums import exact_sum, units
from rcmlrs_core.ops.max import as_rows, to_chosen
from rcmlrs_core.ops.op import Reduction, case, refusal

SMALLEST = 2.0**-149
"""The smallest positive binary32 number."""

MOST_POWER = 1 << 12
"""Above this numerator of p no rational powers are summed to find a tie; see :func:`is_root`."""


def row(values: list[float], *, ord: float = 2.0) -> float:
    """Clauses 1 to 3."""
    sizes = [abs(value) for value in values]
    if ord == 0:
        return round_number(sum(size != 0 for size in sizes))
    if any(size != size for size in sizes):
        return NAN
    if ord in (INFINITY, -INFINITY):
        return max(sizes) if ord > 0 else min(sizes)
    if ord < 0 and 0.0 in sizes:
        return 0.0
    if INFINITY in sizes:
        if ord > 0:
            return INFINITY
        sizes = [size for size in sizes if size < INFINITY]
        if not sizes:
            return INFINITY
    sizes = [size for size in sizes if size]
    if ord == 1:
        return exact_sum(sizes)
    if ord == 2:
        return from_bits(BINARY32.round_root(units_of_squares(sizes), 1 << 298))
    return root_of_powers(sizes, Fraction(ord)) if sizes else 0.0


def units_of_squares(sizes: list[float]) -> int:
    """The exact sum of squares as an integer count of 2^-298."""
    return sum(units([size]) ** 2 for size in sizes)


def root_of_powers(sizes: list[float], p: Fraction) -> float:
    """Enclosures are refined until they decide, or leave over a boundary which the exact value is: then, to even."""
    precision = FIRST_PRECISION
    while precision <= LAST_PRECISION:
        low, high = round_ends(enclosure(reals(precision), sizes, p))
        if low == high:
            return from_bits(low)
        if high == low + 1 and precision > FIRST_PRECISION:
            above = BINARY32.fraction(high) if high < BINARY32.infinity else Fraction(2**128)
            if is_root((BINARY32.fraction(low) + above) / 2, sizes, p):
                return from_bits(high if low % 2 else low)
        precision *= 2
    raise PrecisionError(f"norm: {LAST_PRECISION} bits do not decide the rounding of the {float(p):g}-norm")


def enclosure(r: Reals, sizes: list[float], p: Fraction) -> Enclosure:
    """``t (sum (x/t)^p)^(1/p)``, with t the element whose power is the largest."""
    top = r.number(max(sizes) if p > 0 else min(sizes))
    exponent = r.ratio(p.numerator, p.denominator)
    total = r.number(0)
    for size in sizes:
        ratio = r.number(size) / top
        total = total + (r.number(1) if ratio == 1 else r.exp(exponent * r.log(ratio)))
    return top if total == 1 else top * r.exp(r.log(total) / exponent)


def is_root(boundary: Fraction, sizes: Sequence[float], p: Fraction) -> bool:
    """Whether ``sum x^p = boundary^p`` exactly, for p = n/2^k in lowest terms.

    Divided by the right side, that is a sum of positive real 2^k-th roots of rationals which is 1. Such roots of
    different classes modulo rationals are linearly independent over the rationals (A. S. Besicovitch, On the linear
    independence of fractional powers of integers, J. London Math. Soc. 15, 1940), and nothing cancels, so that each is
    rational: x/boundary is a 2^k-th power of a rational q, and the question is whether the q^n add up to 1.
    """
    total, n = Fraction(0), p.numerator
    if abs(n) > MOST_POWER:
        return False
    for size in sizes:
        ratio = Fraction(size) / boundary
        for _ in range(p.denominator.bit_length() - 1):
            root = Fraction(math.isqrt(ratio.numerator), math.isqrt(ratio.denominator))
            if root * root != ratio:
                return False
            ratio = root
        total += ratio**n
    return total == 1


def binary64(m: Any, x: Any, *, ord: float) -> Any:
    """With ``inf``, ``-inf`` and 0 exact; with 1 an accurate sum; with 2 the root of a sum of squares, which are exact,
    far from binary64's ends and of one sign: n/2 units and one more.

    Else t (sum (x/t)^p)^(1/p), with t the element whose power is the largest: the ratio errs by one unit and its
    power by |p| for that and 8 of its own; the sum S, between 1 and n, by n more, and its power by the |p|-th part of
    all these, by log(S)/|p| for 1/p, and by 8 of its own; the product by one. That is less than (n + 32)(1 + 1/|p|)
    units. Powers that underflow are nothing beside S. For |p| < 2^-11, where this bound grows, a second element makes S
    more than 1.8 and S^(1/p) larger than 2^1000 or smaller than 2^-1000: infinite or zero in binary32.
    """
    sizes, n = m.abs(x), x.shape[-1]
    if ord == 0:
        return m.sum(m.where(x == 0.0, sizes, 1.0))
    if ord == INFINITY:
        return m.max(sizes)
    if ord == -INFINITY:
        return -m.max(-sizes)
    if ord == 1:
        total, magnitude = accurate_sum(m, sizes)
        return total, magnitude * (2.0 / (n + 32))
    if ord == 2:
        return m.sqrt(m.sum(sizes * sizes))
    top = m.max(sizes) if ord > 0 else -m.max(-sizes)
    root = top * m.power(m.sum(m.power(sizes / top, ord)), 1.0 / ord)
    root = m.where(top == 0.0, 0.0, m.where(top == INFINITY, INFINITY, root))
    return root, m.where(root < INFINITY, root * (1.0 + 1.0 / abs(ord)), 0.0)


def row_check(n: int, *, ord: float) -> None:
    """Every number is an order; but some have no value for no elements."""
    if ord != ord:
        raise AttributeValueError("norm: ord is a number, inf or -inf; got nan")
    if n == 0 and (ord < 0 or ord == INFINITY):
        raise AttributeValueError(f"norm: with ord={ord:g} the norm of no elements does not exist")


def gradient(g: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool, ord: float) -> tuple[Any]:
    """Clause 5."""
    received, norm = (t.restore_axes(x.shape, axis=axis, keepdims=keepdims) for t in (g, y))
    if ord == 0:
        return (x.zeros_like(),)
    if ord == 1:
        return (x.sign() * received,)
    if ord == 2:  # where the norm is zero, so is every x, and the smallest number in its place makes the quotient zero
        return (x / norm.maximum(SMALLEST) * received,)
    if ord in (INFINITY, -INFINITY):
        sizes = as_rows(x.abs(), axis)
        chosen = sizes.argmax(axis=-1, keepdims=True) if ord > 0 else sizes.argmin(axis=-1, keepdims=True)
        return (x.sign() * to_chosen(g, chosen, x, axis),)
    zero = x.equal(0.0).logical_or(norm.equal(0.0))
    share = zero.where(1.0, x.abs() / norm.maximum(SMALLEST)).powf(round_number(Fraction(ord) - 1))
    return (x.sign() * zero.where(0.0, share) * received,)


operation = Reduction(
    module=__name__,
    clause="N3.1",
    row=row,
    binary64=binary64,
    bound=lambda n: n + 32,
    row_check=row_check,
    gradient=gradient,
    aliases=("vector_norm",),
    cases=(
        case([3.0, -4.0], want=5.0),
        case([3e38, -1e38], want=3.1622777393197084e38, note="no overflow on the way"),
        case([2.0**-149, 2.0**-149], want=2.0**-149, note="no underflow on the way"),
        case([2.0**-149] * 3, want=2.0**-148, note="1.73 of the smallest subnormals"),
        case([16777215.0, 5792.0], want=16777216.0, note="next to a tie"),
        case([-0.0, 0.0], want=0.0),
        case([1.0, -2.0, 3.0], ord=1, want=6.0),
        case([16777216.0, -1.0, 2.0**-149], ord=1, want=16777218.0, note="a hair above a tie"),
        case([1.0, -3.0, 2.0], ord=float("inf"), want=3.0),
        case([1.0, -3.0, 2.0], ord=float("-inf"), want=1.0),
        case([0.0, -0.0, 2.0**-149, float("nan")], ord=0, want=2.0, note="a NaN is not zero"),
        case([3.0, 4.0, 5.0], ord=3, want=6.0),
        case([1864135.0, 11184810.0, 14913080.0], ord=3, want=16777215.0),
        case([1864137.0, 11184822.0, 14913096.0], ord=3, want=16777232.0, note="16777233 is a tie"),
        case([1.0, 16777216.0], ord=0.5, want=16785408.0, note="16785409 is a tie"),
        case([4.0, 4.0], ord=1.5, want=6.349604129791260),
        case([2.0, 6.0, 3.0], ord=-1, want=1.0),
        case([2.0, 0.0], ord=-1, want=0.0),
        case([2.0, float("inf")], ord=-1, want=2.0),
        case([1.0, 1.0], ord=2.0**-20, want=float("inf")),
        case([1.0, 1.0], ord=-(2.0**-20), want=0.0),
        case([1.0, 3.0], ord=1e30, want=3.0),
        case([1.0, 3.0], ord=-1e30, want=1.0),
        case([1.0, float("-inf")], want=float("inf")),
        case([float("nan"), float("inf")], ord=3, want=float("nan")),
        case([[3.0, 4.0], [6.0, 8.0]], axis=1, keepdims=True, want=[[5.0], [10.0]]),
        case([[3.0, 4.0], [12.0, 84.0]], want=85.0, note="the Frobenius norm"),
        case([[], []], axis=1, want=[0.0, 0.0]),
    ),
    refusals=(
        refusal(AxisError, "axis 2 is out of range", [[1.0]], axis=2),
        refusal(AttributeValueError, "got nan", [1.0], ord=float("nan")),
        refusal(AttributeValueError, "must be of type float", [1.0], ord="fro"),
        refusal(AttributeValueError, "of no elements", [[], []], axis=1, ord=float("inf")),
        refusal(AttributeValueError, "of no elements", [[], []], axis=1, ord=-1),
    ),
    samples=(
        {},
        {"ord": 1},
        {"ord": float("inf")},
        {"ord": float("-inf")},
        {"ord": 0},
        {"ord": 3},
        {"ord": 0.5},
        {"ord": 1.5},
        {"ord": -2},
    ),
)
