"""Adam against its formula: bit for bit with fractions, and against binary64 within what the roundings explain."""

import math
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.numerics.formats import BINARY32, from_bits, round_number
from rcmlrs_core.optim.adam import one_minus_power
from rcmlrs_core.random import normal

R = round_number


def root(x: float) -> float:
    return from_bits(BINARY32.round_root(*Fraction(x).as_integer_ratio()))


def adam_by_hand(
    p: float, gradients: list[float], lr: float, betas: tuple[float, float], eps: float, weight_decay: float
) -> list[float]:
    """The class's formula for one number, every operation in fractions and rounded once."""
    b1, b2 = map(R, betas)
    lr32, eps32, decay32 = R(lr), R(eps), R(weight_decay)
    one_minus_b1, one_minus_b2 = R(1 - Fraction(betas[0])), R(1 - Fraction(betas[1]))
    m = v = 0.0
    path = []
    for t, g in enumerate(gradients, start=1):
        if weight_decay:
            g = R(Fraction(g) + Fraction(R(Fraction(decay32) * Fraction(p))))
        m = R(Fraction(R(Fraction(b1) * Fraction(m))) + Fraction(R(Fraction(one_minus_b1) * Fraction(g))))
        square = R(Fraction(g) ** 2)
        v = R(Fraction(R(Fraction(b2) * Fraction(v))) + Fraction(R(Fraction(one_minus_b2) * Fraction(square))))
        unbiased_m = R(Fraction(m) / Fraction(R(1 - Fraction(betas[0]) ** t)))
        unbiased_v = R(Fraction(v) / Fraction(R(1 - Fraction(betas[1]) ** t)))
        denominator = R(Fraction(root(unbiased_v)) + Fraction(eps32))
        step = R(Fraction(lr32) * Fraction(R(Fraction(unbiased_m) / Fraction(denominator))))
        p = R(Fraction(p) - Fraction(step))
        path.append(p)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1, "betas": (0.8, 0.99), "eps": 1e-3, "weight_decay": 0.01},
        {"betas": (0, 0.5), "eps": 0.25},
    ],
)
def test_n5_adam_has_the_bits_of_its_formula(options: dict[str, Any]) -> None:
    start, gradients = normal(4, seed=1), [normal(4, seed=2, stream=t) for t in range(12)]
    parameter = nn.Parameter(start)
    adam = optim.Adam([parameter], **options)
    path = []
    for gradient in gradients:
        parameter.grad = gradient
        adam.step()
        path.append(parameter.tolist())
    full: dict[str, Any] = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0} | options
    for i, p in enumerate(start.tolist()):
        assert [row[i] for row in path] == adam_by_hand(p, [g.tolist()[i] for g in gradients], **full)


def test_adam_is_near_binary64() -> None:
    """300 steps of plain Python arithmetic in binary64, with the paper's formula.

    Every step rounds the parameter, of size 4 at most, to 24 bits, half an ulp of which is 2^-23; and a step of size lr
    times 1 with some 20 roundings of 2^-24 each. Over 300 steps: 300 * (2^-23 + 0.01 * 20 * 2^-24) < 4.3e-5.
    """
    lr, (b1, b2), eps = 0.01, (0.9, 0.999), 1e-8
    start, gradients = normal(20, seed=1), [normal(20, seed=2, stream=t) for t in range(300)]
    parameter = nn.Parameter(start)
    adam = optim.Adam([parameter], lr=lr)
    for gradient in gradients:
        parameter.grad = gradient
        adam.step()
    for i, p in enumerate(start.tolist()):
        m = v = 0.0
        for t, gradient in enumerate(gradients, start=1):
            g = gradient.plain().values[i]
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            p -= lr * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
        assert abs(p) < 4
        assert abs(parameter.tolist()[i] - p) < 4.3e-5


def test_the_first_step_has_the_size_of_the_rate() -> None:
    """m / (1 - beta1) is g and v / (1 - beta2) is g^2 but for roundings, whatever the size of g."""
    parameter = nn.Parameter(rc.zeros(3))
    parameter.grad = rc.tensor([1e-6, -3.0, 1e10])
    optim.Adam([parameter], lr=0.5, eps=0).step()
    assert parameter.tolist() == pytest.approx([-0.5, 0.5, -0.5], rel=2.0**-21)


@pytest.mark.parametrize("beta", [0.9, 0.999, 0.5, 0, 0.1, 1 - 2.0**-53, 2.0**-40, Fraction(1, 3), 5e-324])
def test_n6_one_minus_power_is_rounded_once(beta: float | Fraction) -> None:
    for t in (1, 2, 3, 10, 37):
        assert one_minus_power(beta, t) == R(1 - Fraction(beta) ** t)


def test_n6_one_minus_power_is_not_rounded_twice() -> None:
    """1 - beta^2 lies so near to a midpoint of two binary32 numbers that binary64 lands on it, or across."""
    for beta in (0.3387546407374666, 0.7465770913379174, 0.854258626352863):
        assert one_minus_power(beta, 2) == R(1 - Fraction(beta) ** 2) != R(1 - beta**2)


@pytest.mark.parametrize("t", [10**3, 10**4, 10**6, 10**9])
def test_n6_one_minus_power_of_a_late_step(t: int) -> None:
    """Against balls; who computes the exact power, of 53 million bits at t = 10^6, does not come back."""
    one_minus_power.cache_clear()
    values = {beta: one_minus_power(beta, t) for beta in (0.9, 0.999, 0.99999999)}
    with ctx.workprec(400):
        for beta, value in values.items():
            ball = 1 - arb(beta) ** t
            assert R(Fraction(int((ball * arb(2) ** 200).mid().floor().fmpz()), 2**200)) == value


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -0.1}, "lr must be a number, at least 0 and finite, got -0.1"),
        ({"lr": float("inf")}, "lr must be"),
        ({"lr": "fast"}, "lr must be"),
        ({"betas": (1.0, 0.9)}, r"betas\[0\] must be a number, at least 0 and below 1, got 1.0"),
        ({"betas": (0.9, -0.1)}, r"betas\[1\] must be"),
        ({"betas": (0.9,)}, "betas are two numbers"),
        ({"eps": float("nan")}, "eps must be"),
        ({"weight_decay": -1}, "weight_decay must be"),
    ],
)
def test_hyperparameters_are_checked(options: dict[str, Any], words: str) -> None:
    with pytest.raises(AttributeValueError, match=words):
        optim.Adam([nn.Parameter(rc.zeros(1))], **options)
