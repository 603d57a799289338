"""``SavedModel``: a trained model in one file, with all that it takes to use it on new data; ``load`` brings it back.

The file is a safetensors file. Its tensors:

    model.<path>     those of the model, whose first layer scales the features
    target.<name>    those of the scaler of the target, where it has one

and in its metadata stand ``format`` (rcmlrs-model), ``format_version`` and ``description``, a JSON object: the layers
by name with their arguments (:mod:`rcmlrs_core.train.architecture`), how files become examples, categories and classes
included (:mod:`rcmlrs_core.train.sources`), the loss, and how it was trained. Nothing in it is ever run.
"""

import json
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rcmlrs_core import nn
from rcmlrs_core.autograd import no_grad
from rcmlrs_core.data.dataset import Dataset
from rcmlrs_core.data.loader import Loader
from rcmlrs_core.errors import DataError, FileFormatError, RcmlrsError
from rcmlrs_core.functions import concat
from rcmlrs_core.io import load_state_binary, save_tensors_binary, state_digest
from rcmlrs_core.io.atomic import FilePath
from rcmlrs_core.io.state import State
from rcmlrs_core.metrics import ConfusionMatrix
from rcmlrs_core.numerics.shortest import shortest_decimals
from rcmlrs_core.registry import get_backend, use_backend
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.architecture import SCALERS, Description, check_arguments, from_file
from rcmlrs_core.train.engine import run_predict
from rcmlrs_core.train.measures import CLASSIFICATION, LOSSES, METRICS, loss_of
from rcmlrs_core.train.sources import Examples, Source, source_of

FORMAT = "rcmlrs-model"
VERSION = "1"
LONGEST_DESCRIPTION = 1 << 24
"""In characters; a table with hundreds of thousands of categories stays below."""
SHOWN = 5
"""Predictions that ``repr`` tells."""
AT_ONCE = 256
"""Examples that go through the model together; no bit depends on it (N3.1)."""


@dataclass(frozen=True, repr=False)
class Predictions:
    """What a model says of examples."""

    values: list[str] | list[float] | list[list[float]]
    """For each example its class, or the number predicted, in the unit of the target (a list where there are more)."""
    outputs: RamTensor
    """The same as a tensor; of classes the scores (logits)."""
    probabilities: RamTensor | None
    """Of classes, ``(n, classes)``: softmax of the scores."""
    examples: Examples

    def __repr__(self) -> str:
        more = ", ..." if len(self.values) > SHOWN else ""
        return f"Predictions(of {len(self.values)} examples; values {str(self.values[:SHOWN])[:-1]}{more}])"


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on examples whose targets are known."""

    examples: int
    loss: float
    """The loss that it was trained with, in the scale that it was trained in."""
    metrics: dict[str, float]
    confusion: list[list[int]] | None
    """Of classes: in row i and column j, how many of class i were taken for class j."""


@dataclass(frozen=True, repr=False)
class SavedModel:
    """A model, and what goes in and comes out: ``train.load("flowers.safetensors").predict("new.csv").values``."""

    model: nn.Sequential
    """From raw features to scores or (scaled) numbers; its first layer may be a scaler."""
    layers: Description
    source: Source
    task: str
    target: str
    """What the model predicts is called."""
    classes: tuple[str, ...] | None
    scaler: nn.StandardScaler | nn.MinMaxScaler | None
    """Of the target."""
    loss: dict[str, Any]
    """``{"name": "cross_entropy", ...}`` with its arguments."""
    training: dict[str, Any] = field(default_factory=dict)
    """How it was trained, for people: epochs, seed, and what was measured."""

    def __repr__(self) -> str:
        return f"SavedModel(of {self.target!r}, {self.task}; from data of the kind {self.source.kind}; {self.model!r})"

    # ------------------------------------------------------------------------------------------------ use

    @property
    def backend(self) -> str:
        """Where it lives."""
        return next((t.backend for _, t in self.model.named_tensors()), "")

    def predict(self, data: FilePath) -> Predictions:
        """What it says of the examples in a file of the kind that it was trained on; targets in it are not looked at.

        Raises:
            DataError: columns that are missing, categories that are unknown, values that are missing or no numbers.
        """
        with use_backend(self.backend):
            examples = self.source.read(_path("predict", data), target=False)
            outputs = self.outputs(examples.dataset)
            return self._said(outputs, examples)

    def _said(self, outputs: RamTensor, examples: Examples) -> Predictions:
        if self.classes is None:
            numbers: Any = outputs.tolist()
            if outputs.ndim == 2 and outputs.shape[1] == 1:
                numbers = [row[0] for row in numbers]
            return Predictions(numbers, outputs, None, examples)
        with no_grad():
            chosen = outputs.argmax(axis=1).tolist()
            return Predictions([self.classes[i] for i in chosen], outputs, outputs.softmax(axis=1), examples)

    def outputs(self, dataset: Dataset) -> RamTensor:
        """What comes out for all examples: scores of classes, or numbers in the unit of the target."""
        pieces = run_predict(self.model, lambda batch: self._in_unit(self._run(batch[0])), _batches(dataset))
        return concat(*pieces, axis=0)

    def _run(self, x: RamTensor) -> RamTensor:
        result = self.model(x)
        if result.dtype == "float32" and not result.isfinite().all().item():
            raise DataError(
                "the model gives a number that is infinite or NaN; are the values far from those it learned?"
            )
        return result

    def _in_unit(self, outputs: RamTensor) -> RamTensor:
        return outputs if self.scaler is None else self.scaler.inverse_transform(outputs)

    def evaluate(self, data: FilePath) -> Evaluation:
        """Loss, metrics and, of classes, the confusion matrix, on a file that has the target too.

        Raises:
            DataError: what ``predict`` refuses; a target that is missing, or a class that the model does not know.
        """
        with use_backend(self.backend):
            return self.measure(self.source.read(_path("evaluate", data), target=True).dataset)

    def measure(self, dataset: Dataset) -> Evaluation:
        """The same for examples with targets in their own unit."""
        pairs = run_predict(self.model, lambda batch: (self._run(batch[0]), batch[1]), _batches(dataset))
        outputs, targets = (concat(*[pair[i] for pair in pairs], axis=0) for i in (0, 1))
        with no_grad():
            scaled = targets if self.scaler is None else self.scaler.transform(targets)
            loss = float(self.loss_function()(outputs, scaled))
            found = {}
            for name, metric in METRICS[self.task].items():
                if name != "top_k_accuracy" or len(self.classes or ()) > 10:
                    found[name] = float(metric(self._in_unit(outputs), targets))
            confusion = None
            if self.classes is not None:
                confusion = ConfusionMatrix(classes=len(self.classes))(outputs, targets).tolist()
        return Evaluation(targets.shape[0], loss, found, confusion)

    def loss_function(self) -> Callable[..., RamTensor]:
        """The loss that it was trained with."""
        return loss_of(self.loss["name"], {key: value for key, value in self.loss.items() if key != "name"})

    # ----------------------------------------------------------------------------------------------- files

    def state(self) -> dict[str, RamTensor]:
        """Every tensor by its name in the file."""
        found = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        if self.scaler is not None:
            found |= {f"target.{name}": tensor for name, tensor in self.scaler.state_dict().items()}
        return found

    def digest(self) -> str:
        """SHA-256 over all tensors, as of ``rcmlrs_core.io.state_digest``: the same on every backend."""
        return state_digest(self.state())

    def save(self, path: FilePath) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: the file system refuses; what was there is unchanged.
        """
        description = {
            "task": self.task,
            "target": self.target,
            "classes": self.classes,
            "layers": self.layers,
            "scaler": None if self.scaler is None else type(self.scaler).__name__,
            "outputs": None if self.scaler is None else self.scaler.features,
            "loss": self.loss,
            "data": {"kind": self.source.kind, **self.source.as_data()},
            "training": self.training,
        }
        metadata = {"format": FORMAT, "format_version": VERSION, "description": json.dumps(description)}
        save_tensors_binary(path, self.state(), metadata=metadata)


def load(path: FilePath, backend: str | None = None) -> SavedModel:
    """The model that ``rcmlrs train`` saved, on ``backend`` (by default the current one).

    Raises:
        FileFormatError: the file is no model, one of another version, or damaged.
        OSError: there is no such file, or it may not be read.
    """
    source = os.fsdecode(path)
    state = load_state_binary(path, backend=backend)
    _check_format(source, state)
    with use_backend(get_backend(backend).name if backend else next(iter(state.values())).backend):
        return _made(source, state, description_of(source, state))


def _check_format(source: str, state: State) -> None:
    found = state.metadata.get("format", "")
    if found != FORMAT or not state:
        what = "a checkpoint of a training" if found == "rcmlrs-checkpoint" else "tensors"
        if "window" in state.metadata and "scale.mean" in state:
            what = "a forecaster, which rcmlrs_core.train.forecast.load_forecaster reads,"
        raise FileFormatError(
            f"{source} holds {what} and is no model that rcmlrs train saved; rcmlrs inspect shows what is in it"
        )
    version = state.metadata.get("format_version", "")
    if version != VERSION:
        raise FileFormatError(
            f"{source} is a model of format_version {version[:20]!r}, expected {VERSION!r}; a newer RCMLRS may read it"
        )


def description_of(source: str, state: State) -> dict[str, Any]:
    """The description in the metadata."""
    text = state.metadata.get("description", "")
    if len(text) > LONGEST_DESCRIPTION:
        raise FileFormatError(f"{source}: its description has more than {LONGEST_DESCRIPTION} characters")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{source}: its description is no JSON: {error}; get the file again") from None
    if not isinstance(found, dict):
        raise FileFormatError(f"{source}: its description is no JSON object; get the file again")
    return found


def _made(source: str, state: State, found: dict[str, Any]) -> SavedModel:
    tensors: dict[str, dict[str, RamTensor]] = {"model": {}, "target": {}}
    try:
        for name, tensor in state.items():
            part, _, rest = name.partition(".")
            tensors[part][rest] = tensor
        layers = found["layers"]
        model = nn.Sequential(*from_file(source, layers, tensors["model"]))
        model.load_state_dict(tensors["model"])
        scaler = None
        if found["scaler"] is not None:
            sizes = {tensor.size for tensor in tensors["target"].values()}
            if found["scaler"] not in SCALERS.values() or found["outputs"] not in sizes:
                raise ValueError(f"scaler {found['scaler']!r:.40} of {found['outputs']!r:.40}")
            scaler = getattr(nn, found["scaler"])(found["outputs"])
            scaler.load_state_dict(tensors["target"])
        task, classes, loss = found["task"], found["classes"], dict(found["loss"])
        if task not in LOSSES or loss["name"] not in LOSSES[task] or (classes is None) == (task == CLASSIFICATION):
            raise ValueError(f"task {task!r:.40}, loss {loss['name']!r:.40}")
        if classes is not None and not all(isinstance(name, str) for name in classes):
            raise TypeError("classes that are no text")
        given = {key: value for key, value in loss.items() if key != "name"}
        check_arguments("the loss", loss_of(loss["name"], {}), given, lambda _, why: ValueError(why), LOSS_INPUTS)
        return SavedModel(
            model=model,
            layers=layers,
            source=source_of(found["data"]),
            task=task,
            target=str(found["target"]),
            classes=None if classes is None else tuple(classes),
            scaler=scaler,
            loss=loss,
            training=dict(found["training"]),
        )
    except FileFormatError:
        raise
    except (RcmlrsError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(
            f"{source} is no whole model: {type(error).__name__}: {error}; get the file again, or train anew"
        ) from error


LOSS_INPUTS = ("prediction", "target", "logits", "labels", "x", "y", "scores", "weight", "reduction")
"""What a loss is called with, and so no argument of a description."""


def _path(name: str, data: object) -> str:
    """The name of a file."""
    if not isinstance(data, str | bytes | os.PathLike):
        raise TypeError(
            f"{name}: takes the name of a file of the kind that the model was trained on, got a {type(data).__name__}; "
            "write the rows to one, or call .outputs with a data set"
        )
    return os.fsdecode(data)


def _batches(dataset: Dataset) -> Iterator[tuple[RamTensor, ...]]:
    return Loader(dataset, AT_ONCE, shuffle=False).batches(0)


def as_text(values: Sequence[Any]) -> list[str]:
    """Predictions as a file holds them: a float32 number as the shortest decimal that is read back as the same."""
    if values and isinstance(values[0], float):
        return shortest_decimals(array("f", values))
    if values and isinstance(values[0], list):
        return [" ".join(as_text(row)) for row in values]
    return [str(value) for value in values]
