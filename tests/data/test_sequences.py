"""Windows of several features, padded sequences, text by characters, the shipped sets, and checks of data."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.data import (
    CharDataset,
    TensorDataset,
    Vocabulary,
    WindowDataset,
    check_dataset,
    check_finite,
    check_labels,
    digits,
    load_digits,
    load_sunspots,
    pad_sequences,
    sequence_mask,
    sliding_windows,
    sunspots,
)
from rcmlrs_core.errors import DataError, FileFormatError

BACKENDS = ("python", "numpy", "native")


def refused(call: Callable[[], Any], kind: type[Exception] = DataError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@given(st.integers(2, 30), st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4))
def test_every_value_is_where_the_formula_says(n: int, length: int, horizon: int, steps: int, stride: int) -> None:
    series = [[float(t), float(-t)] for t in range(n)]
    if n < length + horizon + steps - 1:
        message = refused(lambda: WindowDataset(rc.tensor(series), length, horizon=horizon, steps=steps))
        assert f"spans {length + horizon + steps - 1};" in message
        return
    data = WindowDataset(rc.tensor(series), length, horizon=horizon, steps=steps, stride=stride, targets=[1])
    count = 1 + (n - length - horizon - steps + 1) // stride
    assert len(data) == count
    x, y = data.tensors()
    assert x.tolist() == [[series[i * stride + t] for t in range(length)] for i in range(count)]
    assert y.tolist() == [
        [[series[i * stride + length - 1 + horizon + k][1]] for k in range(steps)] for i in range(count)
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_windows_of_one_feature_are_sliding_windows(backend: str) -> None:
    series = load_sunspots(backend)
    x, y = WindowDataset(series, 12, horizon=2, stride=3).tensors()
    for ours, theirs in zip((x, y), sliding_windows(series, 12, horizon=2, stride=3).tensors(backend), strict=True):
        assert ours.digest() == theirs.digest()
    assert sunspots(12, steps=3, backend=backend).take([0])[1].shape == (1, 3, 1)
    assert x.backend == backend


def test_digits_are_pictures() -> None:
    data = digits()
    x, y = data.tensors()
    images, labels = load_digits()
    assert (x.shape, len(data)) == ((1797, 1, 8, 8), 1797)
    assert (x * 16.0).reshape((1797, 64)).digest() == images.digest()
    assert y.digest() == labels.digest()
    assert len({digits(backend).digest() for backend in ("numpy", "native")}) == 1


def test_refusals_of_windows() -> None:
    series = rc.zeros((10, 2))
    assert "length=0" in refused(lambda: WindowDataset(series, 0))
    assert "targets=[2]; they are features, from 0 to 1" in refused(lambda: WindowDataset(series, 2, targets=[2]))
    assert "shape (1, 2, 3)" in refused(lambda: WindowDataset(rc.zeros((1, 2, 3)), 1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_padding(backend: str) -> None:
    sequences = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]]
    padded, lengths = pad_sequences(sequences, backend=backend)
    assert padded.tolist() == [[1.0, 2.0, 3.0], [4.0, 0.0, 0.0], [5.0, 6.0, 0.0]]
    assert (lengths.dtype, lengths.tolist(), padded.backend) == ("int32", [3, 1, 2], backend)
    assert sequence_mask(lengths).tolist() == [[True, True, True], [True, False, False], [True, True, False]]
    cut, lengths = pad_sequences(sequences, 2, value=-1.0, padding="pre", truncating="pre", backend=backend)
    assert (cut.tolist(), lengths.tolist()) == ([[2.0, 3.0], [-1.0, 4.0], [5.0, 6.0]], [2, 1, 2])
    assert pad_sequences(sequences, 2, backend=backend)[0].tolist() == [[1.0, 2.0], [4.0, 0.0], [5.0, 6.0]]
    tokens, _ = pad_sequences([[7], [8, 9]], dtype="int32", backend=backend)
    assert (tokens.dtype, tokens.tolist()) == ("int32", [[7, 0], [8, 9]])
    wide, _ = pad_sequences([rc.ones((1, 2), backend), rc.ones((3, 2), backend)])
    assert wide.shape == (2, 3, 2)
    assert sequence_mask(lengths, 4).shape == (3, 4)


def test_refusals_of_padding() -> None:
    assert "got none" in refused(lambda: pad_sequences([]))
    assert "sequence 1 is float32 of shape (1, 2)" in refused(lambda: pad_sequences([[1.0], [[1.0, 2.0]]]))
    assert "padding='left'" in refused(lambda: pad_sequences([[1.0]], padding="left"))  # type: ignore[arg-type]
    assert "maxlen=0" in refused(lambda: pad_sequences([[1.0]], 0))


# -------------------------------------------------------------------------------------------------------- text


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), st.booleans())
def test_a_vocabulary_reads_back_what_it_wrote(text: str, unknown: bool) -> None:
    vocabulary = Vocabulary(text, unknown=unknown)
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert list(vocabulary.characters) == sorted(set(text))
    again = Vocabulary.from_json(vocabulary.to_json())
    assert (again.characters, again.unknown, len(again)) == (vocabulary.characters, unknown, len(vocabulary))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_next_character_is_the_target(backend: str) -> None:
    data = CharDataset("abracadabra", 4, stride=3, backend=backend)
    x, y = data.tensors()
    assert len(data) == 3
    assert [data.vocabulary.decode(row) for row in x.tolist()] == ["abra", "acad", "dabr"]
    assert [data.vocabulary.decode(row) for row in y.tolist()] == ["brac", "cada", "abra"]
    assert (x.dtype, x.backend) == ("int32", backend)


def test_refusals_of_text() -> None:
    vocabulary = Vocabulary("ab\n")
    assert refused(lambda: vocabulary.encode("ab\nax")).startswith(
        "line 2, column 2: the character 'x' is not in the vocabulary of 3 characters"
    )
    assert Vocabulary("ab", unknown=True).decode(Vocabulary("ab", unknown=True).encode("axb")) == "a\ufffdb"
    assert "the code 3 is none" in refused(lambda: vocabulary.decode([3]))
    assert "without characters" in refused(lambda: Vocabulary(""))
    assert "has 4 characters, and a window with its targets 5" in refused(lambda: CharDataset("abcd", 4))
    for text in (
        "",
        "[" * 100_000,
        "{}",
        '{"characters": 5, "unknown": true}',
        '{"characters": "ba", "unknown": true}',
    ):
        assert "expected a vocabulary" in refused(lambda text=text: Vocabulary.from_json(text), FileFormatError)


# ------------------------------------------------------------------------------------------------------ checks


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_learned_from_is_found(backend: str) -> None:
    x = rc.zeros((600, 2, 3), backend)
    y = rc.tensor([i % 4 for i in range(600)], backend, dtype="int32")
    check_dataset(TensorDataset(x, y), classes=4)
    assert "y: the label of example 3 is 3, and there are 3 classes, 0 to 2" in refused(
        lambda: check_dataset(TensorDataset(x, y), classes=3)
    )
    late = y.at[500].set(9)
    assert "the label of example 500 is 9" in refused(lambda: check_dataset(TensorDataset(x, late), classes=4))
    assert "example 1 is -1" in refused(lambda: check_labels(rc.tensor([0, -1], backend, dtype="int32"), 2))
    gap = x.at[301, 1, 2].set(float("nan"))
    assert "x: example 301, at [1, 2] is NaN" in refused(lambda: check_dataset(TensorDataset(gap, y)))
    assert "example 1 is -inf" in refused(lambda: check_finite(rc.tensor([0.0, float("-inf")], backend)))
    assert "labels are int32, got float32" in refused(lambda: check_labels(rc.zeros(2, backend), 2))
    assert "no second tensor" in refused(lambda: check_dataset(TensorDataset(x), classes=2))
