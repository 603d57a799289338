"""What ``rcmlrs train`` says about a training by a configuration: before it, after it, and when it is stopped."""

import os
import shlex
from pathlib import Path
from time import perf_counter

import typer
from rich.table import Table

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.cli.demo import counted
from rcmlrs_core.cli.targets import check_target
from rcmlrs_core.config import Config
from rcmlrs_core.nn.summary import print_summary
from rcmlrs_core.registry import use_backend
from rcmlrs_core.train.configured import Job, prepare
from rcmlrs_core.train.history import History
from rcmlrs_core.train.plot import FORMATS, check_library
from rcmlrs_core.train.saved import Evaluation

PICTURES = tuple(f".{ending}" for ending in FORMATS)
HISTORIES = (".csv", ".json", *PICTURES)


def train_configured(config: Config, *, resume: bool, dry_run: bool, command: str) -> None:
    """Train as ``config`` says; ``command`` is what one typed, but for --resume and --dry-run."""
    console = PlainConsole()
    began = perf_counter()
    save, histories = targets(config)
    job = prepare(config)
    if resume and job.checkpoint is None:
        raise config.error(("training",), '--resume goes on from a checkpoint; name one: checkpoint = "run.ckpt"')
    introduce(console, job)
    if dry_run:
        with use_backend(job.backend):
            print_summary(job.trained.model, [job.example], job.example.dtype)
        console.say("All is well; nothing was trained (--dry-run). To train:")
        console.command(f"  {command}")
        return
    if job.checkpoint is not None:
        there = os.path.exists(job.checkpoint)
        if resume:
            console.say(
                f"Going on from {job.checkpoint}."
                if there
                else f"{job.checkpoint} is not there yet: from the beginning."
            )
        elif there:
            console.say(f"{job.checkpoint} is replaced; --resume would go on from it.", style="yellow")
    history = job.run(resume=resume)
    if history.interrupted:
        stopped(console, job, history, command)
        raise typer.Exit(130)
    results(console, job, history, perf_counter() - began)
    try:
        for name in histories:
            keep(history, name)
            console.say(f"The record of the epochs is in {name}.")
    finally:
        finish(console, job, save)  # whatever becomes of the record


def targets(config: Config) -> tuple[str | None, list[str]]:
    """The files that the run is to write, each of which can be written."""
    found: list[str] = []
    for key in ("save", "history"):
        names = config.get("output", key, [])
        for place, name in enumerate([names] if isinstance(names, str) else names):
            path = ("output", key) if isinstance(names, str) else ("output", key, place)
            file = os.fspath(config.located(path, name))
            if key == "history" and not name.endswith(HISTORIES):
                raise config.error(path, f"{name!r} has none of the endings {', '.join(HISTORIES)}")
            if key == "history" and name.endswith(PICTURES):
                check_library()
            check_target(f"{config.where(path)}: {key}", file, None if key == "save" else os.path.isfile)
            found.append(file)
    save = found.pop(0) if config.given("output", "save") else None
    checkpoint = config.path("training", "checkpoint")
    if checkpoint is not None:
        check_target(f"{config.where(('training', 'checkpoint'))}: checkpoint", os.fspath(checkpoint))
        if save is not None and os.path.realpath(save) == os.path.realpath(checkpoint):
            raise config.error(("output", "save"), "is the file of the checkpoint too; give each its own")
    return save, found


def introduce(console: PlainConsole, job: Job) -> None:
    """What is learned from what, and where."""
    parts, config = job.parts, job.config
    path = config.path("data", "path")
    name = path.name if path is not None else "digits"
    sizes = [f"{len(parts.training)} examples to learn from"]
    sizes += [f"{len(part)} to {what}" for part, what in ((parts.validation, "validate"), (parts.test, "test")) if part]
    if parts.classes is None:
        aim = f"predict {parts.target!r}, a number"
    else:
        aim = f"predict {parts.target!r}, one of {listed(parts.classes)}"
    console.say(f"{name}: {', '.join(sizes)}; {aim}.")
    for line in parts.about:
        console.say(line, style="yellow")
    optimizer = type(job.optimizer).__name__
    console.say(
        f"{counted(job.trained.model.count_parameters(), 'parameter')}, {optimizer}, {counted(job.epochs, 'epoch')} of "
        f"{counted(job.steps, 'update')}; on {job.backend}."
    )


def listed(classes: tuple[str, ...], most: int = 8) -> str:
    """Classes for a sentence."""
    some = ", ".join(classes[:most]) + (", ..." if len(classes) > most else "")
    return f"{len(classes)} classes ({some})"


def stopped(console: PlainConsole, job: Job, history: History, command: str) -> None:
    """Ctrl-C: what is kept, and how to go on."""
    after = f"Stopped by Ctrl-C after {counted(history.steps, 'update')}"
    if job.checkpoint is None:
        console.say(f"{after}; nothing was saved. With --checkpoint FILE a run can be stopped and gone on with.")
        return
    console.say(f"{after}; the run is saved in {job.checkpoint}. Go on with")
    console.command(f"  {command} --resume")


def results(console: PlainConsole, job: Job, history: History, seconds: float) -> None:
    """How good the model is, on each part."""
    measured = job.measured()
    console.table(table_of(measured))
    first = next(iter(measured.values()))
    if job.trained.scaler is not None:
        console.say(f"The loss is in the scale of the training; the rest in the unit of {job.trained.target!r}.")
    early = len(history.epochs) < job.epochs
    console.say(
        f"{counted(len(history.epochs), 'epoch')}{' (stopped early)' if early else ''}, "
        f"{counted(history.steps, 'update')} of {first.examples} examples in {seconds:.3g} s."
    )


def table_of(measured: dict[str, Evaluation]) -> Table:
    """A row for each part, with loss and metrics."""
    table = Table("", box=None, pad_edge=False)
    names = list(dict.fromkeys(name for each in measured.values() for name in each.metrics))
    for heading in ("examples", "loss", *names):
        table.add_column(heading, justify="right")
    for part, each in measured.items():
        numbers = [f"{each.metrics[name]:.4g}" if name in each.metrics else "" for name in names]
        table.add_row(part, str(each.examples), f"{each.loss:.4g}", *numbers)
    return table


def keep(history: History, name: str) -> None:
    """Write the record of the epochs, as the ending of the file says."""
    if name.endswith(".csv"):
        history.to_csv(name)
    elif name.endswith(".json"):
        history.to_json(name)
    else:
        history.plot(name)


def finish(console: PlainConsole, job: Job, save: str | None) -> None:
    """Save, and say what one can do now."""
    digest = job.trained.digest()
    if save is None:
        console.command(f"Digest of the model: {digest}")
        console.say("Nothing was saved; --save FILE keeps the model.")
        return
    job.trained.save(save)
    console.command(f"Digest of the model: {digest}")
    console.say(f"Saved to {save}. Now you can")
    path = job.config.path("data", "path")
    data = {"csv": "NEW.csv", "digits": "NEW.csv", "series": "NEW.csv", "images": "FOLDER"}.get(
        job.config.get("data", "kind", "csv"), f"NEW{Path(path or 'x.npz').suffix}"
    )
    model = shlex.quote(save)
    console.command(f"  rcmlrs predict {model} {data}")
    console.command(f"  rcmlrs evaluate {model} {data}")
    console.command(f"  rcmlrs inspect {model}")
