"""Scaling of data: the seed's formulas, in place too, and constants, which have no scale."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rcmlrs_core as rc
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.numerics.sums import exact_variance
from rcmlrs_core.random import normal

NUMBERS = st.lists(st.floats(-1000, 1000, width=32), min_size=1, max_size=12)


@given(NUMBERS)
def test_n5_min_max_is_its_formula(values: list[float]) -> None:
    least, span = min(values), round_number(Fraction(max(values)) - Fraction(min(values)))
    want = [round_number(Fraction(round_number(Fraction(v) - Fraction(least))) / Fraction(span or 1)) for v in values]
    got = rc.tensor(values).min_max().tolist()
    assert got == want
    assert min(got) == 0
    assert max(got) == (1 if span else 0)


@given(NUMBERS)
def test_n5_z_score_is_its_formula(values: list[float]) -> None:
    variance = exact_variance(values)
    assert variance is not None
    deviation = rc.tensor(values).std().item()
    assert deviation == pytest.approx(math.sqrt(variance), rel=2.0**-23, abs=2.0**-149)
    mean = Fraction(round_number(sum(map(Fraction, values)) / len(values)))
    want = [round_number(Fraction(round_number(Fraction(v) - mean)) / Fraction(deviation or 1)) for v in values]
    assert rc.tensor(values).z_score().tolist() == want


@pytest.mark.parametrize("name", ["min_max", "z_score"])
def test_columns_are_scaled_one_by_one(name: str) -> None:
    x = normal((6, 3), seed=1)
    scaled = getattr(x, name)(axis=0)
    for column in range(3):
        assert scaled[:, column].tobytes() == getattr(x[:, column], name)().tobytes()
    assert getattr(x, name)(axis=(0, 1)).tobytes() == getattr(x, name)().tobytes()


@pytest.mark.parametrize("name", ["min_max", "z_score"])
def test_a_constant_becomes_zero(name: str) -> None:
    """The mean of three times 0.1 is exactly that number: all differences are 0, and so is the deviation."""
    for value in (0.1, -7.0, 0.0, -0.0, 3e38):
        for count in (1, 3, 10):
            assert getattr(rc.full((count,), value), name)().tolist() == [0.0] * count


@pytest.mark.parametrize("name", ["min_max", "z_score"])
def test_in_place(name: str) -> None:
    x = normal((6, 3), seed=1)
    want = getattr(x, name)(axis=0)
    assert getattr(x, f"{name}_")(axis=0) is x
    assert x.tobytes() == want.tobytes()


@pytest.mark.parametrize("name", ["min_max", "z_score"])
def test_gradients_flow(name: str) -> None:
    """Scaled data does not feel a shift: the gradient of any function of it sums to zero along a column.

    Each of the six gradients of a column is a sum of three terms with some ten roundings of 2^-24 on the way.
    """
    x = normal((6, 2), seed=1).requires_grad_()
    (getattr(x, name)(axis=0) * normal((6, 2), seed=2)).sum().backward()
    assert x.grad is not None
    sums = x.grad.sum(axis=0).abs()
    assert float(x.grad.abs().max()) > 0.1
    assert float(sums.max()) < 6 * 3 * 10 * 2.0**-24 * float(x.grad.abs().max())
