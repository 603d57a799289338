"""``rcmlrs conformance --backend NAME``: check a backend against the contract, and show the first wrong bit."""

from typing import Annotated

import typer
from rich.console import Console

from rcmlrs_core.errors import BackendError

from .report import SubjectReport
from .report.terminal import show
from .subjects import LEVELS
from .suite import UnknownNameError, check_backend

USAGE = 2
"""The exit status for what cannot be run at all."""


def conformance(
    backend: Annotated[str, typer.Option("--backend", "-b", help="Its name, or module:attribute.", show_default=False)],
    op: Annotated[
        list[str] | None, typer.Option("--op", help="Only this operation, or 'storage'; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed tries other numbers.")] = 0,
    level: Annotated[str, typer.Option("--level", help=f"How much is tried: {', '.join(LEVELS)}.")] = "standard",
    family: Annotated[
        list[str] | None, typer.Option("--family", help="Only this family of inputs; may be repeated.")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Only this case, as a report names it; may be repeated.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Compare with this backend instead of the exact definitions.")
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first operation that is wrong.")] = False,
) -> None:
    """Check a backend against the numeric contract, bit for bit.

    Every operation's cases and refusals, and seeded random inputs, are compared with the exact definition. The exit
    status is 0 when every bit is right, 1 when one is wrong, and 2 when the backend or a name is unknown.
    """
    console = Console(emoji=False)
    try:
        with console.status("checking ...") as status:

            def watch(subject: SubjectReport) -> None:
                status.update(f"{subject.name}: {subject.verdict}")

            report = check_backend(backend, op, seed, level, family, fail_fast, watch, cases=case, against=against)
    except (BackendError, UnknownNameError) as error:
        Console(stderr=True, emoji=False).print(
            f"rcmlrs: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(USAGE) from error
    show(report, console)
    raise typer.Exit(report.exit_status)
