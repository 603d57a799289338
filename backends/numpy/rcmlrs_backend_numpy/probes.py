"""What may be wrong with this machine or this NumPy: probed when the backend is loaded, and refused if found."""

import math
import random
import sys
from collections.abc import Iterator

import numpy


def problems() -> list[str]:
    """A sentence for each hazard that is present; the bounds and shortcuts of this backend would not hold with it."""
    with numpy.errstate(all="ignore"):
        return [*_subnormals(), *_rounding(), *_products()]


def _subnormals() -> Iterator[str]:
    tiny = numpy.array([2.0**-149] * 16, numpy.float32)
    if not (tiny.astype(numpy.float64) == 2.0**-149).all() or not (tiny + tiny == numpy.float32(2.0**-148)).all():
        yield "subnormal numbers are flushed to zero in this thread (some library has set the processor's flag)"
    elif not (numpy.array([2.0**-149] * 16).astype(numpy.float32) == tiny).all():
        yield "converting to binary32 flushes subnormal results to zero in this thread"


def _rounding() -> Iterator[str]:
    ties = numpy.array([1.0 + 2.0**-24, 1.0 + 3 * 2.0**-24] * 8).astype(numpy.float32)
    if ties.tolist() != [1.0, 1.0 + 2.0**-22] * 8:
        yield "converting binary64 to binary32 does not round to nearest, ties to even"


def _products() -> Iterator[str]:
    """The error bound of a dot product, row by row: a product by Strassen's scheme, in reduced precision or in emulated
    binary64 breaks it where the rows of a matrix differ much in size."""
    n, u = 192, 2.0**-53
    rng = random.Random(0)
    x = numpy.array([[rng.gauss(0, 1) * 2.0 ** (-8 * (i % 12)) for _ in range(n)] for i in range(n)])
    y = numpy.array([[rng.gauss(0, 1) * 2.0 ** (-8 * (j % 12)) for j in range(n)] for _ in range(n)])
    product = x @ y
    for i in range(0, n, 17):
        for j in range(0, n, 17):
            terms = [a * b for a, b in zip(x[i].tolist(), y[:, j].tolist(), strict=True)]
            error = abs(math.fsum(terms) - float(product[i, j]))
            if error > (n + 2) * u * math.fsum(map(abs, terms)):
                yield "the BLAS does not keep the error bound of binary64 dot products (reduced precision, or Strassen)"
                return


def about() -> str:
    """NumPy, its BLAS, the processor features that it dispatches to."""
    try:
        config = numpy.show_config(mode="dicts")
        blas = config["Build Dependencies"]["blas"]
        features = config.get("SIMD Extensions", {}).get("found", [])
        details = f", {blas['name']} {blas['version']}, {features[-1] if features else 'baseline SIMD'}"
    except (KeyError, TypeError, AttributeError):
        details = ""
    return f"NumPy {numpy.__version__}{details} on Python {sys.version.split()[0]}"
