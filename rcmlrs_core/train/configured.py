"""A training by a configuration: ``prepare`` reads the data and builds what it says, ``run`` trains it.

    from rcmlrs_core.config import read_config
    from rcmlrs_core.train.configured import prepare

    job = prepare(read_config("flowers.toml"))
    history = job.run()
    print(job.trained.evaluate("others.csv").metrics)

What ``rcmlrs train flowers.toml`` does is this and a few words around it. Everything is on the backend of the
configuration, and the digest of the model is the same on all.
"""

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rcmlrs_core import data, nn, optim
from rcmlrs_core.autograd import no_grad
from rcmlrs_core.config.lines import Path
from rcmlrs_core.config.read import Config, exact_number, meant
from rcmlrs_core.creation import full
from rcmlrs_core.data.dataset import Dataset
from rcmlrs_core.errors import AttributeValueError, ConfigError, RcmlrsError
from rcmlrs_core.optim.optimizer import Common
from rcmlrs_core.plain import FLOAT32, Shape
from rcmlrs_core.random import Generator
from rcmlrs_core.registry import current_backend, get_backend, use_backend
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train import architecture
from rcmlrs_core.train.architecture import ACTIVATIONS, SCALERS, check_arguments, complete
from rcmlrs_core.train.callbacks import Callback, EarlyStopping
from rcmlrs_core.train.history import Epoch, History
from rcmlrs_core.train.loop import fit
from rcmlrs_core.train.measures import CLASSIFICATION, LOSSES, METRICS, Metric, full_name, loss_of
from rcmlrs_core.train.parts import Division, Parts, told
from rcmlrs_core.train.saved import LOSS_INPUTS, Evaluation, SavedModel

OPTIMIZERS = {
    name.lower(): getattr(optim, name)
    for name in ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "Lion")
}
SCHEDULES = {
    each.__name__.lower(): each
    for each in (
        optim.Constant,
        optim.CosineDecay,
        optim.CosineDecayRestarts,
        optim.ExponentialDecay,
        optim.InverseTimeDecay,
        optim.MultiStepDecay,
        optim.OneCycle,
        optim.PiecewiseConstantDecay,
        optim.PolynomialDecay,
        optim.ReduceOnPlateau,
        optim.Warmup,
    )
}
FIRST_RATES = ("initial_learning_rate", "max_learning_rate", "learning_rate")
ALL_STEPS = ("decay_steps", "total_steps")
"""Arguments of schedules that a configuration may leave out."""
REMEMBERED = ("best", "bad", "cooling", "reductions")
"""What a schedule has among its arguments to go on from."""
VARIATIONS = (
    "RandomAffine", "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomShift", "RandomTurn",
)  # fmt: skip
STOPPING = ("monitor", "patience", "min_delta", "mode", "baseline", "restore_best_weights", "start_from_epoch")
RATE = exact_number("0.01")


@dataclass
class Job:
    """A training that is ready to run."""

    config: Config
    backend: str
    parts: Parts
    trained: SavedModel
    """The model; trained, once ``run`` has returned."""
    optimizer: optim.Optimizer
    metrics: Mapping[str, Metric]
    epochs: int
    checkpoint: str | None
    learned: Dataset
    """The training part, varied at random where that is asked for."""
    example: RamTensor
    """One input, as a batch."""
    callbacks: list[Callback]
    schedule: optim.Schedule | None

    @property
    def steps(self) -> int:
        """The updates of an epoch."""
        batch_size: int = self.config.get("training", "batch_size", 32)
        return -(-len(self.parts.training) // batch_size)

    def run(self, *, resume: bool = False, progress: int | None = None) -> History:
        """Train; with ``resume`` go on from the checkpoint, if there is one.

        Raises what ``train.fit`` raises.
        """
        config, scaler = self.config, self.trained.scaler
        size, seed = config.get("training", "batch_size", 32), config.get("training", "seed", 0)

        def loaded(dataset: Dataset | None) -> data.Loader | None:
            if dataset is None:
                return None
            if scaler is not None:
                dataset = dataset.map(lambda x, y: (x, scaler.transform(y)))
            return data.Loader(dataset, size, seed=seed)

        def plateau(epoch: Epoch) -> None:
            if isinstance(self.schedule, optim.ReduceOnPlateau):
                self.schedule.observe(epoch.loss if epoch.validation_loss is None else epoch.validation_loss)

        with use_backend(self.backend):
            training = loaded(self.learned)
            assert training is not None
            history = fit(
                self.trained.model,
                self.optimizer,
                self.trained.loss_function(),
                training,
                epochs=self.epochs,
                validation=loaded(self.parts.validation),
                metrics={name: self._in_unit(metric) for name, metric in self.metrics.items()},
                accumulate=config.get("training", "accumulate", 1),
                callbacks=self.callbacks,
                progress=progress,
                callback=plateau,
                checkpoint=self.checkpoint,
                checkpoint_every=config.get("training", "checkpoint_every"),
                resume=resume,
            )
        self.trained.training.update(
            epochs=len(history.epochs),
            updates=history.steps,
            measured=history.epochs[-1].logs if history.epochs else {},
        )
        return history

    def _in_unit(self, metric: Metric) -> Metric:
        """The metric in the unit of the target."""
        scaler = self.trained.scaler
        if scaler is None:
            return metric
        return lambda prediction, target: metric(scaler.inverse_transform(prediction), scaler.inverse_transform(target))

    def measured(self) -> dict[str, Evaluation]:
        """How good the model is now, on each part."""
        parts = {"training": self.parts.training, "validation": self.parts.validation, "test": self.parts.test}
        with use_backend(self.backend):
            return {name: self.trained.measure(part) for name, part in parts.items() if part is not None}


def prepare(config: Config) -> Job:
    """Read the data of a configuration, and build model and optimizer.

    Raises:
        ConfigError: what the configuration says cannot be; with file and line.
        DataError: data that cannot be taken as they are; with file, line and column.
    """
    wanted = config.get("training", "backend")
    try:
        backend = get_backend(wanted).name if wanted else current_backend().name
    except RcmlrsError as error:
        if not config.given("training", "backend"):
            raise
        raise config.error(("training", "backend"), str(error)) from error
    with use_backend(backend):
        return _Preparation(config).job(backend)


class _Preparation:
    def __init__(self, config: Config) -> None:
        self.config = config

    def job(self, backend: str) -> Job:
        config = self.config
        loss_name, loss_arguments = self.loss_given()
        parts = Division(config).parts()
        name = self.loss_name(parts, loss_name, loss_arguments)
        metrics = self.metrics(parts)
        seed = config.get("training", "seed", 0)
        scaler = self.target_scaler(parts)
        model, layers, example = self.model(parts, Generator(seed))
        steps = -(-len(parts.training) // config.get("training", "batch_size", 32))
        epochs = config.get("training", "epochs", 20)
        schedule = self.schedule(("optimizer", "schedule"), config.get("optimizer", "schedule"), steps * epochs)
        optimizer = self.optimizer(model, schedule)
        trained = SavedModel(
            model=model,
            layers=layers,
            source=parts.source,
            task=parts.task,
            target=parts.target,
            classes=parts.classes,
            scaler=scaler,
            loss={"name": name, **loss_arguments},
            training={"seed": seed, "examples": len(parts.training)},
        )
        checkpoint = config.path("training", "checkpoint")
        if checkpoint is None and config.given("training", "checkpoint_every"):
            raise config.error(("training", "checkpoint_every"), "goes with checkpoint, the name of a file")
        return Job(
            config=config,
            backend=backend,
            parts=parts,
            trained=trained,
            optimizer=optimizer,
            metrics=metrics,
            epochs=epochs,
            checkpoint=None if checkpoint is None else os.fspath(checkpoint),
            learned=self.varied(parts),
            example=example,
            callbacks=self.callbacks(parts, metrics),
            schedule=schedule,
        )

    def scaler(self, key: str, default: str, features: RamTensor, what: str) -> Any:
        """A scaler that is fitted; None where there is to be none."""
        name = self.config.get("data", key, default)
        if name == "none":
            return None
        with told(self.config, "data", key):
            scaler = getattr(nn, SCALERS[name])(features.shape[-1]).fit(features)
        if not scaler.inverse_transform(scaler.transform(features)).isfinite().all().item():
            raise self.config.error(("data", key), f"the scale of {what} overflows; choose another, or scale the data")
        return scaler

    def target_scaler(self, parts: Parts) -> Any:
        """That of the target."""
        if parts.task == CLASSIFICATION:
            if self.config.get("data", "normalise_target", "none") != "none":
                raise self.config.error(("data", "normalise_target"), "is for regression, and these are classes")
            return None
        y = parts.training.tensors()[1]
        return self.scaler("normalise_target", "z-score", y, "the target")

    # ------------------------------------------------------------------------------------------ the model

    def model(self, parts: Parts, generator: Generator) -> tuple[nn.Sequential, architecture.Description, RamTensor]:
        """The model with its scaler in front, its description, and an example that it takes."""
        config = self.config
        example = parts.training.take([0])[0]
        pictures = example.ndim == 4
        front: list[nn.Module] = []
        if not pictures and example.dtype == FLOAT32:
            features = parts.training.tensors()[0]
            scaler = self.scaler("normalise", "z-score", features, "the features")
            front = [] if scaler is None else [scaler]
        elif config.get("data", "normalise", "none") != "none":
            raise config.error(("data", "normalise"), "is for columns of numbers; pictures are scaled to [0, 1]")
        head: architecture.Description = [
            {"type": type(scaler).__name__, "features": example.shape[-1]} for scaler in front
        ]
        with no_grad():
            seen = front[0](example) if front else example
        description, at = self.layers(example.shape[1:], example.dtype)

        def refuse(path: Path, problem: str) -> ConfigError:
            return config.error((*at, *path) if at[-1:] == ("layers",) else at, problem)

        why = (
            f"the {len(parts.classes)} classes of {parts.target!r}" if parts.classes else f"the target {parts.target!r}"
        )
        layers, full = complete(description, seen, parts.outputs, generator, refuse, why)
        return nn.Sequential(*front, *layers), [*head, *full], example

    def layers(self, shape: Shape, dtype: str) -> tuple[architecture.Description, Path]:
        """The layers that the configuration asks for, in which sizes may be missing, and where it does."""
        config = self.config
        explicit = config.get("model", "layers")
        if explicit is not None:
            for key in config.values["model"]:
                if key != "layers":
                    raise config.error(("model", key), "is for presets; leave it out, or the layers")
            return explicit, ("model", "layers")
        default = {1: "mlp", 2: "lstm", 3: "cnn"}.get(len(shape), "mlp")
        kind = config.get("model", "kind", default)
        config.check_kind("model", kind)
        at: Path = ("model", "kind") if config.given("model", "kind") else ("model",)
        if dtype != FLOAT32:
            raise config.error(at, f"the inputs are {dtype}; give [[model.layers]] that begin with an Embedding")
        hidden = config.get("model", "hidden", [32, 16] if kind == "mlp" else [32])
        hidden = [hidden] if isinstance(hidden, int) else hidden
        dropout = config.get("model", "dropout", 0)
        if kind in ("rnn", "lstm", "gru"):
            if len(shape) != 2:
                raise config.error(
                    at, f"takes sequences (steps, features), and an example is {shape}; choose {default}"
                )
            return architecture.recurrent(kind, hidden, config.get("model", "bidirectional", False), dropout), at
        activation = self.activation()
        dense = (activation, config.get("model", "batch_norm", False), dropout)
        if kind == "mlp":
            return architecture.mlp(shape, hidden, *dense), at
        if len(shape) != 3:
            raise config.error(
                at, f"takes pictures (channels, height, width), and an example is {shape}; choose {default}"
            )
        channels, size = config.get("model", "channels", [16, 32]), config.get("model", "kernel_size", 3)
        return architecture.cnn(shape, channels, size, hidden, *dense), at

    def activation(self) -> str:
        """The class of the activation of a preset."""
        name = self.config.get("model", "activation", "relu")
        known = {each.lower(): each for each in ACTIVATIONS}
        if name.lower() not in known:
            raise self.config.error(("model", "activation"), f"there is no activation {name!r}{meant(name, known)}")
        return known[name.lower()]

    def varied(self, parts: Parts) -> Dataset:
        """The training part with the variations of ``augment``."""
        given = self.config.get("data", "augment", [])
        if given and parts.training.take([0])[0].ndim != 4:
            raise self.config.error(("data", "augment"), "is for pictures")
        table = {name.lower(): getattr(data, name) for name in VARIATIONS}
        found = []
        for place, each in enumerate(given):
            path: Path = ("data", "augment", place)
            found.append(self.called(path, *self.named(path, "type", each, table)))
        seed = self.config.get("training", "seed", 0)
        return data.Augmented(parts.training, found, seed=seed) if found else parts.training

    # ---------------------------------------------------------------------------------------- the training

    def named(
        self, path: Path, key: str, given: Mapping[str, Any], table: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """What a table names under ``key``, and its arguments."""
        name = given.get(key)
        if not isinstance(name, str):
            raise self.config.error(path, f"needs {key}, one of {', '.join(each.__name__ for each in table.values())}")
        if name.lower() not in table:
            known = [each.__name__ for each in table.values()]
            raise self.config.error((*path, key), f"there is none called {name!r}{meant(name, known)}")
        return table[name.lower()], {each: value for each, value in given.items() if each != key}

    def called(self, path: Path, callee: Any, arguments: Mapping[str, Any], hidden: Sequence[str] = ()) -> Any:
        """What ``callee`` makes of arguments from the configuration."""
        name = callee.__name__

        def refuse(at: Path, problem: str) -> ConfigError:
            return self.config.error((*path, *at), problem)

        check_arguments(name, callee, arguments, refuse, hidden)
        try:
            return callee(**arguments)
        except (RcmlrsError, TypeError, ValueError) as error:
            blamed = next((each for each in arguments if each in str(error)), None)
            raise refuse(() if blamed is None else (blamed,), str(error)) from error

    def schedule(self, path: Path, given: Mapping[str, Any] | None, steps: int) -> optim.Schedule | None:
        """The schedule of the rate; what it may leave out is filled in."""
        if given is None:
            return None
        callee, arguments = self.named(path, "name", given, SCHEDULES)
        known = inspect.signature(callee).parameters
        rate = self.config.get("optimizer", "lr", RATE)
        for name, value in [*((each, rate) for each in FIRST_RATES), *((each, steps) for each in ALL_STEPS)]:
            if name in known:
                arguments.setdefault(name, value)
        if "schedule_after" in known:
            inner = arguments.get("schedule_after", {"name": "Constant"})
            if not isinstance(inner, dict):
                raise self.config.error((*path, "schedule_after"), 'is a table, such as { name = "CosineDecay" }')
            arguments["schedule_after"] = self.schedule((*path, "schedule_after"), inner, steps)
        made: optim.Schedule = self.called(path, callee, arguments, REMEMBERED)
        return made

    def optimizer(self, model: nn.Module, schedule: optim.Schedule | None) -> optim.Optimizer:
        config = self.config
        name = config.get("optimizer", "name", "adam")
        if name.lower() not in OPTIMIZERS:
            raise config.error(("optimizer", "name"), f"there is no optimizer {name!r}{meant(name, OPTIMIZERS)}")
        callee = OPTIMIZERS[name.lower()]
        given = config.values.get("optimizer", {})
        arguments = {key: value for key, value in given.items() if key not in ("name", "lr", "schedule")}
        known = [
            each for each in inspect.signature(callee).parameters if each not in ("params", "lr", "common", "form")
        ]
        known += Common.__annotations__
        for key in arguments:
            if key not in known:
                raise config.error(
                    ("optimizer", key), f"there is no key {key!r}{meant(key, ['name', 'lr', 'schedule', *known])}"
                )
        try:
            made: optim.Optimizer = callee(
                model.parameters(), lr=schedule or config.get("optimizer", "lr", RATE), **arguments
            )
            return made
        except (AttributeValueError, TypeError) as error:
            blamed = next((each for each in (*arguments, "lr") if each in str(error) and each in given), None)
            path = ("optimizer",) if blamed is None else ("optimizer", blamed)
            raise config.error(path, str(error)) from error

    def loss_given(self) -> tuple[str | None, dict[str, Any]]:
        """The name of the loss as it is given, and its arguments."""
        given = self.config.get("training", "loss")
        if not isinstance(given, dict):
            return given, {}
        if not isinstance(given.get("name"), str):
            raise self.config.error(("training", "loss"), 'needs name, as in { name = "huber", delta = 0.5 }')
        return given["name"], {key: value for key, value in given.items() if key != "name"}

    def loss_name(self, parts: Parts, given: str | None, arguments: Mapping[str, Any]) -> str:
        """The full name of the loss, whose arguments are ones that it takes."""
        config, known = self.config, LOSSES[parts.task]
        name = known[0] if given is None else full_name(parts.task, given)
        if name not in known:
            other = next((task for task, names in LOSSES.items() if full_name(task, given or "") in names), None)
            hint = f"; it is for {other}" if other else meant(given or "", known)
            raise config.error(("training", "loss"), f"there is no loss {given!r} of {parts.task}{hint}")

        def refuse(at: Path, problem: str) -> ConfigError:
            return config.error(("training", "loss", *at), problem)

        check_arguments(name, loss_of(name, {}).func, arguments, refuse, LOSS_INPUTS)  # type: ignore[attr-defined]
        try:
            batch = parts.training.take([0])
            target = batch[1]
            shape = (1, parts.outputs) if parts.classes else target.shape
            loss_of(name, dict(arguments))(full(shape, 0.5), target)
        except (RcmlrsError, TypeError, ValueError) as error:
            blamed = next((each for each in arguments if each in str(error)), None)
            raise refuse(() if blamed is None else (blamed,), str(error)) from error
        return name

    def metrics(self, parts: Parts) -> dict[str, Metric]:
        """The metrics that are measured in training."""
        known = METRICS[parts.task]
        chosen = self.config.get("training", "metrics", [next(iter(known))])
        for place, name in enumerate(chosen):
            if name not in known:
                other = next((task for task, names in METRICS.items() if name in names), None)
                hint = f"; it is for {other}" if other else meant(name, known)
                raise self.config.error(
                    ("training", "metrics", place), f"there is no metric {name!r} of {parts.task}{hint}"
                )
        return {name: known[name] for name in chosen}

    def callbacks(self, parts: Parts, metrics: Mapping[str, Metric]) -> list[Callback]:
        """Early stopping, if it is asked for."""
        given = self.config.get("training", "early_stopping")
        if given is None:
            return []
        path: Path = ("training", "early_stopping")
        prefix = "val_" if parts.validation is not None else ""
        arguments = {"monitor": f"{prefix}loss", "patience": 5, "restore_best_weights": True, **given}
        for key in given:
            if key not in STOPPING:
                raise self.config.error((*path, key), f"there is no key {key!r}{meant(key, STOPPING)}")
        there = ["loss", *(["val_loss"] if prefix else []), *(prefix + name for name in metrics)]
        if arguments["monitor"] not in there:
            raise self.config.error(
                (*path, "monitor"), f"{arguments['monitor']!r} is not measured; there are {', '.join(there)}"
            )
        patience = arguments["patience"]
        if not isinstance(patience, int) or isinstance(patience, bool) or patience < 0:
            raise self.config.error((*path, "patience"), f"expected an integer of at least 0, found {patience!r}")
        return [self.called(path, EarlyStopping, arguments, ("verbose",))]
