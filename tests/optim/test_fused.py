"""Kernels for whole compositions: they have the bits of the composition, and are taken where that would run."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import optim
from rcmlrs_core.errors import BackendError, ShapeError
from rcmlrs_core.fused import FUSED
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.random import normal
from rcmlrs_core.registry import OWN, Backend, KernelTable, backends, get_backend
from rcmlrs_core.tensor import RamTensor

HARD = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 2.0**-149, -(2.0**-149), 2.0**-126, 1.0, -3.4028234e38]
OWNERS = [status.name for status in backends() if status.fused]


def composed(name: str) -> Backend:
    """The backend without its kernels for compositions."""
    whole = get_backend(name)
    return Backend(name, whole.storage, dict(whole.kernels), dict.fromkeys(KERNELS, OWN), "composes")


def data(backend: Backend, stream: int) -> tuple[RamTensor, RamTensor]:
    """A parameter and a gradient: all pairs of hard numbers, then random ones, small and large."""
    p, g = zip(*itertools.product(HARD, HARD), strict=True)
    random = [normal(1000, seed=3, stream=2 * stream + i).tolist() for i in range(2)]
    scale = 2.0 ** [-140, -140, -70, -70, 0, 0, 60, 60][stream]  # each twice, so that what is remembered matters
    p, g = (*p, *random[0]), (*g[stream:], *g[:stream], *(x * scale for x in random[1]))
    tensors = [rc.tensor(list(values), backend) for values in (p, g)]
    return tensors[0].requires_grad_(), tensors[1]


def path(backend: Backend, optimizer: Any, options: dict[str, Any]) -> Iterator[bytes]:
    """What eight steps leave of the parameter and of what is remembered."""
    parameter, _ = data(backend, 0)
    made: Optimizer = optimizer([parameter], **options)
    for stream in range(8):
        parameter.grad = data(backend, stream)[1]
        made.step()
        yield parameter.tobytes()
        yield from (tensor.tobytes() for tensor in made.state[0].values())


ADAM = [{}, {"weight_decay": 0.1}, {"lr": 0.0, "betas": (0, 0.5), "eps": 0}, {"weight_decay": 1e-60, "lr": 3}]
SGD = [
    {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay, "lr": 0.1}
    for momentum, nesterov, decay in itertools.product((0, 0.9, 1e-60), (False, True), (0, 0.01, 1e-60))
    if momentum or not nesterov
]


@pytest.mark.skipif(not OWNERS, reason="no backend has a kernel for a composition")
@pytest.mark.parametrize("name", OWNERS)
@pytest.mark.parametrize(
    ("optimizer", "options"), [*((optim.Adam, options) for options in ADAM), *((optim.SGD, options) for options in SGD)]
)
def test_n5_a_fused_update_has_the_bits_of_the_composition(name: str, optimizer: Any, options: dict[str, Any]) -> None:
    assert list(path(get_backend(name), optimizer, options)) == list(path(composed(name), optimizer, options))


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
        with pytest.raises(BackendError, match="one callable for each of adam_update, sgd_update"):
            table.register_fused(name, kernel)  # type: ignore[arg-type]
    assert list(table.fused) == ["adam_update"]
    assert set(FUSED) == {"adam_update", "sgd_update"}
