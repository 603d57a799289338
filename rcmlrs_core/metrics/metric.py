"""What all metrics that are gathered over batches have, and the exact mean that most of them are."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Any, Self

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import DataError, DTypeError, ShapeError
from rcmlrs_core.numerics.formats import BINARY32, from_bits
from rcmlrs_core.numerics.sums import UNIT, special_sum
from rcmlrs_core.plain import BOOL, FLOAT32
from rcmlrs_core.tensor import RamTensor


class Metric(ABC):
    """A measure of predictions against targets, gathered over batches.

    ``update`` takes a batch and ``result`` gives the metric of all that were taken since the last ``reset``; it may be
    asked for at any time. The result does not depend on how the examples were cut into batches, nor on their order.
    ``weight`` says how much each example counts, one number for each (or for each element of the targets). ``merge``
    adds what another metric of the same kind has taken.

    ``metric(prediction, target)`` is the result of these alone, and changes nothing: so a metric can be passed
    wherever a function is, such as ``fit(..., metric=metrics.F1())``.
    """

    name: str
    """What records and tables call it."""

    backend: str | None = None
    """That of what was taken last; the results are tensors of it."""

    @abstractmethod
    def update(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> None:
        """Take a batch."""

    @abstractmethod
    def result(self) -> RamTensor:
        """The metric of all that was taken.

        Raises:
            DataError: nothing was taken, or nothing of a weight above 0.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all that was taken."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take all that ``other``, a metric of the same kind and options, has taken."""

    @property
    @abstractmethod
    def empty(self) -> bool:
        """Whether nothing was taken, so that there is no result."""

    def __call__(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> RamTensor:
        """The metric of these predictions alone."""
        alone = copy(self)
        alone.reset()  # which empties nothing that is shared, but begins anew
        alone.update(prediction, target, weight)
        return alone.result()

    def _tensor(self, value: Any) -> RamTensor:
        """A result, rounded once from its exact value (N6)."""
        return tensor(value, self.backend, dtype=FLOAT32)

    def _refuse_empty(self) -> None:
        if self.empty:
            raise DataError(
                f"{self.name}: there is no result, since no example was taken (or none of a weight above 0); "
                "call update(prediction, target) first"
            )


class Mean(Metric):
    """The mean of all values: ``update(values)``; weighted, ``sum(w v) / sum(w)``.

    Without weights it is ``RN`` of the exact mean of all values (N3.1): the bits of ``values.mean()`` of all of them
    joined. With weights each product is rounded once; their sum and that of the weights are exact, and so is all else
    until the one rounding of the quotient.
    """

    def __init__(self, name: str = "mean") -> None:
        self.name = name
        self.reset()

    def reset(self) -> None:
        """Forget all values."""
        self._total = 0  # the exact sum of the finite terms, in units of 2^-149
        self._special: float | None = None  # what infinities and NaN make of the sum (N3.2)
        self._weight = 0  # the exact sum of the weights, in units of 2^-149

    @property
    def empty(self) -> bool:
        """Whether there is no value of a weight above 0."""
        return not self._weight

    def update(
        self, values: RamTensor, target: RamTensor | None = None, weight: RamTensor | None = None
    ) -> None:  # the target is not looked at: a Mean is of one tensor
        """Take values, of which true ones are 1; a ``weight`` is of their shape, or of its first axes."""
        with no_grad():
            total, special, share = self._of_batch(values, weight)
        self.backend = values.backend
        self._total += total
        self._weight += share
        self._note(special)

    def _of_batch(self, values: RamTensor, weight: RamTensor | None) -> tuple[int, float | None, int]:
        """The exact sums of the terms and of the weights, and what is special of the terms."""
        if weight is None:
            if getattr(values, "dtype", None) == BOOL:
                return values.count_nonzero().item() << 149, None, values.size << 149
            return *exact_total(_float32(self.name, values)), values.size << 149
        values = _float32(self.name, values)
        spread = spread_weight(self.name, weight, values.shape)
        return *exact_total(values * spread), exact_total(spread)[0]

    def merge(self, other: Self) -> None:
        """Take what ``other`` has."""
        self._total += other._total
        self._weight += other._weight
        self._note(other._special)
        self.backend = self.backend or other.backend

    def _note(self, special: float | None) -> None:
        if special is not None:
            self._special = special_sum([special, special if self._special is None else self._special])

    def result(self) -> RamTensor:
        """The mean, of shape ()."""
        self._refuse_empty()
        if self._special is not None:
            return self._tensor(self._special)
        return self._tensor(from_bits(BINARY32.round_ratio(self._total, self._weight)))


class MeanMetric(Metric):
    """The mean of ``function(prediction, target)``, which gives a value (or a bool) for each example or each element.

    ``finish`` is what is done to the mean at the end, such as ``RamTensor.sqrt``: an operation.
    """

    def __init__(
        self,
        function: Callable[[RamTensor, RamTensor], RamTensor],
        name: str | None = None,
        *,
        finish: Callable[[RamTensor], RamTensor] | None = None,
    ) -> None:
        self.name = name if name is not None else str(getattr(function, "__name__", type(function).__name__))
        self.function, self.finish = function, finish
        self.reset()

    def reset(self) -> None:
        """Forget all that was taken."""
        self._mean = Mean(self.name)

    @property
    def empty(self) -> bool:
        """Whether nothing was taken."""
        return self._mean.empty

    def update(self, prediction: RamTensor, target: RamTensor, weight: RamTensor | None = None) -> None:
        """Take a batch."""
        with no_grad():
            self._mean.update(self.function(prediction, target), weight=weight)

    def merge(self, other: Self) -> None:
        """Take what ``other`` has."""
        self._mean.merge(other._mean)

    def result(self) -> RamTensor:
        """The mean of all values, finished."""
        mean = self._mean.result()
        return self.finish(mean) if self.finish else mean


def exact_total(x: RamTensor) -> tuple[int, float | None]:
    """The exact sum of all elements in units of 2^-149; and what infinities and NaN make of it, if there are any.

    ``math.fsum`` gives the binary64 number nearest to the exact sum, and then of what is left without that, until
    nothing is: each is a multiple of 2^-149 as the elements are, and few are needed.
    """
    values: list[float] = x.flatten().tolist()
    parts: list[float] = []
    try:
        while part := math.fsum([*values, *parts]) if parts else math.fsum(values):
            parts.append(-part)
            if not math.isfinite(part):
                return 0, special_sum(values)
    except ValueError:  # inf - inf
        return 0, special_sum(values)
    return sum(int(-part * UNIT) for part in parts), None


def spread_weight(name: str, weight: RamTensor, shape: tuple[int, ...]) -> RamTensor:
    """The weight of every element, from one for each place on the first axes; checked."""
    if not isinstance(weight, RamTensor):
        raise TypeError(f"{name}: weight is a {type(weight).__name__}, not a tensor; make it one with rc.tensor(...)")
    weight = _float32(name, weight)
    if weight.shape != shape[: weight.ndim]:
        raise ShapeError(
            f"{name}: weight of shape {weight.shape} does not fit values of shape {shape}: it must have their shape, "
            "or that of their first axes, such as (n,) for one of each example"
        )
    if not bool(weight.isfinite().logical_and(weight.greater_equal(0.0)).all()):
        raise DataError(f"{name}: a weight is negative, infinite or NaN; weights say how much an example counts")
    return weight.reshape(weight.shape + (1,) * (len(shape) - weight.ndim)).broadcast_to(shape)


def _float32(name: str, x: RamTensor) -> RamTensor:
    """Counts and masks as numbers; large int32 are refused, since float32 does not hold them all."""
    if not isinstance(x, RamTensor):
        raise TypeError(f"{name}: takes tensors, got a {type(x).__name__}; make it one with rc.tensor(...)")
    if x.dtype == FLOAT32:
        return x.detach()
    made = x.astype(dtype=FLOAT32)
    if x.size and bool(made.abs().greater(2.0**24).any()):
        raise DTypeError(
            f"{name}: int32 values beyond 2^24 are no float32 numbers; convert them with .astype('float32')"
        )
    return made
