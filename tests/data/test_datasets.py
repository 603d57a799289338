"""Data sets, their parts, and loaders: which example goes where, on every backend and by whatever thread."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
import rcmlrs_core.data.dataset
from rcmlrs_core.data import Dataset, Loader, Subset, TensorDataset, batches, join, split
from rcmlrs_core.data.dataset import Batch
from rcmlrs_core.errors import DataError

BACKENDS = ("python", "numpy", "native")


def numbered(n: int, backend: str | None = None) -> TensorDataset:
    """Example i is (i, -i; i)."""
    return TensorDataset(
        rc.tensor([[i, -i] for i in range(n)], backend), rc.tensor(list(range(n)), backend, dtype="int32")
    )


def numbers_of(batch: Batch) -> list[int]:
    values: list[int] = batch[-1].tolist()
    return values


def refused(call: Callable[[], Any], kind: type[Exception] = DataError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


# ------------------------------------------------------------------------------------------------- data sets


@pytest.mark.parametrize("backend", BACKENDS)
def test_n4_a_batch_moves_bits(backend: str) -> None:
    x = rc.tensor([[-0.0, 1e-45], [float("nan"), 3.0], [float("inf"), -1.0]], backend)
    x_batch, y_batch = TensorDataset(x, rc.tensor([5, 6, 7], backend, dtype="int32")).take([2, 0, 0])
    assert x_batch.tobytes() == b"".join(x.tobytes()[8 * i : 8 * i + 8] for i in (2, 0, 0))
    assert (y_batch.dtype, y_batch.tolist(), y_batch.backend) == ("int32", [7, 5, 5], backend)


def test_the_digest_is_that_of_the_examples_however_they_are_held() -> None:
    digests = {numbered(300, backend).digest() for backend in BACKENDS}
    assert len(digests) == 1
    whole = numbered(400)
    assert digests == {whole.subset(range(300)).digest()}
    assert digests == {join(whole.subset(range(100)), whole.subset(range(100, 300))).digest()}
    assert digests != {whole.subset(range(1, 301)).digest()}
    assert digests != {numbered(300).map(lambda x, y: (x.reshape((-1, 2, 1)), y)).digest()}, "shapes count"


def test_long_work_is_shown_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = numbered(300)
    monkeypatch.setattr(rcmlrs_core.data.dataset, "DIGESTED_AT_ONCE", 1)
    quiet = data.digest()
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")  # on one that moves no cursor there is nothing to see
    assert data.digest() == quiet
    told = capsys.readouterr()
    assert told.out == ""
    assert "digest" in told.err


def test_subsets_and_maps_and_joins() -> None:
    odd = numbered(10).subset([1, 3, 5, 7, 9, 1])
    assert numbers_of(odd.take([5, 0, 4])) == [1, 1, 9]
    assert numbers_of(odd.subset([4, 0]).tensors()) == [9, 1]
    doubled = odd.map(lambda x, y: (x * 2.0, y))
    assert doubled.take([1])[0].tolist() == [[6.0, -6.0]]
    assert numbered(3).map(lambda x, y: x).tensors()[0].shape == (3, 2)
    both = join(numbered(3), odd)
    assert len(both) == 9
    assert numbers_of(both.take([8, 0, 3, 2, 8])) == [1, 0, 1, 2, 1]


def test_a_trained_tensor_is_data_without_its_history() -> None:
    x = rc.tensor([[1.0], [2.0]], requires_grad=True)
    assert not TensorDataset(x * 2.0).take([0])[0].requires_grad
    assert (
        not TensorDataset(rc.tensor([[1.0]]))
        .map(lambda x: x * rc.tensor(2.0, requires_grad=True))
        .tensors()[0]
        .requires_grad
    )


def test_refusals_of_data_sets() -> None:
    data = numbered(4)
    assert refused(lambda: data.take([0, 4])) == "example 4 of 4; indices go from 0 to 3"
    assert refused(lambda: data.take([-1])) == "example -1 of 4; indices go from 0 to 3"
    assert refused(lambda: data.subset([4])) == "example 4 of 4; indices go from 0 to 3"
    assert "got [(2,), (3,)]" in refused(lambda: TensorDataset(rc.zeros(2), rc.zeros(3)))
    assert "got [()]" in refused(lambda: TensorDataset(rc.tensor(1.0)))
    assert "got [(0, 2)]" in refused(lambda: TensorDataset(rc.zeros((0, 2))))
    assert "got []" in refused(lambda: TensorDataset())
    assert "argument 1 is a list" in refused(lambda: TensorDataset(rc.zeros(1), [1]), TypeError)  # type: ignore[arg-type]
    assert "returns a list" in refused(lambda: data.map(lambda x, y: [x, y]).take([0]), TypeError)  # type: ignore[arg-type,return-value]
    assert "a batch of 2 examples became tensors of shapes [()" in refused(
        lambda: data.map(lambda x, y: x.sum()).take([0, 1])
    )
    assert "takes data sets" in refused(join)


# ----------------------------------------------------------------------------------------------------- split


@given(st.integers(2, 60), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 3), st.booleans())
def test_n6_shares_are_counted_exactly(n: int, weights: list[int], seed: int, shuffle: bool) -> None:
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    ends = [int(n * sum(shares[:k]) + Fraction(1, 2)) for k in range(len(shares) + 1)]
    want = [end - start for start, end in pairwise(ends)]
    if min(want) < 1:
        assert "leave each one at least" in refused(lambda: split(numbered(n), shares))
        return
    parts = split(numbered(n), shares, shuffle=shuffle, seed=seed)
    assert [len(part) for part in parts] == want
    assert sorted(index for part in parts for index in part.indices) == list(range(n))
    assert all(list(part.indices) == sorted(part.indices) for part in parts)
    if not shuffle:
        assert [index for part in parts for index in part.indices] == list(range(n))


def test_a_split_is_the_same_everywhere() -> None:
    found = set()
    for backend in BACKENDS:
        with rc.use_backend(backend):
            found.add(tuple(tuple(part.indices) for part in split(numbered(20), [0.5, 0.3, 0.2], seed=3)))
    assert found == {
        ((0, 1, 2, 3, 4, 7, 10, 16, 17, 19), (5, 9, 12, 13, 14, 15), (6, 8, 11, 18)),
    }
    assert found != {tuple(tuple(part.indices) for part in split(numbered(20), [0.5, 0.3, 0.2], seed=4))}
    assert [len(part) for part in split(numbered(20), [12, 8])] == [12, 8]


@given(st.lists(st.integers(0, 3), min_size=8, max_size=60), st.sampled_from([[0.8, 0.2], [0.5, 0.5], [0.6, 0.2, 0.2]]))
def test_stratified_parts_have_of_each_label_its_share(labels: list[int], shares: list[float]) -> None:
    n = len(labels)
    parts = split(numbered(n), shares, stratify=labels)
    assert [len(part) for part in parts] == [len(part) for part in split(numbered(n), shares)]
    assert sorted(index for part in parts for index in part.indices) == list(range(n))
    whole = Counter(labels)
    first = Counter(labels[index] for index in parts[0].indices)
    for label, count in whole.items():
        assert abs(first[label] - Fraction(count * len(parts[0]), n)) <= 1
    with_tensor = split(numbered(n), shares, stratify=rc.tensor(labels, dtype="int32"))
    assert [part.indices for part in with_tensor] == [part.indices for part in parts]


def test_refusals_of_splits() -> None:
    data = numbered(10)
    assert "add up to 9, and there are 10" in refused(lambda: split(data, [5, 4]))
    assert "add up to 0.9; they add up to 1" in refused(lambda: split(data, [0.5, 0.4]))
    assert "get [10, 0]" in refused(lambda: split(data, [0.99, 0.01]))
    assert "share is a number" in refused(lambda: split(data, [0.5, float("nan")]))
    assert "give a list" in refused(lambda: split(data, 0.8))  # type: ignore[arg-type]
    assert "has 3 labels, and there are 10" in refused(lambda: split(data, [0.5, 0.5], stratify=[1, 2, 3]))
    assert "cannot keep" in refused(lambda: split(data, [0.5, 0.5], stratify=[0] * 10, shuffle=False))


# ---------------------------------------------------------------------------------------------------- loader


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("prefetch", [0, 1, 3, 50])
def test_n8_batches_are_the_same_however_they_are_read(backend: str, prefetch: int) -> None:
    with rc.use_backend(backend):
        loader = Loader(numbered(23, backend), 5, seed=7, prefetch=prefetch)
        for epoch in (0, 4):
            want = list(batches(23, 5, seed=7, epoch=epoch))
            found = list(loader.batches(epoch))
            assert [numbers_of(batch) for batch in found] == want
            assert {batch[0].backend for batch in found} == {backend}
            for start in range(6):
                assert [numbers_of(batch) for batch in loader.batches(epoch, start)] == want[start:]


def test_steps_and_the_last_batch() -> None:
    assert [(Loader(numbered(n), 4).steps, Loader(numbered(n), 4, drop_last=True).steps) for n in (4, 5, 8, 11)] == [
        (1, 1),
        (2, 1),
        (2, 2),
        (3, 2),
    ]
    loader = Loader(numbered(11), 4, drop_last=True, shuffle=False)
    assert (loader.examples, [numbers_of(batch) for batch in loader.batches(0)]) == (8, [[0, 1, 2, 3], [4, 5, 6, 7]])
    assert len(loader) == 2
    assert repr(loader) == "Loader(2 batches of 4, shuffle=False, seed=0, drop_last=True, prefetch=0)"


class Slow(Dataset):
    """Counts what is asked for; the example 13 cannot be read."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.backends: set[str] = set()

    def __len__(self) -> int:
        return 100

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        time.sleep(0.001)
        if 13 in indices:
            raise DataError("example 13 is damaged")
        self.asked += indices
        result = rc.tensor(list(indices))
        self.backends.add(result.backend)
        return (result,)


@pytest.mark.parametrize("prefetch", [0, 1, 4])
def test_an_error_of_the_reader_comes_where_its_batch_would(prefetch: int) -> None:
    found = []

    def read() -> None:
        for (batch,) in Loader(Slow(), 5, shuffle=False, prefetch=prefetch).batches(0):
            found.append(batch.tolist()[0])

    assert refused(read) == "example 13 is damaged"
    assert found == [0, 5]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rcmlrs-loader")]


class Gated(Dataset):
    """Gives example 0 at once, and the others when the gate is open."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.gate = threading.Event()

    def __len__(self) -> int:
        return 10

    def take(self, indices: Sequence[int], epoch: int = 0) -> Batch:
        if 0 not in indices:
            self.gate.wait(60)
        self.asked += indices
        return (rc.tensor(list(indices)),)


def test_who_stops_early_leaves_no_thread_and_no_further_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch that the thread is at is read to its end, and those that wait behind it are not."""
    data = Gated()
    shutdown = ThreadPoolExecutor.shutdown

    def opening(self: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        shutdown(self, wait=False, cancel_futures=cancel_futures)
        data.gate.set()
        shutdown(self, wait=wait)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", opening)
    reading = Loader(data, 1, shuffle=False, prefetch=5).batches(0)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert data.asked in ([0], [0, 1])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rcmlrs-loader")]


def test_the_thread_reads_on_the_backend_of_who_asks() -> None:
    data = Slow()
    with rc.use_backend("python"):
        list(Loader(Subset(data, [1, 2, 3]), 1, prefetch=2).batches(0))
    assert data.backends == {"python"}


def test_refusals_of_loaders() -> None:
    data = numbered(4)
    assert refused(lambda: Loader(data, 0)) == "Loader: batch_size=0; it is an integer of at least 1"
    assert "prefetch=-1" in refused(lambda: Loader(data, 1, prefetch=-1))
    assert refused(lambda: Loader(data, 5, drop_last=True)) == (
        "Loader: 4 examples make no batch; drop_last leaves none of size 5"
    )
    assert "data.TensorDataset(x, y)" in refused(lambda: Loader(rc.zeros(3), 1), TypeError)  # type: ignore[arg-type]
    assert "start=5; it is an integer from 0 to 4" in refused(lambda: Loader(data, 1).batches(0, 5))
    assert "epoch=-1" in refused(lambda: Loader(data, 1).batches(-1))
    assert "loader.batches(epoch)" in refused(lambda: iter(Loader(data, 1)), TypeError)
