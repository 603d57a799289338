"""What a run shows to people: a bar on a terminal, a line an epoch, or nothing. rich is loaded only for a bar.

A bar is drawn a few times a second at most, so that it costs the same whether an update takes a microsecond or a
minute.
"""

import sys
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from rcmlrs_core.train.history import Epoch

PAUSE = 0.25
"""Seconds between two drawings of the bar; one takes some milliseconds."""

Look = Callable[[], dict[str, float]]
"""The logs so far, asked for only when they are shown."""


class Show:
    """Shows nothing: the base of what shows something, between ``with`` and its end. Epochs are from 0."""

    verbose = 0

    def step(self, epoch: int, batches: int, examples: int, logs: Look) -> None:
        """An update was made of so many examples; it was the last of ``batches`` of the epoch."""

    def epoch(self, done: Epoch, batches: int) -> None:
        """An epoch ended, of so many batches."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is left on the terminal but what was shown."""


def progress_of(wanted: int | None, epochs: range, steps: int | None) -> Show:
    """What shows the progress on standard error: 0 nothing, 1 a bar, 2 a line an epoch; None a bar on a terminal."""
    if wanted is None:
        wanted = sys.stderr.isatty()
    return (Show(), Bar(epochs, steps), Lines(epochs))[wanted]


def written(logs: dict[str, float]) -> str:
    """Numbers by name, for people."""
    return ", ".join(f"{name} {value:.6g}" for name, value in logs.items())


class Lines(Show):
    """A line for every epoch: what was measured, the rate and the time."""

    verbose = 2

    def __init__(self, epochs: range) -> None:
        self._of = epochs.stop
        self._examples = 0

    def step(self, epoch: int, batches: int, examples: int, logs: Look) -> None:
        """Count."""
        self._examples += examples

    def epoch(self, done: Epoch, batches: int) -> None:
        """Write the line."""
        rate = self._examples / done.seconds if done.seconds else 0.0
        line = f"epoch {done.epoch + 1}/{self._of}: {written(done.logs)}; {done.seconds:.1f} s, {rate:,.0f} examples/s"
        print(line, file=sys.stderr, flush=True)
        self._examples = 0


class Bar(Show):
    """A bar over all epochs, with what was measured, the rate and the time that is left."""

    verbose = 1

    def __init__(self, epochs: range, steps: int | None) -> None:
        self._epochs = epochs
        self._steps = steps
        self._due = 0.0
        self._examples = 0
        self._bar: Any = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), auto_refresh=False)
        self._bar.start()
        total = None if self._steps is None else len(self._epochs) * self._steps
        self._task = self._bar.add_task("", total=total, rate="")
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the last state of the bar where it is."""
        self._bar.stop()

    def step(self, epoch: int, batches: int, examples: int, logs: Look) -> None:
        """Draw, if the last time is long enough ago."""
        self._examples += examples
        now = perf_counter()
        if now >= self._due:
            self._draw(epoch, batches, logs())
            self._due = perf_counter() + PAUSE

    def epoch(self, done: Epoch, batches: int) -> None:
        """Draw the end of the last epoch; that of another one, if the last time is long enough ago."""
        if self._steps is None:
            self._steps = batches
            self._bar.update(self._task, total=len(self._epochs) * batches)
        if done.epoch + 1 == self._epochs.stop or perf_counter() >= self._due:
            self._draw(done.epoch, batches, done.logs)

    def _draw(self, epoch: int, batches: int, logs: dict[str, float]) -> None:
        completed = (epoch - self._epochs.start) * (self._steps or 0) + batches
        rate = self._examples / max(perf_counter() - self._began, 1e-9)
        text = f"epoch {epoch + 1}/{self._epochs.stop}, {written(logs)}"
        self._bar.update(
            self._task, completed=completed, description=text, rate=f"{rate:,.0f} examples/s", refresh=True
        )
