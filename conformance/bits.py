"""Raw elements: bits into arrays, bits out of them, how far two results are apart, and how an element is shown.

Everything here works on row-major, little-endian bytes, so that NaN payloads and the sign of zero are seen as they are.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence

from rcmlrs_core.numerics.formats import BINARY32, from_bits, ulp_distance
from rcmlrs_core.plain import BOOL, FLOAT32, ITEMSIZE, PlainArray, Shape

SIGN = BINARY32.sign
INFINITY = BINARY32.infinity
NAN = BINARY32.nan


def is_nan(bits: int) -> bool:
    """Whether these are the bits of a NaN, with whatever payload and sign."""
    return bits & ~SIGN > INFINITY


def is_finite(bits: int) -> bool:
    """Whether these are the bits of a finite number."""
    return bits & ~SIGN < INFINITY


def floats(bits: Iterable[int], shape: Shape | None = None) -> PlainArray:
    """A float32 array of these bits, NaN payloads included; of one axis, unless ``shape`` says otherwise."""
    raw = array("I", bits)
    values = array("f")
    values.frombytes(raw.tobytes())
    return PlainArray(values, (len(raw),) if shape is None else shape)


def raw_bytes(x: PlainArray) -> bytes:
    """The elements as they lie there, little-endian: unlike ``x.tobytes()``, with the NaN payloads that they have."""
    values = x.values
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def words(raw: bytes, dtype: str) -> Sequence[int]:
    """The elements' bits as non-negative integers."""
    if dtype == BOOL:
        return raw
    found = array("I")
    found.frombytes(raw)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def differences(want: bytes, got: bytes, dtype: str) -> list[int]:
    """The indices of the elements whose bits differ; both have the same length."""
    if want == got:
        return []
    return [i for i, (w, g) in enumerate(zip(words(want, dtype), words(got, dtype), strict=True)) if w != g]


def ulps(want: int, got: int) -> int | None:
    """How many binary32 numbers one steps from one to the other; None where one of them is NaN.

    -0 and +0 are one step apart, and the largest finite number is one step from infinity.
    """
    if is_nan(want) or is_nan(got):
        return None
    return ulp_distance(from_bits(want), from_bits(got))


def show(bits: int, dtype: str = FLOAT32) -> str:
    """An element as people read it: its bits and its value, ``0x3f800000 = 1.0``."""
    if dtype != FLOAT32:
        value = bits - (1 << 32) if bits >= SIGN else bits
        return f"{bool(bits)}" if dtype == BOOL and bits < 2 else f"0x{bits:0{2 * ITEMSIZE[dtype]}x} = {value}"
    if is_nan(bits):
        return f"0x{bits:08x} = NaN"
    return f"0x{bits:08x} = {shortest(bits)}"


def shortest(bits: int) -> str:
    """The shortest decimal that reads back as this binary32 number (17 digits would show binary64's)."""
    value = from_bits(bits)
    if not is_finite(bits) or value == 0:
        return repr(value)
    texts = (f"{value:.{digits}e}" for digits in range(9))
    return repr(next(float(text) for text in texts if BINARY32.round_number(float(text)) == bits))


def show_distance(want: int, got: int, dtype: str) -> str:
    """How far apart, in words."""
    if dtype != FLOAT32:
        return "another value"
    if is_nan(want) and is_nan(got):
        return "a NaN that does not look like the one NaN, 0x7fc00000"
    if is_nan(want) or is_nan(got):
        return "one of them is NaN"
    if (want ^ got) == SIGN and want & ~SIGN == 0:
        return "the other zero"
    distance = ulps(want, got)
    assert distance is not None
    return f"{distance:,} ulp" if distance < 1 << 24 else f"far apart: {distance:,} ulp"
