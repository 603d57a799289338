"""matmul and linear of the NumPy backend beside binary64's, with two conversions; and which stage decided how much."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy

from rcmlrs_backend_numpy import contraction, sums
from tests.bench.data import KINDS, gaussian
from tests.bench.measure import Effort, Result, Spread, compared, seconds

Array = Any

GROUP = "matmul"


def peer(x: Array, y: Array) -> Array:
    """The binary64 product of the BLAS, rounded."""
    return (x.astype(numpy.float64) @ y.astype(numpy.float64)).astype(numpy.float32)


def linear_peer(x: Array, weight: Array, bias: Array) -> Array:
    """The same with a bias."""
    return (x.astype(numpy.float64) @ weight.T.astype(numpy.float64) + bias.astype(numpy.float64)).astype(numpy.float32)


def results(effort: Effort) -> Iterator[Result]:
    """Goals are for 512 and 1024; the smaller ones are here to be seen."""
    yield peak()
    for kind, (left, right) in KINDS.items():
        for n in (64, 512, 1024) if kind == "Gaussian" else (512, 1024):
            x, y = left(n, n, seed=1), right(n, n, seed=2)
            goal = None if n == 64 else 1.4 if kind == "Gaussian" else 3.0
            yield _compared(f"{kind}, n = {n}", contraction.matmul, peer, (x, y), effort, goal)
    x, weight, bias = gaussian(32, 64, seed=1), gaussian(64, 64, seed=2), gaussian(64, seed=3)
    yield _compared("(32, 64) @ (64, 64)", contraction.matmul, peer, (x, weight), effort)
    yield _compared("linear (32, 64), 64 to 64", contraction.linear, linear_peer, (x, weight, bias), effort)
    x, weight, bias = gaussian(1024, 512, seed=1), gaussian(512, 512, seed=2), gaussian(512, seed=3)
    yield _compared("linear (1024, 512), 512 to 512", contraction.linear, linear_peer, (x, weight, bias), effort)


def _compared(
    case: str,
    ours: Callable[..., Array],
    theirs: Callable[..., Array],
    operands: tuple[Array, ...],
    effort: Effort,
    goal: float | None = None,
) -> Result:
    return compared(GROUP, case, lambda: ours(*operands), lambda: theirs(*operands), effort, goal)


def peak() -> Result:
    """What the BLAS reaches: the rate of its binary64 product at n = 1024, best of some."""
    x, y = gaussian(1024, 1024, seed=1).astype(numpy.float64), gaussian(1024, 1024, seed=2).astype(numpy.float64)
    x @ y
    times = [seconds(lambda: x @ y, 2) for _ in range(7)]
    rate = 2 * 1024**3 / min(times) / 1e9
    return Result(GROUP, "binary64 BLAS alone, n = 1024", Spread(rate, rate, rate), "GFLOP/s", None, min(times))


@dataclass
class Stages:
    """How many elements reach each stage."""

    case: str
    elements: int
    undecided: int = 0
    by_halves: int = 0
    by_two_sum: int = 0
    exact: int = 0


def stages() -> Iterator[Stages]:
    """Of every kind of data."""
    for kind, (left, right) in KINDS.items():
        for n in (64, 512, 1024) if kind == "Gaussian" else (512, 1024):
            found = Stages(f"{kind}, n = {n}", n * n)
            with _watched(found):
                contraction.matmul(left(n, n, seed=1), right(n, n, seed=2))
            yield found


@contextmanager
def _watched(found: Stages) -> Iterator[None]:
    def counting(module: Any, name: str, field: str, count: Callable[..., int]) -> None:
        function = getattr(module, name)

        def watching(*arguments: Any) -> Any:
            setattr(found, field, getattr(found, field) + count(*arguments))
            return function(*arguments)

        patches.enter_context(patch.object(module, name, watching))

    with ExitStack() as patches:
        counting(contraction, "_settle", "undecided", lambda *arguments: len(arguments[-1]))
        counting(sums, "_by_halves", "by_halves", len)
        counting(sums, "_by_two_sum", "by_two_sum", len)
        counting(sums, "round_sum", "exact", lambda terms: 1)
        yield
