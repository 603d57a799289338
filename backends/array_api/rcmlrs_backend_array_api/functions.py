"""The functions of the namespace ``m`` in a library: examined, and replaced where they are not good enough.

The formulas' bounds take every function to be within 4 ulp in binary64, and the square root to be that of IEEE 754. A
library that is further off at one of the points tried here has the function replaced: by one built on its others, where
that passes, or else by the core's own, number by number on the host, which is slow and right.
"""

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import mpmath

from rcmlrs_backend_array_api.library import FLOAT64, INT64, Array, Library
from rcmlrs_backend_array_api.math import LARGEST, ArrayMath
from rcmlrs_core.numerics import rows

ULPS = 4.0
"""What the formulas are promised."""

LOOSER = {"cbrt": 14.0, "erf": 8.0, "erfc": 8.0}
"""What they are promised of functions that :class:`ArrayMath` makes of others, and at binary32 numbers alone."""

Function = Callable[..., Any]


class LibraryMath(ArrayMath):
    """As :class:`ArrayMath`; plain numbers among the arguments become arrays, for the standard does not promise that
    functions of several arguments take them."""

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self._numbers: dict[Any, Array] = {}

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._xp, name)

        def function(*arguments: Any) -> Any:
            return given(*map(self._as_array, arguments))

        setattr(self, name, function)
        return function

    def _as_array(self, x: Any) -> Any:
        if type(x) not in (float, int):
            return x
        key = repr(x)
        if key not in self._numbers:
            self._numbers[key] = self._xp.asarray(float(x), dtype=self._xp.float64)
        return self._numbers[key]

    def power(self, x: Any, y: Any) -> Any:
        """x to the y."""
        return super().power(self._as_array(x), self._as_array(y))

    def maximum(self, x: Any, y: Any) -> Any:
        """The larger (N2.3)."""
        if type(y) in (float, int) and y != 0:
            return self._xp.maximum(x, self._as_array(y))
        return super().maximum(x, self._as_array(y))

    def minimum(self, x: Any, y: Any) -> Any:
        """The smaller (N2.3)."""
        if type(y) in (float, int) and y != 0:
            return self._xp.minimum(x, self._as_array(y))
        return super().minimum(x, self._as_array(y))


def spaced(low: int, high: int, count: int = 192) -> list[float]:
    """Numbers of either sign with exponents from ``low`` to ``high`` and significands all over, from the golden
    ratio's multiples."""
    points = []
    for i in range(count):
        significand = 1.0 + math.modf(i * 0.6180339887498949)[0]
        points.append((-1) ** (i // 2) * math.ldexp(significand, low + i % (high - low)))
    return points


LINE = [*spaced(-12, 6), *spaced(-60, -12, 24)]
WIDE = [*LINE, *(37.0 * i + 0.3 for i in range(-18, 19))]
POSITIVE = [*map(abs, LINE), *map(abs, spaced(-300, 300, 40)), *(1.0 + x for x in spaced(-20, -2, 48))]
ABOVE_MINUS_ONE = [*(x for x in LINE if x > -1.0), *(-i / 64 for i in range(1, 64))]
UNIT = [*(x for x in LINE if -1.0 < x < 1.0), *(i / 48 for i in range(-47, 48))]
ABOVE_ONE = [1.0 + abs(x) for x in LINE]

SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan]

REFERENCES: dict[str, tuple[Function, Sequence[float]]] = {
    "acos": (mpmath.acos, UNIT),
    "acosh": (mpmath.acosh, ABOVE_ONE),
    "asin": (mpmath.asin, UNIT),
    "asinh": (mpmath.asinh, LINE),
    "atan": (mpmath.atan, WIDE),
    "atanh": (mpmath.atanh, UNIT),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), WIDE),
    "cos": (mpmath.cos, WIDE),
    "cosh": (mpmath.cosh, WIDE),
    "erf": (mpmath.erf, LINE),
    "erfc": (mpmath.erfc, [x for x in LINE if x < LARGEST]),
    "exp": (mpmath.exp, WIDE),
    "exp2": (lambda x: mpmath.mpf(2) ** x, WIDE),
    "expm1": (mpmath.expm1, WIDE),
    "log": (mpmath.log, POSITIVE),
    "log10": (mpmath.log10, POSITIVE),
    "log1p": (mpmath.log1p, ABOVE_MINUS_ONE),
    "log2": (lambda x: mpmath.log(x, 2), POSITIVE),
    "sin": (mpmath.sin, WIDE),
    "sinh": (mpmath.sinh, WIDE),
    "tan": (mpmath.tan, WIDE),
    "tanh": (mpmath.tanh, LINE),
}
"""Functions of one argument: what they are, and where they are tried."""

PAIRS: dict[str, Function] = {
    "atan2": mpmath.atan2,
    "hypot": mpmath.hypot,
    "power": lambda x, y: x**y,
}
"""Functions of two arguments, tried at positive ones."""

ROOTS = [*POSITIVE, *map(abs, spaced(-140, 140, 2000))]
"""Where the square root is tried: PyTorch's is rounded to the wrong side in one case of seventy."""

EXACT = frozenset({
    "abs", "argmax", "argsort", "ceil", "copysign", "cumsum", "floor", "max", "maximum", "minimum", "other_products",
    "outer", "product", "products", "round", "scaled", "signbit", "sort", "sum", "trunc", "where", "whole_product",
    "whole_products", "with_diagonal",
})  # fmt: skip
"""Functions of the namespace that round no more than arithmetic does; ``probes`` tries what they rest on."""

OF_PYTHON_ALONE = frozenset({"Row", "divide", "larger", "remainder", "smaller"})
"""What the core's namespace has besides, for Python's numbers."""


def reference(function: Function, *points: float) -> Any:
    """The value with 90 bits more than binary64 has."""
    with mpmath.workprec(160):
        return function(*map(mpmath.mpf, points))


def is_within(got: float, want: Any, ulps: float = ULPS) -> bool:
    """Whether a binary64 number is that near to an exact value; what is no normal number may be rounded away."""
    if not math.isfinite(float(want)) or abs(float(want)) < 2.0**-1000:
        return True
    if not math.isfinite(got):
        return False
    with mpmath.workprec(160):
        return bool(abs(mpmath.mpf(got) - want) <= ulps * math.ulp(float(want)))


def error_of(name: str, function: Function, library: Library) -> str:
    """Where ``function`` is wrong as the function ``name`` of the namespace, in words; nothing where it is right."""
    if name in PAIRS:
        xs = [abs(x) for x in LINE[:96]]
        columns: list[Sequence[float]] = [xs, [*xs[7:], *xs[:7]]]
        exact = PAIRS[name]
    elif name == "sqrt":
        exact, columns = math.sqrt, [ROOTS]
    else:
        exact, points = REFERENCES[name]
        columns = [array("f", points).tolist() if name in LOOSER else points]
    try:
        got = library.to_host(function(*(library.from_host(list(x), FLOAT64) for x in columns))).tolist()
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"
    for value, *arguments in zip(got, *columns, strict=True):
        want = exact(*arguments) if name == "sqrt" else reference(exact, *arguments)
        if not is_within(value, want, 0.0 if name == "sqrt" else LOOSER.get(name, ULPS)):
            return f"{name}({', '.join(map(repr, arguments))}) is {value!r}, and should be near {float(want)!r}"
    known = getattr(rows, name, None)
    if name in PAIRS or known is None:
        return ""
    got = library.to_host(function(library.from_host(SPECIAL, FLOAT64))).tolist()
    if name in LOOSER:  # at infinity, what they are in binary32 is all that counts
        got = [array("f", [y])[0] if math.isinf(x) else y for x, y in zip(SPECIAL, got, strict=True)]
    for value, x, want in zip(got, SPECIAL, known(rows.Row(SPECIAL)).values, strict=True):
        if repr(value) != repr(want) and not (
            value == value and math.isfinite(want) and want and is_within(value, want)
        ):
            return f"{name}({x!r}) is {value!r}, and should be {want!r}"
    return ""


def tanh_by_exponentials(library: Library) -> Function:
    """``e / (e + 2)`` with e = e^2|x| - 1, and beyond 1/2 ``1 - 2 / (e^2|x| + 1)``, where nothing cancels."""
    xp, m = library.xp, library.m

    def tanh(x: Array) -> Array:
        double = 2.0 * xp.abs(x)
        e = m.expm1(m.minimum(double, 1.0))
        size = xp.where(double < 1.0, e / (e + 2.0), 1.0 - 2.0 / (m.exp(double) + 1.0))
        return xp.where(x < 0.0, -size, xp.where(x == 0.0, x, size))

    return tanh


def log1p_by_log(library: Library) -> Function:
    """``log(u) * x / (u - 1)`` with u = 1 + x rounded, x itself where u is 1 (W. Kahan; N. Higham, Accuracy and
    Stability of Numerical Algorithms, 1.14.1, explains why the error of u does no harm)."""
    xp, m = library.xp, library.m

    def log1p(x: Array) -> Array:
        u = 1.0 + x
        usual = (u != 1.0) & (u < math.inf) & (u > 0.0)
        safe = xp.where(usual, u, xp.full_like(u, 2.0))
        found = m.log(safe) * (xp.where(usual, x, xp.ones_like(u)) / (safe - 1.0))
        return xp.where(usual, found, xp.where(u == 1.0, x, m.log(u)))

    return log1p


def corrected_sqrt(library: Library) -> Function:
    """``s + (x - s^2) / 2s``, a step of Newton's from the library's root s with the exact residual.

    The square's error is found by Dekker's splitting (A floating-point technique for extending the available precision,
    1971), so with s within an ulp the sum is that of the exact root and something below 2^-100 of it, rounded once.
    """
    xp, given = library.xp, library.m.sqrt

    def sqrt(x: Array) -> Array:
        s = given(x)
        usual = (x > 2.0**-900) & (x < 2.0**900)
        s_or_one = xp.where(usual, s, xp.ones_like(s))
        scaled = s_or_one * (2.0**27 + 1.0)
        high = scaled - (scaled - s_or_one)
        low = s_or_one - high
        square = s_or_one * s_or_one
        error = ((high * high - square) + 2.0 * (high * low)) + low * low
        residual = (xp.where(usual, x, xp.ones_like(x)) - square) - error
        return xp.where(usual, s_or_one + residual / (2.0 * s_or_one), s)

    return sqrt


BUILT: dict[str, Sequence[Callable[[Library], Function]]] = {
    "tanh": (tanh_by_exponentials,),
    "log1p": (log1p_by_log,),
    "sqrt": (corrected_sqrt,),
}
"""Replacements over the library's other functions."""


def on_the_host(name: str, library: Library) -> Function:
    """The core's own function, number by number."""
    function = getattr(rows, name)

    def by_numbers(*arguments: Any) -> Array:
        shapes = [tuple(getattr(x, "shape", ())) for x in arguments]
        shape = max(shapes, key=lambda s: (math.prod(s), len(s)))
        columns = []
        for x in arguments:
            if not hasattr(x, "shape"):
                columns.append(x)
                continue
            spread = library.xp.reshape(library.xp.broadcast_to(x, shape), (-1,))
            columns.append(rows.Row(library.to_host(spread).tolist()))
        return library.xp.reshape(library.from_host(function(*columns).values, FLOAT64), shape)

    return by_numbers


def by_rows_on_the_host(name: str, library: Library) -> Function:
    """The core's own function of a row, row by row."""
    function = getattr(rows, name)

    def by_rows(x: Array) -> Array:
        count, n = x.shape
        values = library.to_host(library.xp.reshape(x, (-1,))).tolist()
        found: list[Any] = []
        for i in range(count):
            result = function(rows.Row(values[i * n : i * n + n]))
            found += result.values if isinstance(result, rows.Row) else [result]
        whole = name.startswith("arg") or x.dtype != library.xp.float64
        return library.xp.reshape(library.from_host(found, INT64 if whole else FLOAT64), (count, -1))

    return by_rows


def examine(library: Library) -> list[str]:
    """Try every function of the namespace, replace those that are not good enough, and say which those are."""
    notes = []
    for name in ("sqrt", *REFERENCES, *PAIRS):
        if not hasattr(rows, name):  # no formula has a use for it
            continue
        try:
            candidates = [("", getattr(library.m, name))]
        except AttributeError:
            candidates = []
        candidates += [
            ("corrected" if name == "sqrt" else "built on others", build(library)) for build in BUILT.get(name, ())
        ]
        candidates.append(("on the host", on_the_host(name, library)))
        for how, function in candidates:
            if how == "on the host" or not error_of(name, function, library):
                if how:
                    setattr(library.m, name, function)
                    notes.append(f"{name} {how}")
                break
    return notes
