"""``rcmlrs train``: the forecaster of the demo, on a series of one's own."""

import math
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.cli.demo import counted, digest, show
from rcmlrs_core.data.csv import Wording, is_delimiter, read_csv
from rcmlrs_core.data.table import Table, UnknownColumnError
from rcmlrs_core.errors import DataError
from rcmlrs_core.registry import current_backend, get_backend
from rcmlrs_core.train.forecast import Settings, check_length, forecast

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "\\t": "\t"}
"""Words for delimiters: a shell takes some of the characters for its own."""
DECIMALS = {"point": ".", "comma": ","}

SHELL = Wording(
    header="--header",
    no_header="--no-header",
    columns="--column chooses another column",
    missing="--missing drop leaves out such rows",
    all_dropped="there is nothing to learn from",
    decimal="--decimal comma",
    delimiter=lambda character: f"--delimiter {next(w for w, d in DELIMITERS.items() if d == character)}",
)
"""How errors about the file name the options."""


def _rate(value: float) -> float:
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.")
    return value


def _share(value: float) -> float:
    if not 0 < value < 1:  # neither is NaN
        raise typer.BadParameter(f"{value} is not between 0 and 1; both parts need windows.")
    return value


def train(
    data: Annotated[str, typer.Option(metavar="FILE", help="A CSV file, a row for each step, the earliest first.")],
    column: Annotated[
        str | None, typer.Option(help="The column to forecast: its name, or its position from 0; by default the last.")
    ] = None,
    delimiter: Annotated[str, typer.Option(help="Between fields: a character, or comma, semicolon, tab, ...")] = ",",
    decimal: Annotated[str, typer.Option(help="The decimal sign: point or comma.")] = ".",
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether line 1 holds names; by default as it looks.")
    ] = None,
    missing: Annotated[str, typer.Option(help="What to do with missing values: error or drop.")] = "error",
    window: Annotated[int, typer.Option(min=1, help="Steps that the network sees.")] = Settings.window,
    hidden: Annotated[int, typer.Option(min=1, help="Size of the hidden state.")] = Settings.hidden,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training windows.")] = Settings.epochs,
    batch_size: Annotated[int, typer.Option(min=1, help="Windows in one update.")] = Settings.batch_size,
    learning_rate: Annotated[
        float, typer.Option(min=0.0, callback=_rate, help="Adam's rate.")
    ] = Settings.learning_rate,
    seed: Annotated[
        int, typer.Option(min=0, max=2**64 - 1, help="Of the first weights and the order of the examples.")
    ] = Settings.seed,
    train_share: Annotated[
        float, typer.Option(callback=_share, help="Share to train on, between 0 and 1; the rest is the test.")
    ] = Settings.train_share,
    backend: Annotated[str | None, typer.Option(help="The backend; by default as 'rcmlrs backends' tells.")] = None,
    save: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write weights and scale to this safetensors file.")
    ] = None,
) -> None:
    """Train a recurrent network to give the next value of a series from the last ones, and tell its test error."""
    console = PlainConsole()
    name = get_backend(backend).name if backend else current_backend().name
    if save is not None:
        check_target(save)
    table = read_series(data, column, delimiter, decimal, header, missing)
    series, chosen = table[0], table.names[0]
    settings = Settings(window, hidden, epochs, batch_size, learning_rate, seed, train_share)
    check_length(len(series), settings)
    file = Path(data).name
    console.say(
        f"{file}: {counted(len(table), 'row')}; the column {chosen!r}, {counted(window, 'step')} to forecast from; "
        f"on {name}."
    )
    if table.dropped:
        console.say(
            f"Dropped {counted(table.dropped, 'row')} without a value; the gap is closed: the rows before and after it "
            "follow one another as if nothing lay between."
        )
    run = forecast(series, settings, name)
    if run.history.interrupted:
        kept = "; nothing was saved" if save else ""
        console.say(f"Stopped by Ctrl-C after {counted(run.history.steps, 'update')}{kept}.")
        raise typer.Exit(130)
    show(console, [run])
    console.say(f"Next value: {run.forecaster.next(series):.9g}")  # nine digits tell any two binary32 numbers apart
    if save:
        run.forecaster.save(save, {"hidden": str(hidden), "column": chosen, "series": file})
        console.say(
            f"Saved to {save}; digest {digest(run)}. "
            "rcmlrs_core.train.forecast.load_forecaster reads it, to forecast again."
        )


def read_series(
    data: str, column: str | None, delimiter: str, decimal: str, header: bool | None, missing: str
) -> Table:
    """The table of the one column, as the options have it."""
    if missing not in ("error", "drop"):
        raise DataError(f"--missing {missing}: choose error or drop (a forecast cannot learn from NaN)")
    between, sign = DELIMITERS.get(delimiter, delimiter), DECIMALS.get(decimal, decimal)
    if not is_delimiter(between):
        raise DataError(f"--delimiter {delimiter}: give {', '.join(DELIMITERS)}, or one character that is in no number")
    if sign not in DECIMALS.values():
        raise DataError(f"--decimal {decimal}: give {' or '.join(DECIMALS)}")

    def read(which: str | int) -> Table:
        return read_csv(
            data,
            columns=[which],
            header=header,
            delimiter=between,
            decimal=sign,
            missing="drop" if missing == "drop" else "error",
            wording=SHELL,
        )

    if column is None:
        return read(-1)
    try:
        return read(column)
    except UnknownColumnError as error:
        if not (column.isascii() and column.isdecimal()):
            raise DataError(f"{error}; --column takes a name, or a position from 0") from None
    return read(int(column))


def check_target(save: str) -> None:
    """Refuse before the work what could not be written after it, and what is no model that one may replace.

    Raises:
        DataError: there is no such folder, it may not be written to, or what is there is no safetensors file.
    """
    target = os.path.realpath(save)
    folder = os.path.dirname(target)
    if not save:
        problem = "the name is empty; name a file"
    elif os.path.isdir(target):
        problem = "it is a directory; name a file in it"
    elif not os.path.isdir(folder):
        problem = f"there is no folder {folder}; make it first"
    elif not os.access(folder, os.W_OK) or (os.path.exists(target) and not os.access(target, os.W_OK)):
        problem = "it may not be written; choose another name"
    elif os.path.exists(target) and not is_safetensors(target):
        problem = "it exists and is no safetensors file, so it is left as it is; choose another name"
    else:
        return
    raise DataError(f"--save {shlex.quote(save)}: {problem}")


def is_safetensors(path: str) -> bool:
    """Whether a file begins as the format does: with the length of a header that is in it, and its ``{``."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        first = file.read(9)
    return first[8:] == b"{" and int.from_bytes(first[:8], "little") <= os.path.getsize(path) - 8
