"""Pairs of times that alternate, and what is told of them."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Any

Work = Callable[[], Any]


@dataclass(frozen=True)
class Effort:
    """How long to measure: the pairs of a case, in several rounds, and the least time of one measurement."""

    rounds: int = 4
    pairs: int = 8
    least: float = 0.004

    @classmethod
    def quick(cls) -> "Effort":
        """Enough to see whether the benchmarks run."""
        return cls(rounds=1, pairs=5, least=0.001)


@dataclass(frozen=True)
class Spread:
    """The median of some numbers and their quartiles."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, numbers: list[float]) -> "Spread":
        """Of one number at least."""
        if len(numbers) == 1:
            return cls(numbers[0], numbers[0], numbers[0])
        low, _, high = quantiles(numbers, method="inclusive")
        return cls(low, median(numbers), high)


@dataclass(frozen=True)
class Result:
    """A row of the table: seconds of ours and of the peer, and the figure that has a goal."""

    group: str
    case: str
    figure: Spread
    unit: str
    ours: float | None = None
    peer: float | None = None
    goal: float | None = None
    best: float | None = None
    """The figure of the best time of each: what is left of it where the machine is disturbed all the time."""
    at_least: bool = False
    """Whether the goal is a lower bound."""

    @property
    def met(self) -> str:
        """Whether the figure is within the goal; "near" where the goal lies between its quartiles."""
        if self.goal is None:
            return ""
        low, high = self.figure.low, self.figure.high
        if self.at_least:
            return "yes" if low >= self.goal else "no" if high < self.goal else "near"
        return "yes" if high <= self.goal else "no" if low > self.goal else "near"


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collector of garbage."""
    was = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def seconds(work: Work, times: int) -> float:
    """The mean time of one call, of so many."""
    began = perf_counter()
    for _ in repeat(None, times):
        work()
    return (perf_counter() - began) / times


def calls_for(work: Work, least: float) -> int:
    """How many calls take the least time of a measurement; those that are made to find out are the warm-up."""
    work()
    times = 1
    while (taken := seconds(work, times) * times) < least:
        times *= 2 if taken == 0 else min(16, max(2, round(1.2 * least / taken)))
    return times


def alternate(ours: Work, peer: Work, effort: Effort, rest: float = 0) -> list[tuple[float, float]]:
    """Pairs of times, each with the other one first; ``rest`` between, where threads wait for work by spinning."""
    pairs = []
    with undisturbed():
        for _ in range(effort.rounds):
            of_ours, of_peer = calls_for(ours, effort.least), calls_for(peer, effort.least)
            for i in range(effort.pairs):
                times = {}
                for work, count in ((peer, of_peer), (ours, of_ours))[:: 1 if i % 2 else -1]:
                    sleep(rest)
                    times[work] = seconds(work, count)
                pairs.append((times[ours], times[peer]))
    return pairs


def compared(
    group: str, case: str, ours: Work, peer: Work, effort: Effort, goal: float | None = None, rest: float = 0
) -> Result:
    """The ratio of ours to the peer."""
    return _told(group, case, alternate(ours, peer, effort, rest), lambda a, b: a / b, "times", goal)


def beyond(group: str, case: str, ours: Work, peer: Work, effort: Effort, goal: float | None = None) -> Result:
    """What ours takes more than the peer, in microseconds."""
    return _told(group, case, alternate(ours, peer, effort), lambda a, b: (a - b) * 1e6, "us more", goal)


def _told(
    group: str,
    case: str,
    pairs: list[tuple[float, float]],
    figure: Callable[[float, float], float],
    unit: str,
    goal: float | None,
) -> Result:
    ours, peer = zip(*pairs, strict=True)
    spread = Spread.of([figure(a, b) for a, b in pairs])
    return Result(group, case, spread, unit, median(ours), median(peer), goal, figure(min(ours), min(peer)))
