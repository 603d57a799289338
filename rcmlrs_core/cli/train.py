"""``rcmlrs train``: the forecaster of the demo, on a series of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from rcmlrs_core.cli.console import plain_console
from rcmlrs_core.cli.demo import digest, show
from rcmlrs_core.data.csv import read_csv
from rcmlrs_core.errors import DataError
from rcmlrs_core.io import save_tensors_binary
from rcmlrs_core.registry import current_backend, get_backend
from rcmlrs_core.train.forecast import Settings, forecast


def train(
    data: Annotated[Path, typer.Option(help="A CSV file with one row for each step, the earliest first.")],
    column: Annotated[str | None, typer.Option(help="The column to forecast; the last one if left out.")] = None,
    missing: Annotated[str, typer.Option(help="What to do with missing values: error or drop.")] = "error",
    window: Annotated[int, typer.Option(min=1, help="Steps that the network sees.")] = Settings.window,
    hidden: Annotated[int, typer.Option(min=1, help="Size of the hidden state.")] = Settings.hidden,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training windows.")] = Settings.epochs,
    batch_size: Annotated[int, typer.Option(min=1, help="Windows in one update.")] = Settings.batch_size,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Adam's rate.")] = Settings.learning_rate,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the first weights and the order of the examples.")
    ] = Settings.seed,
    train_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share to train on; the rest is the test.")
    ] = 0.8,
    backend: Annotated[str | None, typer.Option(help="The backend; by default as 'rcmlrs backends' tells.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write weights and scale to this safetensors file.")] = None,
) -> None:
    """Train a recurrent network to give the next value of a series from the last ones, and tell its test error."""
    console = plain_console()
    name = get_backend(backend).name if backend else current_backend().name
    if missing not in ("error", "drop"):
        raise DataError(f"--missing {missing}: choose error or drop (a forecast cannot learn from NaN)")
    table = read_csv(data, missing="drop" if missing == "drop" else "error")
    chosen = column if column is not None else table.names[-1]
    settings = Settings(window, hidden, epochs, batch_size, learning_rate, seed, train_share)
    console.print(f"{data.name}: {len(table)} rows; the column {chosen!r}, {window} steps to forecast from; on {name}.")
    run = forecast(table[chosen], settings, name)
    if run.history.interrupted:
        console.print(f"Stopped by Ctrl-C after {run.history.steps} updates; what follows is of the model as it is.")
    show(console, [run])
    if save:
        metadata = {"window": str(window), "hidden": str(hidden), "column": chosen, "series": data.name}
        save_tensors_binary(save, run.state(), metadata=metadata)
        console.print(f"Saved to {save}; digest {digest(run)}.")
