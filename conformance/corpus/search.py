"""``python -m rcmlrs_conformance.corpus.search NAME ...``: the inputs of a function that come nearest to a midpoint.

All 2^32 inputs go through the operation's ``binary64`` formula, but for those of which ``WHERE`` says why not. The
formula's error is bounded, in units of 2^-53; so the inputs whose exact values lie within ``REACH`` of a midpoint are
among those whose binary64 values lie within ``REACH`` and that bound. These are few, and the judge tells how near each
of them really is. If it finds enough, there are no nearer ones; if not, the search starts again with a longer reach.
"""

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from rcmlrs_backend_array_api.math import ArrayMath
from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.derive import value_and_magnitude
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Elementwise

from ..judge.numbers import bits_of
from . import HALVING, KEPT, ODD_SUBNORMALS, WorstCase, read, searchable, select, write

Array = numpy.ndarray[Any, Any]

BLOCK = 1 << 14
"""Inputs at a time: their temporaries stay in a cache. A block is of one sign and one exponent."""

UNIT = 1 << 29
"""Units of the last place of binary64 in one of binary32."""

REACH = 2.0**-22
"""Ulps from a midpoint within which an input is of interest: there are some hundreds of such inputs."""

CANCELS = 2.0
"""How much larger than the value the magnitude of the error may be before each input has a bound of its own."""

Watch = Callable[[float], None]


EVERYWHERE = ((0.0, math.inf), (-math.inf, -0.0))
TINY = 2.0**-125
"""Below it, of the functions that are x/2 and a hair, every other number is a case: see ``corpus.HALVING``."""

WHERE = {
    # Odd or even; where |x| is less, sin x is within 0.05 ulp of x, cos x within 0.2 ulp of 1.
    "cos": ((2.0**-13, math.inf),),
    "sin": ((2.0**-13, math.inf),),
    # Odd. From 4 on it is within 0.26 ulp of 1. Below 2^-41, where results are normal, it is 2/sqrt(pi) x to within
    # 2^-57 ulp, and so as near to a midpoint as at that x times a power of two.
    "erf": ((0.0, TINY), (2.0**-41, 4.0)),
    # Where |x| is less it is within 0.1 ulp of 1; left of -4, within 0.2 ulp of 2; beyond 11 it is below 2^-178.
    "erfc": ((2.0**-28, 11.0), (-4.0, -(2.0**-28))),
    # Where |x| is less it is within 0.02 ulp of x/2, which is a number from TINY on; from 7 on, of x; left of -15 it
    # is below 2^-160.
    "gelu_erf": ((2.0**-30, 7.0), (-15.0, -(2.0**-30))),
    # Where |x| is less it is within 0.2 ulp of 1/2; from 7 on, of 1; left of -15 it is below 2^-159.
    "gelu_erf_derivative": ((2.0**-28, 7.0), (-15.0, -(2.0**-28))),
    "gelu": ((TINY, math.inf), (-math.inf, -TINY)),
    "hardswish": ((TINY, math.inf), (-math.inf, -TINY)),
    "swish": ((TINY, math.inf), (-math.inf, -TINY)),
    # Where |x| is less it is within 0.01 ulp of 3/5, which is 0.1 ulp from a midpoint; from 128 on, of 1; left of -128
    # it is below 2^-160.
    "mish_derivative": ((2.0**-32, 128.0), (-128.0, -(2.0**-32))),
}
"""The intervals that are searched, of functions that take long; elsewhere the values are nowhere near a midpoint, or as
near as values in these."""


def blocks(name: str) -> Iterator[int]:
    """The first pattern of each block of finite numbers that is searched."""
    for low, high in WHERE.get(name, EVERYWHERE):
        first, last = sorted((bits_of(low), bits_of(high)))
        yield from range(first & -BLOCK, last if last & (BLOCK - 1) == 0 else last + BLOCK, BLOCK)


def candidates(operation: Elementwise, reach: float = REACH, watch: Watch = lambda share: None) -> list[int]:
    """The inputs that may lie within ``reach`` ulps of a midpoint."""
    m = ArrayMath(numpy)
    attributes = {name: p.default for name, p in operation.signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    base = numpy.arange(BLOCK, dtype=numpy.uint32)
    found: list[int] = []
    with numpy.errstate(all="ignore"):
        starts = list(blocks(operation.name))
        for i, first in enumerate(starts):
            patterns = base + numpy.uint32(first)
            x = patterns.view(numpy.float32).astype(numpy.float64)
            value, magnitude = value_and_magnitude(operation.binary64(m, x, **attributes))
            near = near_midpoints(value, magnitude, operation.bound, reach)
            if near is not None:
                found += patterns[near].tolist()
            if i % 1024 == 0:
                watch(i / len(starts))
    return found


def near_midpoints(value: Array, magnitude: Array | None, bound: float, reach: float) -> Array | None:
    """The places of the values that may be within ``reach`` of a midpoint; None where there is none."""
    size = numpy.abs(value)
    if magnitude is not None and (magnitude > CANCELS * size).any():
        return _each_with_its_error(size, magnitude, bound, reach)
    units = int(bound * (CANCELS if magnitude is not None else 1) + reach * UNIT) + 2
    # A normal number's bits below those of binary32 count its units past the number below; a midpoint has UNIT / 2.
    near = ((value.view(numpy.uint64) + numpy.uint64((units - UNIT // 2) % UNIT)) & numpy.uint64(UNIT - 1)) <= 2 * units
    if size.min() < 2.0**-126:
        subnormal = size < 2.0**-126
        below = numpy.abs(numpy.where(subnormal, size, 0.0) * 2.0**149 % 1.0 - 0.5) * UNIT <= units
        near = numpy.where(subnormal, below, near)
    return numpy.flatnonzero(near & (size < 2.0**128)) if near.any() else None


def _each_with_its_error(size: Array, magnitude: Array, bound: float, reach: float) -> Array | None:
    """Likewise where a difference has cancelled: the error in ulps of the value is larger there."""
    exponent = numpy.maximum(numpy.frexp(size)[1] - 24, -149)
    exponent = numpy.where(size == 0, -149, exponent)
    ulps = numpy.ldexp(size, -exponent)
    error = numpy.ldexp(magnitude * (bound * 2.0**-53), -exponent)
    near = (numpy.abs(ulps % 1.0 - 0.5) <= error + reach + 2.0**-28) & (size < 2.0**128)
    return numpy.flatnonzero(near) if near.any() else None


def search(name: str, watch: Watch = lambda share: None) -> list[WorstCase]:
    """The worst cases of a function: all of them within a reach that holds enough."""
    operation, reach = TABLE[name], REACH
    assert isinstance(operation, Elementwise)
    while True:
        found = select(name, candidates(operation, reach, watch))
        if enough(name, found, reach):
            return found
        reach *= 64


def enough(name: str, found: list[WorstCase], reach: float) -> bool:
    """Whether no nearer ones can have been missed: as many as are kept lie within reach."""
    ordinary = found[: -len(ODD_SUBNORMALS)] if name in HALVING else found
    return len(ordinary) == KEPT and ordinary[-1].distance < math.log2(reach)


def main(names: list[str]) -> int:
    """Search, and write what was found after each function. Exit status 2 for a name that cannot be searched."""
    console = PlainConsole(stderr=True)
    unknown = [name for name in names if name not in searchable()]
    if unknown:
        console.say(f"no {', '.join(unknown)} to search; there are: {', '.join(searchable())}")
        return 2
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeElapsedColumn()
    for name in names or sorted(set(searchable()) - set(read())):
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(name, total=1.0)
            found = search(name, lambda share, task=task: progress.update(task, completed=share))  # type: ignore[misc]
        write(read() | {name: found})
        console.say(f"{name}: {len(found)} cases, the nearest 2^{found[0].distance} ulp from a midpoint")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
