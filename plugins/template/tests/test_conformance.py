"""All the test that a backend needs: the suite finds not one wrong bit, and the kernels are the backend's own."""

import pytest

from rcmlrs_conformance import check_backend


def test_every_bit_is_right() -> None:
    """Whatever is tried, own kernels and derived ones."""
    report = check_backend("template", level="smoke")
    assert report.ok, report.problems + [f"{f.subject}: {f.sentence} ({f.command})" for f in report.failures]


@pytest.mark.parametrize("operation", ["relu", "sqrt", "mul"])
def test_its_own_kernels_are_tried(operation: str) -> None:
    """More of what is the backend's own; a kernel that is registered no longer would show here."""
    report = check_backend("template", ops=[operation], level="standard")
    assert report.of(operation).kernel == "own"
    assert report.ok
