"""Processes in which units run, so that a backend can crash, hang, fill the memory or print, and the run goes on.

This is the parent's side; ``worker`` is the other.
"""

import json
import os
import queue
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

from rcmlrs_core.errors import BackendError

from ..report.plain import from_plain
from ..report.results import DIED, SILENT, TOO_LARGE, Failure, FamilyReport, SubjectReport
from ..report.words import WHERE, Run, command_line
from ..status import ERROR, FAIL
from ..subjects import case_name
from .collect import Collector, Done, Loaded
from .plan import Plan, Unit

MEMORY = 8.0
"""GiB that a process may take, unless something else is said."""

TIMEOUTS = {"smoke": 60.0, "standard": 60.0, "deep": 600.0, "exhaustive": 600.0}
"""Seconds that a case may take at a level: definitions of long rows are slow."""

LOADING = 120.0
"""Seconds that a backend may take to load, at least: some libraries are large."""

TO_END = 5.0
"""Seconds that a process has to end after its last answer."""

TICK = 0.2
"""Seconds between two looks at what the processes do."""

MOST_DEATHS = 100
"""Of processes in one run: after that the backend is not worth more."""

MOST_PRINTED = 1 << 24
"""Bytes of a stream that are kept while a case runs."""

MOST_WORDS = 8
"""Lines that a process printed to the standard error before it died: so many are shown."""

BOOT = f"import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {__package__}.worker import main; main()"
"""The child finds what the parent finds."""

PLACE = struct.Struct("=qq")
"""What a process is at, in memory that survives it: how many units it has begun, and the number of the case. While it
loads backends: minus the number of the backend, less one."""

NO_CASE = -1
"""In the place of the number, before the first case."""


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Process:
    """One of them: what it is asked, what it answered, and where it is."""

    def __init__(self, folder: Path, run: str, events: "queue.Queue[tuple[Process, Any]]") -> None:
        self.folder = folder
        self.places: list[int] = []
        """The units that it was given and has not done, by their places in the plan."""
        self.done = 0
        """How many units it has done."""
        self.loaded = False
        self.killed_for = ""
        """The kind of failure for which it was killed."""
        (folder / "place").write_bytes(PLACE.pack(-1, NO_CASE))
        self._seen: tuple[int, int] = (0, 0)
        self._since = time.monotonic()
        with (folder / "stderr").open("ab") as stderr:
            self.popen = subprocess.Popen(
                [sys.executable, "-c", BOOT, json.dumps(sys.path), str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,  # Ctrl-C is the parent's business, and its own children die with it
            )
        self.ask(run)
        Thread(target=self._listen, args=(events,), daemon=True).start()

    def give(self, places: list[int], units: Sequence[Unit]) -> None:
        """Units to run."""
        self.places = places
        self.ask(json.dumps([units[place] for place in places]))

    def ask(self, line: str) -> None:
        """Send a line; one that has died says so by the end of its answers."""
        assert self.popen.stdin is not None
        with suppress(OSError):
            self.popen.stdin.write(line.encode() + b"\n")
            self.popen.stdin.flush()

    def _listen(self, events: "queue.Queue[tuple[Process, Any]]") -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            with suppress(ValueError):  # printed before the process had its streams apart
                events.put((self, json.loads(line)))
        events.put((self, None))

    @property
    def at(self) -> tuple[int, int]:
        """Where it is, or was last: see :data:`PLACE`."""
        begun, number = PLACE.unpack((self.folder / "place").read_bytes())
        return begun, number

    def waiting(self) -> float:
        """Seconds for which it has been at the same case."""
        now, at = time.monotonic(), self.at
        if at != self._seen or (self.loaded and not self.places):
            self._seen, self._since = at, now
        return now - self._since

    def memory(self) -> float:
        """GiB that it takes; 0 where the system has no /proc."""
        try:
            pages = int(Path(f"/proc/{self.popen.pid}/statm").read_bytes().split()[1])
        except (OSError, IndexError):
            return 0.0
        return float(pages * os.sysconf("SC_PAGESIZE") / 2**30)

    def cut_what_it_prints(self) -> None:
        """What a case prints without end must not fill the disk."""
        for name in ("stdout", "stderr"):
            path = self.folder / name
            if path.exists() and path.stat().st_size > MOST_PRINTED:
                os.truncate(path, MOST_PRINTED // 2)

    def end(self) -> None:
        """Its answers have ended: let it end by itself, if it does, so that its exit status tells why."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(TO_END)
        self.kill()

    def kill(self) -> None:
        """At once, with the processes that it started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.kill()
        self.popen.wait()

    def last_words(self) -> list[str]:
        """What it printed since its last unit: often the reason, and where it was in Python."""
        path = self.folder / "stderr"
        raw = path.read_bytes()[-4096:] if path.exists() else b""
        lines = [line for line in raw.decode(errors="backslashreplace").splitlines() if line.strip()]
        return _failed_thread_first(lines)[:MOST_WORDS]

    def end_in_words(self) -> str:
        """How it ended."""
        status = self.popen.wait()
        if status >= 0:
            return f"the process ended with exit status {status}"
        with suppress(ValueError):
            name = signal.Signals(-status).name
            return f"the process was ended by {name} ({signal.strsignal(-status)})"
        return f"the process was ended by signal {-status}"


class Workers:
    """``jobs`` processes, and what each of them is doing."""

    def __init__(self, wanted: Plan, runs: Sequence[Run], jobs: int, timeout: float | None, memory: float) -> None:
        self._wanted = wanted
        self._runs = runs
        self._timeout = TIMEOUTS[wanted.level.name] if timeout is None else timeout
        self._memory = memory
        self._jobs = jobs
        self._events: queue.Queue[tuple[Process, Any]] = queue.Queue()
        self._processes: list[Process] = []
        self._started = 0
        self._deaths = 0
        self._watched = 0.0
        self._loaded: list[Loaded] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._line = json.dumps(
            {
                "backends": [run.backend for run in runs],
                "against": runs[0].against,
                "level": wanted.level.name,
                "seed": wanted.seed,
                "groups": wanted.groups,
                "numbers": {group: sorted(numbers) for group, numbers in wanted.numbers.items()},
            }
        )

    def __enter__(self) -> "Workers":
        self._folder = tempfile.TemporaryDirectory(prefix="rcmlrs-conformance-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
        if self._folder is not None:
            self._folder.cleanup()

    def load(self) -> list[Loaded]:
        """Start the processes, and wait until the first has loaded every backend."""
        for _ in range(max(1, min(self._jobs, sum(1 for _ in self._wanted.units(1))))):
            self._start()
        while not self._loaded:
            for process, message in self._messages():
                self._of_loading(process, message)
        return self._loaded

    def run(self, collector: Collector) -> Iterator[tuple[int, Done]]:
        """Hand out units as processes become free."""
        todo = deque(jobs_of(collector))
        while not collector.complete:
            if self._deaths >= MOST_DEATHS:
                todo.clear()
                yield from given_up(collector, {place for process in self._processes for place in process.places})
            while len(self._processes) < min(self._jobs, len(todo)):
                self._start()
            for process in self._processes:
                if process.loaded and not process.places and todo and todo[0][0] <= collector.last:
                    process.give(todo.popleft(), collector.units)
            for process, message in self._messages():
                if not process.loaded:
                    self._of_loading(process, message)
                elif message is not None:
                    if message["number"] != process.done + 1:
                        continue  # an answer that another process than this one has given in its place
                    process.done += 1
                    yield process.places.pop(0), from_plain(message["done"])
                else:
                    self._processes.remove(process)
                    if process.places:
                        self._deaths += 1
                        place, *others = process.places
                        if others:
                            todo.appendleft(others)
                        yield place, Done(self._failed(process, collector.units[place]))

    def _start(self) -> None:
        assert self._folder is not None
        self._started += 1
        folder = Path(self._folder.name, str(self._started))
        folder.mkdir()
        self._processes.append(Process(folder, self._line, self._events))

    def _messages(self) -> Iterator[tuple[Process, Any]]:
        """What processes have answered within a tick; None when one has ended."""
        with suppress(queue.Empty):
            process, message = self._events.get(timeout=TICK)
            if message is None:
                process.end()
            if process in self._processes:
                yield process, message
        if time.monotonic() >= self._watched + TICK:
            self._watched = time.monotonic()
            for process in self._processes:
                self._watch(process)

    def _watch(self, process: Process) -> None:
        """Stop a process that takes too long or too much."""
        process.cut_what_it_prints()
        if process.popen.poll() is not None:
            process.kill()  # and what it has started, which may hold its end of the pipe
        elif process.memory() > self._memory:
            process.killed_for = TOO_LARGE
            process.kill()
        elif process.waiting() > (self._timeout if process.loaded else max(LOADING, self._timeout)):
            process.killed_for = SILENT
            process.kill()

    def _of_loading(self, process: Process, message: Any) -> None:
        """The first answer of a process: what it has loaded, or why it has not."""
        if message is not None and "loaded" in message:
            process.loaded = True
            self._loaded = self._loaded or [_loaded(found) for found in message["loaded"]]
            return
        if message is not None:
            raise BackendError(message["refused"])
        names = [*(run.backend for run in self._runs), self._runs[0].against]
        begun, _ = process.at
        raise BackendError(
            f"backend {names[-1 - begun]!r} cannot be loaded: {self._end_of(process)[1]}"
            + "".join(f"\n  {line}" for line in process.last_words())
        )

    def _end_of(self, process: Process) -> tuple[str, str]:
        """What is wrong with a process that has ended: its kind, and a sentence."""
        if process.killed_for == TOO_LARGE:
            return TOO_LARGE, f"the process took more than {self._memory:g} GiB (--memory), and was stopped"
        if process.killed_for == SILENT:
            seconds = self._timeout if process.loaded else max(LOADING, self._timeout)
            return SILENT, f"no answer within {seconds:g} s (--timeout); the process was stopped"
        return DIED, process.end_in_words()

    def _failed(self, process: Process, unit: Unit) -> FamilyReport:
        """The report of a unit in which its process ended."""
        kind, sentence = self._end_of(process)
        begun, number = process.at
        kernel = self._loaded[unit.backend].subjects[unit.subject].kernel
        known = begun == process.done + 1 and number >= 0
        run = self._runs[unit.backend]
        case = case_name(unit.subject, unit.family, number) if known else f"{unit.name}, before its first case"
        failure = Failure(
            unit.subject,
            unit.family,
            case,
            kind,
            sentence,
            inputs=tuple(process.last_words()),
            path=WHERE.get(kernel, kernel),
            command=command_line(run, unit.subject, unit.family, number if known else None),
        )
        cases = 1 if unit.part is not None or not known else number + 1
        return FamilyReport(FAIL, cases=cases, failed=1, failure=failure)


def _failed_thread_first(lines: list[str]) -> list[str]:
    """Of what Python says on a fatal error, the threads that only waited come last."""
    threads = [i for i, line in enumerate(lines) if line.startswith(("Thread 0x", "Current thread 0x"))]
    failed = next((i for i in threads if lines[i].startswith("Current")), None)
    if failed is None:
        return lines
    return lines[: threads[0]] + lines[failed:] + lines[threads[0] : failed]


def jobs_of(collector: Collector) -> Iterator[list[int]]:
    """What is left, in portions: a subject at a time, or a family where that takes long."""
    whole = not collector.wanted.level.reaches("deep")

    def portion(place: int) -> tuple[object, ...]:
        unit = collector.units[place]
        return (unit.subject,) if whole else (unit.subject, unit.family, unit.part)

    for _, places in groupby(collector.left, portion):
        yield list(places)


def given_up(collector: Collector, running: Collection[int]) -> Iterator[tuple[int, Done]]:
    """What is left, and was not tried."""
    for place in collector.left:
        if place not in running:
            yield place, Done(FamilyReport(ERROR, error=f"not tried: the process has died {MOST_DEATHS} times before"))


def _loaded(found: dict[str, Any]) -> Loaded:
    subjects = {name: SubjectReport(**subject) for name, subject in found["subjects"].items()}
    return Loaded(found["about"], subjects, tuple(found["problems"]), found["stdout"], found["stderr"])
