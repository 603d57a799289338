"""The installed backends are right, and the report says what was tried."""

import pytest

from rcmlrs_conformance import check_backend
from rcmlrs_conformance.chapters import subjects
from rcmlrs_conformance.report.results import CASES_ONLY, NOTHING, Report
from rcmlrs_core.fused import FUSED
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition
from tests.installed import BACKENDS


def failures(report: Report) -> str:
    """The failures, for an assertion's message."""
    return "\n".join(f"{f.subject}: {f.kind}: {f.sentence}; {f.command}" for f in report.failures)


def test_the_python_backend_is_among_them() -> None:
    assert "python" in BACKENDS


@pytest.mark.parametrize("backend", BACKENDS)
def test_not_one_wrong_bit(backend: str) -> None:
    report = check_backend(backend, level="standard")
    assert report.ok, failures(report)
    assert report.exit_status == 0
    assert [operation.name for operation in report.subjects] == list(subjects())
    assert {"storage", *TABLE, *FUSED} <= set(subjects())
    assert all(operation.verdict == "right" for operation in report.subjects), report.summary
    assert "Not one wrong bit in" in report.summary


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_seed(backend: str) -> None:
    report = check_backend(backend, level="smoke", seed=20240229)
    assert report.ok, failures(report)


def test_nothing_of_the_core_is_tried_by_its_cases_alone() -> None:
    report = check_backend("python", ops=list(TABLE), level="smoke", families=["no family has this name", "cases"])
    assert [o.name for o in report.subjects if o.verdict in (CASES_ONLY, NOTHING)] == []


def test_the_report_tells_where_kernels_come_from() -> None:
    report = check_backend("python", level="smoke", families=["cases"])
    for operation in report.subjects:
        if operation.name in TABLE:
            composed = isinstance(TABLE[operation.name], Composition)
            assert operation.kernel == "composition" if composed else operation.kernel in ("own", "derived")
