"""Between a run and its checkpoint: what is saved of model, optimizer and callbacks, and how a run goes on."""

import errno
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from rcmlrs_core.data.loader import Loader
from rcmlrs_core.errors import DataError, FileFormatError, RcmlrsError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.nn.module import Module
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.random import Generator, default_generator
from rcmlrs_core.train.checkpoint import Checkpoint
from rcmlrs_core.train.engine import Training

MOST_SHOWN = 4
"""Of what two runs differ in."""


def keep(
    training: Training,
    path: FilePath,
    model: Module,
    optimizer: Optimizer,
    loader: Loader,
    *,
    others: Mapping[str, Any],
    every: int | None,
    resume: bool,
) -> None:
    """Have ``training`` saved at ``path``, every so many updates (None: every epoch); with ``resume`` it goes on from
    what is there. ``others`` is what the run depends on besides.

    Raises:
        DataError: what is at ``path`` is of another run, or no checkpoint.
        FileFormatError: it cannot be resumed from: no checkpoint, damaged, or of a newer version.
        OSError: there is no such folder, or the file may not be read.
    """
    target = os.path.realpath(os.fsdecode(path))
    if not os.path.isdir(os.path.dirname(target)):
        raise FileNotFoundError(errno.ENOENT, "there is no such folder; make it first", os.path.dirname(target))
    run = {
        "start_epoch": training.epochs.start,
        **described(model, loader),
        **others,
        "optimizer": numbers_of(optimizer.state_dict()),
    }
    if os.path.exists(target):
        try:
            found = Checkpoint.read(path, backend=next(iter(optimizer.parameters)).backend)
        except FileFormatError as error:
            if resume:
                raise
            raise DataError(f"{error}; so it is left as it is: choose another name for the checkpoint") from error
        if resume:
            run = checked(os.fsdecode(path), found, run)
            training.go_on(
                found.epoch,
                found.batch,
                stopped=found.stopped,
                means=found.means,
                history=found.history,
                restore=lambda: restore(found, training, model, optimizer),
            )

    def save(training: Training) -> None:
        Checkpoint(
            model=model.state_dict(),
            optimizer=optimizer.state_dict(),
            generators={name: (each.seed, each.stream) for name, each in generators_of(model).items()},
            callbacks=[(each.checkpoint_name, dict(each.state_dict())) for each in training.callbacks.callbacks],
            epoch=training.epoch,
            batch=training.batch,
            stopped=training.stopped,
            means=training.means.state(),
            history=training.history,
            run=run,
        ).write(path)

    training.save, training.save_every = save, every


def restore(found: Checkpoint, training: Training, model: Module, optimizer: Optimizer) -> None:
    """Set model, optimizer, generators and callbacks to where a checkpoint was: the first two both, or neither.

    Raises :class:`DataError` for tensors and states that do not fit.
    """
    generators = generators_of(model)
    if set(generators) != set(found.generators):
        raise DataError("the modules of the checkpoint have other generators of random numbers; build the same model")
    before = model.state_dict()
    model.load_state_dict(found.model)
    try:
        optimizer.load_state_dict(found.optimizer)
    except RcmlrsError:
        model.load_state_dict(before)
        raise
    for name, generator in generators.items():
        generator.seed, generator.stream = found.generators[name]
    states = list(found.callbacks)
    for callback in training.callbacks.callbacks:  # by name, in order: others may have been added or left out
        place = next((i for i, (name, _) in enumerate(states) if name == callback.checkpoint_name), None)
        if place is not None:
            try:
                callback.load_state_dict(states.pop(place)[1])
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(
                    f"the checkpoint has no whole state of the callback {callback.checkpoint_name}: "
                    f"{type(error).__name__}: {error}; take another one"
                ) from error


def generators_of(model: Module) -> dict[str, Generator]:
    """The default generator, as "default", and those that modules hold, each once."""
    found = {"default": default_generator()}
    for i, module in enumerate(model.modules()):
        found |= {f"{i}.{name}": value for name, value in module._members() if isinstance(value, Generator)}
    first: dict[int, str] = {}
    return {name: each for name, each in found.items() if first.setdefault(id(each), name) == name}


# ---------------------------------------------------------------------------------------------- which run it is


def described(model: Module, loader: Loader) -> dict[str, Any]:
    """What a run depends on, besides the optimizer: one of which anything differs is another run."""
    return {
        "batch_size": loader.batch_size,
        "shuffle": loader.shuffle,
        "seed": loader.seed,
        "drop_last": loader.drop_last,
        "examples": len(loader.dataset),
        "data": digest_of(loader),
        "model": [re.sub(r" at 0x[0-9a-fA-F]+", "", line) for line in repr(model).split("\n")],
        "tensors": {name: f"{tensor.dtype} of {tensor.shape}" for name, tensor in model.named_tensors()},
    }


def digest_of(loader: Loader | None) -> str | None:
    """The digest of the data; None where there are none, or the data set has no ``digest``."""
    dataset: Any = None if loader is None else loader.dataset
    return str(dataset.digest()) if hasattr(dataset, "digest") else None


def numbers_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """What an optimizer was set to, of its ``state_dict``, as JSON gives it back."""
    chosen = {key: value for key, value in state.items() if key not in ("tensors", "step", "skipped")}
    numbers: dict[str, Any] = json.loads(json.dumps(chosen))
    return numbers


def checked(source: str, found: Checkpoint, run: dict[str, Any]) -> dict[str, Any]:
    """The run of a checkpoint, if it is this one.

    Its optimizer is the one that the run began with, or the one that the checkpoint was left with: a rate may have
    been changed on the way.

    Raises :class:`DataError`, which tells the differences.
    """
    there = found.run
    if run["optimizer"] == numbers_of(found.optimizer):
        run = run | {"optimizer": there.get("optimizer")}
    a, b = _flat("", there), _flat("", run)
    differ = [name for name in dict.fromkeys([*a, *b]) if a.get(name) != b.get(name)]
    if differ:
        shown = "; ".join(f"{name} was {a.get(name)!r:.60}, and is {b.get(name)!r:.60}" for name in differ[:MOST_SHOWN])
        more = f"; and {len(differ) - MOST_SHOWN} more" if len(differ) > MOST_SHOWN else ""
        raise DataError(
            f"{source} is the checkpoint of another run: {shown}{more}. Run it with what it was begun with, or choose "
            "another file for this one"
        )
    return there


def _flat(path: str, value: Any) -> dict[str, Any]:
    """The values in a tree of dicts and lists, by their paths."""
    if isinstance(value, Mapping | list | tuple) and value:
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        return {k: v for name, part in items for k, v in _flat(f"{path}.{name}" if path else str(name), part).items()}
    return {path: value}
