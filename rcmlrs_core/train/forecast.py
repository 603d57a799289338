"""The whole job for a time series: windows, scaling, a recurrent network, training, and a score beside a naive one.

``rcmlrs demo`` runs it on the shipped series, ``rcmlrs train`` on a user's own.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.data.windows import sliding_windows
from rcmlrs_core.errors import DataError
from rcmlrs_core.metrics import rmse
from rcmlrs_core.nn import RNN, LastStep, Linear, Sequential
from rcmlrs_core.optim import Adam
from rcmlrs_core.random import Generator
from rcmlrs_core.registry import use_backend
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.history import History
from rcmlrs_core.train.loop import fit, predict


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
class Forecast:
    """What came of a run."""

    backend: str
    model: Sequential
    mean: RamTensor
    deviation: RamTensor
    """The scale, fitted on the training windows: the network sees and gives ``(x - mean) / deviation``."""
    history: History
    score: float
    """Root of the mean squared error over the test windows, in the unit of the series."""
    naive: float
    """The same for the forecast that the next value will be the last one."""
    seconds: float

    def state(self) -> dict[str, RamTensor]:
        """Everything that must be kept to forecast again: weights and scale."""
        return {**self.model.state_dict(), "scale.mean": self.mean, "scale.deviation": self.deviation}


def forecast(
    series: "Sequence[float] | array[float]", settings: Settings, backend: str, *, progress: bool | None = None
) -> Forecast:
    """Train a network of an RNN and a linear layer to give the next value of ``series`` from the last few.

    Raises:
        DataError: a series that is too short, or does not vary in the training windows.
    """
    began = perf_counter()
    with use_backend(backend):
        training, test = sliding_windows(series, settings.window).split(settings.train_share)
        (x, y), (test_x, test_y) = training.tensors(), test.tensors()
        mean, deviation = x.mean(), x.std()
        if deviation.item() == 0.0:
            raise DataError("the series does not vary in the windows to train on; there is nothing to learn")
        generator = Generator(settings.seed)
        model = Sequential(
            RNN(1, settings.hidden, generator=generator), LastStep(), Linear(settings.hidden, 1, generator=generator)
        )
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
        with no_grad():
            predicted = predict(model, (test_x - mean) / deviation) * deviation + mean
            score = rmse(predicted, test_y).item()
            naive = rmse(test_x[:, -1], test_y).item()
    return Forecast(backend, model, mean, deviation, history, score, naive, perf_counter() - began)
