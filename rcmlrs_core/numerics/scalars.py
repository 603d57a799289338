"""What a number from outside is: an int, a float or a fraction, at its exact value (N6). No tensors in here."""

import operator
from decimal import Decimal
from typing import Any

from rcmlrs_core.errors import DTypeError
from rcmlrs_core.numerics.formats import round_number

BEYOND = 60
"""Decimals of a larger exponent are infinite or zero in binary32, as they are in binary64 or in ``RN`` of that."""


def is_number(x: Any) -> bool:
    """Whether ``x`` may be a real number: of Python, or one of the many libraries with numbers of their own."""
    return isinstance(x, float | int) or hasattr(x, "__float__") or hasattr(x, "__index__")


def number(x: Any) -> Any:
    """``x`` at its exact value, as an int, a float, or something with ``as_integer_ratio``.

    Raises :class:`DTypeError` for what is no real number.
    """
    if isinstance(x, float | int):
        return x
    if getattr(x, "shape", None) == () and hasattr(x, "item"):  # NumPy's scalars, arrays of no axes, tensors
        item = x.item()
        if item is not x and type(item) is not type(x):  # NumPy's longdouble gives itself
            return number(item)
    if isinstance(x, Decimal):
        if x.is_nan():
            return float("nan")  # which float() refuses to make of a signalling one
        if not x.is_finite() or not x or abs(x.adjusted()) > BEYOND:
            return float(x)
        return x
    if hasattr(x, "as_integer_ratio"):
        try:
            x.as_integer_ratio()
        except (ValueError, OverflowError):  # an infinity or a NaN
            return float(x)
        return x if x else float(x)  # the ratio of a zero has no sign
    if hasattr(x, "__index__"):
        return operator.index(x)
    try:
        return float(x.__float__())
    except (AttributeError, TypeError, ValueError):
        raise DTypeError(f"a {type(x).__name__} is no real number; make it an int, float or Fraction first") from None


def binary32(x: Any) -> float:
    """``RN`` of a number at its exact value (N1.3, N6), or where that is the same in the end, its binary64 value."""
    value = number(x)
    if isinstance(value, float) or (isinstance(value, int) and -(1 << 53) <= value <= 1 << 53):
        return float(value)  # exact, so that the store into an array of binary32 is the one rounding
    return round_number(value)
