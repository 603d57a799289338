"""Running means that are exact until they are read: what an epoch has measured so far, and can be continued from."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

PLACES = 2148
"""Sums are integers in units of 2^-2148: a product of two numbers of binary64, multiples of 2^-1074, is one exactly."""
UNITS = 1 << PLACES
AT_ONCE = 256
"""How many values wait to be added."""


class Mean:
    """The mean of numbers of binary64 with weights: ``sum(weight * value) / sum(weight)``.

    Both sums are exact, and rounded to binary64 when they are read; so the mean depends on no order, and one that is
    saved in the middle goes on as if nothing had been. 0 where the weights add up to nothing, as Keras has it.
    """

    __slots__ = ("_pending", "_special", "_total", "_weights")

    def __init__(self, total: int = 0, weights: int = 0, special: float = 0.0) -> None:
        self._total = total
        self._weights = weights
        self._special = special
        """The sum of the values that are infinite or NaN."""
        self._pending: list[tuple[float, float]] = []
        """What is not in the sums yet: to add many at a time is faster."""

    def add(self, value: float, weight: float) -> None:
        """Take in a value; a weight is finite."""
        self._pending.append((value, weight))
        if len(self._pending) == AT_ONCE:
            self._sum()

    def _sum(self) -> None:
        for value, weight in self._pending:
            self._take(value, weight)
        self._pending.clear()

    def _take(self, value: float, weight: float) -> None:
        over, under = weight.as_integer_ratio()
        self._weights += over << (PLACES + 1 - under.bit_length())  # the denominators are powers of two
        if isfinite(value):
            n, d = value.as_integer_ratio()
            self._total += n * over << (PLACES + 2 - d.bit_length() - under.bit_length())
        elif weight:
            self._special += value

    def result(self) -> float:
        """The mean so far."""
        self._sum()
        if self._special != 0.0:
            return self._special
        total, weights = self._total / UNITS, self._weights / UNITS
        return total / weights if weights else 0.0

    def state(self) -> list[str]:
        """What ``restored`` makes it of again."""
        self._sum()
        return [hex(self._total), hex(self._weights), repr(self._special)]

    @classmethod
    def restored(cls, state: list[str]) -> "Mean":
        """The mean that had this state. Raises ValueError for what is none."""
        total, weights, special = state
        return cls(int(total, 16), int(weights, 16), float(special))


class Means:
    """Means by name, in the order in which they came."""

    def __init__(self) -> None:
        self._means: dict[str, Mean] = {}

    def add(self, values: Mapping[str, float], weight: float) -> None:
        """Take in the values of a batch, each with this weight."""
        for name, value in values.items():
            mean = self._means.get(name)
            if mean is None:
                mean = self._means[name] = Mean()
            mean.add(value, weight)

    def result(self) -> dict[str, float]:
        """The means so far; empty before the first values."""
        return {name: mean.result() for name, mean in self._means.items()}

    def clear(self) -> None:
        """Begin anew."""
        self._means = {}

    def state(self) -> dict[str, Any]:
        """What ``restore`` takes, as JSON can hold it."""
        return {name: mean.state() for name, mean in self._means.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Raises ValueError or TypeError for what is none."""
        self._means = {name: Mean.restored(mean) for name, mean in state.items()}
