"""A progress bar on a terminal, and nothing elsewhere."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..running.collect import Done
from ..running.plan import Unit


class Bar:
    """Case groups done of all, elements in a second, and when it will be over."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            BarColumn(30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("loading ...", total=None, rate="")
        self._elements = 0
        self._began = 0.0

    def advance(self, unit: Unit, done: Done, count: int, total: int) -> None:
        """One more unit is done, which makes ``count``."""
        self._elements += done.group.elements
        self._began = self._began or time.monotonic()
        seconds = time.monotonic() - self._began
        rate = f"{self._elements / seconds:,.0f} elements/s" if seconds > 1 else ""
        self._progress.update(self._task, completed=count, total=total, description=unit.name, rate=rate)

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
