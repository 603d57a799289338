"""Backends that do what nobody would expect of one: the suite is not misled."""

import os
from pathlib import Path
from textwrap import dedent

import pytest

from rcmlrs_conformance import check_backends

PLUGIN = """
    import os
    from rcmlrs_core import hookimpl
    from rcmlrs_core.derive import plain_kernel
    from rcmlrs_core.registry import get_backend

    class Agreeable(bytes):
        def __eq__(self, other):
            return True

        def __ne__(self, other):
            return False

    class Storage:
        right = get_backend("python").storage
        load = right.load

        def dump(self, buffer):
            raw = self.right.dump(buffer)
            return Agreeable(bytes(len(raw))) if agreeable else raw

    class Plugin:
        @hookimpl
        def rcmlrs_storage(self):
            return Storage()

        @hookimpl
        def rcmlrs_derive(self, operation):
            kernel = plain_kernel(operation)

            def forks(x):
                if forking and x.shape == (17,):
                    os.fork()
                return kernel(x)

            return forks if operation.name == "neg" else kernel

    agreeable, forking = {agreeable}, {forking}
    plugin = Plugin()
"""


def plugin(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, **what: bool) -> str:
    """The backend, in a module of its own."""
    text = dedent(PLUGIN).format(**{"agreeable": False, "forking": False} | what)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    return f"{name}:plugin"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_kernel_that_forks_and_returns_twice_gives_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = plugin(tmp_path, monkeypatch, "hostile_fork", forking=True)
    reports = check_backends([name, "python"], ["neg", "abs", "square"], jobs=1)
    forked, right = (
        [(s.name, f, g.status, g.cases, g.elements, g.digest) for s in r.subjects for f, g in s.families.items()]
        for r in reports
    )
    assert forked == right


def test_bytes_that_call_themselves_equal_to_everything_are_no_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (report,) = check_backends([plugin(tmp_path, monkeypatch, "hostile_bytes", agreeable=True)], ["storage"], jobs=1)
    assert [failure.sentence.partition(" gives ")[2] for failure in report.failures] == ["Agreeable, wanted bytes"]
