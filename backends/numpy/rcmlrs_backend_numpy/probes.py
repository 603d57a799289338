"""What may be wrong with this machine or this NumPy: probed when the backend is loaded, and refused if found."""

import math
import sys
from collections.abc import Iterator

import numpy

from rcmlrs_backend_numpy.contraction import PIECE


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
    """What ``contraction`` asks of the BLAS, with matrices of the length of its pieces."""
    n, k, u = 512, PIECE, 2.0**-53
    # Rows and columns that differ much in size: a product by Strassen's scheme, in reduced precision or in emulated
    # binary64 does not keep to the error bound of each dot product.
    sizes = 2.0 ** (-8.0 * (numpy.arange(n) % 12))
    x, y = (numpy.modf(numpy.arange(float(n * k)) * root)[0] - 0.5 for root in (2.0**0.5, 3.0**0.5))
    x, y = x.reshape(n, k) * sizes[:, None], y.reshape(k, n) * sizes
    product = numpy.matmul(x, y)
    for i in range(0, n, 61):
        for j in range(0, n, 37):
            terms = (x[i] * y[:, j]).tolist()
            error = abs(math.fsum(terms) - float(product[i, j]))
            if error > (k + 2) * u * math.fsum(map(abs, terms)):
                yield "the BLAS does not keep the error bound of binary64 dot products (reduced precision, or Strassen)"
                return
    for m, n in ((1, 8), (8, 1), (8, 8), (128, 128)):
        out = numpy.full((m, n), numpy.nan)
        if not numpy.isnan(numpy.matmul(numpy.zeros((m, k)), numpy.full((k, n), numpy.inf), out=out)).all():
            yield "the BLAS takes 0 * inf for 0"
            return
        if (numpy.matmul(numpy.ones((m, k)), numpy.ones((k, n)), out=out) != k).any():
            yield "the BLAS lets the old content of its output through"
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
