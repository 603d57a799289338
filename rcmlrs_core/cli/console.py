"""Where commands print: words as they are, colours only on a terminal, and nothing that is cut in two.

On a terminal prose is wrapped between words. In a pipe every sentence and every row of a table is one line.
"""

import sys
import textwrap

from rich.console import Console
from rich.measure import Measurement, measure_renderables
from rich.table import Table


class PlainConsole(Console):
    """A console that takes neither ``[...]`` in a file's name for markup nor ``:m:`` for a picture."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, stderr=stderr)

    def say(self, text: str, style: str | None = None) -> None:
        """Prose. A word that is longer than a line, such as a path, stays in one piece."""
        if self.is_terminal:
            lines = (
                textwrap.fill(line, self.width, break_long_words=False, break_on_hyphens=False)
                for line in text.split("\n")
            )
            text = "\n".join(lines)
        self.print(text, style=style, soft_wrap=True)

    def command(self, text: str) -> None:
        """Something to copy: one line, as long as it is."""
        self.print(text, soft_wrap=True)

    def table(self, table: Table) -> None:
        """A table of which nothing is cut. On a terminal the cells of the last column are wrapped between words."""
        *others, last = table.columns
        for column in others:
            column.no_wrap = True
        unbounded = self.options.update(max_width=sys.maxsize)
        width = Measurement.get(self, unbounded, table).maximum
        if self.is_terminal:
            words = measure_renderables(self, unbounded, [last.header, *last.cells])
            width = min(width, max(self.width, width - words.maximum + words.minimum))
        table.width = width
        self.print(table, crop=False)
