"""One function certified, on all inputs or on a sample."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rcmlrs_conformance.judge import arb
from tests.bench.machine import description
from tests.certify.certificate import Entry, Level
from tests.certify.certifier import ALL, Certifier, CertifierError, Found, rustc, version
from tests.certify.sources import digest_of_all, digest_of_function

Progress = Callable[[str, float], None]
"""Is told which level is at work, and the share of it that is done."""

Wrong = tuple[int, int, int]
"""An input, the kernel's result and the right one."""


@dataclass(frozen=True)
class Sample:
    """Every ``step``-th input; a seed and the function's name choose the first."""

    step: int
    seed: int = 0

    def options(self, name: str) -> list[str]:
        """For the certifier."""
        seeded = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        return ["--step", str(self.step), "--offset", str(int.from_bytes(seeded[:8]) % min(self.step, ALL))]


def settle(name: str, found: Found) -> list[Wrong]:
    """What is wrong among those that the second evaluation left open, by Arb."""
    if found.open_count != len(found.open):
        raise CertifierError(f"{name}: the second evaluation leaves {found.open_count} inputs open, too many for Arb")
    judged = ((x, y, arb.right(name, x)) for x, y in found.open)
    return [(x, y, right) for x, y, right in judged if y != right]


def certify(
    certifier: Certifier,
    name: str,
    levels: Sequence[str],
    *,
    threads: int,
    sample: Sample | None = None,
    sabotage: int | None = None,
    also: Sequence[int] = (),
    progress: Progress = lambda level, share: None,
) -> tuple[Entry, Found]:
    """The entry of a certificate, and what the first level left open. ``also`` are inputs beside the sample.

    All inputs are compared at the first level; at the others, the digest of the results. Where that differs, and in
    a sample, they are compared too.
    """
    start = time.perf_counter()
    options = ["--threads", str(threads), *(sample.options(name) if sample else [])]
    turned = [] if sabotage is None else ["--sabotage", f"{sabotage:08x}"]

    def check(level: str, *more: str) -> Found:
        return certifier.check(name, level, *options, *more, progress=lambda share: progress(level, share))

    first = check(levels[0], *turned)
    wrong, wrong_count = settle(name, first), first.mismatch_count
    wrong_count, wrong = wrong_count + len(wrong), [*wrong, *first.mismatches]
    done = [Level(levels[0], "compared", first.undecided_count, first.digest, first.seconds)]
    for level in levels[1:]:
        found = check(level, *(() if sample else ("--digest-only",)))
        how = "compared" if sample else "digest"
        if not sample and found.digest != first.digest and not turned:
            found, how = check(level), "compared"
        if how == "compared":
            more = settle(name, found)
            wrong_count, wrong = wrong_count + found.mismatch_count + len(more), [*wrong, *more, *found.mismatches]
        done.append(Level(level, how, found.undecided_count, found.digest, found.seconds))
    undecided = 0
    for level in levels if also else ():
        for one in certifier.compare(name, level, also, sabotage if level == levels[0] else None):
            more = [*settle(name, one), *one.mismatches]
            wrong_count, wrong = wrong_count + len(more), [*wrong, *more]
            undecided += one.undecided_count
    if undecided:
        last = done[-1]
        done[-1] = Level(last.level, last.how, last.undecided + undecided, last.digest, last.seconds)
    entry = Entry(
        function=name,
        inputs=first.inputs,
        decided=first.decided,
        settled=first.open_count,
        mismatches=wrong_count,
        levels=done,
        seconds=round(time.perf_counter() - start, 1),
        threads=threads,
        processor=description()["processor"],
        rustc=rustc(),
        version=version(),
        kernels=digest_of_all(),
        sources=digest_of_function(name),
        wrong=[(f"{x:08x}", f"{y:08x}", f"{right:08x}") for x, y, right in wrong[:100]],
    )
    return entry, first


def cores() -> int:
    """Threads that a run has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
