"""``rcmlrs conformance --backend NAME``: check a backend against the contract, and show the first wrong bit."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rcmlrs_core.errors import BackendError

from .frozen import UnknownContractError, chosen_by
from .report import SubjectReport
from .report.files import folder_for, write
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
    contract: Annotated[
        str | None, typer.Option("--contract", help="Exactly what this version of the contract comprises.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--report", help="Write certificates, a page, JUnit and more into this folder.")
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first operation that is wrong.")] = False,
) -> None:
    """Check a backend against the numeric contract, bit for bit.

    Every operation's cases and refusals, and seeded random inputs, are compared with the exact definition. The exit
    status is 0 when every bit is right, 1 when one is wrong, and 2 when the backend or a name is unknown.
    """
    console = Console(emoji=False)
    try:
        frozen = chosen_by(contract, op)
        if output:
            folder_for(output)
        with console.status("checking ...") as status:

            def watch(subject: SubjectReport) -> None:
                status.update(f"{subject.name}: {subject.verdict}")

            report = check_backend(
                backend, frozen or op, seed, level, family, fail_fast, watch, cases=case, against=against
            )
    except (BackendError, UnknownNameError, UnknownContractError) as error:
        Console(stderr=True, emoji=False).print(
            f"rcmlrs: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(USAGE) from error
    show(report, console)
    if frozen:
        report.asked = replace(report.asked, contract=contract or "", ops=())
    if output:
        for path in write([report], output):
            console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(report.exit_status)
