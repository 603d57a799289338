"""Tables, sets, windows and batches as tensors and indices: the bytes that arrive there."""

import math
import struct
from array import array
from itertools import chain
from pathlib import Path

import pytest

import rcmlrs_core as rc
from rcmlrs_core.data import batches, load_digits, load_sunspots, path_of, read_csv, sliding_windows
from rcmlrs_core.errors import DataError


def binary32(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def test_a_table_becomes_a_row_major_tensor(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1,-0,1e-45\n4,NA,1.000000059604644775390625000000000000000000001\n")
    table = read_csv(path, missing="nan")
    tensor = table.tensor()
    assert tensor.shape == (2, 3)
    assert tensor.tobytes() == binary32(1, -0.0, 1e-45, 4, math.nan, 1.0000001192092896)
    assert tensor.tobytes()[16:20] == b"\x00\x00\xc0\x7f"  # N1.2
    chosen = table.tensor(["c", "a"])
    assert (chosen.shape, chosen.tobytes()) == ((2, 2), binary32(1e-45, 1, 1.0000001192092896, 4))
    assert table.tensor(backend="python").tobytes() == tensor.tobytes()


def test_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("y,z\n0,1.5\n3.0,2\n 7 ,3\n1.6777216e7,4\n-0,5\n+2,6\n")
    labels = read_csv(path).labels("y")
    assert (labels.dtype, labels.shape, labels.tolist()) == ("int32", (6,), [0, 3, 7, 16777216, 0, 2])


def test_digits() -> None:
    images, labels = load_digits()
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((1797, 64), "float32", (1797,), "int32")
    lines = [list(map(int, line.split(","))) for line in path_of("digits").read_text().splitlines()[1:]]
    assert images.tobytes() == binary32(*(pixel for line in lines for pixel in line[:64]))
    assert labels.tolist() == [line[64] for line in lines]


def test_sunspots() -> None:
    series = load_sunspots()
    assert series.shape == (309,)
    values = [float(line.split(",")[1]) for line in path_of("sunspots").read_text().splitlines()[1:]]
    assert series.tobytes() == binary32(*values)  # one decimal: none lies near a midpoint
    train, test = sliding_windows(series, 12).split(0.8)
    assert (train.count, test.count) == (238, 59)


def test_windows() -> None:
    inputs, targets = sliding_windows(array("f", [1, 2, 3, 4, 5]), 3).tensors()
    assert (inputs.shape, inputs.tobytes()) == ((2, 3, 1), binary32(1, 2, 3, 2, 3, 4))
    assert (targets.shape, targets.tobytes()) == ((2, 1), binary32(4, 5))
    assert sliding_windows(rc.tensor([1.0, 2.0, 3.0]), 2).inputs.tobytes() == array("f", [1, 2]).tobytes()


def test_n8_batches() -> None:
    first = list(batches(10, 4, seed=7, epoch=0))
    assert list(map(len, first)) == [4, 4, 2]
    assert sorted(chain(*first)) == list(range(10))
    assert all(type(index) is int for batch in first for index in batch)
    assert first == list(batches(10, 4, seed=7, epoch=0))
    assert list(chain(*first)) == list(chain(*batches(10, 3, seed=7, epoch=0))), (
        "the order does not depend on the batch size"
    )
    assert first != list(batches(10, 4, seed=7, epoch=1))
    assert first != list(batches(10, 4, seed=8, epoch=0))
    for n, size in ((0, 4), (4, 0), (4, math.nan)):
        with pytest.raises(DataError) as caught:
            batches(n, size, seed=0, epoch=0)  # type: ignore[arg-type]
        assert str(caught.value) == f"batches: n={n}, batch_size={size}; both are integers of at least 1"
