"""Digests of the kernels' sources, by which a certificate of other sources is noticed. Git is not asked."""

import hashlib
import re
from pathlib import Path

NATIVE = Path(__file__).resolve().parents[2] / "backends" / "native"
KERNELS = NATIVE / "kernels" / "src"

CARRIERS = {"array", "copy", "error", "interrupt", "memory", "parts", "threads", "walk"}
"""Modules that bring elements to a function and results back, whatever the function is: they decide no bit of it. The
sample that the tests certify goes through them as they are."""


def digest_of_all() -> str:
    """SHA-256 over every file of the kernels in the order of their paths: path, length and bytes of each."""
    found = hashlib.sha256()
    for path in sorted(KERNELS.rglob("*.rs"), key=lambda path: path.relative_to(KERNELS).as_posix()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(KERNELS).as_posix()}\n{len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def digest_of_function(name: str) -> str:
    """SHA-256 over the code that determines one function: its file and all that it names, and they name, and so on.

    Comments and blank lines do not count; and an edit of a file that the function does not use leaves it as it is.
    """
    found = hashlib.sha256()
    for path in files_of_function(name):
        found.update(f"{path}\n{_code((KERNELS / path).read_text(encoding='utf-8'))}\n".encode())
    return found.hexdigest()


def files_of_function(name: str) -> list[str]:
    """The files that determine a function, relative to the kernels'. It may be one too many, and never one too few.

    :data:`CARRIERS` aside, a module counts as used where its name stands before ``::`` (an operation's, after ``ops::``
    or ``super::``), or anywhere in a ``use`` of this crate. A method's name, as in ``x.rows::<2>()``, is no module's.
    """
    operations, others = dict[str, str](), dict[str, set[str]]()
    for file in KERNELS.rglob("*.rs"):
        path = file.relative_to(KERNELS).as_posix()
        folder, _, module = path.removesuffix(".rs").rpartition("/")
        if folder == "ops":
            operations[module] = path
        elif module != "tests" and module not in CARRIERS:
            others.setdefault(folder.partition("/")[0] or module, set()).add(path)
    del operations["mod"], others["lib"]  # lists of modules, which decide nothing
    waiting, seen = [operations[name]], set[str]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            code = _code((KERNELS / path).read_text(encoding="utf-8"))
            imported = set(re.findall(r"\w+", " ".join(re.findall(r"\buse\s+(?:crate|super)\s*::([^;]*);", code))))
            for module in imported.union(re.findall(r"(?<![.\w])(\w+)\s*::", code)) & others.keys():
                waiting += others[module]
            for module in imported.union(re.findall(r"\b(?:ops|super)\s*::\s*(\w+)", code)) & operations.keys():
                waiting.append(operations[module])
    return sorted(seen)


def _code(text: str) -> str:
    """Without blank lines and lines of comment; without the tests that end a file."""
    text = re.split(r"^#\[cfg\(test\)\]\nmod \w+ \{$", text, maxsplit=1, flags=re.MULTILINE)[0]
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
