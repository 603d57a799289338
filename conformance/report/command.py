"""``rcmlrs report``: the pages of stored certificates, several backends side by side. Nothing is run."""

from pathlib import Path
from typing import Annotated

import typer

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.errors import FileFormatError

from ..certificates.certificate import read
from .files import folder_for, write_pages

INVALID = 1
"""The exit status for a certificate that is invalid. A file that cannot be read or written is 2, as everywhere."""


def report(
    certificates: Annotated[list[Path], typer.Argument(help="One certificate or several.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder; it is made if it is not there.")],
) -> None:
    """Make a page of certificates (index.html), JUnit's XML, Markdown and a badge. Nothing is run.

    The exit status is 0 when they are written, whatever the certificates say; 1 when a certificate is invalid, and 2
    when a file cannot be read or written. ``rcmlrs verify`` judges.
    """
    try:
        found = [read(path) for path in certificates]
        paths = write_pages(found, folder_for(output))
    except FileFormatError as error:
        PlainConsole(stderr=True).say(f"invalid: {error}", "red")
        raise typer.Exit(INVALID) from error
    for path in paths:
        PlainConsole().command(str(path))
