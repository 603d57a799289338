"""``rcmlrs train``: a model by a configuration or options, and the forecaster of the demo on a series of one's own."""

import math
import shlex
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from rcmlrs_core.cli.configured import train_configured
from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.cli.demo import counted, digest, show
from rcmlrs_core.cli.targets import check_target
from rcmlrs_core.config import Option, exact_number, of_options, read_config
from rcmlrs_core.data.csv import Wording, is_delimiter, read_csv
from rcmlrs_core.data.table import Table, UnknownColumnError
from rcmlrs_core.errors import ConfigError, DataError
from rcmlrs_core.registry import current_backend, get_backend
from rcmlrs_core.train.forecast import Settings, check_length, forecast
from rcmlrs_core.train.parts import DECIMALS, DELIMITERS

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

KEYS = {
    "data": ("data", "path"),
    "target": ("data", "target"),
    "delimiter": ("data", "delimiter"),
    "decimal": ("data", "decimal"),
    "header": ("data", "header"),
    "missing": ("data", "missing"),
    "window": ("data", "window"),
    "train_share": ("data", "train_share"),
    "hidden": ("model", "hidden"),
    "learning_rate": ("optimizer", "lr"),
    "epochs": ("training", "epochs"),
    "batch_size": ("training", "batch_size"),
    "seed": ("training", "seed"),
    "checkpoint": ("training", "checkpoint"),
    "backend": ("training", "backend"),
    "save": ("output", "save"),
}
"""Which key of a configuration an option stands for."""


def _number(text: str) -> float:
    try:
        value = exact_number(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number.") from None
    if not math.isfinite(value):
        raise typer.BadParameter(f"{text} is not a finite number.")
    return value


def _rate(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise typer.BadParameter(f"{text} is below 0.")
    return value


def _share(text: str) -> float:
    try:
        value = exact_number(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number.") from None
    if not 0 < value < 1:  # neither is NaN
        raise typer.BadParameter(f"{value} is not between 0 and 1; both parts need examples.")
    return value


TRAINING, DATA, FORECASTER = "Training", "Data", "Forecaster (--data without CONFIG and without --target)"


def train(
    config: Annotated[
        str | None,
        typer.Argument(metavar="[CONFIG.toml]", help="What to train, as docs/training.md has it. Options override it."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Passes over the training part: 20, or 40 of a forecaster.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Examples in one update: 32.", rich_help_panel=TRAINING)
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            "--lr",
            parser=_rate,
            metavar="NUMBER",
            help="The learning rate: 0.01.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**64 - 1,
            metavar="N",
            help="Of the first weights and the order of the examples: 0.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="By default as 'rcmlrs backends' tells.", rich_help_panel=TRAINING),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other key of a configuration: model.dropout=0.1.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    save: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the model to this file.", rich_help_panel=TRAINING)
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the run to this file after every epoch.", rich_help_panel=TRAINING),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint.", rich_help_panel=TRAINING)
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check configuration and data, and show the model.", rich_help_panel=TRAINING),
    ] = False,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="The examples, such as a CSV file.", rich_help_panel=DATA)
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column to predict.", rich_help_panel=DATA)
    ] = None,
    train_share: Annotated[
        float | None,
        typer.Option(
            parser=_share,
            metavar="NUMBER",
            help="The share to train on: 0.8.",
            rich_help_panel=DATA,
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            help="Between fields: comma, or semicolon, tab, ..., or a character.",
            rich_help_panel=DATA,
        ),
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(help="The decimal sign: point, or comma.", rich_help_panel=DATA),
    ] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether line 1 holds names.", rich_help_panel=DATA)
    ] = None,
    missing: Annotated[
        str | None,
        typer.Option(help="Missing values: error, or drop, mean, a number.", rich_help_panel=DATA),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column to forecast: its name, or its position from 0; by default the last.",
            rich_help_panel=FORECASTER,
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Steps that the network sees: 12.", rich_help_panel=FORECASTER),
    ] = None,
    hidden: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Size of the hidden state: 16.", rich_help_panel=FORECASTER),
    ] = None,
) -> None:
    """Train a model, tell how good it is, and save it.

    rcmlrs train flowers.toml          what a configuration says

    rcmlrs train --data flowers.csv --target species --save flowers.safetensors

    rcmlrs train --data weather.csv --column temp          a forecaster: the next value of a series from the last ones
    """
    given: dict[str, Any] = {
        "data": data,
        "target": target,
        "train_share": train_share,
        "delimiter": delimiter,
        "decimal": decimal,
        "header": header,
        "missing": missing,
        "window": window,
        "hidden": hidden,
        "learning_rate": learning_rate,
        "epochs": epochs,
        "batch_size": batch_size,
        "seed": seed,
        "checkpoint": checkpoint,
        "backend": backend,
        "save": save,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if config is None and target is None and data is not None and not settings and not dry_run and not resume:
        if checkpoint is not None:
            raise ConfigError("--checkpoint: is for a training by a configuration, or with --target")
        train_forecaster(column, given)
        return
    if column is not None:
        if target is not None:
            raise ConfigError("--column: is for a forecaster; leave it out, or --target")
        given["target"] = column
    if missing is not None:
        with suppress(ValueError):  # a word
            given["missing"] = exact_number(missing)
    if isinstance(given.get("hidden"), int):
        given["hidden"] = [given["hidden"]]
    options: dict[tuple[str, ...], Option] = {
        KEYS[name]: Option(f"--{name.replace('_', '-')}", value) for name, value in given.items()
    }
    for setting in settings or ():
        path, value = parsed(setting)
        options[path] = Option(f"--set {shlex.quote(setting)}", value)
    if config is not None:
        found = read_config(config, options)
    elif not options:
        raise ConfigError(
            "name a configuration, rcmlrs train flowers.toml (docs/training.md shows one), or data: rcmlrs train "
            "--data flowers.csv --target species"
        )
    else:
        found = of_options(options)
    command = ["rcmlrs", "train", *([config] if config else [])]
    for name, value in given.items():
        flag = name.replace("_", "-")
        word = str(value[0]) if isinstance(value, list) else str(value)
        command += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", word]
    command += [word for setting in settings or () for word in ("--set", setting)]
    train_configured(found, resume=resume, dry_run=dry_run, command=shlex.join(command))


def parsed(setting: str) -> tuple[tuple[str, ...], Any]:
    """The path and the value of ``section.key=value``; a value that is none in TOML is text."""
    name, sign, text = setting.partition("=")
    path = tuple(part.strip() for part in name.split("."))
    if not sign or len(path) < 2 or not all(path):
        raise ConfigError(f"--set {shlex.quote(setting)}: write SECTION.KEY=VALUE, as in --set optimizer.name=sgd")
    try:
        found = tomllib.loads(f"value = {text}", parse_float=exact_number)
        value = found["value"] if len(found) == 1 else text
    except tomllib.TOMLDecodeError:
        value = text
    return path, value


# ------------------------------------------------------------------------------------------- the forecaster


def train_forecaster(column: str | None, given: dict[str, Any]) -> None:
    """A recurrent network that gives the next value of a series from the last ones, and its test error."""
    console = PlainConsole()
    data, save, backend = given["data"], given.get("save"), given.get("backend")
    name = get_backend(backend).name if backend else current_backend().name
    if save is not None:
        check_target("--save", save)
    table = read_series(
        data,
        column,
        given.get("delimiter", ","),
        given.get("decimal", "."),
        given.get("header"),
        given.get("missing", "error"),
    )
    series, chosen = table[0], table.names[0]
    fields = ("window", "hidden", "epochs", "batch_size", "learning_rate", "seed", "train_share")
    settings = Settings(**{key: given[key] for key in fields if key in given})
    check_length(len(series), settings)
    file = Path(data).name
    console.say(
        f"{file}: {counted(len(table), 'row')}; the column {chosen!r}, {counted(settings.window, 'step')} to forecast "
        f"from; on {name}."
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
        run.forecaster.save(save, {"hidden": str(settings.hidden), "column": chosen, "series": file})
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
