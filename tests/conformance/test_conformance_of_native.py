"""The native backend at every level that this machine has, on one thread and on several: all bits are right."""

import pytest

from rcmlrs_conformance import check_backend
from tests.installed import BACKENDS

if "native" not in BACKENDS:
    pytest.skip("the native backend is not built here", allow_module_level=True)

from rcmlrs_backend_native import _native


@pytest.fixture(params=_native.levels())
def level(request):
    before = _native.level()
    _native.set_level(request.param)
    yield request.param
    _native.set_level(before)


@pytest.fixture(params=[1, 3])
def threads(request):
    before = _native.thread_count()
    _native.set_thread_count(request.param)
    yield request.param
    _native.set_thread_count(before)


def test_every_level_is_right(level, threads):
    assert _native.level() == level
    report = check_backend("native", seed=threads, level="standard" if threads == 1 else "smoke")
    assert report.ok, "\n".join(f"{f.subject}: {f.sentence}; {f.command}" for f in report.failures)
