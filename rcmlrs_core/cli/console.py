"""Where commands print: words as they are, lines as long as they are, colours only on a terminal."""

from rich.console import Console


def plain_console() -> Console:
    """A console that takes no ``[...]`` in a file's name for markup and breaks no digest in two."""
    return Console(markup=False, highlight=False, soft_wrap=True)
