"""What a certificate says, and how it is kept: ``certificate.json``, and ``CERTIFICATE.md`` for people."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rcmlrs_core.io.atomic import atomic_write
from tests.certify.certifier import ALL
from tests.certify.sources import NATIVE, digest_of_function

JSON, MARKDOWN = NATIVE / "certificate.json", NATIVE / "CERTIFICATE.md"


@dataclass(frozen=True)
class Level:
    """A function at one level of SIMD instructions."""

    level: str
    how: str
    """``compared`` with the second evaluation input by input, or the same ``digest`` as the level that was."""
    undecided: int
    """Inputs that the kernel left to its caller: not right by itself."""
    digest: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A function on all inputs."""

    function: str
    inputs: int
    decided: int
    """By the second evaluation's intervals, or in integers."""
    settled: int
    """By Arb."""
    mismatches: int
    levels: list[Level]
    seconds: float
    """Of all levels and of Arb."""
    threads: int
    processor: str
    rustc: str
    version: str
    kernels: str
    """SHA-256 of all of the kernels' sources."""
    sources: str
    """SHA-256 of the code that determines this function."""
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    """Some inputs, results and right results, where there are mismatches."""

    @property
    def good(self) -> bool:
        """Whether it proves the function right."""
        decided = self.decided + self.settled == self.inputs and not self.mismatches
        return decided and all(not level.undecided and level.digest == self.levels[0].digest for level in self.levels)


def read(path: Path = JSON) -> dict[str, Entry]:
    """The entries that are stored, by function."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    entries = (Entry(**entry | {"levels": [Level(**level) for level in entry["levels"]]}) for entry in stored)
    return {entry.function: entry for entry in entries}


def problems(functions: list[str], entries: dict[str, Entry]) -> Iterator[tuple[str, str]]:
    """The functions for which the stored certificate proves nothing of today's sources, and why."""
    for name in functions:
        entry = entries.get(name)
        if entry is None:
            yield name, "not certified"
        elif entry.inputs != ALL or not entry.good:
            yield name, "certified as wrong"
        elif entry.sources != digest_of_function(name):
            yield name, "stale: its code has changed since"


def write(entries: dict[str, Entry], order: list[str]) -> None:
    """Both files, each in one step."""
    kept = [entries[name] for name in order if name in entries]
    with atomic_write(JSON) as file:
        file.write((json.dumps([asdict(entry) for entry in kept], indent=1) + "\n").encode())
    with atomic_write(MARKDOWN) as file:
        file.write(markdown(kept).encode())


HEAD = """\
# Certificate of the native kernels of one argument

Written by `make certify`; `certificate.json` says the same for programs. `python -m tests.certify --verify` tells
whether it is of the sources that are here.

For each function, all 2^32 binary32 inputs were given to the kernel, and to a second evaluation that shares no
numerical code with it (`certify/src`): intervals of binary64 with proven bounds, or integers where these suffice. Where
both ends of the interval round to the same number, the kernel must have returned its bits; what the intervals leave
open, Arb settles in as many bits as it takes. Any NaN is the one NaN. The first level in each row was compared input
by input, the others by the digest of all results: SHA-256 over the SHA-256 of each 2^22 results in the order of the
inputs' bits, little-endian, NaN as 0x7fc00000. "Left" are inputs that a kernel leaves to its caller, at all levels
together.

"""


def markdown(entries: list[Entry]) -> str:
    """A table, and what it was run on."""
    rows = ["| function | inputs | decided | by Arb | wrong | left | levels | seconds | digest | |"]
    rows.append("|:--|--:|--:|--:|--:|--:|:--|--:|:--|:--|")
    for entry in entries:
        counts = (entry.inputs, entry.decided, entry.settled, entry.mismatches)
        left = sum(level.undecided for level in entry.levels)
        levels = ", ".join(level.level for level in entry.levels)
        digests = ", ".join(f"`{digest[:16]}`" for digest in dict.fromkeys(level.digest for level in entry.levels))
        cells = [entry.function, *(f"{count:,}" for count in (*counts, left)), levels, f"{entry.seconds:.0f}", digests]
        rows.append(f"| {' | '.join(cells)} | {'right' if entry.good else '**not right**'} |")
    runs: dict[tuple[str, ...], list[str]] = {}
    for entry in entries:
        conditions = (entry.processor, f"{entry.threads} threads", entry.rustc, entry.version, entry.kernels)
        runs.setdefault(conditions, []).append(entry.function)
    told = []
    for (processor, threads, rustc, version, kernels), functions in runs.items():
        which = "All" if len(runs) == 1 else ", ".join(functions)
        told.append(
            f"* {which}: {processor}, {threads}; {rustc}; kernels {version} with sources of the digest `{kernels}`."
        )
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(told) + "\n"
