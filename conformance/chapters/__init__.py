"""The chapters of the suite: each module gives subjects (``subjects()``), or families of every operation.

A new chapter is one module here and one line in this file.
"""

from collections.abc import Iterator

from ..subjects import Subject
from . import fused, operations, persistence, randomness, storage, trainings

CHAPTERS = (storage, persistence, operations, fused, randomness, trainings)
"""In the order of the report."""


def subjects() -> dict[str, Subject]:
    """Every subject there is now, by name: operations that were added from outside are among them."""
    return {subject.name: subject for subject in _all()}


def _all() -> Iterator[Subject]:
    for chapter in CHAPTERS:
        yield from chapter.subjects()
