"""``rcmlrs evaluate``: how good a saved model is on data whose targets are known."""

from typing import Annotated

import typer
from rich.table import Table

from rcmlrs_core.cli.configured import table_of
from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.train.saved import Evaluation, load

MOST_CLASSES = 30
"""Of a confusion matrix that is shown."""


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A file that rcmlrs train has saved.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Data of the kind that it was trained on, with targets.")],
    backend: Annotated[str | None, typer.Option(help="By default as 'rcmlrs backends' tells.")] = None,
) -> None:
    """Measure a model: loss, metrics and, of classes, the confusion matrix."""
    console = PlainConsole()
    found = load(model, backend)
    measured = found.evaluate(data)
    console.table(table_of({data: measured}))
    if found.scaler is not None:
        console.say(f"The loss is in the scale of the training; the rest in the unit of {found.target!r}.")
    if found.classes is not None and measured.confusion is not None:
        show_confusion(console, found.classes, measured)


def show_confusion(console: PlainConsole, classes: tuple[str, ...], measured: Evaluation) -> None:
    """The matrix as a table, or where it is too large what is taken for what most often."""
    matrix = measured.confusion or []
    if len(classes) <= MOST_CLASSES:
        console.say("Rows are what an example is, columns what it was taken for:")
        table = Table("", box=None, pad_edge=False)
        for name in classes:
            table.add_column(name, justify="right")
        for name, row in zip(classes, matrix, strict=True):
            table.add_row(name, *map(str, row))
        console.table(table)
        return
    wrong = [(count, i, j) for i, row in enumerate(matrix) for j, count in enumerate(row) if i != j and count]
    for count, i, j in sorted(wrong, key=lambda each: -each[0])[:MOST_CLASSES]:
        console.say(f"{classes[i]} was taken for {classes[j]} {count} times.")
