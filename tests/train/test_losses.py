"""Losses: the compositions that their pages name, their derivatives, and what they refuse."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core import losses
from rcmlrs_core.creation import from_plain
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Case, Refusal
from rcmlrs_core.plain import PlainArray
from rcmlrs_core.random import normal
from rcmlrs_core.tensor import RamTensor

NAMES = (*losses.__all__, "min_max", "z_score")
CASES = [(name, case) for name in NAMES for case in TABLE[name].cases]
REFUSALS = [(name, refusal) for name in NAMES for refusal in TABLE[name].refusals]


def tensor_of(value: Any) -> RamTensor:
    return from_plain(value) if isinstance(value, PlainArray) else rc.tensor(value)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_cases(name: str, case: Case) -> None:
    got = getattr(rc, name)(*map(tensor_of, case.inputs), **case.attributes)
    if case.want is not None:
        assert got.tobytes() == rc.tensor(case.want).tobytes()


@pytest.mark.parametrize(("name", "refusal"), REFUSALS)
def test_refusals(name: str, refusal: Refusal) -> None:
    with pytest.raises(refusal.error) as caught:
        getattr(rc, name)(*map(tensor_of, refusal.inputs), **refusal.attributes)
    assert refusal.match in str(caught.value)


ROWS = st.integers(1, 9).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(-100, 100, width=32), min_size=n, max_size=n)] * 2)
)


@given(ROWS)
def test_n5_losses_are_their_formulas(rows: tuple[list[float], list[float]]) -> None:
    """Every operation in fractions, rounded once."""
    p, t = rows
    errors = [Fraction(round_number(Fraction(a) - Fraction(b))) for a, b in zip(p, t, strict=True)]
    squares = [Fraction(round_number(e * e)) for e in errors]
    prediction, target = rc.tensor(p), rc.tensor(t)
    for reduce, divisor in (("mean", len(p)), ("sum", 1)):
        assert rc.mse_loss(prediction, target, reduction=reduce).item() == round_number(sum(squares) / divisor)
        assert rc.mae_loss(prediction, target, reduction=reduce).item() == round_number(
            sum(map(abs, errors)) / Fraction(divisor)
        )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", ["mse_loss", "mae_loss"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (7, 2), (4, 4)])
def test_the_derivative_has_the_bits_of_the_gradient(name: str, reduction: str, shape: tuple[int, ...]) -> None:
    prediction, target = normal(shape, seed=1).requires_grad_(), normal(shape, seed=2)
    getattr(prediction, name)(target, reduction=reduction).backward()
    derivative = getattr(rc, f"{name}_derivative")(prediction.detach(), target, reduction=reduction)
    assert prediction.grad is not None
    assert derivative.tobytes() == prediction.grad.tobytes()


def test_n7_the_derivative_of_an_absolute_error_of_zero_is_zero() -> None:
    assert rc.mae_loss_derivative(rc.tensor([2.0]), rc.tensor([2.0])).tolist() == [0.0]


def test_cross_entropy_is_a_composition() -> None:
    logits, labels = normal((6, 4), seed=1), rc.tensor([0, 3, 1, 1, 2, 0], dtype="int32")
    each = logits.cross_entropy(labels, reduction="none")
    by_hand = [-row[label] for row, label in zip(logits.log_softmax(axis=1).tolist(), labels.tolist(), strict=True)]
    assert each.tolist() == by_hand
    mean = round_number(sum(map(Fraction, by_hand)) / 6)
    assert logits.cross_entropy(labels).item() == mean
    assert losses.cross_entropy(logits, labels).item() == mean


def test_gradient_of_cross_entropy() -> None:
    """(softmax - one_hot) / n: the framework's own parts, whose last bits are those of another order of roundings.

    log_softmax gives g - softmax * sum(g) with g = -one_hot / n: five roundings of 2^-24 of numbers up to 1 / n.
    """
    logits, labels = normal((8, 4), seed=1).requires_grad_(), rc.tensor([0, 3, 1, 1, 2, 0, 3, 3], dtype="int32")
    logits.cross_entropy(labels).backward()
    assert logits.grad is not None
    want = (logits.detach().softmax(axis=1) - rc.one_hot(labels, classes=4)) / 8.0
    assert float((logits.grad - want).abs().max()) <= 5 * 2.0**-24 / 8


def test_losses_are_one_module() -> None:
    for name in losses.__all__:
        assert getattr(losses, name) is getattr(rc, name)
