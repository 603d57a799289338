"""An operation that the native backend has no kernel for runs by NumPy's kernel on views of native's memory."""

import pytest

import rcmlrs_core as rc
from rcmlrs_core import hookimpl
from rcmlrs_core.registry import DERIVED, OWN, get_backend
from tests.installed import BACKENDS

if "native" not in BACKENDS:
    pytest.skip("the native backend is not built here", allow_module_level=True)

from rcmlrs_backend_native import Plugin, _native


class OnlyAdd(Plugin):
    """Native with one kernel."""

    @hookimpl
    def rcmlrs_register(self, table):
        table.register("add", _native.KERNELS["add"])


only_add = OnlyAdd()
BACKEND = f"{__name__}:only_add"


def test_they_are_told_as_derived():
    origins = get_backend(BACKEND).origins
    assert {name for name, origin in origins.items() if origin == OWN} == {"add"}
    assert set(origins.values()) == {OWN, DERIVED}


def test_they_have_the_same_bits():
    for backend in (BACKEND, "native"):
        x = rc.tensor([[0.1, -2.0, 3e38], [-0.0, 1e-45, float("nan")]], backend=backend)
        mask, index = x > 0, rc.tensor([1, 0], dtype="int32", backend=backend)
        results = [x.gelu(), x.sum(axis=0), x.T @ x, mask, x.take(index), mask.where(x, -x), x[0, 1], x[:, :0]]
        digests = [result.digest() for result in results]
        if backend == BACKEND:
            derived = digests
    assert derived == digests


def test_nothing_is_copied_on_the_way_in():
    x = rc.zeros((1 << 20,), backend=BACKEND)
    before = _native.memory_in_use()
    y = x.reshape((1 << 10, 1 << 10)).T
    assert _native.memory_in_use() - before < 1 << 16
    assert y.shape == (1 << 10, 1 << 10)
