"""What a run shows to people: a bar on a terminal, a line an epoch, or nothing. rich is loaded only for a bar.

A bar is drawn a few times a second at most, and takes no more than a two-hundredth of the time, however short an
update is.
"""

import sys
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.train.history import Epoch

PAUSE = 0.2
"""Seconds at least between two drawings of the bar; one takes some milliseconds."""
SHARE = 1 / 200
"""Of the time, at most, for drawing."""
LONGEST = 2.0
"""Seconds at most between two drawings, if there is an update: the first drawing takes longer than others."""

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
    if wanted not in (0, 1, 2):
        raise AttributeValueError(f"progress is 0 (nothing), 1 (a bar), 2 (a line an epoch) or None, got {wanted!r}")
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
        line = f"epoch {done.epoch + 1}/{self._of}: {written(done.logs)}; {done.seconds:.3g} s, {rate:,.0f} examples/s"
        print(line, file=sys.stderr, flush=True)
        self._examples = 0


class Bar(Show):
    """A bar over all epochs: where the run is, the loss, the rate, the time that is left; below it, what else was
    measured, of which the numbers of the validation are the last epoch's.
    """

    verbose = 1

    def __init__(self, epochs: range, steps: int | None) -> None:
        self._epochs = epochs
        self._steps = steps
        self._due = 0.0
        self._examples = 0
        self._last: dict[str, float] = {}
        self._undrawn: tuple[int, int, Look] | None = None
        self._live: Any = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=max(console.width // 4, 5)),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )
        total = None if self._steps is None else len(self._epochs) * self._steps
        self._task = self._bar.add_task("training", total=total, rate="")
        self._live = Live(self._bar, console=console, auto_refresh=False)
        self._live.start()
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the last state of the bar where it is."""
        if self._undrawn is not None:  # Ctrl-C or an error came between two drawings
            epoch, batches, logs = self._undrawn
            self._draw(epoch, batches, {**self._last, **logs()})
        self._live.stop()

    def step(self, epoch: int, batches: int, examples: int, logs: Look) -> None:
        """Draw, if the last time is long enough ago."""
        self._examples += examples
        if perf_counter() >= self._due:
            self._draw(epoch, batches, {**self._last, **logs()})
        else:
            self._undrawn = epoch, batches, logs

    def epoch(self, done: Epoch, batches: int) -> None:
        """Draw the end of the last epoch; that of another one, if the last time is long enough ago."""
        self._last = done.logs
        self._undrawn = None
        if self._steps is None:
            self._steps = batches
            self._bar.update(self._task, total=len(self._epochs) * batches)
        if done.epoch + 1 == self._epochs.stop or perf_counter() >= self._due:
            self._draw(done.epoch, batches, done.logs)

    def _draw(self, epoch: int, batches: int, logs: dict[str, float]) -> None:
        from rich.console import Group
        from rich.text import Text

        began = perf_counter()
        completed = (epoch - self._epochs.start) * (self._steps or 0) + batches
        rate = f"{self._examples / max(began - self._began, 1e-9):,.0f} examples/s"
        first = f"epoch {epoch + 1}/{self._epochs.stop}, loss {logs.pop('loss'):.6g}"
        self._bar.update(self._task, completed=completed, description=first, rate=rate)
        below = [Text("  " + written(logs), no_wrap=True, overflow="ellipsis")] if logs else []
        self._live.update(Group(self._bar, *below), refresh=True)
        now = perf_counter()
        self._due = now + min(max(PAUSE, (now - began) / SHARE), LONGEST)
        self._undrawn = None
