"""The whole job for a time series: windows, scaling, a recurrent network, training, and a score beside a naive one.

``rcmlrs demo`` runs it on the shipped series, ``rcmlrs train`` on a user's own; ``load_forecaster`` brings back what
that saved.
"""

import math
import os
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from time import perf_counter

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.data.windows import sliding_windows
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.io import load_state_binary, save_tensors_binary
from rcmlrs_core.metrics import rmse
from rcmlrs_core.nn import RNN, LastStep, Linear, Sequential
from rcmlrs_core.optim import Adam
from rcmlrs_core.random import Generator
from rcmlrs_core.registry import use_backend
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.history import History
from rcmlrs_core.train.loop import fit, predict

MEAN, DEVIATION = "scale.mean", "scale.deviation"
"""What the scale is called among the saved tensors."""


@dataclass(frozen=True)
class Settings:
    """What a run depends on, besides the series: two runs of equal settings have equal bits, on any backend."""

    window: int = 12
    """Steps of the series that the network sees."""
    hidden: int = 16
    """Size of the hidden state."""
    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 0.01
    seed: int = 0
    """Of the first weights and of the order of the examples."""
    train_share: float = 0.8
    """Share of the windows, the earliest, that are trained on; the rest are the test."""


@dataclass(frozen=True)
class Forecaster:
    """A trained network and its scale: what it takes to forecast."""

    model: Sequential
    mean: RamTensor
    deviation: RamTensor
    """The scale, fitted on the training windows: the network sees and gives ``(x - mean) / deviation``."""
    window: int
    """Steps of the series that the network sees."""

    def predict(self, x: RamTensor) -> RamTensor:
        """The value after each window: ``(n, window, 1)`` to ``(n, 1)``, both in the unit of the series."""
        with no_grad():
            return predict(self.model, (x - self.mean) / self.deviation) * self.deviation + self.mean

    def next(self, values: "Sequence[float] | array[float]") -> float:
        """The value after ``values``, of which the last ``window`` count. Each enters rounded once (N6).

        Raises:
            DataError: there are fewer, or one of them is not finite.
        """
        if len(values) < self.window:
            raise DataError(f"next: the network sees {self.window} values, got {len(values)}; give the latest ones")
        seen = list(values[len(values) - self.window :])
        if not all(map(math.isfinite, seen)):
            raise DataError(f"next: among the last {self.window} values one is NaN or infinite; give finite ones")
        return float(self.predict(tensor([[[value] for value in seen]], self.mean.backend)).item())

    def state(self) -> dict[str, RamTensor]:
        """Everything that must be kept to forecast again: weights and scale."""
        return {**self.model.state_dict(), MEAN: self.mean, DEVIATION: self.deviation}

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
        """Write the state to a safetensors file that ``load_forecaster`` reads; ``metadata`` travels along."""
        save_tensors_binary(path, self.state(), metadata={**(metadata or {}), "window": str(self.window)})


def load_forecaster(path: str | os.PathLike[str], backend: str | None = None) -> Forecaster:
    """The forecaster that ``rcmlrs train --save`` wrote to ``path``, on ``backend`` (by default the current one).

    After ``rcmlrs train --data weather.csv --column temp --save weather.safetensors``:

        from rcmlrs_core.data import read_csv
        from rcmlrs_core.train.forecast import load_forecaster

        forecaster = load_forecaster("weather.safetensors")
        print(forecaster.next(read_csv("weather.csv", columns=["temp"])["temp"]))

    prints the next value that the command printed, on any backend.

    Raises:
        FileFormatError: the file is no safetensors file, or holds something else than a forecaster.
        OSError: there is no such file, or it may not be read.
    """
    state = load_state_binary(path, backend=backend)
    source = f"{os.fspath(path)} holds no forecaster that rcmlrs train saved"
    window = state.metadata.get("window", "")
    if not re.fullmatch("[1-9][0-9]{0,8}", window):
        raise FileFormatError(f"{source}: its metadata say window={window!r}, expected a number of steps")
    mean, deviation = (_number(source, name, state.pop(name, None)) for name in (MEAN, DEVIATION))
    # Not from the metadata: a size that is in the tensors takes no more memory than the file did.
    hidden = next((t.shape[0] for t in state.values() if t.ndim == 2 and 0 < t.shape[0] == t.shape[1]), 0)
    if not hidden:
        raise FileFormatError(f"{source}: expected the square matrix of a recurrent layer among its tensors")
    with use_backend(mean.backend):
        model = network(hidden, seed=0)
        try:
            model.load_state_dict(state)
        except DataError as error:
            raise FileFormatError(f"{source}: {error}") from error
    return Forecaster(model, mean, deviation, int(window))


def _number(source: str, name: str, found: RamTensor | None) -> RamTensor:
    if found is None or found.shape != () or found.dtype != "float32" or not math.isfinite(found.item()):
        raise FileFormatError(f"{source}: expected {name}, a finite number")
    return found


def network(hidden: int, seed: int) -> Sequential:
    """The untrained network: an RNN over the window, its last state, and a linear layer to one value."""
    generator = Generator(seed)
    return Sequential(RNN(1, hidden, generator=generator), LastStep(), Linear(hidden, 1, generator=generator))


@dataclass(frozen=True)
class Forecast:
    """What came of a run."""

    backend: str
    forecaster: Forecaster
    history: History
    score: float
    """Root of the mean squared error over the test windows, in the unit of the series."""
    naive: float
    """The same for the forecast that the next value will be the last one."""
    seconds: float


def forecast(
    series: "Sequence[float] | array[float]", settings: Settings, backend: str, *, progress: bool | None = None
) -> Forecast:
    """Train a network of an RNN and a linear layer to give the next value of ``series`` from the last few.

    Raises:
        DataError: a series that is too short, or does not vary in the training windows.
    """
    began = perf_counter()
    check_length(len(series), settings)
    with use_backend(backend):
        training, test = sliding_windows(series, settings.window).split(settings.train_share)
        (x, y), (test_x, test_y) = training.tensors(), test.tensors()
        mean, deviation = x.mean(), x.std()
        if deviation.item() == 0.0:
            raise DataError("the series does not vary in the windows to train on; there is nothing to learn")
        model = network(settings.hidden, settings.seed)
        history = fit(
            model,
            Adam(model.parameters(), lr=settings.learning_rate),
            lambda prediction, target: prediction.mse_loss(target),
            (x - mean) / deviation,
            (y - mean) / deviation,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            seed=settings.seed,
            progress=progress,
        )
        forecaster = Forecaster(model, mean, deviation, settings.window)
        score = rmse(forecaster.predict(test_x), test_y).item()
        naive = rmse(test_x[:, -1], test_y).item()
    return Forecast(backend, forecaster, history, score, naive, perf_counter() - began)


def check_length(values: int, settings: Settings) -> None:
    """Refuse a series of so many values if it leaves no window to train on, or none to test on.

    Of c windows, ``Windows.split`` trains on floor(share * c + 1/2). That is 1 or more from c = 1 / (2 share) on, and
    fewer than c beyond c = 1 / (2 (1 - share)).
    """
    if not 0 < settings.train_share < 1:
        raise DataError(f"train_share={settings.train_share}: it is a number between 0 and 1, and neither of them")
    share = Fraction(settings.train_share)
    windows = max(math.ceil(1 / (2 * share)), math.floor(1 / (2 * (1 - share))) + 1)
    if values < settings.window + windows:
        raise DataError(
            f"the series has {values} values, and windows of {settings.window} need at least "
            f"{settings.window + windows}, to train and to test; take a longer series or a smaller window "
            "(rcmlrs train: --window)"
        )
