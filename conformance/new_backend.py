"""``rcmlrs new-backend NAME``: a backend of one's own to start from, a distribution that passes the suite as it stands.

Its files are those of ``plugins/template``, where they are linted and tested like everything else; a wheel carries
them in this package. The word ``template`` in them, and in their names, becomes the backend's.
"""

import keyword
import re
import secrets
import shlex
import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.registry import ENTRY_POINTS, MAKERS

WORD = "template"
"""What is replaced by the name."""

LEFT_OUT = ("__pycache__", "*.egg-info", "build", "dist", "report", ".*_cache")
"""What tools leave behind in the folder of a clone; ``setup.py`` leaves it out of a wheel."""


class NewBackendError(RcmlrsError):
    """A backend that cannot be made: what is wrong with the name or the folder."""


def new_backend(
    name: Annotated[str, typer.Argument(help="What users will type: RCMLRS_BACKEND=NAME.", show_default=False)],
    into: Annotated[
        Path | None, typer.Option("--into", help="The folder to make; rcmlrs-backend-NAME, unless said.")
    ] = None,
) -> None:
    """Make a backend of your own to start from: a distribution that passes the conformance suite as it stands."""
    folder = into or Path(f"rcmlrs-backend-{name}")
    make(name, folder)
    console = PlainConsole()
    console.say(f"The backend {name} is in {folder}; its README.md is the way from here to fast kernels. Next:")
    console.command(f"  python -m pip install --editable {shlex.quote(f'{_as_path(folder)}[test]')}")
    console.command(f"  rcmlrs conformance --backend {name} --level smoke")
    console.command(f"  python -m pytest {shlex.quote(str(folder))}")


def make(name: str, folder: Path) -> None:
    """Write the backend ``name`` into ``folder``, which is not there yet or empty: all of it, or nothing."""
    check_name(name)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise NewBackendError(f"{folder} is there already, and no folder; name another one with --into")
    if folder.is_dir() and any(folder.iterdir()):
        raise NewBackendError(f"the folder {folder} is there already, and not empty; name another one with --into")
    files = {Path(str(path).replace(WORD, name)): text.replace(WORD, name) for path, text in template()}
    unfinished = folder.absolute().parent / f".{folder.absolute().name}.{secrets.token_hex(4)}"
    try:
        unfinished.mkdir()
        try:
            for path, text in files.items():
                (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
                (unfinished / path).write_text(text, encoding="utf-8", newline="\n")
            if folder.is_dir():
                folder.rmdir()
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        raise NewBackendError(f"{folder} cannot be made: {error.strerror}: {error.filename}") from error


def check_name(name: str) -> None:
    """Raise what is wrong with a name."""
    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", name) or keyword.iskeyword(name):
        raise NewBackendError(
            f"{name!r} is no name for a backend; it becomes part of a module's name, and so takes a-z, 0-9 and _, "
            "begins with a letter, does not end with _, and is no word of Python"
        )
    for group in (ENTRY_POINTS, MAKERS):
        for point in entry_points(group=group, name=name):
            whose = point.dist.name if point.dist else point.value
            raise NewBackendError(f"there is a backend {name!r} here already ({whose}); take another name")
    if find_spec(f"rcmlrs_backend_{name}"):
        raise NewBackendError(f"there is a module rcmlrs_backend_{name} here already; take another name")


def template() -> Iterator[tuple[Path, str]]:
    """The files to start from, with their paths."""
    here = Path(__file__).resolve().parent
    folder = next(place for place in (here / WORD, here.parent / "plugins" / WORD) if place.is_dir())
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        junk = any(Path(part).match(pattern) for part in relative.parts for pattern in LEFT_OUT)
        if path.is_file() and not junk:
            yield relative, path.read_text(encoding="utf-8")


def _as_path(folder: Path) -> str:
    """The folder as pip takes it: a plain name would be that of a distribution."""
    return str(folder) if folder.is_absolute() or folder.parts[:1] == ("..",) else f"./{folder}"
