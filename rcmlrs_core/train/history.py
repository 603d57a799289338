"""What a training run leaves behind: a record of every epoch.

In these records epochs, batches and steps count from 0, as ``start_epoch`` and the streams of the random order do.
What people read, the progress bar and the error messages, counts from 1.
"""

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

from rcmlrs_core.io.atomic import FilePath, atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Step:
    """One update: in which epoch, its number in the epoch and in the run (all from 0), and the loss before it."""

    epoch: int
    batch: int
    step: int
    loss: float


@dataclass(frozen=True)
class Epoch:
    """One pass over the data. The loss is the mean over the examples, each measured before its own update."""

    epoch: int
    """From 0: the number that ``fit`` takes as ``start_epoch``, and the stream of the epoch's order."""
    loss: float
    validation_loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    """What else was measured, by name: ``accuracy`` on the training data, ``val_accuracy`` on the validation data."""
    seconds: float = field(default=0.0, compare=False)
    """Timing is not part of the result (N9): records of equal runs are equal."""

    @property
    def metric(self) -> float | None:
        """The first of the metrics; None where there is none."""
        return next(iter(self.metrics.values()), None)

    @property
    def logs(self) -> dict[str, float]:
        """All of it by name, as callbacks see it: ``loss``, the metrics, ``val_loss``."""
        validation = {} if self.validation_loss is None else {"val_loss": self.validation_loss}
        return {"loss": self.loss, **validation, **self.metrics}

    @classmethod
    def of(cls, epoch: int, logs: Mapping[str, float], *, seconds: float = 0.0) -> "Epoch":
        """The record that has these ``logs``."""
        metrics = {name: value for name, value in logs.items() if name not in ("loss", "val_loss")}
        return cls(epoch, logs["loss"], logs.get("val_loss"), metrics, seconds)


@dataclass
class History:
    """The epochs in order, how many updates there were, and whether Ctrl-C ended the run early."""

    epochs: list[Epoch] = field(default_factory=list)
    steps: int = 0
    interrupted: bool = False

    @property
    def losses(self) -> list[float]:
        """The loss of every epoch."""
        return [epoch.loss for epoch in self.epochs]

    @property
    def validation_losses(self) -> list[float | None]:
        """The validation loss of every epoch; None where there was no validation."""
        return [epoch.validation_loss for epoch in self.epochs]

    @property
    def metrics(self) -> list[float | None]:
        """The first metric of every epoch; None where there was none."""
        return [epoch.metric for epoch in self.epochs]

    @property
    def curves(self) -> dict[str, list[float | None]]:
        """All that was measured, by name: a number for every epoch, None where it was not measured."""
        logs = [epoch.logs for epoch in self.epochs]
        names = dict.fromkeys(name for log in logs for name in log)
        return {name: [log.get(name) for log in logs] for name in names}

    @property
    def seconds(self) -> float:
        """The time of all epochs together."""
        return sum(epoch.seconds for epoch in self.epochs)

    # ------------------------------------------------------------------------------------------- to look at

    def plot(self, path: FilePath | None = None) -> "Figure":
        """The curves as a picture (PNG, SVG or PDF, by the ending of ``path``), a panel for each measure.

        Equal histories make equal files, with the same version of matplotlib (``pip install 'rcmlrs[plot]'``). Returns
        the figure, for those who go on drawing or have no file.
        """
        from rcmlrs_core.train.plot import draw

        return draw(path, [epoch.epoch for epoch in self.epochs], self.curves)

    def chart(self, name: str = "loss", *, width: int = 64, height: int = 12) -> str:
        """The curve of a measure as text: ``print(history.chart())``, ``print(history.chart("accuracy"))``.

        A line is what was measured on the training data, and points are the validation data.
        """
        from rcmlrs_core.train.plot import chart

        return chart(name, [epoch.epoch for epoch in self.epochs], self.curves, width, height)

    # -------------------------------------------------------------------------------------------- as files

    def to_csv(self, path: FilePath) -> None:
        """Write a line for every epoch: its number from 0, and all that was measured; empty where it was not.

        Numbers are the shortest that are read back as the same, and there are no times: equal runs make equal files.
        """
        curves = self.curves
        text = StringIO(newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["epoch", *curves])
        for row, epoch in enumerate(self.epochs):
            table.writerow([epoch.epoch, *("" if curve[row] is None else curve[row] for curve in curves.values())])
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())

    def to_json(self, path: FilePath) -> None:
        """Write the record, without times: equal runs make equal files. What is infinite or NaN is a string."""
        data = self.as_data()
        for epoch in data["epochs"]:
            del epoch["seconds"]
        with atomic_write(path) as file:
            file.write(json.dumps(data, indent=2, allow_nan=False).encode() + b"\n")

    # ------------------------------------------------------------------------------------------- as data

    def as_data(self) -> dict[str, Any]:
        """The record as strict JSON can hold it: what is infinite or NaN is a string. ``of_data`` makes it again."""
        epochs = [
            {"epoch": each.epoch, "seconds": each.seconds, **{name: _plain(value) for name, value in each.logs.items()}}
            for each in self.epochs
        ]
        return {"steps": self.steps, "interrupted": self.interrupted, "epochs": epochs}

    @classmethod
    def of_data(cls, data: Any) -> "History":
        """The record of which this is the data. Raises ValueError for data of another form."""
        try:
            epochs = [
                Epoch.of(
                    count(epoch.pop("epoch")),
                    seconds=_number(epoch.pop("seconds")),
                    logs={str(name): _number(value) for name, value in epoch.items()},
                )
                for epoch in map(dict, data["epochs"])
            ]
            return cls(epochs, count(data["steps"]), data["interrupted"] is True)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no record of a training: {type(error).__name__}: {error}") from error


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)


def _number(value: Any) -> float:
    if value in ("nan", "inf", "-inf") or (isinstance(value, int | float) and not isinstance(value, bool)):
        return float(value)
    raise ValueError(f"expected a number, found {value!r:.40}")


def count(value: Any) -> int:
    """An int of at least 0. Raises ValueError for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"expected an int of at least 0, found {value!r:.40}")
