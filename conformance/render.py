"""The report on a terminal."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from . import clauses
from .report import CASES_ONLY, RIGHT, Failure, OperationReport, Report

COLOURS = {RIGHT: "green", CASES_ONLY: "yellow"}


def show(report: Report, console: Console) -> None:
    """Print the whole report: what was run, a line for each operation, the failures, one line at the end."""
    console.print(report.head, highlight=False, markup=False, soft_wrap=True)
    console.print(table(report))
    for operation in report.operations:
        if operation.failure:
            show_failure(operation, operation.failure, console)
    console.print()
    console.print(Text(report.summary, style="bold green" if report.ok else "bold red"), soft_wrap=True)


def table(report: Report) -> Table:
    """One line for each operation."""
    lines = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("operation", "kernel", "calls", "elements", "wrong", "verdict"):
        lines.add_column(name, justify="right" if name in ("calls", "elements", "wrong") else "left", no_wrap=True)
    for operation in report.operations:
        lines.add_row(
            operation.name,
            operation.kernel,
            f"{operation.trials:,}",
            f"{operation.elements:,}",
            f"{operation.wrong:,}" if operation.wrong else "",
            Text(operation.verdict, style=COLOURS.get(operation.verdict, "bold red")),
        )
    return lines


def show_failure(operation: OperationReport, failure: Failure, console: Console) -> None:
    """The first wrong bit of an operation, and how to see it again."""
    console.print(Text(f"\n{failure.operation}: {failure.kind}", style="bold red"))
    if failure.clause:
        console.print(
            Padding(Text(f"{failure.clause}  {clauses.sentence(failure.clause)}", style="italic"), (0, 0, 0, 2))
        )
    lines = Table.grid(padding=(0, 2))
    for key, value in rows(operation, failure):
        lines.add_row(Text(key, style="dim"), Text(value))
    console.print(Padding(lines, (0, 0, 0, 2)))
    for title, text in (("again", failure.command), ("in Python", failure.snippet)):
        if text:  # not folded at the edge of the terminal: it is to be copied
            console.print(Text(f"  {title}", style="dim"))
            for line in text.splitlines():
                console.print(Text(f"    {line}"), soft_wrap=True)


def rows(operation: OperationReport, failure: Failure) -> list[tuple[str, str]]:
    """What is known of a failure, as pairs."""
    found = [("found in", found_in(operation, failure))]
    if not failure.want:
        found.append(("what", failure.sentence))
    found += [("input" if i == 0 else "", line) for i, line in enumerate(failure.inputs)]
    if failure.want:
        found += [("wanted", failure.want), ("got", f"{failure.got}    ({failure.distance})")]
    return found


def found_in(operation: OperationReport, failure: Failure) -> str:
    """The family, and how much is wrong in it and in all."""
    count = operation.families[failure.family]
    if count.wrong:
        text = f"family {failure.family}: {count.wrong:,} of {count.elements:,} elements"
    else:
        text = f"family {failure.family}: {count.failed:,} of {count.trials:,} calls"
    others = [name for name, other in operation.families.items() if other.failed and name != failure.family]
    return text + (f"; also in {', '.join(others)}" if others else "")
