"""Descent against its formula, bit for bit."""

from fractions import Fraction
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.random import normal


def add(x: float, y: float) -> float:
    return round_number(Fraction(x) + Fraction(y))


def mul(x: float, y: float) -> float:
    return round_number(Fraction(x) * Fraction(y))


def sgd_by_hand(
    p: float, gradients: list[float], lr: float, momentum: float, nesterov: bool, weight_decay: float
) -> list[float]:
    """The class's formula for one number."""
    lr, momentum, weight_decay = map(round_number, (lr, momentum, weight_decay))
    b, path = None, []
    for g in gradients:
        if weight_decay:
            g = add(g, mul(weight_decay, p))
        if momentum:
            b = g if b is None else add(mul(momentum, b), g)
            g = add(g, mul(momentum, b)) if nesterov else b
        p = add(p, -mul(lr, g))
        path.append(p)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.3},
    ],
)
def test_n5_descent_has_the_bits_of_its_formula(options: dict[str, Any]) -> None:
    start, gradients = normal(4, seed=1), [normal(4, seed=2, stream=t) for t in range(10)]
    parameter = nn.Parameter(start)
    sgd = optim.SGD([parameter], **options)
    path = []
    for gradient in gradients:
        parameter.grad = gradient
        sgd.step()
        path.append(parameter.tolist())
    full = {"momentum": 0, "nesterov": False, "weight_decay": 0} | options
    for i, p in enumerate(start.tolist()):
        assert [row[i] for row in path] == sgd_by_hand(p, [g.tolist()[i] for g in gradients], **full)


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(AttributeValueError, match="nesterov needs a momentum"):
        optim.SGD([nn.Parameter(rc.zeros(1))], lr=0.1, nesterov=True)


def test_repr_says_the_hyperparameters() -> None:
    sgd = optim.SGD([nn.Parameter(rc.zeros(1))], lr=0.1, momentum=0.5)
    assert repr(sgd) == "SGD(lr=0.1, momentum=0.5, weight_decay=0, nesterov=False)"
