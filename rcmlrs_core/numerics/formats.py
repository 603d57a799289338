"""Bits and RN: rounding to nearest, ties to even, into a binary format of IEEE 754 (contract N1).

The format is a parameter, so that the same few lines that make every binary32 result are tested on every value of
an 8-bit and a 16-bit format. Exact values come in as integers and leave as the bits of the nearest number; nothing
here knows what operation they came from.
"""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Format:
    """A binary interchange format: a sign bit, ``exponent_bits`` and ``precision - 1`` stored significand bits.

    ``precision`` counts the leading bit that is not stored: binary32 has 8 exponent bits and precision 24.
    """

    name: str
    exponent_bits: int
    precision: int

    @property
    def emax(self) -> int:
        """Exponent of the largest finite numbers: 127 in binary32."""
        return (1 << (self.exponent_bits - 1)) - 1

    @property
    def quantum(self) -> int:
        """Exponent of the smallest subnormal, of which every finite number is a multiple: -149 in binary32."""
        return 2 - self.emax - self.precision

    @property
    def infinity(self) -> int:
        """Bits of +infinity."""
        return ((1 << self.exponent_bits) - 1) << (self.precision - 1)

    @property
    def nan(self) -> int:
        """Bits of the one NaN (N1.2): quiet, positive, no payload; 0x7fc00000 in binary32."""
        return self.infinity | (1 << (self.precision - 2))

    @property
    def sign(self) -> int:
        """Bits of the sign alone, which are those of -0."""
        return 1 << (self.exponent_bits + self.precision - 1)

    def round_dyadic(self, significand: int, exponent: int) -> int:
        """Bits of ``RN(significand * 2**exponent)`` (N1.3). An exact zero is +0.

        The work is bounded by the length of ``significand``, however large or small ``exponent`` is.
        """
        sign = self.sign if significand < 0 else 0
        magnitude = abs(significand)
        if magnitude == 0:
            return 0
        top = magnitude.bit_length() + exponent  # 2**(top-1) <= |value| < 2**top
        if top > self.emax + 1:
            return sign | self.infinity
        if top < self.quantum:  # below half of the smallest subnormal
            return sign
        last_place = max(top - self.precision, self.quantum)
        shift = last_place - exponent
        if shift <= 0:
            kept = magnitude << -shift
        else:
            kept = magnitude >> shift
            rest = magnitude & ((1 << shift) - 1)
            half = 1 << (shift - 1)
            if rest > half or (rest == half and kept & 1):
                kept += 1
        # The encoding is continuous: a carry out of the significand lands in the exponent, and one out of the largest
        # exponent lands on infinity, so one sum serves subnormal, normal and overflowing values alike.
        return sign | min(((last_place - self.quantum) << (self.precision - 1)) + kept, self.infinity)

    def round_ratio(self, numerator: int, denominator: int) -> int:
        """Bits of ``RN(numerator / denominator)`` for a positive denominator."""
        scale = max(0, self.precision + 2 + denominator.bit_length() - numerator.bit_length())
        quotient, rest = divmod(abs(numerator) << scale, denominator)
        # Two bits beyond the precision and a sticky one say on which side of a midpoint the quotient lies.
        sticky = quotient << 1 | (rest != 0)
        return self.round_dyadic(-sticky if numerator < 0 else sticky, -scale - 1)

    def round_root(self, numerator: int, denominator: int) -> int:
        """Bits of ``RN(sqrt(numerator / denominator))`` for a non-negative numerator and a positive denominator."""
        scale = self.precision + 2 + max(0, denominator.bit_length() - numerator.bit_length())
        quotient, rest = divmod(numerator << (2 * scale), denominator)
        root = math.isqrt(quotient)
        return self.round_dyadic(root << 1 | (root * root != quotient or rest != 0), -scale - 1)

    def round_number(self, value: float | int | Fraction) -> int:
        """Bits of ``RN(value)``: a Python number enters at its exact value (N6). The sign of -0.0 stays."""
        if isinstance(value, float):
            if math.isnan(value):
                return self.nan
            if math.isinf(value):
                return self.infinity | (self.sign if value < 0 else 0)
            if value == 0:
                return self.sign if math.copysign(1.0, value) < 0 else 0
        return self.round_ratio(*value.as_integer_ratio())

    def fraction(self, bits: int) -> Fraction:
        """The exact value of finite ``bits``."""
        magnitude = bits & (self.sign - 1)
        if magnitude >= self.infinity:
            raise ValueError(f"{self.name} bits {bits:#x} are not a finite number")
        field, significand = divmod(magnitude, 1 << (self.precision - 1))
        if field:
            significand += 1 << (self.precision - 1)
        value = significand * Fraction(2) ** (self.quantum + max(field - 1, 0))
        return -value if bits & self.sign else value


BINARY32 = Format("binary32", exponent_bits=8, precision=24)
BINARY16 = Format("binary16", exponent_bits=5, precision=11)
BINARY8 = Format("binary8", exponent_bits=4, precision=4)
"""A format that is small enough to test every pair of its values; its layout follows the IEEE pattern."""

NAN = math.nan
INFINITY = math.inf

_UINT = struct.Struct("<I")
_FLOAT = struct.Struct("<f")


def to_bits(value: float) -> int:
    """Bits of ``value``, which is a binary32 number held in a Python float. NaN gives 0x7fc00000 (N1.2)."""
    if value != value:
        return BINARY32.nan
    bits: int = _UINT.unpack(_FLOAT.pack(value))[0]
    return bits


def from_bits(bits: int) -> float:
    """The binary32 number with these bits, as a Python float (which holds every one of them exactly)."""
    value: float = _FLOAT.unpack(_UINT.pack(bits))[0]
    return value


def round_number(value: float | int | Fraction) -> float:
    """``RN(value)`` of a Python number at its exact value, rounded once (N6)."""
    return from_bits(BINARY32.round_number(value))


def ulp_distance(a: float, b: float) -> int:
    """How many binary32 numbers one must step from ``a`` to reach ``b``; -0 and +0 are one step apart."""

    def position(value: float) -> int:
        bits = to_bits(value)
        return bits if bits < BINARY32.sign else BINARY32.sign - 1 - bits

    return abs(position(a) - position(b))
