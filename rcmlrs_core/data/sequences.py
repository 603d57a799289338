"""Sequences as data: windows over a series of several features, and sequences of different lengths, padded to one."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rcmlrs_core.creation import asarray, full, tensor
from rcmlrs_core.data.dataset import Batch, Dataset, checked_indices
from rcmlrs_core.data.table import is_count
from rcmlrs_core.errors import DataError
from rcmlrs_core.plain import INT32
from rcmlrs_core.tensor import RamTensor

Side = Literal["pre", "post"]


class WindowDataset(Dataset):
    """Windows over a series ``(n, features)`` and what is to be forecast from each: ``(x, y)``. Moves bits only.

    ``x[i, t] = series[i * stride + t]`` for t below ``length``: ``(count, length, features)``. The targets begin
    ``horizon`` steps after a window's last value, ``y[i, k] = series[i * stride + length - 1 + horizon + k]`` for k
    below ``steps``: ``(count, steps, targets)``, or ``(count, targets)`` with ``steps=None``, which is one step.
    ``targets`` are the features to forecast, by default all. A series ``(n,)`` has one feature.

    To test on the latest windows: ``split(windows, [0.8, 0.2], shuffle=False)``.

    Raises:
        DataError: a series too short for one window; numbers below 1; a target that is no feature.
    """

    def __init__(
        self,
        series: Any,
        length: int,
        *,
        horizon: int = 1,
        steps: int | None = None,
        stride: int = 1,
        targets: Iterable[int] | None = None,
    ) -> None:
        series = asarray(series).detach()
        if series.ndim == 1:
            series = series.reshape((-1, 1))
        if series.ndim != 2:
            raise DataError(f"WindowDataset: expected a series (n, features), got one of shape {series.shape}")
        numbers = {"length": length, "horizon": horizon, "steps": 1 if steps is None else steps, "stride": stride}
        for name, value in numbers.items():
            if not is_count(value):
                raise DataError(f"WindowDataset: {name}={value!r}; it is an integer of at least 1")
        span = length + horizon + numbers["steps"] - 1
        if series.shape[0] < span:
            raise DataError(
                f"WindowDataset: the series has {series.shape[0]} values, and a window with its targets spans {span}; "
                "take a longer series or a shorter window"
            )
        features = series.shape[1]
        chosen = list(range(features) if targets is None else targets)
        if not chosen or not set(chosen) <= set(range(features)):
            raise DataError(f"WindowDataset: targets={targets!r}; they are features, from 0 to {features - 1}")
        self._series = series
        self._targets = series if targets is None else series.take(tensor(chosen, series._backend, dtype=INT32), axis=1)
        self._count: int = 1 + (series.shape[0] - span) // stride
        self.length, self.horizon, self.steps, self.stride = length, horizon, steps, stride

    def __len__(self) -> int:
        return self._count

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The windows and targets at ``indices``."""
        starts = [at * self.stride for at in checked_indices(indices, len(self))]
        ahead = self.length - 1 + self.horizon
        x = self._rows(self._series, [start + t for start in starts for t in range(self.length)])
        y = self._rows(self._targets, [start + ahead + k for start in starts for k in range(self.steps or 1)])
        shape = (len(starts),) if self.steps is None else (len(starts), self.steps)
        return x.reshape((len(starts), self.length, x.shape[1])), y.reshape((*shape, y.shape[1]))

    @staticmethod
    def _rows(values: RamTensor, rows: list[int]) -> RamTensor:
        return values.take(tensor(rows, values._backend, dtype=INT32), axis=0)


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    *,
    value: float = 0.0,
    padding: Side = "post",
    truncating: Side = "post",
    dtype: str | None = None,
    backend: str | None = None,
) -> tuple[RamTensor, RamTensor]:
    """Sequences ``(t, ...)`` as one tensor ``(n, maxlen, ...)``, and their lengths t, int32 ``(n,)``.

    What is missing is ``value``, behind a sequence or with ``padding="pre"`` before it; what is too long loses its end,
    or with ``truncating="pre"`` its beginning. ``maxlen`` is by default the longest. Keras pads and cuts before unless
    told otherwise; here it is behind, so that a recurrent layer that is told the lengths sees no padding first.
    ``sequence_mask(lengths, maxlen)`` says where values are, of those that are padded behind.

    Raises:
        DataError: no sequences, ones of different features, or an empty result.
    """
    if padding not in ("pre", "post") or truncating not in ("pre", "post"):
        raise DataError(f"pad_sequences: padding={padding!r}, truncating={truncating!r}; each is 'pre' or 'post'")
    if maxlen is not None and not is_count(maxlen):
        raise DataError(f"pad_sequences: maxlen={maxlen!r}; it is an integer of at least 1, or None for the longest")
    parts = [asarray(sequence, backend, dtype=dtype) for sequence in sequences]
    if not parts:
        raise DataError("pad_sequences: takes sequences, got none")
    for place, part in enumerate(parts):
        if not part.ndim or (part.shape[1:], part.dtype) != (parts[0].shape[1:], parts[0].dtype):
            raise DataError(
                f"pad_sequences: sequence {place} is {part.dtype} of shape {part.shape}, and the first is "
                f"{parts[0].dtype} of {parts[0].shape}; they may differ in length alone"
            )
    longest = max(part.shape[0] for part in parts) if maxlen is None else maxlen
    if not longest:
        raise DataError("pad_sequences: every sequence is empty; leave them out")
    rows = []
    for part in parts:
        cut = max(0, part.shape[0] - longest)
        part = part[cut:] if truncating == "pre" else part[: part.shape[0] - cut]
        gap = longest - part.shape[0]
        if gap:
            filler = full((gap, *part.shape[1:]), value, part._backend, dtype=part.dtype)
            part = filler.concat(part, axis=0) if padding == "pre" else part.concat(filler, axis=0)
        rows.append(part)
    lengths = tensor([min(part.shape[0], longest) for part in parts], parts[0]._backend, dtype=INT32)
    return rows[0].stack(*rows[1:], axis=0), lengths


def sequence_mask(lengths: RamTensor, maxlen: int | None = None) -> RamTensor:
    """Bools ``(n, maxlen)``: at (i, t) whether t is below ``lengths[i]``. ``maxlen`` is by default the largest."""
    numbers: list[int] = lengths.tolist()
    longest = max(numbers, default=0) if maxlen is None else maxlen
    steps = tensor(list(range(longest)), lengths._backend, dtype=INT32)
    return steps.reshape((1, longest)).less(lengths.reshape((-1, 1)))
