"""``rcmlrs conformance --backend NAME``: check backends against the contract, and show the first wrong bit."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rcmlrs_core.errors import RcmlrsError
from rcmlrs_core.registry import VARIABLE

from .report.files import folder_for, write
from .report.progress import Bar
from .report.terminal import show
from .running.collect import Interrupted
from .running.workers import MEMORY, usable_cores
from .subjects import LEVELS
from .suite import UnknownNameError, check_backends

USAGE = 2
"""The exit status for what cannot be run at all."""

INTERRUPTED = 130
"""After Ctrl-C, as shells have it."""


def conformance(
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend",
            "-b",
            help="Its name, or module:attribute; may be repeated.",
            envvar=VARIABLE,
            show_default=False,
        ),
    ] = None,
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
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first case group that is wrong.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=0, help="Processes: one for each core, unless said; 0: in this one, unguarded."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0.1, help="Seconds that a case may take: 60, unless said; 600 from deep on."),
    ] = None,
    memory: Annotated[
        float, typer.Option("--memory", min=0.1, help="GiB that a process may take (looked at where there is /proc).")
    ] = MEMORY,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", help="Take what is right from this journal, and add what is found; made if missing."),
    ] = None,
) -> None:
    """Check backends against the numeric contract, bit for bit.

    Every operation's cases and refusals, and seeded random inputs, are compared with the exact definition. They run in
    processes of their own: a backend that crashes or hangs has failed the case, and the run goes on. The exit status is
    0 when every bit is right, 1 when one is wrong, and 2 when a backend or a name is unknown.
    """
    console = Console(emoji=False)
    if not backend:
        raise typer.BadParameter(f"name a backend: --backend NAME, or {VARIABLE}=NAME", param_hint="--backend")
    status = 0
    try:
        if output:
            folder_for(output)
        with Bar(console) as bar:
            reports = check_backends(
                backend, op, seed, level, family, fail_fast,
                cases=case, contract=contract, against=against,
                jobs=usable_cores() if jobs is None else jobs, timeout=timeout,
                memory=memory, journal=resume, progress=bar.advance,
            )  # fmt: skip
    except Interrupted as stopped:
        reports, status = stopped.reports, INTERRUPTED
    except (RcmlrsError, UnknownNameError) as error:
        Console(stderr=True, emoji=False).print(
            f"rcmlrs: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(USAGE) from error
    for report in reports:
        show(report, console)
        if level == "exhaustive":
            elements = sum(subject.elements for subject in report.subjects)
            console.print(f"{elements / report.seconds:,.0f} elements in a second", highlight=False)
    if output:
        for path in write(reports, output):
            console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(status or max(report.exit_status for report in reports))
