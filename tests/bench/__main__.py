"""``python -m tests.bench [--quick] [--only NAME] [--json FILE]``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from rcmlrs_core.cli.console import PlainConsole
from tests.bench import conv, data_csv, definitions, elementwise, matmul, moves, native, overhead, reductions, training
from tests.bench.machine import description
from tests.bench.measure import Effort, Result

GROUPS: dict[str, Callable[[Effort], Iterator[Result]]] = {
    module.GROUP: module.results
    for module in (native, matmul, conv, elementwise, reductions, moves, overhead, definitions, training, data_csv)
}


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure, beside peers.")
    parser.add_argument("--quick", action="store_true", help="few pairs: to see whether it runs")
    parser.add_argument("--only", choices=GROUPS, help="one group of cases")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args(words)
    effort = Effort.quick() if chosen.quick else Effort()
    console, machine = PlainConsole(), description()
    for name, value in machine.items():
        console.say(f"{name}: {value}")
    console.say(
        f"Each figure is a median with its quartiles, over {effort.rounds} x {effort.pairs} pairs that alternate."
    )
    found: list[Result] = []
    for group, results in GROUPS.items():
        if chosen.only in (None, group):
            rows = list(results(effort))
            found += rows
            console.table(table_of(group, rows))
    counted = list(matmul.stages()) if chosen.only in (None, matmul.GROUP) else []
    if counted:
        console.table(table_of_stages(counted))
    if chosen.json:
        report = {"machine": machine, "results": [asdict(result) | {"met": result.met} for result in found]}
        report["stages"] = [asdict(stages) for stages in counted]
        chosen.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def table_of(group: str, rows: list[Result]) -> Table:
    """Case, ours, peer, the figure and its goal."""
    table = Table("case", "ours", "peer", "figure", "quartiles", "of the best", "", "goal", "met?", title=group)
    for row in rows:
        digits = (
            ".1e" if row.unit == "share" else ".3g" if row.unit == "s" else ".2f" if row.figure.middle < 100 else ".0f"
        )
        low, middle, high = (format(number, digits) for number in (row.figure.low, row.figure.middle, row.figure.high))
        goal = "" if row.goal is None else f"{row.goal:g}" + (" or more" if row.at_least else "")
        spread = "" if low == high else f"{low} to {high}"
        best = "" if row.best is None else format(row.best, digits)
        table.add_row(row.case, time_of(row.ours), time_of(row.peer), middle, spread, best, row.unit, goal, row.met)
    for column in (1, 2, 3, 5, 7):
        table.columns[column].justify = "right"
    return table


def table_of_stages(rows: list[matmul.Stages]) -> Table:
    """How many elements came to each stage of a matrix product; the grid decides what is undecided and not summed."""
    table = Table(
        "case", "elements", "undecided", "summed by halves", "by TwoSum", "exactly", title="stages of a matrix product"
    )
    for row in rows:
        counts = (row.elements, row.undecided, row.by_halves, row.by_two_sum, row.exact)
        table.add_row(row.case, *(f"{count:,}" for count in counts))
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def time_of(seconds: float | None) -> str:
    """In a unit that suits it."""
    if seconds is None:
        return ""
    unit, size = ("s", 1.0) if seconds >= 1 else ("ms", 1e-3) if seconds >= 1e-3 else ("us", 1e-6)
    return f"{seconds / size:.3g} {unit}"


if __name__ == "__main__":
    main(sys.argv[1:])
