"""Gradients clipped by the norm, which is rounded once however many there are, and by value."""

import math
from fractions import Fraction
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.errors import AttributeValueError, TrainingError
from rcmlrs_core.numerics.formats import BINARY32, from_bits, round_number
from rcmlrs_core.random import normal
from rcmlrs_core.tensor import RamTensor

SHAPES = ((), (3,), (2, 4), (0, 2), (5, 1, 2))


def with_gradients(name: str = "python", scale: float = 1) -> list[RamTensor]:
    found = []
    for i, shape in enumerate(SHAPES):
        parameter = nn.Parameter(rc.zeros(shape, backend=name))
        parameter.grad = normal(shape, 0, scale, seed=i, backend=name)
        found.append(parameter)
    return [*found, nn.Parameter(rc.zeros(3, backend=name))]


def numbers(parameters: list[RamTensor]) -> list[float]:
    return [x for p in parameters if p.grad is not None for x in p.grad.reshape((p.size,)).tolist()]


@pytest.mark.parametrize("name", ["python", "numpy", "native"])
@pytest.mark.parametrize(("most", "scale"), [(1, 1), (0.1, 1000), (1e-30, 1e-30), (1e37, 6e37), (100, 1), (0, 1)])
def test_n3_the_norm_is_rounded_once_and_the_factor_too(name: str, most: float, scale: float) -> None:
    parameters = with_gradients(name, scale)
    before = numbers(parameters)
    norm = optim.clip_grad_norm_(parameters, most)
    exact = sum(Fraction(x) ** 2 for x in before)
    assert norm.item() == from_bits(BINARY32.round_root(exact.numerator, exact.denominator))
    if norm.item() == math.inf:
        c = 0.0
    else:
        c = min(round_number(Fraction(most) / (Fraction(norm.item()) + Fraction(1, 10**6))), 1.0)
    assert numbers(parameters) == [round_number(Fraction(x) * Fraction(c)) for x in before]
    assert parameters[-1].grad is None
    assert not any(p.grad.requires_grad for p in parameters if p.grad is not None)


def test_the_norm_of_the_norms_is_another_number() -> None:
    """What rounds the norm of each tensor, and then that of the norms, is off now and then: the check above sees it."""
    differ = 0
    for seed in range(40):
        parts = [normal((3,), seed=seed, stream=i) for i in range(4)]
        parameters = [nn.Parameter(part) for part in parts]
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part
        twice = rc.stack(*[part.norm() for part in parts], axis=0).norm()
        differ += optim.clip_grad_norm_(parameters, 1).item() != twice.item()
    assert 0 < differ < 40


def test_n6_the_factor_is_not_rounded_twice() -> None:
    """Quotients next to a midpoint, on which binary64 lands."""
    differ = 0
    for i in range(20):
        norm = round_number(1 + Fraction(i, 23))
        whole = Fraction(norm) + Fraction(1, 10**6)
        most = float((Fraction(1, 2) + i * Fraction(1, 2**20) + Fraction(1, 2**25)) * whole)
        parameter = nn.Parameter(rc.zeros(1))
        parameter.grad = rc.tensor([norm])
        optim.clip_grad_norm_(parameter, most)
        c = round_number(Fraction(most) / whole)
        differ += c != round_number(most / float(whole))
        assert parameter.grad.tolist() == [round_number(Fraction(norm) * Fraction(c))]
    assert differ > 3


def test_other_norms() -> None:
    for order, wanted in ((math.inf, 4.0), (1, 7.0), (2.0, 5.0)):
        parameters = [nn.Parameter(rc.zeros(1)), nn.Parameter(rc.zeros(()))]
        parameters[0].grad, parameters[1].grad = rc.tensor([-3.0]), rc.tensor(4.0)
        assert optim.clip_grad_norm_(parameters, 1, order, eps=0).item() == wanted
        assert numbers(parameters) == [round_number(-3.0 * c) for c in [round_number(1 / Fraction(wanted))]] + [
            round_number(4 * Fraction(round_number(1 / Fraction(wanted))))
        ]
    assert optim.clip_grad_norm_([nn.Parameter(rc.zeros(1))], 1).item() == 0.0
    assert optim.clip_grad_norm_([], 1).item() == 0.0


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_norm_that_is_not_finite(bad: float) -> None:
    one, other = nn.Parameter(rc.zeros(2)), nn.Parameter(rc.zeros(1))
    one.grad, other.grad = rc.tensor([1.0, bad]), rc.tensor([2.0])
    with pytest.raises(TrainingError, match=r"the norm of the gradients is (inf|nan); look for NaN"):
        optim.clip_grad_norm_([one, other], 1, error_if_nonfinite=True)
    assert other.grad.tolist() == [2.0]
    optim.clip_grad_norm_([one, other], 1)
    assert str(one.grad.tolist() + other.grad.tolist()) == ("[0.0, nan, 0.0]" if bad == math.inf else "[nan, nan, nan]")


def test_values_are_brought_within() -> None:
    one, none = nn.Parameter(rc.zeros(5)), nn.Parameter(rc.zeros(1))
    one.grad = rc.tensor([-math.inf, -0.3, -0.0, 0.1, math.nan])
    optim.clip_grad_value_([one, none], 0.25)
    assert str(one.grad.tolist()) == "[-0.25, -0.25, -0.0, 0.10000000149011612, nan]"
    assert none.grad is None
    optim.clip_grad_value_(one, 0)
    assert [abs(x) for x in one.grad.tolist()[:4]] == [0, 0, 0, 0]


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, True, "1", None])
def test_what_is_refused(value: Any) -> None:
    parameters = with_gradients()
    with pytest.raises(AttributeValueError, match="clip_grad_norm_: max_norm must be a finite number, at least 0, got"):
        optim.clip_grad_norm_(parameters, value)
    with pytest.raises(AttributeValueError, match="clip_grad_norm_: eps must be a finite number, at least 0, got"):
        optim.clip_grad_norm_(parameters, 1, eps=value)
    with pytest.raises(AttributeValueError, match="clip_grad_value_: clip_value must be a finite number, at least 0"):
        optim.clip_grad_value_(parameters, value)
    with pytest.raises(TypeError, match=r"clip_grad_norm_: takes parameters, such as model.parameters\(\); got a"):
        optim.clip_grad_norm_([1], 1)  # type: ignore[list-item]
    assert numbers(parameters) == numbers(with_gradients())
