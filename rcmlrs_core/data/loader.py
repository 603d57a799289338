"""``Loader``: the batches of an epoch, in an order that can be had again; read ahead by a thread, if asked."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import NoReturn

from rcmlrs_core.data.dataset import Batch, Dataset, in_pieces
from rcmlrs_core.data.table import is_count
from rcmlrs_core.errors import DataError
from rcmlrs_core.random import permutation
from rcmlrs_core.tensor import RamTensor


class Loader:
    """``for x, y in loader.batches(epoch): ...``: the examples of a data set, ``batch_size`` at a time.

    The order of an epoch is ``permutation(n, seed=seed, stream=epoch)`` (N8), the same that ``data.batches`` has, and
    any epoch can be had without those before it. It depends neither on the batch size nor on ``prefetch``.

    Args:
        dataset: what is loaded.
        batch_size: how many examples a batch has.
        shuffle: False takes the examples as they come.
        seed: of the order, an int in [0, 2^64).
        drop_last: leave out the last batch of an epoch if it is smaller than the others.
        prefetch: how many batches a thread reads ahead of their use. They are the same batches in the same order; an
            error comes where its batch would. One thread reads, so a data set needs no locks for the sake of this.

    Raises:
        TypeError: no data set.
        DataError: a batch size below 1, a prefetch below 0, or an epoch without a batch.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        prefetch: int = 0,
    ) -> None:
        _check_dataset(dataset)
        if not is_count(batch_size):
            raise DataError(f"Loader: batch_size={batch_size!r}; it is an integer of at least 1")
        if prefetch != 0 and not is_count(prefetch):
            raise DataError(f"Loader: prefetch={prefetch!r}; it is how many batches are read ahead: 0, 1, 2, ...")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.prefetch = prefetch
        n = len(dataset)
        self.examples = n - n % batch_size if drop_last else n
        """How many examples an epoch has: all, unless ``drop_last`` leaves some out."""
        self.steps = -(-self.examples // batch_size)
        """How many batches an epoch has."""
        if not self.steps:
            hint = f"; drop_last leaves none of size {batch_size}" if n else ""
            raise DataError(f"Loader: {n} examples make no batch{hint}")

    def order(self, epoch: int) -> list[int]:
        """The indices of all examples, in the order of this epoch."""
        n = len(self.dataset)
        return permutation(n, seed=self.seed, stream=epoch) if self.shuffle else list(range(n))

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from the one with the number ``start``: an interrupted run goes on in the middle.

        Whoever stops before the end closes the iterator (``for`` does so where nothing else holds it); the thread
        of ``prefetch`` then ends with the batch it is at.

        Raises:
            DataError: ``epoch`` below 0, or ``start`` outside of 0 ... ``steps``.
        """
        _check_number("epoch", epoch, (1 << 32) - 1)
        _check_number("start", start, self.steps)
        order = self.order(epoch)[start * self.batch_size : self.examples]
        pieces = in_pieces(order, self.batch_size)
        if self.prefetch:
            return self._ahead(pieces, epoch)
        return (self.dataset.take(indices, epoch) for indices in pieces)

    def _ahead(self, pieces: "Iterator[list[int]]", epoch: int) -> Iterator[Batch]:
        """The same, read by a thread in the backend and settings of who asks, ``prefetch`` batches ahead."""
        waiting: deque[Future[Batch]] = deque()
        reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rcmlrs-loader")
        try:
            for indices in pieces:
                waiting.append(reader.submit(copy_context().run, self.dataset.take, indices, epoch))
                if len(waiting) > self.prefetch:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            reader.shutdown(wait=True, cancel_futures=True)

    def __len__(self) -> int:
        """How many batches an epoch has, as ``steps``."""
        return self.steps

    def __iter__(self) -> NoReturn:
        raise TypeError("a Loader has an order for every epoch: write `for batch in loader.batches(epoch)`")

    def __repr__(self) -> str:
        return (
            f"Loader({self.steps} batches of {self.batch_size}, shuffle={self.shuffle}, seed={self.seed}, "
            f"drop_last={self.drop_last}, prefetch={self.prefetch})"
        )


def _check_dataset(dataset: object) -> None:
    if isinstance(dataset, RamTensor) or not (hasattr(dataset, "take") and hasattr(dataset, "__len__")):
        raise TypeError(
            f"Loader: takes a data set, got a {type(dataset).__name__}; for tensors, data.TensorDataset(x, y)"
        )


def _check_number(name: str, value: object, most: int) -> None:
    if not isinstance(value, int) or not 0 <= value <= most:
        raise DataError(f"Loader: {name}={value!r}; it is an integer from 0 to {most}")
