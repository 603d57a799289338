"""A series cut into windows to forecast from, and the order in which training takes its examples.

Bits are moved here and nothing is computed: scaling is the business of operations.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rcmlrs_core.data.table import is_count, little_endian
from rcmlrs_core.errors import DataError
from rcmlrs_core.numerics.formats import round_number

if TYPE_CHECKING:
    from rcmlrs_core.tensor import RamTensor


@dataclass(frozen=True, eq=False)
class Windows:
    """``count`` windows of ``length`` values, and the one value to forecast from each, in order of time."""

    length: int
    count: int
    inputs: "array[float]" = field(repr=False)
    """``count * length`` values, one window after the other."""
    targets: "array[float]" = field(repr=False)
    """``count`` values."""

    def __len__(self) -> int:
        return self.count

    def tensors(self, backend: str | None = None) -> "tuple[RamTensor, RamTensor]":
        """Inputs ``(count, length, 1)``, as a recurrent layer takes them, and targets ``(count, 1)``."""
        from rcmlrs_core.creation import from_bytes

        return (
            from_bytes(little_endian(self.inputs), (self.count, self.length, 1), backend),
            from_bytes(little_endian(self.targets), (self.count, 1), backend),
        )

    def take(self, indices: Iterable[int]) -> "Windows":
        """The windows at ``indices``, in that order: a batch.

        Raises:
            DataError: an index outside of 0 ... count - 1.
        """
        inputs, targets = array("f"), array("f")
        for index in indices:
            if not 0 <= index < self.count:
                raise DataError(f"window {index} of {self.count}; indices go from 0 to {self.count - 1}")
            inputs.extend(self.inputs[index * self.length : (index + 1) * self.length])
            targets.append(self.targets[index])
        return Windows(self.length, len(targets), inputs, targets)

    def split(self, train: float | Fraction) -> "tuple[Windows, Windows]":
        """The earliest windows to train on, and the rest to test on.

        The first part has ``train * count`` windows, rounded to the nearest integer from the exact product
        (N6), a half up. Each of its targets is earlier than every target of the second part.

        Raises:
            DataError: a share that is not between 0 and 1, or one of the two parts would have no window.
        """
        try:
            between = 0 < train < 1  # no float NaN is
        except InvalidOperation:  # a Decimal NaN is not even compared
            between = False
        if not between:
            raise DataError(f"split({train}): the share to train on is a number between 0 and 1, and neither of them")
        first = int(Fraction(train) * self.count + Fraction(1, 2))
        if not 0 < first < self.count:
            raise DataError(
                f"split({train}) trains on {first} of {self.count} windows; leave one at least for each part"
            )
        return self.take(range(first)), self.take(range(first, self.count))


def sliding_windows(series: Any, length: int, *, horizon: int = 1, stride: int = 1) -> Windows:
    """Windows over a series of n values, with ``count = 1 + floor((n - length - horizon) / stride)``.

    ``inputs[i, t] = series[i * stride + t]`` for ``0 <= t < length``, and the target lies ``horizon`` steps
    after the window's last value: ``targets[i] = series[i * stride + length - 1 + horizon]``.

    Args:
        series: a 1-D tensor, or a sequence of numbers, each of which enters rounded once (N6).
        length: how many steps a window has.
        horizon: how many steps ahead the target lies.
        stride: how many steps lie between the starts of two windows.

    Raises:
        DataError: a length, horizon or stride below 1, a series that is not 1-D or too short for one window.
    """
    for name, value in (("length", length), ("horizon", horizon), ("stride", stride)):
        if not is_count(value):
            raise DataError(f"sliding_windows: {name}={value}; it is an integer of at least 1")
    values = _binary32(series)
    last = len(values) - length - horizon
    if last < 0:
        raise DataError(
            f"sliding_windows: the series has {len(values)} values, and a window with its target spans "
            f"length + horizon = {length + horizon}; take a longer series or a shorter window"
        )
    inputs, targets = array("f"), array("f")
    for start in range(0, last + 1, stride):
        inputs.extend(values[start : start + length])
        targets.append(values[start + length - 1 + horizon])
    return Windows(length, len(targets), inputs, targets)


def batches(n: int, batch_size: int, *, seed: int, epoch: int) -> Iterator[list[int]]:
    """The indices ``0 ... n-1`` in the order of this epoch, ``batch_size`` at a time; the last may be fewer.

    The order is ``permutation(n, seed=seed, stream=epoch)``, from the one source of randomness (N8): any
    epoch can be repeated without those before it.

    Raises:
        DataError: ``n`` or ``batch_size`` below 1.
    """
    if not (is_count(n) and is_count(batch_size)):
        raise DataError(f"batches: n={n}, batch_size={batch_size}; both are integers of at least 1")
    from rcmlrs_core.random import permutation

    order = _plain(permutation(n, seed=seed, stream=epoch))
    return (list(order[start : start + batch_size]) for start in range(0, n, batch_size))


def _plain(values: Any) -> Any:
    """A tensor's or an array's elements as a list; any other sequence as it is."""
    return values.tolist() if hasattr(values, "tolist") else values


def _binary32(series: Any) -> "array[float]":
    if isinstance(series, array) and series.typecode == "f":
        return series
    values: Sequence[Any] = _plain(series)
    try:
        return array("f", map(round_number, values))
    except (TypeError, AttributeError):
        shape = getattr(series, "shape", None)
        found = f"a tensor of shape {tuple(shape)}" if shape is not None else f"a {type(series).__name__}"
        raise DataError(f"sliding_windows: expected a 1-D series of numbers, got {found}; flatten it") from None
