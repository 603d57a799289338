"""The report as files: ``rcmlrs conformance --report DIR`` and ``rcmlrs report`` put them into a folder."""

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path

from rcmlrs_core.io.atomic import atomic_write

from ..certificates.certificate import Certificate, parse, text_of
from .badge import svg_of
from .junit import xml_of
from .markdown import markdown_of
from .page import html_of, labels
from .results import Report

PAGES = {"index.html": html_of, "junit.xml": xml_of, "report.md": markdown_of, "badge.svg": svg_of}
"""What is made of certificates, by the names of the files."""


def folder_for(path: Path) -> Path:
    """The folder, made if need be, before a long run: what is in it stays, but for files of these names.

    Raises:
        OSError: it cannot be made, or nothing can be written in it.
    """
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is a file; name a folder to put the report into", str(path))
    path.mkdir(parents=True, exist_ok=True)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "is write-protected; lift that, or choose another folder", str(path))
    return path


def write(reports: Sequence[Report], folder: Path) -> list[Path]:
    """Write a certificate for each report, and the pages that are made of them; the paths of all."""
    names = labels(report.backend for report in reports)
    paths = [folder / f"certificate-{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-')}.jsonl" for name in names]
    texts = [text_of(report) for report in reports]
    for path, text in zip(paths, texts, strict=True):
        _put(path, text)
    certificates = [parse(text.encode("ascii"), path.name) for path, text in zip(paths, texts, strict=True)]
    return [*paths, *write_pages(certificates, folder)]


def write_pages(certificates: Sequence[Certificate], folder: Path) -> list[Path]:
    """Write the pages that are made of certificates."""
    for name, make in PAGES.items():
        _put(folder / name, make(certificates))
    return [folder / name for name in PAGES]


def _put(path: Path, text: str) -> None:
    if path.is_symlink():  # somebody's, who may have meant another file to be written over
        path.unlink()
    with atomic_write(path) as file:
        file.write(text.encode())
