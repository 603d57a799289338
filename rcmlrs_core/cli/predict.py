"""``rcmlrs predict``: what a saved model says of new data."""

import csv
import sys
from io import StringIO
from typing import Annotated, Any

import typer
from rich.table import Table

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.cli.demo import counted
from rcmlrs_core.cli.targets import check_target
from rcmlrs_core.data.csv import open_text, records_of
from rcmlrs_core.io import atomic_write
from rcmlrs_core.train.saved import Predictions, SavedModel, as_text, load
from rcmlrs_core.train.sources import TableSource

SHOWN = 20
"""Predictions on a terminal; a file has all."""


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A file that rcmlrs train has saved.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Data of the kind that it was trained on.")],
    output: Annotated[
        str | None, typer.Option(metavar="FILE.csv", help="Write the predictions to this CSV file.")
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Of each class too, where the model predicts classes.")
    ] = False,
    backend: Annotated[str | None, typer.Option(help="By default as 'rcmlrs backends' tells.")] = None,
) -> None:
    """Predict: classes as words, numbers in the unit of the target. The target need not be in the data.

    Columns are found by their names. In a pipe all predictions come as CSV; on a terminal the first ones.
    """
    console = PlainConsole()
    if output is not None:
        check_target("--output", output, is_table, "CSV")
    found = load(model, backend)
    said = found.predict(data)
    rows = rows_of(found, data, said, probabilities=probabilities)
    if output is not None:
        with atomic_write(output) as file:
            file.write(text_of(rows).encode())
        console.say(f"{counted(len(said.values), 'prediction')} in {output}{left_out(said)}.")
    elif console.is_terminal:
        show(console, rows, said)
    else:
        sys.stdout.write(text_of(rows))


def rows_of(model: SavedModel, data: str, said: Predictions, *, probabilities: bool) -> list[list[str]]:
    """The header and a row for each example: of a table its own fields, and behind them what is predicted."""
    names, values = said.examples.names, as_text(said.values)
    if isinstance(model.source, TableSource):
        fields = table_fields(model.source, data)
        header, before = fields[""], [fields.get(name, []) for name in names]
    else:
        header, before = [said.examples.heading], [[name] for name in names]
    header = [*header, f"{model.target} predicted"]
    rows = [[*first, value] for first, value in zip(before, values, strict=True)]
    if probabilities and said.probabilities is not None and model.classes is not None:
        header += [f"{model.target}={name}" for name in model.classes]
        shares: Any = said.probabilities.tolist()
        rows = [[*row, *as_text(each)] for row, each in zip(rows, shares, strict=True)]
    return [header, *rows]


def table_fields(source: TableSource, data: str) -> dict[str, list[str]]:
    """The fields of a table as they are written, by line; the names of the columns under no line."""
    found = {"": source.columns(data)}
    with open_text(data) as file:
        records = records_of(data, file, source.delimiter)
        if source.header:
            next(records, None)
        found.update((str(line), fields) for line, fields in records)
    return found


def text_of(rows: list[list[str]]) -> str:
    """The rows as CSV."""
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def left_out(said: Predictions) -> str:
    """What a sentence says of rows without a prediction."""
    count = said.examples.left_out
    return f"; {counted(count, 'row')} with missing values {'has' if count == 1 else 'have'} none" if count else ""


def show(console: PlainConsole, rows: list[list[str]], said: Predictions) -> None:
    """The first rows as a table."""
    header, *rest = rows
    table = Table(*header, box=None, pad_edge=False)
    for row in rest[:SHOWN]:
        table.add_row(*row)
    console.table(table)
    more = f" The first {SHOWN} are shown; --output FILE.csv has all." if len(rest) > SHOWN else ""
    console.say(f"{counted(len(rest), 'prediction')}{left_out(said)}.{more}")


def is_table(path: str) -> bool:
    """Whether a file may be replaced by a table: it is called one."""
    return path.endswith((".csv", ".tsv", ".txt"))
