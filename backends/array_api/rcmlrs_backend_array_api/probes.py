"""What may be wrong with a library: tried when it is loaded, and worked around or refused.

A probe takes a :class:`Library` and says in a sentence what is wrong, or nothing. Those of ``REFUSED`` have no
work-around: what they find would give wrong bits. :func:`examine` runs all of them, in the order in which one rests on
another.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from rcmlrs_backend_array_api import functions
from rcmlrs_backend_array_api.library import FLOAT64, INT64, Library
from rcmlrs_core.errors import BackendError
from rcmlrs_core.numerics.accurate import two_sum
from rcmlrs_core.numerics.formats import BINARY32, from_bits

U = 2.0**-53

NUMBERS = [
    math.ldexp(1.0 + math.modf(i * 0.6180339887498949)[0], i * 7 % 61 - 30) * (-1) ** (i % 3) for i in range(128)
]
"""Finite binary64 numbers of all kinds."""


def binary64(library: Library) -> str:
    """Whether there is binary64 at all."""
    xp = library.xp
    try:
        one = xp.asarray([1.0], dtype=xp.float64)
        if one.dtype == xp.float64 and bool(xp.any(one + 2.0**-52 > one)):
            return ""
    except Exception as error:
        return f"binary64 is missing ({type(error).__name__}: {error}); every rounding is decided in it"
    return "binary64 is switched off; every rounding is decided in it"


def values_to_round() -> list[float]:
    """Binary64 numbers at which rounding to binary32 goes wrong, in normal, subnormal and overflowing places."""
    step, tiny = 2.0**-23, 2.0**-149
    found = [0.0, 1.0 + step / 2, 1.0 + 1.5 * step, 1.0 + step / 2 + 2.0**-52, 1.0 + step / 2 - 2.0**-53 * 2, 1.0 / 3]
    found += [tiny * i for i in (0.25, 0.5, 0.5 + U, 0.75, 1, 1.5, 2.5, 3, 3.5, 1001.5, 1002.5, 2**22 + 0.5)]
    found += [
        2.0**-126,
        2.0**-126 - tiny / 2,
        2.0**-126 - tiny * 0.75,
        2.0**-126 + tiny / 2,
        2.0**-126 - tiny,
        2.0**-160,
    ]
    found += [2.0**128 - 2.0**103, 2.0**128 - 2.0**103 - 2.0**76, 2.0**128 - 2.0**104, 2.0**127, 1e300]
    found += [2.0**-160, 2.0**-1000, math.inf]
    return [*found, *(-x for x in found), math.nan]


def narrowing(library: Library) -> str:
    """Whether RN of binary64 numbers comes out right, keeps its value on the way back, and compares as it should."""
    xp, given = library.xp, values_to_round()
    try:
        rounded = library.narrow(library.from_host(given, FLOAT64))
        got = library.to_host(library.widen(rounded)).tolist()
        nonzero = library.to_host(rounded != 0).tolist()
        moved = library.to_host(library.widen(xp.where(rounded == rounded, -rounded, rounded))).tolist()
    except Exception as error:
        return f"rounding to binary32 raises {type(error).__name__}: {error}"
    want = [from_bits(BINARY32.round_number(x)) if x == x else x for x in given]
    for x, value, right, differs, turned in zip(given, got, want, nonzero, moved, strict=True):
        if repr(value) != repr(right) or bool(differs) != (right != 0) or repr(turned) != repr(-right if x == x else x):
            if 0 < abs(right) < 2.0**-126 or (right == 0 and x):
                return f"subnormal binary32 numbers are flushed to zero ({x!r} becomes {value!r}, not {right!r})"
            return f"binary64 does not round to the nearest binary32, ties to even ({x!r} becomes {value!r})"
    return ""


def arithmetic(library: Library) -> str:
    """Whether + - * / are those of IEEE 754 in binary64."""
    xs, ys = NUMBERS, [*NUMBERS[5:], *NUMBERS[:5]]
    x, y = library.from_host(xs, FLOAT64), library.from_host(ys, FLOAT64)
    tried: dict[str, tuple[Any, list[float]]] = {
        "x + y": (x + y, [a + b for a, b in zip(xs, ys, strict=True)]),
        "x - y": (x - y, [a - b for a, b in zip(xs, ys, strict=True)]),
        "x * y": (x * y, [a * b for a, b in zip(xs, ys, strict=True)]),
        "x / y": (x / y, [a / b for a, b in zip(xs, ys, strict=True)]),
    }
    for what, (got, want) in tried.items():
        if library.to_host(got).tolist() != want:
            return f"{what} is not rounded as IEEE 754 has it in binary64"
    return ""


def contraction(library: Library) -> str:
    """Whether a product is rounded before it is added to, and a sum before its error is found."""
    xs, ys = NUMBERS, [*NUMBERS[9:], *NUMBERS[:9]]
    x, y = library.from_host(xs, FLOAT64), library.from_host(ys, FLOAT64)
    rounded = library.from_host([a * b for a, b in zip(xs, ys, strict=True)], FLOAT64)
    if any(library.to_host(x * y - rounded).tolist()):
        return "a product is not rounded before it is added to (contraction, or excess precision)"
    total, error = two_sum(x, y)
    want = [two_sum(a, b) for a, b in zip(xs, ys, strict=True)]
    if [*zip(library.to_host(total).tolist(), library.to_host(error).tolist(), strict=True)] != want:
        return "the error of a sum is not what its operations say (excess precision, or algebra on rounded numbers)"
    return ""


def sums(library: Library) -> str:
    """Whether sums of rows keep the bound of any order of n binary64 additions, and specials are those of N3.2."""
    n = 1024
    row = [NUMBERS[i % 128] * (1.0 + i / 7) for i in range(n - 64)] + [-x for x in NUMBERS[:64]]
    special = [[math.inf, 1.0], [math.inf, -math.inf], [math.nan, 1.0], [-0.0, 0.0]]
    xp = library.xp
    got = library.to_host(
        xp.reshape(library.m.sum(xp.reshape(library.from_host(row, FLOAT64), (1, n))), (-1,))
    ).tolist()
    if not abs(math.fsum([*row, -got[0]])) <= n * U * math.fsum(map(abs, row)):
        return "sums are less accurate than binary64 additions in any order"
    pairs = xp.reshape(library.from_host([x for pair in special for x in pair], FLOAT64), (4, 2))
    got = library.to_host(xp.reshape(library.m.sum(pairs), (-1,))).tolist()
    if got[0] != math.inf or got[1] == got[1] or got[2] == got[2] or got[3] != 0:
        return f"sums of infinities and NaN are {got}"
    return ""


def order(library: Library) -> str:
    """Whether max and comparisons see NaN, and whether the sign of a zero can be seen and kept."""
    xp, m = library.xp, library.m
    rows = xp.reshape(library.from_host([math.nan, 1.0, 2.0, math.nan, -0.0, 0.0, -0.0, -0.0], FLOAT64), (4, 2))
    got = library.to_host(xp.reshape(m.max(rows), (-1,))).tolist()
    if list(map(repr, got)) != ["nan", "nan", "0.0", "-0.0"]:
        return f"the largest of rows with NaN or zeros of both signs is {got}, not [nan, nan, 0.0, -0.0]"
    x = library.from_host([math.nan, math.inf, -0.0, 0.0, -1.0], FLOAT64)
    seen = {
        "isfinite": (xp.isfinite(x), [0, 0, 1, 1, 1]),
        "signbit": (xp.signbit(x)[1:], [0, 1, 0, 1]),
        "==": (x == x, [0, 1, 1, 1, 1]),
        "abs": (xp.signbit(xp.abs(x))[1:], [0, 0, 0, 0]),
    }
    for what, (found, want) in seen.items():
        if library.to_host(found).tolist() != want:
            return f"{what} of NaN, inf, -0, 0, -1 is {library.to_host(found).tolist()}"
    return ""


def products(library: Library) -> str:
    """Whether products of binary64 matrices keep the error bound of each dot product, and 0 * inf is NaN."""
    xp, m, k, n = library.xp, 48, 256, 16
    # Rows and columns that differ much in size: a product by Strassen's scheme, in reduced precision or in emulated
    # binary64 does not keep to the error bound of each dot product.
    xs = [math.modf(i * 2.0**0.5)[0] * 2.0 ** (-8 * (i // k % 12)) - 0.0 for i in range(m * k)]
    ys = [(math.modf(i * 3.0**0.5)[0] - 0.5) * 2.0 ** (-8 * (i % n % 12)) for i in range(k * n)]
    x = xp.reshape(library.from_host(xs, FLOAT64), (m, k))
    y = xp.reshape(library.from_host(ys, FLOAT64), (k, n))
    try:
        got = library.to_host(xp.reshape(xp.matmul(x, y), (m * n,))).tolist()
        special = library.to_host(xp.reshape(xp.matmul(x * 0.0, y / 0.0), (m * n,))).tolist()
    except Exception as error:
        return f"products of binary64 matrices raise {type(error).__name__}: {error}"
    for i in range(0, m, 5):
        for j in range(n):
            terms = [a * b for a, b in zip(xs[i * k : i * k + k], ys[j::n], strict=True)]
            if not abs(math.fsum(terms) - got[i * n + j]) <= (k + 2) * U * math.fsum(map(abs, terms)):
                return "products of matrices do not keep the error bound of binary64 (reduced precision, or Strassen)"
    return "" if all(x != x for x in special) else "products of matrices take 0 * inf for 0"


def searches(library: Library) -> str:
    """Whether argmax takes the first among equals, and argsort keeps their order."""
    xp = library.xp
    rows = [[1.0, 2.0, 2.0, 0.0], [-0.0, 0.0, -1.0, 0.0], [math.inf, 2.0**200, math.inf, 1.0]]
    try:
        x = xp.reshape(library.from_host([value for row in rows for value in row], FLOAT64), (3, 4))
        largest = library.to_host(xp.argmax(x, axis=1)).tolist()
        smallest = library.to_host(xp.argmin(-x, axis=1)).tolist()
        order = library.to_host(xp.reshape(xp.argsort(x, axis=1, stable=True), (-1,))).tolist()
        y = library.from_host([float(i * 7 % 5) for i in range(600)], FLOAT64)
        long = library.to_host(xp.argsort(y, stable=True)).tolist()
        values = library.to_host(xp.reshape(xp.sort(x, axis=1), (-1,))).tolist()
    except Exception as error:
        return f"argmax, argsort or sort raises {type(error).__name__}: {error}"
    if largest != [1, 0, 0] or smallest != [1, 0, 0]:
        return f"argmax of rows with equal elements is {largest}, and argmin {smallest}; both should be [1, 0, 0]"
    if order != [3, 0, 1, 2, 2, 0, 1, 3, 3, 1, 0, 2] or long != sorted(range(600), key=lambda i: i * 7 % 5):
        return "argsort does not keep the order of equal elements"
    return "" if values == [value for row in rows for value in sorted(row)] else "sort does not sort"


def taking(library: Library) -> str:
    """Whether elements and rows come from the places that an index names: one, several, the same one again."""
    xp = library.xp
    x = library.from_host([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], FLOAT64)
    for places in ([4], [0], [5, 0, 5], [1, 1, 1, 1, 1, 1, 1]):
        index = library.from_host(places, INT64)
        got = library.to_host(library.pick(x, index)).tolist()
        rows = library.pick(xp.reshape(x, (6, 1)), index)
        pairs = library.pick(xp.reshape(x, (2, 3)), index // 3)
        found = [library.to_host(xp.reshape(taken, (-1,))).tolist() for taken in (rows, pairs)]
        want = [float(place + 1) for place in places]
        three = [float(place // 3 * 3 + column) for place in places for column in (1, 2, 3)]
        if got != want or found != [want, three]:
            return f"take from [1, 2, 3, 4, 5, 6] at {places} gives {got}"
    return ""


REFUSED: Sequence[Callable[[Library], str]] = (arithmetic, contraction, sums, order, taking)
"""What has no work-around, once numbers come in and out and are rounded."""


def examine(library: Library) -> tuple[list[str], list[str]]:
    """What is wrong with the library, and what is worked around."""
    with library.scope():
        problem = binary64(library)
        if problem:
            return [problem], []
        library.m = functions.LibraryMath(library.xp)
        notes: list[str] = []
        try:
            if narrowing(library):
                library.wide = True
                problem = narrowing(library)
                if problem:
                    return [problem], []
                notes.append("binary32 numbers kept in binary64, as it flushes subnormal ones")
            problems = [found for probe in REFUSED if (found := probe(library))]
            if problems:
                return problems, notes
        except BackendError as error:
            return [str(error)], []
        if products(library):
            library.multiplies = False
            notes.append("products of matrices left to the host, as its own are outside of the error bound")
        if searches(library):
            library.searches = False
            for name in ("argmax", "argsort", "sort"):
                setattr(library.m, name, functions.by_rows_on_the_host(name, library))
            notes.append("order left to the host, where equal elements come as they should")
        return [], [*notes, *functions.examine(library)]
