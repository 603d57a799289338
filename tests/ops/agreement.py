"""What the tests of operations share: an independent rounding, data that is hard, NumPy's side of a binary64 formula.

Nothing here uses the project's own rounding, sums or exact reals: a fault in those would hide in both tellings.
"""

import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy

from rcmlrs_backend_array_api.math import ArrayMath
from rcmlrs_core.numerics.rounding import widened
from rcmlrs_core.ops.op import Reduction
from rcmlrs_core.plain import PlainArray

PYTHON = "rcmlrs_backend_python:plugin"

NAN_BITS, INFINITY_BITS, SIGN = 0x7FC00000, 0x7F800000, 0x80000000
LARGEST = Fraction(2**24 - 1) * 2**104


def bits(value: float) -> int:
    """Of a binary32 number in a Python float; any NaN is the one NaN."""
    return NAN_BITS if value != value else struct.unpack("<I", struct.pack("<f", value))[0]


def number(pattern: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", pattern))[0])


def array_bits(x: PlainArray) -> list[int]:
    return [bits(value) for value in x.values]


def rn(value: Fraction, zero: int = 0) -> int:
    """Bits of the nearest binary32 number, by comparing neighbours; ``zero`` are the bits of a result that vanishes."""
    magnitude = abs(value)
    sign = SIGN if value < 0 else 0
    if magnitude > LARGEST:
        return sign | (INFINITY_BITS if magnitude >= LARGEST + Fraction(2) ** 103 else 0x7F7FFFFF)
    low, high = 0, 0x7F7FFFFF  # binary search: patterns of positive numbers are in the order of the numbers
    while low < high:
        middle = (low + high + 1) // 2
        if Fraction(number(middle)) <= magnitude:
            low = middle
        else:
            high = middle - 1
    below, above = Fraction(number(low)), Fraction(number(min(low + 1, 0x7F7FFFFF)))
    nearer_above = magnitude - below > above - magnitude or (magnitude - below == above - magnitude and low & 1)
    found = low + 1 if nearer_above and above != below else low
    if found == 0:
        return zero if value == 0 else sign
    return sign | found


def rn_root(value: Fraction) -> int:
    """Bits of the binary32 number nearest to the square root: midpoints are compared by their squares."""
    low, high = 0, 0x7F7FFFFF
    while low < high:
        middle = (low + high + 1) // 2
        if Fraction(number(middle)) ** 2 <= value:
            low = middle
        else:
            high = middle - 1
    step = Fraction(number(low + 1)) - Fraction(number(low)) if low < 0x7F7FFFFF else Fraction(2) ** 104
    middle_squared = (Fraction(number(low)) + step / 2) ** 2
    return low + 1 if value > middle_squared or (value == middle_squared and low & 1) else low


def rn_ball(formula: Callable[[], Any], zero: int = 0, most: int = 1 << 15) -> int | None:
    """Bits of RN of a real number that ``formula`` encloses in an arb ball, or None where ``most`` bits do not decide.

    ``zero`` are the bits of a result that rounds to zero: a ball does not tell the sign of what is nearly nothing.
    """
    precision = 128
    while precision <= most:
        with flint.ctx.workprec(precision):
            ball = formula()
            ends = [_fraction(ball.lower()), _fraction(ball.upper())]
        low, high = (end if end is None else rn(end, zero) for end in ends)
        if low is not None and high is not None:
            if low & ~SIGN == 0 and high & ~SIGN == 0:
                return zero
            if low == high:
                return low
        precision *= 2
    return None


def _fraction(x: Any) -> Fraction | None:
    """The exact value of an arb that is a point. What is far too small or too large stays on its side."""
    if not x.is_finite():
        return None
    mantissa, exponent = x.man_exp()
    mantissa, exponent = int(mantissa), int(exponent)
    if mantissa == 0:
        return Fraction(0)
    top = abs(mantissa).bit_length() + exponent
    if top < -400:
        return Fraction(1 if mantissa > 0 else -1) / 2**400
    if top > 400:
        return Fraction(1 if mantissa > 0 else -1) * 2**400
    return Fraction(mantissa) * Fraction(2) ** exponent


def f32(value: float) -> float:
    """Rounded to binary32 by the machine."""
    with numpy.errstate(all="ignore"):
        return float(numpy.float32(value))


# ------------------------------------------------------------------------------------------------------- data

EDGES = [
    0.0,
    -0.0,
    2.0**-149,
    -(2.0**-149),
    3 * 2.0**-149,
    2.0**-126,
    -(2.0**-126) + 2.0**-149,
    1.0,
    -1.0,
    1.0 + 2.0**-23,
    1.0 - 2.0**-24,
    16777216.0,
    16777218.0,
    3.4028234663852886e38,
    -3.4028234663852886e38,
]
SPECIAL = [math.inf, -math.inf, math.nan]


def rows(rng: random.Random, n: int, scale: float = 1.0) -> Iterator[list[float]]:
    """Finite rows of length n: random, structured, and of mixed sizes."""
    yield [f32(rng.gauss(0, scale)) for _ in range(n)]
    yield [f32(rng.uniform(1, 2)) for _ in range(n)]  # one binade: sums sit on ties
    yield [float(rng.randrange(-8, 9)) for _ in range(n)]
    yield [number(bits(f32(rng.gauss(0, scale))) & 0xFFFF0000) for _ in range(n)]  # the bf16 grid
    yield [rng.choice([1.0, 2.0**-24, -(2.0**-24), 2.0**-25, 0.0]) for _ in range(n)]
    yield [rng.choice([-0.0, 0.0]) for _ in range(n)]
    yield [f32(rng.gauss(0, 1))] * n
    hot = rng.randrange(n)
    yield [float(i == hot) for i in range(n)]
    yield [rng.choice(EDGES) for _ in range(n)]
    yield [number(rng.randrange(INFINITY_BITS) | rng.choice([0, SIGN])) for _ in range(n)]  # any exponent
    yield [rng.randrange(-5, 6) * 2.0**-149 for _ in range(n)]
    large = [f32(rng.gauss(0, 1) * 2.0 ** rng.randrange(-60, 61)) for _ in range(n // 2)]
    row = large + [-x for x in large] + [f32(rng.gauss(0, 1) * 2.0**-40) for _ in range(n - 2 * len(large))]
    rng.shuffle(row)
    yield row  # cancels


def special_rows(rng: random.Random, n: int) -> Iterator[list[float]]:
    """Rows with infinities and NaN."""
    for chosen in ([math.inf], [-math.inf], [math.nan], [math.inf, -math.inf], [math.inf, math.nan]):
        row = [f32(rng.gauss(0, 1)) for _ in range(n)]
        for value in chosen:
            row[rng.randrange(n)] = value
        yield row
    yield [-math.inf] * n
    yield [math.inf] * n
    yield [rng.choice([-math.inf, 1.0, -0.0]) for _ in range(n)]


# ------------------------------------------------------------------------------------- binary64 over NumPy


MATH = ArrayMath(numpy)
"""The namespace of a binary64 formula over arrays, whose rows are the last axis."""


class Formula:
    """A binary64 formula over NumPy arrays of rows (count, n): values, error margins, and what the test decides."""

    def __init__(self, operation: Any, table: Sequence[Sequence[float]], bound: float, **attributes: Any) -> None:
        x = numpy.array(table, dtype=numpy.float64)
        with numpy.errstate(all="ignore"):
            result = operation.binary64(MATH, x, **attributes)
            value, magnitude = result if isinstance(result, tuple) else (result, numpy.abs(result))
            magnitude = numpy.broadcast_to(magnitude, value.shape)
            self.value, self.magnitude = value.reshape(len(table), -1), magnitude.reshape(len(table), -1)
            if bound == 0:
                low = high = self.value.astype(numpy.float32)
            else:
                e = widened(bound)
                low = (self.value - e * self.magnitude).astype(numpy.float32)
                high = (self.value + e * self.magnitude).astype(numpy.float32)
            special = ~numpy.isfinite(self.value)  # right as they are, by the formula's promise
            low[special] = high[special] = self.value[special].astype(numpy.float32)
        self.bits = numpy.where(numpy.isnan(low), numpy.uint32(NAN_BITS), low.view(numpy.uint32))
        upper = numpy.where(numpy.isnan(high), numpy.uint32(NAN_BITS), high.view(numpy.uint32))
        self.decided = self.bits == upper

    def units(self, row: int, column: int, exact: Fraction) -> float:
        """The error of an element in units of 2^-53 of its magnitude.

        A magnitude of 0 says that the value rounds as the exact one does: then that is what is checked.
        """
        value = Fraction(float(self.value[row, column]))
        margin = Fraction(float(self.magnitude[row, column])) / 2**53
        if margin == 0:
            assert rn(value) == rn(exact), f"{float(value).hex()} does not round as the exact value"
            return 0.0
        return float(abs(value - exact) / margin)


def check_rows(
    operation: Reduction,
    kernel: Callable[..., PlainArray],
    table: list[list[float]],
    want: Callable[..., list[int | None]],
    **attributes: Any,
) -> None:
    """Definition, derived kernel and NumPy formula against the bits of an oracle, for rows of one length.

    ``want(row, **attributes)`` gives the bits, or None for what the oracle leaves open.
    """
    count, n = len(table), len(table[0])
    x = PlainArray.of([value for row in table for value in row], (count, n))
    normal = operation.check(x, axis=1, **attributes).attributes
    wanted = [want(row, **attributes) for row in table]
    flat = [pattern for row in wanted for pattern in row]
    for who, result in (("definition", operation.define(x, **normal)), ("kernel", kernel(x, **normal))):
        for place, (pattern, value) in enumerate(zip(flat, result.values, strict=True)):
            row = table[place * count // len(flat)]
            assert pattern is None or bits(value) == pattern, (
                f"{operation.name}, {who}, row {[v.hex() for v in row]}, {attributes}: "
                f"want {pattern:#x}, got {bits(value):#x}"
            )
    if operation.binary64 is not None:
        further = {key: value for key, value in normal.items() if key not in {"axis", "keepdims"}}
        formula = Formula(operation, table, operation.bound(n), **further)
        for i, row in enumerate(wanted):
            for j, pattern in enumerate(row):
                if formula.decided[i, j] and pattern is not None:
                    assert formula.bits[i, j] == pattern, (
                        f"{operation.name}, formula decides wrongly, row {[v.hex() for v in table[i]]}, {attributes}: "
                        f"want {pattern:#x}, got {int(formula.bits[i, j]):#x}"
                    )
