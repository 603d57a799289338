"""Digests of what is right after every step of the large trainings, which the definitions take minutes for.

They are in ``digests.json``: made by the definitions alone, with ``python -m rcmlrs_conformance.trainings``.
"""

import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from rich.progress import track

from rcmlrs_core.io.atomic import atomic_write
from rcmlrs_core.io.state import state_digest
from rcmlrs_core.random import FIRST_STREAM, draws_again
from rcmlrs_core.registry import use_backend

from ..clauses import version
from ..judge.definition import DEFINITION
from .loop import LARGE, Training
from .models import TRAININGS

FILE = Path(__file__).with_name("digests.json")

SEED = 0
STEPS = 50
"""What is stored is of this seed and as many steps."""


@cache
def _stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="ascii"))
    return found


def right_digests(name: str) -> list[str]:
    """``rc.io.state_digest`` of what is right after each step of the training ``name``, by the definitions."""
    digests: list[str] = _stored()["trainings"][name]
    return digests


def make(training: Training, steps: int = STEPS) -> list[str]:
    """The digests after the first steps, by the definitions."""
    with use_backend(DEFINITION), draws_again(SEED, FIRST_STREAM):
        states = islice(training.steps(LARGE), steps)
        return [state_digest(state) for state in track(states, training.name, total=steps)]


def main() -> None:
    """Make the file anew, which takes minutes."""
    content = {
        "what": "SHA-256 (rcmlrs_core.io.state_digest) of all weights and the optimizer's state after each step",
        "made by": "the exact definitions, with python -m rcmlrs_conformance.trainings",
        "contract": version(),
        "size": {"batch": LARGE.batch, "width": LARGE.width, "length": LARGE.length},
        "seed": SEED,
        "trainings": {name: make(training) for name, training in TRAININGS.items()},
    }
    with atomic_write(FILE) as file:
        file.write(json.dumps(content, indent=1).encode() + b"\n")
