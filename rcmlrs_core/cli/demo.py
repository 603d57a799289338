"""``rcmlrs demo``: the same network trained on every healthy backend, and the bits compared."""

from collections import Counter
from typing import Annotated

import typer
from rich.table import Table

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.data.csv import read_csv
from rcmlrs_core.data.shipped import path_of
from rcmlrs_core.io import state_digest
from rcmlrs_core.numerics.reals import reals
from rcmlrs_core.registry import backends, get_backend
from rcmlrs_core.train.forecast import Forecast, Settings, forecast


def demo(
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training windows.")] = Settings.epochs,
    seed: Annotated[
        int, typer.Option(min=0, max=2**64 - 1, help="Of the first weights and the order of the examples.")
    ] = 0,
    backend: Annotated[list[str] | None, typer.Option(help="Only this backend; may be repeated.")] = None,
) -> None:
    """Train a recurrent network on 309 years of sunspots, on each healthy backend, to the same bits.

    Ends with status 1 if the digests of the weights differ.
    """
    console = PlainConsole()
    years = read_csv(path_of("sunspots"))
    series = years["sunspots"]
    settings = Settings(epochs=epochs, seed=seed)
    console.say(
        f"An RNN of {settings.hidden} units learns the yearly sunspot number, {years['year'][0]:.0f} to "
        f"{years['year'][-1]:.0f}, from the {settings.window} years before; Adam, {counted(epochs, 'epoch')}."
    )
    names = [get_backend(name).name for name in backend or ()]
    for status in backends() if not backend else ():
        if status.state == "healthy":
            names.append(status.name)
        elif not status.optional:
            console.say(f"{status.name} is left out: {status.state}: {status.why}", style="yellow")
    reals(64)  # loads what all backends share, which is not to be in the first one's time
    runs: list[Forecast] = []
    for name in names:
        console.say(f"{name} is {get_backend(name).about}.")
    for name in names:
        runs.append(forecast(series, settings, name))
        if runs[-1].history.interrupted:
            console.say("Stopped by Ctrl-C; there is nothing to compare.")
            raise typer.Exit(130)
    show(console, runs)
    if doubtful := suspects(runs):
        console.say("The digests differ: some backend returns wrong bits. Find them:", style="red")
        for name in doubtful:
            console.command(f"  rcmlrs conformance --backend {name}")
        raise typer.Exit(1)
    if len(runs) > 1:
        console.say(f"Every weight is the same on all {len(runs)} backends, bit for bit.", style="bold")


def digest(run: Forecast) -> str:
    """SHA-256 over all that the run has learned."""
    return state_digest(run.forecaster.state())


def suspects(runs: list[Forecast]) -> list[str]:
    """The backends whose digest is not that of most, or all where no digest is; none if they agree."""
    counts = Counter(map(digest, runs)).most_common(2)
    if len(counts) < 2:
        return []
    (most, count), (_, next_count) = counts
    return [run.backend for run in runs if count == next_count or digest(run) != most]


def counted(count: int, noun: str) -> str:
    """``1 epoch``, ``2 epochs``."""
    return f"{count} {noun}" + "s" * (count != 1)


def show(console: PlainConsole, runs: list[Forecast]) -> None:
    """A row for each run, and what the score means."""
    table = Table("backend", box=None, pad_edge=False)
    for heading in ("loss", "test error", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("digest of the weights")
    for run in runs:
        loss = run.history.losses[-1]
        table.add_row(run.backend, f"{loss:.6g}", f"{run.score:.6g}", f"{run.seconds:.2f}", digest(run)[:16])
    console.table(table)
    first = runs[0]
    gain = 1 - first.score / first.naive if first.naive else 0.0
    better = f"{gain:.0%} better than" if gain > 0 else f"{-gain:.0%} worse than"
    console.say(
        f"Test error (root mean square): {first.score:.6g}, {better} the naive forecast "
        f"that the next value is the last one ({first.naive:.6g})."
    )
