"""Families ``memory``: does an operation give back what it takes? One call is repeated, and the process watched.

Two measures: the blocks of memory that Python's own objects have, which are exact, and where the system tells them
(Linux), the pages of the whole process, for what is taken beside Python. No results are compared: there is no digest.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rcmlrs_core.ops.op import Composition, Operation

from ..bits import raw_bytes
from ..examine import LEAKS, Examiner, Finding
from ..inputs.generators import families_of, trials
from ..inputs.trial import Trial
from ..subjects import Case, Cases, Level

NAME = "memory"

CANDIDATES = 60
"""Trials of which the one with the most elements is repeated."""

WARM_UP = 4
"""Calls before anything is measured: what a kernel prepares once is not lost."""

CALLS = 50
"""In a round for Python's objects."""

ROUNDS = 4
"""What grows in every one of them is lost. One round without growth is enough to see that nothing is."""

SECONDS, MOST_CALLS = 0.02, 2000
"""How long a round for the pages may take (of the process, not on the clock), and how many calls it may have."""

LEAST_PAGES = 1 << 16
"""Bytes by which a process may grow in a round without a reason that can be known."""

STATM = Path("/proc/self/statm")


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """For operations that have a kernel, from standard on."""
    if not level.reaches("standard") or isinstance(operation, Composition) or not families_of(operation):
        return {}

    def cases(seed: int, level: Level) -> Iterator[Case]:
        there = [name for name in families_of(operation) if name != "cases"] or ["cases"]
        family = "lengths" if "lengths" in there else there[0]
        candidates = list(islice(trials(operation, family, level, seed), CANDIDATES))
        if candidates:
            yield Repeated(max(candidates, key=lambda trial: sum(len(x.values) for x in trial.operands)))

    return {NAME: cases}


@dataclass(frozen=True, eq=False)
class Repeated:
    """A call, again and again."""

    trial: Trial

    def examine(self, examiner: Examiner) -> Finding | None:
        """What is wrong with the memory, if anything is."""
        trial, storage = self.trial, examiner.backend.storage
        kernel = examiner.kernel_of(trial)
        attributes = trial.operation.check(*trial.operands, **trial.attributes).attributes
        operands = [storage.load(raw_bytes(x), x.shape, x.dtype) for x in trial.operands]

        def call(times: int) -> None:
            for _ in range(times):
                kernel(*operands, **attributes)

        size = len(storage.dump(kernel(*operands, **attributes)))
        call(WARM_UP)
        blocks = least_growth(call, CALLS, sys.getallocatedblocks, CALLS)
        if blocks is not None:
            return _lost(trial, f"{blocks:,} objects or more after {CALLS} calls, every time")
        if not STATM.exists():
            return None
        began = time.process_time()
        call(WARM_UP)
        count = min(MOST_CALLS, int(SECONDS * WARM_UP / max(time.process_time() - began, 1e-9)))
        grown = least_growth(call, count, resident, max(LEAST_PAGES, count * size // 2))
        if grown is not None:
            return _lost(trial, f"{grown:,} bytes or more after {count:,} calls whose result has {size:,}, every time")
        return None


def least_growth(call: Callable[[int], None], count: int, measure: Callable[[], int], least: int) -> int | None:
    """By how much the measure grows in the best of several rounds; None if that is less than ``least``."""
    if growth(call, count, measure) < least:
        return None
    grown = []
    for _ in range(ROUNDS):
        gc.collect()  # results in cycles wait for this; it takes longer than the calls, and most backends need none
        before = measure()
        call(count)
        gc.collect()
        grown.append(measure() - before)
        if grown[-1] < least:
            return None
    return min(grown)


def growth(call: Callable[[int], None], count: int, measure: Callable[[], int]) -> int:
    """By how much the measure grows while nothing is collected, as that would also be what others have left."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        before = measure()
        call(count)
        return measure() - before
    finally:
        if enabled:
            gc.enable()


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGESIZE")


def _lost(trial: Trial, what: str) -> Finding:
    return Finding(LEAKS, f"the process has grown by {what}; what a kernel takes it must give back", trial)
