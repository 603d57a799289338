"""A progress bar for people: on a terminal, and quiet in a pipe. rich is loaded only where there is a bar."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int, int, float | None], None]
"""``show(epoch, steps, loss)``: which epoch it is, how many steps are done in all, and the last epoch's loss."""


@contextmanager
def progress_bar(wanted: bool | None, epochs: range, steps_each: int) -> Iterator[Show]:
    """A bar on standard error; with None, only if that is a terminal."""
    if wanted is False or (wanted is None and not sys.stderr.isatty()):
        yield lambda epoch, steps, loss: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=len(epochs) * steps_each)

        def show(epoch: int, steps: int, loss: float | None) -> None:
            said = "" if loss is None else f", loss {loss:.6g}"
            bar.update(task, completed=steps, description=f"epoch {epoch + 1}/{epochs.stop}{said}")

        yield show
