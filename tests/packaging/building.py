"""Distributions, built as an installer builds them from a clone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = {"target", "build", "dist", "__pycache__"}


def tree(folder: Path) -> Path:
    """A copy of the project as a clone has it, in ``folder``."""
    for path in ROOT.iterdir():
        if path.is_file():
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder)
        elif path.name == ".ci" or not (path.name.startswith(".") or path.name in LEFT_OUT or "egg-info" in path.name):
            junk = shutil.ignore_patterns(
                *LEFT_OUT, ".*_cache", ".hypothesis", ".venv", "*.so", "not_built.txt", "*.egg-info"
            )
            shutil.copytree(path, folder / path.name, ignore=junk)
    return folder


def build(what: str, source: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build a ``wheel`` or an ``sdist`` of ``source`` as an installer does, into its folder ``dist``."""
    code = f"from setuptools import build_meta; build_meta.build_{what}('dist')"
    without = {key: value for key, value in os.environ.items() if not key.startswith(("RCMLRS_", "CARGO"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=source,
        env={**without, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def made(source: Path, run: subprocess.CompletedProcess[str]) -> Path:
    """The one thing that a build has made."""
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = (source / "dist").iterdir()
    return path


def names(wheel: Path) -> set[str]:
    """The files in a wheel."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
