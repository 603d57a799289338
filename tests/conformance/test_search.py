"""The search by Hypothesis: it finds what the lists of inputs miss, makes it small, and means the same again."""

from collections.abc import Callable
from math import copysign
from typing import Any

import pytest

from rcmlrs_conformance import check_backend
from rcmlrs_conformance.chapters import search, subjects
from rcmlrs_conformance.frozen import groups_of
from rcmlrs_conformance.report import Report
from rcmlrs_conformance.subjects import LEVELS
from rcmlrs_core.ops import TABLE
from rcmlrs_core.plain import FLOAT32, PlainArray
from rcmlrs_core.registry import Backend, get_backend

Kernel = Callable[..., Any]


def backend_with(name: str, spoil: Callable[[Kernel], Kernel]) -> Backend:
    """The Python backend with one kernel that is wrong."""
    right = get_backend("python")
    kernels = {**right.kernels, name: spoil(right.kernels[name])}
    return Backend("spoilt", right.storage, kernels, right.origins, "with a fault")


def a_number_in_disguise(kernel: Kernel) -> Kernel:
    """An operand of which all elements are equal is taken for its first one; but -0 == +0."""

    def product(x: PlainArray, y: PlainArray) -> Any:
        values = y.values.tolist()
        if y.dtype == FLOAT32 and len(values) > 1 and all(value == values[0] for value in values):
            y = PlainArray.of(values[:1] * len(values), y.shape)
        return kernel(x, y)

    return product


def run(backend: Backend | str, name: str, level: str = "deep", seed: int = 0) -> Report:
    return check_backend(backend, ops=[name], level=level, families=[search.FAMILY], seed=seed)


def test_it_finds_what_no_other_family_does_and_makes_it_small() -> None:
    backend = backend_with("mul", a_number_in_disguise)
    others = [family for family in subjects()["mul"].families(LEVELS["deep"]) if family != search.FAMILY]
    assert check_backend(backend, ops=["mul"], level="deep", families=others).ok
    (failure,) = run(backend, "mul").failures
    assert failure.case == "mul/search/0"
    assert failure.inputs[3:] == ("y: float32 of shape (2,)", *failure.inputs[4:])
    assert {line.strip() for line in failure.inputs[4:]} == {"0x00000000 = 0.0", "0x80000000 = -0.0"}
    assert failure.command.endswith("--case mul/search/0 --level deep --seed 0")
    assert "rc.mul(x0, x1)" in failure.snippet


def test_the_same_seed_finds_the_same() -> None:
    backend = backend_with("mul", a_number_in_disguise)
    first, second = (run(backend, "mul").failures[0] for _ in range(2))
    assert first == second


def test_rows_are_made_small_too() -> None:
    def spoil(kernel: Kernel) -> Kernel:
        """Wrong where a row has four elements or more, and begins with a negative one."""

        def total(x: PlainArray, **attributes: Any) -> Any:
            result = kernel(x, **attributes)
            if x.dtype == FLOAT32 and len(x.shape) == 1 and len(x.values) > 3 and copysign(1.0, x.values[0]) < 0:
                result.values[0] = 7.0
            return result

        return total

    (failure,) = run(backend_with("sum", spoil), "sum", "standard").failures
    assert failure.inputs[0] == "x: float32 of shape (4,)"
    assert "= -" in failure.inputs[1]


def test_a_kernel_that_is_not_the_same_twice_is_found() -> None:
    def spoil(kernel: Kernel) -> Kernel:
        calls = iter(range(10**9))

        def neg(x: PlainArray) -> Any:
            return kernel(x) if next(calls) % 7 or not x.values else PlainArray.of(x.values, x.shape, x.dtype)

        return neg

    assert not run(backend_with("neg", spoil), "neg").ok


@pytest.mark.parametrize("name", ["add_n", "matmul", "slice", "powi", "softmax_derivative", "max_pool2d", "where"])
def test_every_form_of_operation_can_be_drawn(name: str) -> None:
    report = run("numpy", name, "standard")
    assert report.ok, report.summary
    assert report.of(name).elements > 10


def test_it_has_no_digest_and_is_no_part_of_the_contract() -> None:
    """What is drawn depends on Hypothesis's version."""
    group = run("python", "exp", "standard").of("exp").families[search.FAMILY]
    assert group.ok
    assert group.digest == ""
    assert not [name for name in groups_of("1", "standard") if name.endswith(f"/{search.FAMILY}")]
    assert search.FAMILY not in subjects()["exp"].families(LEVELS["smoke"])


def test_without_hypothesis_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not check_backend("python", ops=["exp"], level="standard", families=["cases"]).notes
    monkeypatch.setattr(search, "find_spec", lambda name: None)
    assert not any(search.FAMILY in search.families(operation, LEVELS["deep"]) for operation in TABLE.values())
    report = check_backend("python", ops=["exp"], level="standard", families=["cases"])
    assert report.ok
    assert report.notes == [search.NOTE]
    assert "pip install 'rcmlrs[conformance]'" in report.summary
    assert not check_backend("python", ops=["exp"], families=["cases"]).notes
