"""What a training run leaves behind: a record of every epoch.

In these records epochs, batches and steps count from 0, as ``start_epoch`` and the streams of the random order do.
What people read, the progress bar and the error messages, counts from 1.
"""

from dataclasses import dataclass, field


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
    metric: float | None = None
    seconds: float = field(default=0.0, compare=False)
    """Timing is not part of the result (N9): records of equal runs are equal."""


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
        """The metric of every epoch; None where there was none."""
        return [epoch.metric for epoch in self.epochs]

    @property
    def seconds(self) -> float:
        """The time of all epochs together."""
        return sum(epoch.seconds for epoch in self.epochs)
