"""The report on a terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .. import clauses
from ..status import UNSUPPORTED, WAIVED
from .results import CASES_ONLY, PARTLY, RIGHT, Failure, Report, SubjectReport

COLOURS = {RIGHT: "green", CASES_ONLY: "yellow", UNSUPPORTED: "yellow", PARTLY: "yellow", WAIVED: "yellow"}


def show(report: Report, console: Console) -> None:
    """Print the whole report: what was run, a line for each subject, the failures, one line at the end."""
    console.print(report.head, highlight=False, markup=False, soft_wrap=True)
    console.print(table(report))
    for subject in report.subjects:
        if subject.failure:
            show_failure(subject, subject.failure, console)
        for family, error in subject.errors.items():
            console.print(Text(f"\n{subject.name}/{family}: the suite could not tell", style="bold red"))
            console.print(Padding(Text(error), (0, 0, 0, 2)))
    lines = list(declared(report))
    for line in ["", *lines] if lines else []:
        console.print(Text(line, style="yellow"), soft_wrap=True)
    console.print()
    console.print(Text(report.summary, style="bold green" if report.ok else "bold red"), soft_wrap=True)


def declared(report: Report) -> Iterator[str]:
    """What the backend declares of itself: cases that are waived, operations that it does not have, and why."""
    for subject in report.subjects:
        if subject.reason:
            yield f"{subject.name}: unsupported: {subject.reason}"
            continue
        for name, family in subject.families.items():
            if family.waived or family.unsupported:
                what = f"{family.waived} waived" if family.waived else f"{family.unsupported} unsupported"
                yield f"{subject.name}/{name}: {what} of {family.cases} cases: {family.reason}"


def table(report: Report) -> Table:
    """One line for each subject."""
    lines = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("subject", "kernel", "cases", "elements", "wrong", "verdict"):
        lines.add_column(name, justify="right" if name in ("cases", "elements", "wrong") else "left", no_wrap=True)
    for subject in report.subjects:
        lines.add_row(
            subject.name,
            subject.kernel,
            f"{subject.cases:,}",
            f"{subject.elements:,}",
            f"{subject.wrong:,}" if subject.wrong else "",
            Text(subject.verdict, style=COLOURS.get(subject.verdict, "bold red")),
        )
    return lines


def show_failure(subject: SubjectReport, failure: Failure, console: Console) -> None:
    """The first wrong bit of a subject, and how to see it again."""
    console.print(Text(f"\n{failure.subject}: {failure.kind}", style="bold red"))
    if failure.clause:
        console.print(
            Padding(Text(f"{failure.clause}  {clauses.sentence(failure.clause)}", style="italic"), (0, 0, 0, 2))
        )
    lines = Table.grid(padding=(0, 2))
    for key, value in rows(subject, failure):
        lines.add_row(Text(key, style="dim"), Text(value))
    console.print(Padding(lines, (0, 0, 0, 2)))
    for title, text in (("again", failure.command), ("in Python", failure.snippet)):
        if text:  # not folded at the edge of the terminal: it is to be copied
            console.print(Text(f"  {title}", style="dim"))
            for line in text.splitlines():
                console.print(Text(f"    {line}"), soft_wrap=True)


def rows(subject: SubjectReport, failure: Failure) -> list[tuple[str, str]]:
    """What is known of a failure, as pairs."""
    found = [("case", failure.case), ("found in", found_in(subject, failure))]
    if failure.path:
        found.append(("computed by", failure.path))
    if not failure.want or not failure.path:  # no call: there it says what was made
        found.append(("what", failure.sentence))
    found += [(failure.inputs_title if i == 0 else "", line) for i, line in enumerate(failure.inputs)]
    if failure.want:
        found += [("wanted", failure.want), ("got", f"{failure.got}    ({failure.distance})")]
    return found


def found_in(subject: SubjectReport, failure: Failure) -> str:
    """The family, and how much is wrong in it and in all."""
    count = subject.families[failure.family]
    if count.wrong:
        text = f"family {failure.family}: {count.wrong:,} of {count.elements:,} elements"
    else:
        text = f"family {failure.family}: {count.failed:,} of {count.cases:,} cases"
    others = [name for name, other in subject.families.items() if other.failed and name != failure.family]
    return text + (f"; also in {', '.join(others)}" if others else "")
