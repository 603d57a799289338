"""All the test that an operation needs: every backend that is healthy has its bits, and its gradient is right."""

import pytest

import rcmlrs_core as rc
from rcmlrs_conformance import check_backend

HEALTHY = [status.name for status in rc.backends() if status.state == "healthy"]


@pytest.mark.parametrize("backend", HEALTHY)
def test_every_bit_is_right(backend: str) -> None:
    """Its cases, what it refuses, and seeded random arguments."""
    report = check_backend(backend, ops=["logit"], level="standard")
    assert report.ok, "\n".join(f"{f.operation}: {f.sentence} ({f.command})" for f in report.failures)


def test_the_gradient() -> None:
    """Against the difference quotient, whose own error is below 2^-11."""
    x, step = rc.tensor([0.125, 0.5, 0.8125]), 2.0**-7
    quotient = ((x + step).logit() - (x - step).logit()) / (2 * step)
    gradient = rc.grad(lambda x: x.logit().sum())(x)
    for got, wanted in zip(gradient.tolist(), quotient.tolist(), strict=True):
        assert abs(got - wanted) < 0.02 * wanted
