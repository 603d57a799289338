"""Metrics: compositions that give one number."""

from fractions import Fraction

import pytest

import rcmlrs_core as rc
from rcmlrs_core import metrics
from rcmlrs_core.errors import DTypeError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.random import normal


def test_accuracy_is_the_share_of_first_maxima() -> None:
    scores = rc.tensor([[0.1, 0.9], [0.5, 0.5], [2.0, 1.0], [0.0, 1.0], [-0.0, 0.0]])
    labels = rc.tensor([1, 0, 1, 0, 1], dtype="int32")
    assert metrics.accuracy(scores, labels).item() == round_number(Fraction(2, 5))


def test_rmse_and_mae() -> None:
    x, y = normal((5, 2), seed=1), normal((5, 2), seed=2)
    assert metrics.rmse(x, y).tobytes() == rc.sqrt(rc.mse_loss(x, y)).tobytes()
    assert metrics.mae(x, y).tobytes() == rc.mae_loss(x, y).tobytes()
    assert metrics.rmse(rc.tensor([3.0, 0.0]), rc.tensor([0.0, 1.0])).item() == round_number(5.0**0.5)


def test_what_is_refused() -> None:
    with pytest.raises(DTypeError, match="class numbers"):
        metrics.accuracy(rc.ones((2, 2)), rc.ones(2))
    with pytest.raises(ShapeError, match=r"scores are \(n, classes\)"):
        metrics.accuracy(rc.ones((2, 2)), rc.tensor([1], dtype="int32"))
    with pytest.raises(ShapeError, match="broadcasts nothing"):
        metrics.rmse(rc.ones((2, 1)), rc.ones(2))
