"""When a backend's kernel for a composition is taken; whether it has the bits, the conformance suite tells (N5)."""

from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import optim
from rcmlrs_core.errors import BackendError, ShapeError
from rcmlrs_core.fused import FUSED
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.random import DRAWS
from rcmlrs_core.registry import OWN, Backend, KernelTable, get_backend


def composed(name: str) -> Backend:
    """The backend without its kernels for compositions."""
    whole = get_backend(name)
    return Backend(name, whole.storage, dict(whole.kernels), dict.fromkeys(KERNELS, OWN), "composes")


def counting(calls: list[str]) -> Backend:
    """The Python backend, with a kernel that returns its operands."""
    backend = composed("python")

    def kernel(p: Any, g: Any, *others: Any, **attributes: Any) -> tuple[Any, ...]:
        calls.append(f"{len(others)} {attributes}")
        return (g,)

    backend.fused = {"sgd_update": kernel}
    return backend


def test_a_backend_that_has_the_kernel_is_asked_once_for_each_parameter() -> None:
    calls: list[str] = []
    p = rc.tensor([1.0, 2.0], counting(calls)).requires_grad_()
    p.grad = rc.tensor([5.0, 6.0], p._backend)
    optim.SGD([p], lr=0.1, weight_decay=1e-60).step()
    attributes = {"lr": 0.10000000149011612, "momentum": None, "weight_decay": 0.0, "nesterov": False}
    assert calls == [f"0 {attributes}"]
    assert p.tolist() == [5.0, 6.0]


def test_what_does_not_fit_goes_to_the_operations_which_say_why() -> None:
    calls: list[str] = []
    p = rc.tensor([1.0, 2.0], counting(calls)).requires_grad_()
    p.grad = rc.tensor([5.0, 6.0, 7.0], p._backend)
    with pytest.raises(ShapeError, match="lengths"):
        optim.SGD([p], lr=0.1).step()
    assert calls == []


def test_names_are_those_of_the_list_each_once() -> None:
    table = KernelTable("mine", KERNELS)
    table.register_fused("adam_update", lambda *operands, **attributes: operands)
    for name, kernel in (("adam_update", len), ("adam", len), ("sgd_update", 3)):
        with pytest.raises(BackendError, match="one callable for each of adam_update, sgd_update, random_uniform"):
            table.register_fused(name, kernel)  # type: ignore[arg-type]
    assert list(table.fused) == ["adam_update"]
    assert set(FUSED) == {"adam_update", "sgd_update", *DRAWS}
