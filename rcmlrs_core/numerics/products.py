"""Exact products and their one rounding: integers and exponents, so that nothing overflows on the way."""

from collections.abc import Iterable, Iterator, Sequence

from rcmlrs_core.numerics.formats import BINARY32, INFINITY, NAN, from_bits


class Product:
    """The exact product of binary32 numbers: a significand and an exponent, or what is no finite number."""

    __slots__ = ("exponent", "infinite", "nan", "negative", "significand")

    def __init__(self) -> None:
        self.significand, self.exponent = 1, 0
        self.negative = self.infinite = self.nan = False

    def multiply(self, value: float) -> None:
        """By one more number. A zero keeps its sign, as in ``mul``."""
        if value != value:
            self.nan = True
            return
        self.negative ^= value < 0 or str(value) == "-0.0"
        if value in (INFINITY, -INFINITY):
            self.infinite = True
            return
        numerator, denominator = abs(value).as_integer_ratio()
        shift = (numerator & -numerator).bit_length() - 1 if numerator else 0
        self.significand *= numerator >> shift
        self.exponent += shift - denominator.bit_length() + 1

    def rounded(self) -> float:
        """``RN`` of the product; ``0 * inf`` and NaN give NaN, a zero has the sign of the factors' signs."""
        if self.nan or (self.infinite and not self.significand):
            return NAN
        if self.infinite:
            return -INFINITY if self.negative else INFINITY
        if not self.significand:
            return -0.0 if self.negative else 0.0
        return from_bits(BINARY32.round_dyadic(-self.significand if self.negative else self.significand, self.exponent))


def exact_product(values: Iterable[float]) -> float:
    """``RN`` of the exact product; of nothing, 1."""
    product = Product()
    for value in values:
        product.multiply(value)
    return product.rounded()


def exact_products(values: Sequence[float], places: Iterable[int]) -> Iterator[float]:
    """``RN`` of the exact products of the first elements, up to and with each of the places, which ascend."""
    product, done = Product(), 0
    for place in places:
        for value in values[done : place + 1]:
            product.multiply(value)
        done = place + 1
        yield product.rounded()
