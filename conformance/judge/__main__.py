"""``python -m rcmlrs_conformance.judge`` is ``rcmlrs judge``."""

import typer

from .command import judge

typer.run(judge)
