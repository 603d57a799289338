"""Files that a command is to write: refused before the work, where they could not be written after it."""

import os
import shlex
from collections.abc import Callable

from rcmlrs_core.errors import DataError


def check_target(
    option: str, name: str, ours: "Callable[[str], bool] | None" = None, what: str = "safetensors"
) -> None:
    """Refuse before the work what could not be written after it, and what is no file of the kind that one may replace.

    ``option`` names it in errors, ``ours`` tells whether a file may be replaced, by default one of safetensors.

    Raises:
        DataError: there is no such folder, it may not be written to, or what is there is something else.
    """
    target = os.path.realpath(name)
    folder = os.path.dirname(target)
    if not name:
        problem = "the name is empty; name a file"
    elif os.path.isdir(target):
        problem = "it is a directory; name a file in it"
    elif not os.path.isdir(folder):
        problem = f"there is no folder {folder}; make it first"
    elif not os.access(folder, os.W_OK) or (os.path.exists(target) and not os.access(target, os.W_OK)):
        problem = "it may not be written; choose another name"
    elif os.path.exists(target) and not (ours or is_safetensors)(target):
        problem = f"it exists and is no {what} file, so it is left as it is; choose another name"
    else:
        return
    raise DataError(f"{option} {shlex.quote(name)}: {problem}")


def is_safetensors(path: str) -> bool:
    """Whether a file begins as the format does: with the length of a header that is in it, and its ``{``."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        first = file.read(9)
    return first[8:] == b"{" and int.from_bytes(first[:8], "little") <= os.path.getsize(path) - 8
