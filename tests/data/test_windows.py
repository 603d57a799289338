"""Windows over a series: which value goes where, and what is refused."""

import math
from array import array
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcmlrs_core.data import Windows, sliding_windows
from rcmlrs_core.errors import DataError


@given(st.integers(2, 40), st.integers(1, 12), st.integers(1, 6), st.integers(1, 5))
def test_every_value_is_where_the_formula_says(n: int, length: int, horizon: int, stride: int) -> None:
    series = array("f", range(n))
    if n < length + horizon:
        with pytest.raises(DataError, match=rf"the series has {n} values, .* length \+ horizon = {length + horizon};"):
            sliding_windows(series, length, horizon=horizon, stride=stride)
        return
    windows = sliding_windows(series, length, horizon=horizon, stride=stride)
    count = 1 + (n - length - horizon) // stride
    assert (windows.count, len(windows), windows.length) == (count, count, length)
    assert list(windows.inputs) == [series[i * stride + t] for i in range(count) for t in range(length)]
    assert list(windows.targets) == [series[i * stride + length - 1 + horizon] for i in range(count)]


def test_n4_bits_are_moved() -> None:
    series = array("f", [-0.0, 1e-45, math.nan, math.inf, 0.1, -1e-45])
    windows = sliding_windows(series, 2)
    assert windows.inputs.tobytes() == b"".join(series[i : i + 2].tobytes() for i in range(4))
    assert windows.targets.tobytes() == series[2:].tobytes()


def test_n6_numbers_enter_rounded_once() -> None:
    """An integer beyond 2^53 beside a midpoint: through binary64 it would be rounded twice."""
    beside = 2**60 + 2**36 + 1
    windows = sliding_windows([beside, 0.1, Fraction(1, 3)], 2)
    assert list(windows.inputs) == [2.0**60 + 2.0**37, 0.10000000149011612]
    assert list(windows.targets) == [0.3333333432674408]
    assert array("f", [beside])[0] == 2.0**60


class Tensor:
    """What of a tensor counts here."""

    def __init__(self, values: Any, shape: tuple[int, ...]) -> None:
        self.values = values
        self.shape = shape

    def tolist(self) -> Any:
        return self.values


def test_series_of_any_kind() -> None:
    for series in ([1.0, 2.0, 3.0], (1, 2, 3), range(1, 4), array("d", [1, 2, 3]), Tensor([1.0, 2.0, 3.0], (3,))):
        windows = sliding_windows(series, 2)
        assert (list(windows.inputs), list(windows.targets)) == ([1, 2], [3])


@pytest.mark.parametrize(
    ("series", "found"),
    [
        ([[1.0], [2.0]], "a list"),
        (Tensor([[1.0], [2.0]], (2, 1)), "a tensor of shape (2, 1)"),
        (Tensor(1.0, ()), "a tensor of shape ()"),
        ("123", "a str"),
        (None, "a NoneType"),
    ],
)
def test_what_is_no_series(series: Any, found: str) -> None:
    with pytest.raises(DataError) as caught:
        sliding_windows(series, 1)
    assert str(caught.value) == f"sliding_windows: expected a 1-D series of numbers, got {found}; flatten it"


def test_numbers_below_one() -> None:
    for name in ("length", "horizon", "stride"):
        for value in (0, math.nan):
            arguments: dict[str, Any] = {"length": 2, "horizon": 1, "stride": 1, name: value}
            with pytest.raises(DataError) as caught:
                sliding_windows([1.0, 2.0, 3.0], **arguments)
            assert str(caught.value) == f"sliding_windows: {name}={value}; it is an integer of at least 1"


def parts(windows: Windows) -> tuple[list[float], list[float]]:
    return list(windows.inputs), list(windows.targets)


def test_split_is_chronological() -> None:
    windows = sliding_windows(range(12), 2)
    train, test = windows.split(0.7)
    assert (train.count, test.count) == (7, 3)
    assert parts(train)[1] == [2, 3, 4, 5, 6, 7, 8]
    assert parts(test) == ([7, 8, 8, 9, 9, 10], [9, 10, 11])
    assert windows.split(Fraction(1, 4))[0].count == 3, "2.5 rounds up"
    for share in (0.04, 0.96):
        with pytest.raises(DataError, match="leave one at least for each part"):
            windows.split(share)
    several: tuple[Any, ...] = (0.0, 1.0, -1.0, 2.0, math.nan, math.inf, Decimal("nan"), Decimal("inf"))
    for share in several:
        with pytest.raises(DataError, match="the share to train on is a number between 0 and 1, and neither of them"):
            windows.split(share)


def test_take() -> None:
    windows = sliding_windows(range(5), 2)
    assert parts(windows.take([2, 0])) == ([2, 3, 0, 1], [4, 2])
    for index in (-1, 3):
        with pytest.raises(DataError) as caught:
            windows.take([index])
        assert str(caught.value) == f"window {index} of 3; indices go from 0 to 2"
