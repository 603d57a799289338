"""A process in which units run: it is told backends and units on its standard input, and answers on the output.

Both are lines of JSON, on descriptors of its own: what a backend prints goes to files that ``workers`` reads. Where the
process is at any moment stands in memory that it shares with its parent, which survives it.
"""

import ctypes
import faulthandler
import json
import mmap
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, TextIO

from rcmlrs_core.errors import BackendError
from rcmlrs_core.registry import get_backend

from ..report.plain import to_plain
from ..report.words import Run
from ..subjects import LEVELS
from ..suite import Here
from .collect import Done
from .plan import Plan, Unit
from .workers import NO_CASE, PLACE

STREAMS = {"stdout": 1, "stderr": 2}
"""What is printed there is kept in a file of this name."""

LONGEST_LINE = 200
"""Characters of it that are told."""


class Printed:
    """Takes what is printed on both streams, by Python or by C, into files."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND) for name in STREAMS}
        for name, descriptor in STREAMS.items():
            os.dup2(self._files[name], descriptor)
        self._flush_c = ctypes.CDLL(None).fflush if os.name == "posix" else lambda stream: None

    def since(self) -> dict[str, str]:
        """The first line that was printed on each stream since the last call."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # a backend may have put anything in their place
                stream.flush()
        self._flush_c(None)
        found = {}
        for name, file in self._files.items():
            found[name] = ""
            if size := os.fstat(file).st_size:
                text = os.pread(file, 4 * LONGEST_LINE, 0) if hasattr(os, "pread") else b"(something)"
                lines = text.decode(errors="backslashreplace").strip().splitlines()
                found[name] = lines[0][:LONGEST_LINE] if lines else f"{size} bytes of white space"
                os.ftruncate(file, 0)
        return found


def main() -> None:
    """Run until the standard input ends, which is also what happens when the parent is no more."""
    folder = Path(sys.argv[-1])
    tempfile.tempdir = str(folder)  # which goes with the run, also when this process is killed in the middle of a case
    asked = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    tempfile.tempdir = str(folder)  # what is left there by a case that was killed goes with the folder
    printed = Printed(folder)
    faulthandler.enable()
    with (folder / "place").open("r+b") as file:
        place = mmap.mmap(file.fileno(), PLACE.size)
    lines: SimpleQueue[str] = SimpleQueue()
    Thread(target=_listen, args=(asked, lines, folder), daemon=True).start()

    itself = os.getpid()

    def answer(**words: Any) -> None:
        if os.getpid() != itself:  # a backend has forked, and its child has returned from the kernel as well
            os._exit(1)
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    def at_case(begun: int, number: int) -> None:
        if os.getpid() != itself:
            os._exit(1)
        PLACE.pack_into(place, 0, begun, number)

    run = json.loads(lines.get())
    wanted = Plan(LEVELS[run["level"]], run["seed"], run["groups"], {key: set(n) for key, n in run["numbers"].items()})
    runs = [Run(name, run["level"], run["seed"], run["against"]) for name in run["backends"]]
    backends = []
    told = []
    for number, name in enumerate([run.backend for run in runs] + [run["against"]] * bool(run["against"])):
        PLACE.pack_into(place, 0, -1 - number, NO_CASE)
        try:
            backends.append(get_backend(name))
        except BackendError as error:
            answer(refused=str(error))
            return
        told.append(printed.since())
    here = Here(wanted, runs, backends[: len(runs)], backends[len(runs)] if run["against"] else None)
    try:
        ready = here.load()
    except BackendError as error:  # what it declares cannot be read
        answer(refused=str(error))
        return
    answer(loaded=[asdict(loaded) | text for loaded, text in zip(ready, told, strict=False)])
    begun = 0
    while True:
        for fields in json.loads(lines.get()):
            begun += 1
            PLACE.pack_into(place, 0, begun, NO_CASE)
            group = here.run_unit(Unit(*fields), partial(at_case, begun))
            answer(number=begun, done=to_plain(Done(group, **printed.since())))


def _listen(asked: TextIO, lines: "SimpleQueue[str]", folder: Path) -> None:
    for line in asked:
        lines.put(line)
    shutil.rmtree(folder.parent, ignore_errors=True)  # the parent is no more: it kills its children before it ends
    os._exit(0)
