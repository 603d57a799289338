"""A progress bar for people: on a terminal, and quiet in a pipe. rich is loaded only where there is a bar."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int, int, float], None]
"""``show(epoch, steps, loss)``: which epoch it is, from 0; how many steps are done in all; and a loss: that of the last
batch or, at the end of an epoch, of the whole epoch. The bar counts epochs from 1."""


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

        def show(epoch: int, steps: int, loss: float) -> None:
            bar.update(task, completed=steps, description=f"epoch {epoch + 1}/{epochs.stop}, loss {loss:.6g}")

        yield show
