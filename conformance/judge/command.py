"""``rcmlrs judge``: are the definitions right? The suite compares backends with them; this compares them with Arb."""

from importlib.util import find_spec
from typing import Annotated

import typer
from rich.table import Table

from rcmlrs_core.cli.console import PlainConsole

from ..subjects import LEVELS

USAGE = 2
"""The exit status for what cannot be run at all."""

HINT = "judging needs Arb, by the package python-flint: pip install 'rcmlrs[judge]'"


def judge(
    op: Annotated[
        list[str] | None, typer.Option("--op", help="Only this operation; may be repeated.", show_default=False)
    ] = None,
    level: Annotated[str, typer.Option("--level", help=f"How much is tried: {', '.join(LEVELS)}.")] = "smoke",
    seed: Annotated[int, typer.Option("--seed", help="Another seed tries other numbers.")] = 0,
) -> None:
    """Compare the definitions of the operations with formulas that were written apart from them.

    Functions are enclosed by Arb in as many bits as it takes, sums and products are fractions. The exit status is 0
    when every definition gives the same bits, 1 when one does not, and 2 when a name is unknown or Arb is not there.
    """
    complaints = PlainConsole(stderr=True)
    if find_spec("flint") is None:
        complaints.say(f"rcmlrs: {HINT}", style="red")
        raise typer.Exit(USAGE)
    from . import check

    known = check.judged_names()
    unknown = [name for name in op or () if name not in known]
    if unknown or level not in LEVELS:
        wrong = f"no independent formula for {', '.join(unknown)}" if unknown else f"there is no level {level!r}"
        complaints.say(f"rcmlrs: {wrong}; there are: {', '.join(known if unknown else LEVELS)}", style="red")
        raise typer.Exit(USAGE)
    console = PlainConsole()
    found = []
    with console.status("judging ...") as status:
        for name in op or known:
            status.update(f"judging {name} ...")
            found.append(check.judge(name, LEVELS[level], seed))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("operation", "compared", "disagreements"):
        table.add_column(title, justify="left" if title == "operation" else "right")
    for one in found:
        table.add_row(one.name, f"{one.compared:,}", f"{one.disagreements:,}" if one.disagreements else "")
    console.print(table)
    for one in found:
        for line in one.first:
            console.say(line, style="bold red")
    if not op:
        console.say(f"Not judged, as there is no independent formula: {', '.join(check.names_without())}.")
    wrong_ones = [one.name for one in found if one.disagreements]
    total = f"{sum(one.compared for one in found):,} results of {len(found)} operation{'s' * (len(found) != 1)}"
    if wrong_ones:
        console.say(
            f"The definitions of {', '.join(wrong_ones)} are not what the formulas say, in {total}.", "bold red"
        )
        raise typer.Exit(1)
    console.say(f"Not one wrong bit in {total}.", style="bold green")
