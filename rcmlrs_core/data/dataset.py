"""``Dataset``: examples by number, a batch at a time; and what makes one data set of another: parts, subsets, maps.

What a batch holds depends on the data set, the indices and the epoch alone: not on the machine, the backend, the
batches before it or who asks.
"""

import hashlib
import struct
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from operator import index as as_index
from typing import Any

from rcmlrs_core.autograd import no_grad
from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import DataError
from rcmlrs_core.plain import INT32
from rcmlrs_core.random import permutation
from rcmlrs_core.tensor import RamTensor

Batch = tuple[RamTensor, ...]
"""Inputs, targets and perhaps more; along the first axis of each are the examples."""

SPLIT_STREAM = (1 << 64) - 1
"""The stream (N8) of ``split``'s draw, far from those of epochs, which begin at 0."""
DIGESTED_AT_ONCE = 256
"""How many examples ``digest`` holds at a time; what it returns does not depend on it."""

WATCHED = 16
"""From so many pieces on, work is shown."""


class Dataset:
    """Examples 0 ... n - 1. A subclass defines ``__len__`` and ``take``; the rest follows."""

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} defines no __len__(): the number of its examples")

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The batch of these examples, in this order. ``epoch`` matters where examples are varied at random."""
        raise NotImplementedError(f"{type(self).__name__} defines no take(indices, epoch): a tuple of tensors")

    def map(self, function: Callable[..., RamTensor | Batch]) -> "Dataset":
        """The data set of ``function(*batch)``, a tensor or a tuple of tensors: ``d.map(lambda x, y: (f(x), y))``.

        It is called for every batch, without history, in the order of use; an example's result must not depend on
        its neighbours in the batch.
        """
        return Mapped(self, function)

    def subset(self, indices: Sequence[int]) -> "Subset":
        """The data set of these examples."""
        return Subset(self, indices)

    def tensors(self) -> Batch:
        """All examples as one batch, of epoch 0."""
        return self.take(range(len(self)))

    def digest(self) -> str:
        """SHA-256, in hex, over every example of epoch 0 in order: equal digests are equal data, wherever they lie.

        Hashed are, for each tensor of a batch, the name of its element type and a zero byte; the number of its axes
        and their lengths as little-endian 64-bit integers; and the SHA-256 of its bytes.
        """
        contents: list[Any] = []
        heads: list[bytes] = []
        for start in watched(range(0, len(self), DIGESTED_AT_ONCE), "digest"):
            batch = self.take(range(start, min(start + DIGESTED_AT_ONCE, len(self))))
            if not contents:
                contents = [hashlib.sha256() for _ in batch]
                heads = [_head(part, len(self)) for part in batch]
            for content, part in zip(contents, batch, strict=True):
                content.update(part.tobytes())
        whole = hashlib.sha256()
        for head, content in zip(heads, contents, strict=True):
            whole.update(head + content.digest())
        return whole.hexdigest()


def _head(part: RamTensor, count: int) -> bytes:
    shape = (count, *part.shape[1:])
    return part.dtype.encode() + b"\0" + struct.pack(f"<{len(shape) + 1}Q", len(shape), *shape)


class TensorDataset(Dataset):
    """Examples in tensors, along the first axis of each: ``TensorDataset(x, y)``. A batch moves bits only (N4.1).

    Raises:
        TypeError: no tensor, or something else.
        DataError: numbers of examples that differ, or none.
    """

    def __init__(self, *tensors: RamTensor) -> None:
        for place, part in enumerate(tensors):
            if not isinstance(part, RamTensor):
                raise TypeError(
                    f"TensorDataset: argument {place} is a {type(part).__name__}, not a tensor; make it one with "
                    "rc.tensor(...)"
                )
        shapes = [part.shape for part in tensors]
        if not tensors or not all(shapes) or len({shape[0] for shape in shapes}) > 1 or not shapes[0][0]:
            raise DataError(
                f"TensorDataset: takes tensors with the same first axis, the examples, and one at least; got {shapes}"
            )
        self._parts = tuple(part.detach() for part in tensors)

    def __len__(self) -> int:
        return self._parts[0].shape[0]

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The slices at ``indices``.

        Raises:
            DataError: an index outside of 0 ... n - 1.
        """
        chosen = checked_indices(indices, len(self))
        at: dict[str, RamTensor] = {}
        for part in self._parts:
            if part.backend not in at:
                at[part.backend] = tensor(chosen, part._backend, dtype=INT32)
        return tuple(part.take(at[part.backend], axis=0) for part in self._parts)

    def tensors(self) -> Batch:
        """The tensors themselves."""
        return self._parts


class Subset(Dataset):
    """The examples of ``dataset`` at ``indices``, in that order; one may come twice."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = checked_indices(indices, len(dataset))

    def __len__(self) -> int:
        return len(self.indices)

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """Those of the data set beneath, by their numbers there: random variations are theirs, in whatever subset."""
        own = self.indices
        return self.dataset.take([own[place] for place in checked_indices(indices, len(own))], epoch)


class Mapped(Dataset):
    """See ``Dataset.map``."""

    def __init__(self, dataset: Dataset, function: Callable[..., RamTensor | Batch]) -> None:
        if not callable(function):
            raise TypeError(f"map: takes a function of a batch's tensors, got a {type(function).__name__}")
        self.dataset = dataset
        self.function = function

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """The function of the batch."""
        with no_grad():
            result: Any = self.function(*self.dataset.take(indices, epoch))
        batch = (result,) if isinstance(result, RamTensor) else result
        if not isinstance(batch, tuple) or not all(isinstance(part, RamTensor) for part in batch):
            raise TypeError(
                f"map: the function returns a {type(result).__name__}; a batch is a tensor or a tuple of tensors"
            )
        if any(part.shape[:1] != (len(indices),) for part in batch):
            raise DataError(
                f"map: a batch of {len(indices)} examples became tensors of shapes {[part.shape for part in batch]}; "
                "the function keeps the number of examples, along the first axis"
            )
        return batch


class Joined(Dataset):
    """The examples of several data sets, one after the other: what ``join`` makes."""

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        self.datasets = tuple(datasets)
        self._ends = list(accumulate(map(len, datasets)))

    def __len__(self) -> int:
        return self._ends[-1]

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        """Each from the data set that it is in."""
        wanted: dict[int, list[int]] = {}
        order: dict[int, list[int]] = {}
        for place, at in enumerate(checked_indices(indices, len(self))):
            which = bisect_right(self._ends, at)
            wanted.setdefault(which, []).append(at - (self._ends[which - 1] if which else 0))
            order.setdefault(which, []).append(place)
        batches = [self.datasets[which].take(some, epoch) for which, some in wanted.items()]
        if len(batches) == 1:
            return batches[0]
        places = [place for some in order.values() for place in some]
        back = [0] * len(places)
        for now, place in enumerate(places):
            back[place] = now
        joined = (parts[0].concat(*parts[1:], axis=0) for parts in zip(*batches, strict=True))
        return tuple(part.take(tensor(back, part._backend, dtype=INT32), axis=0) for part in joined)


def join(*datasets: Dataset) -> Dataset:
    """The examples of several data sets, one after the other."""
    if not datasets:
        raise DataError("join: takes data sets, got none")
    return Joined(datasets)


def split(
    dataset: Dataset,
    parts: Sequence[float | Fraction],
    *,
    shuffle: bool = True,
    seed: int = 0,
    stratify: Any = None,
) -> tuple[Subset, ...]:
    """The examples in disjoint parts: ``train, test = split(dataset, [0.8, 0.2])``.

    ``parts`` are counts, ints that add up to n, or shares that add up to 1. With shares, the first k parts together
    have n times the sum of their shares, from the exact product rounded to the nearest integer, a half up (N6), so
    that all parts together have n. Within a part the examples keep their order.

    Args:
        dataset: what is split.
        parts: how many examples each part gets.
        shuffle: which ones is drawn (N8: ``permutation(n, seed=seed, stream=2^64 - 1)``); without it the first
            examples are the first part's, as a forecast needs it.
        seed: of the draw.
        stratify: a label for each example (a list or a tensor of one axis): every part then has of every label as
            near as one example to its share, in the first part, and in those after it of what is left; the counts of
            the parts are the same as without.

    Raises:
        DataError: counts that do not add up to n, shares that do not add up to 1, a part without an example.
    """
    chosen = split_indices(len(dataset), parts, shuffle, seed, stratify)
    return tuple(Subset(dataset, indices) for indices in chosen)


def split_indices(n: int, parts: Any, shuffle: bool, seed: int, stratify: Any) -> list[list[int]]:
    """The indices 0 ... n - 1 as ``split`` divides them."""
    counts = _counts(n, parts)
    if stratify is not None and not shuffle:
        raise DataError("split: stratify chooses examples by label, so shuffle=False cannot keep them in order")
    remaining = permutation(n, seed=seed, stream=SPLIT_STREAM) if shuffle else list(range(n))
    if stratify is not None:
        labels = stratify.tolist() if hasattr(stratify, "tolist") else list(stratify)
        if len(labels) != n or any(isinstance(label, list) for label in labels):
            raise DataError(f"split: stratify has {len(labels)} labels, and there are {n} examples; give one for each")
        places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
        remaining.sort(key=lambda example: places[labels[example]])  # stable: within a label the drawn order
    chosen = []
    for count in counts:
        first, remaining = _evenly(remaining, count) if stratify is not None else (remaining[:count], remaining[count:])
        chosen.append(sorted(first))
    return chosen


def _evenly(items: list[int], count: int) -> tuple[list[int], list[int]]:
    """``count`` of the items at even distances, and the others: of any stretch, its share to within one."""
    n = len(items)
    taken: list[int] = []
    left: list[int] = []
    for place, item in enumerate(items):
        goes = (2 * (place + 1) * count + n) // (2 * n) > (2 * place * count + n) // (2 * n)
        (taken if goes else left).append(item)
    return taken, left


def _counts(n: int, parts: Any) -> list[int]:
    if isinstance(parts, str | bytes) or not isinstance(parts, Sequence) or not parts:
        raise DataError(f"split: parts={parts!r}; give a list of shares, as in [0.8, 0.2], or of counts")
    if all(isinstance(part, int) for part in parts):
        counts = [int(part) for part in parts]
        if sum(counts) != n:
            raise DataError(f"split: the counts {counts} add up to {sum(counts)}, and there are {n} examples")
    else:
        try:
            shares = list(map(Fraction, parts))
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"split: parts={list(parts)!r}; a share is a number between 0 and 1") from None
        if abs(sum(shares, Fraction(-1))) > Fraction(1, 1 << 40):  # sums of decimals in binary are off by less
            raise DataError(f"split: the shares {list(parts)} add up to {float(sum(shares))}; they add up to 1")
        ends = [0, *(int(n * end + Fraction(1, 2)) for end in accumulate(shares[:-1])), n]
        counts = [end - start for start, end in pairwise(ends)]
    if min(counts) < 1:
        raise DataError(f"split: of {n} examples the parts {list(parts)} get {counts}; leave each one at least")
    return counts


def checked_indices(indices: Iterable[Any], count: int) -> list[int]:
    """The indices as a list of ints, each of which is in 0 ... count - 1."""
    found = list(map(as_index, indices))
    if found and (min(found) < 0 or max(found) >= count):
        wrong = next(at for at in found if not 0 <= at < count)
        raise DataError(f"example {wrong} of {count}; indices go from 0 to {count - 1}")
    return found


def watched(starts: Sequence[int], what: str) -> Iterable[int]:
    """The same, with a bar on a terminal while it lasts, where there are many."""
    if len(starts) < WATCHED or not sys.stderr.isatty():
        return starts
    from rich.console import Console
    from rich.progress import track

    return track(starts, what, console=Console(stderr=True), transient=True)


def in_pieces(indices: list[int], size: int) -> Iterator[list[int]]:
    """``size`` indices at a time; the last piece may have fewer."""
    return (indices[start : start + size] for start in range(0, len(indices), size))
