"""``Checkpoint``: a run in a file, from which it goes on with the bits of one that never stopped.

The file is a safetensors file (:mod:`rcmlrs_core.io.binary`), written whole or not at all, and never run. Its tensors:

    model.<path>             every tensor of the model, running means too
    optimizer.<place>.<name> what the optimizer remembers of each parameter
    callbacks.<i>.<name>     what callbacks remember

and in its metadata stand ``format`` (rcmlrs-checkpoint), ``format_version`` and ``state``, a JSON object of the rest:
where the run is, the sums of the epoch that is under way, the history, the generators of random numbers, the
optimizer's numbers, and ``run``, which says what run this is, so that another one does not go on from here.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rcmlrs_core.errors import FileFormatError
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.io.binary import load_state_binary, save_tensors_binary
from rcmlrs_core.random import Generator
from rcmlrs_core.registry import Backend
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.history import History, count
from rcmlrs_core.train.means import Means

FORMAT = "rcmlrs-checkpoint"
VERSION = "1"
MOST_VALUES = 2**21
"""Of the JSON part: each takes some 100 bytes in memory, however few in the file."""

State = dict[str, Any]


@dataclass
class Checkpoint:
    """All that a run depends on. ``write`` and ``read`` are the file; ``fit(..., checkpoint="run.safetensors")`` does
    both.

    The trained weights of one, for use: ``model.load_state_dict(Checkpoint.read("run.safetensors").model)``.
    """

    model: Mapping[str, RamTensor]
    """``state_dict`` of the model."""
    optimizer: State
    """``state_dict`` of the optimizer."""
    generators: dict[str, tuple[int, int]]
    """Seed and stream of the default generator, as ``""``, and of those that modules have, by their names."""
    callbacks: list[tuple[str, State]]
    """The names of callbacks and their states, in order."""
    epoch: int
    """The epoch that is next, or under way, from 0."""
    batch: int
    """Its batch that is next."""
    stopped: bool
    """Whether a callback ended the run."""
    means: Mapping[str, Any]
    """What the epoch has measured so far."""
    history: History
    run: State = field(default_factory=dict)
    """Which run it is: data, batch size, optimizer, ... by name."""

    def write(self, path: FilePath) -> None:
        """Write the file, or leave what is there.

        Raises:
            OSError: the file system refuses (a full disk); what was there is unchanged.
            TypeError: a callback or an optimizer has a state that JSON cannot hold.
        """
        tensors = {f"model.{name}": tensor for name, tensor in self.model.items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in self.optimizer["tensors"].items()}
        callbacks = []
        for i, (name, values) in enumerate(self.callbacks):
            tensors |= {f"callbacks.{i}.{key}": v for key, v in values.items() if isinstance(v, RamTensor)}
            callbacks.append([name, {key: v for key, v in values.items() if not isinstance(v, RamTensor)}])
        state = {
            "run": self.run,
            "epoch": self.epoch,
            "batch": self.batch,
            "stopped": self.stopped,
            "means": self.means,
            "history": self.history.as_data(),
            "generators": self.generators,
            "optimizer": {key: value for key, value in self.optimizer.items() if key != "tensors"},
            "callbacks": callbacks,
        }
        metadata = {"format": FORMAT, "format_version": VERSION, "state": json.dumps(state)}
        save_tensors_binary(path, tensors, metadata=metadata)

    @classmethod
    def read(cls, path: FilePath, *, backend: str | Backend | None = None) -> "Checkpoint":
        """The checkpoint in a file, its tensors on ``backend`` (by default the current one).

        Raises:
            FileFormatError: the file is no checkpoint, or one of another version.
            OSError: there is no such file, or it may not be read.
        """
        source = os.fsdecode(path)
        tensors = load_state_binary(path, backend=backend)
        if tensors.metadata.get("format") != FORMAT:
            raise FileFormatError(f"{source} holds tensors, and is no checkpoint of a training; name one")
        version = tensors.metadata.get("format_version", "")
        if version != VERSION:
            raise FileFormatError(
                f"{source} is a checkpoint of format_version {version[:20]!r}, expected {VERSION!r}; "
                "a newer RCMLRS may read it"
            )
        state = _json(source, tensors.metadata.get("state", ""))
        try:
            parts: dict[str, State] = {"model": {}, "optimizer": {}, "callbacks": {}}
            for name, tensor in tensors.items():
                part, _, rest = name.partition(".")
                parts[part][rest] = tensor
            callbacks: list[tuple[str, State]] = []
            for i, (name, values) in enumerate(state["callbacks"]):
                own = {key: tensor for key, tensor in parts["callbacks"].items() if key.startswith(f"{i}.")}
                callbacks.append((str(name), {**values, **{key.partition(".")[2]: own[key] for key in own}}))
            means = Means()
            means.restore(state["means"])
            if state["batch"] and "loss" not in means.result():
                raise ValueError("an epoch is under way, and nothing was measured in it")
            return cls(
                model=parts["model"],
                optimizer={**state["optimizer"], "tensors": parts["optimizer"]},
                generators={str(name): _draws(*draws) for name, draws in state["generators"].items()},
                callbacks=callbacks,
                epoch=count(state["epoch"]),
                batch=count(state["batch"]),
                stopped=state["stopped"] is True,
                means=state["means"],
                history=History.of_data(state["history"]),
                run=dict(state["run"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise FileFormatError(
                f"{source} is no whole checkpoint: {type(error).__name__}: {error}; take another one"
            ) from error


def _json(source: str, text: str) -> State:
    """The JSON object in ``text``, which may come from a stranger."""
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise FileFormatError(f"{source} is no checkpoint: its state has more than {MOST_VALUES} values")
    try:
        state = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{source} is no whole checkpoint: its state is no JSON: {error}") from None
    if not isinstance(state, dict):
        raise FileFormatError(f"{source} is no whole checkpoint: its state is no JSON object")
    return state


def _draws(seed: Any, stream: Any) -> tuple[int, int]:
    """Seed and stream, if a generator can have them."""
    generator = Generator(seed, stream)
    return generator.seed, generator.stream
