"""Every hook is documented, and asked: one that is added to hookspecs is added here, or this fails."""

import inspect
import re
import sys
import types
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from rcmlrs_core import hookimpl, hookspecs, registry
from rcmlrs_core.plain import PlainArray

TEXT = (Path(__file__).parents[1] / "docs" / "backends.md").read_text(encoding="utf-8")
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("rcmlrs_")}


class Everything:
    """A plugin with all hooks, each of which shows in what becomes of it."""

    def load(self, raw: Any, shape: Any, dtype: str) -> PlainArray:
        return PlainArray.frombytes(raw, shape, dtype)

    def dump(self, buffer: PlainArray) -> bytes:
        return buffer.tobytes()

    @hookimpl
    def rcmlrs_storage(self) -> "Everything":
        return self

    @hookimpl
    def rcmlrs_register(self, table: registry.KernelTable) -> None:
        table.register("relu", relu)

    @hookimpl
    def rcmlrs_derive(self, operation: Any) -> Any:
        return tanh if operation.name == "tanh" else None

    @hookimpl
    def rcmlrs_probe(self) -> Iterable[str]:
        return PROBLEMS

    @hookimpl
    def rcmlrs_threads(self, count: int) -> int:
        return count + 1

    @hookimpl
    def rcmlrs_about(self) -> str:
        return "about it"

    @hookimpl
    def rcmlrs_preview(self) -> str:
        return "a line before it is built"

    @hookimpl
    def rcmlrs_waivers(self) -> str:
        return "# none"


def relu(x: PlainArray) -> PlainArray:
    """A kernel."""
    return x


def tanh(x: PlainArray) -> PlainArray:
    """Another one."""
    return x


PROBLEMS: list[str] = []


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> registry.BackendStatus:
    """What a list says of the plugin, which is not built yet."""
    module: Any = types.ModuleType("backend_with_every_hook")
    module.plugin = Everything()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(registry, "_built", {})
    monkeypatch.setattr(registry, "_failed", {})
    point = EntryPoint("everything", "backend_with_every_hook:plugin", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    (status,) = registry.backends()
    return status


def test_the_plugin_of_this_test_has_every_hook() -> None:
    assert {name for name in vars(Everything) if name.startswith("rcmlrs_")} == set(HOOKS)


def test_every_hook_shows(status: registry.BackendStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (status.state, status.why) == (registry.NOT_LOADED, "a line before it is built")
    backend = registry.get_backend("everything")
    assert isinstance(backend.storage, Everything)
    assert (backend.kernels["relu"], backend.origins["relu"]) == (relu, registry.OWN)
    assert (backend.kernels["tanh"], backend.origins["tanh"]) == (tanh, registry.DERIVED)
    assert backend.kernels["gelu"] not in (relu, tanh)
    assert backend.set_threads is not None
    assert backend.set_threads(7) == 8
    assert backend.about == "about it"
    assert backend.waivers == "# none"
    monkeypatch.setattr(registry, "_built", {})
    monkeypatch.setattr(sys.modules[__name__], "PROBLEMS", ["its bits would be wrong"])
    with pytest.raises(registry.BackendUnhealthyError, match="its bits would be wrong"):
        registry.get_backend("everything")


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented(name: str) -> None:
    """Here for whoever writes a backend, and in its docstring in full."""
    documented = dict(re.findall(r"^\| `(rcmlrs_\w+)\((\w*)\)` \|", TEXT, re.MULTILINE))
    assert documented[name] == ", ".join(inspect.signature(HOOKS[name]).parameters)
    assert HOOKS[name].__doc__


def test_no_hook_is_documented_that_there_is_not() -> None:
    assert set(re.findall(r"\| `(rcmlrs_\w+)\(", TEXT)) == set(HOOKS)


def test_the_waiver_of_the_page_is_one_that_is_read() -> None:
    from rcmlrs_conformance.waivers import parse

    (example,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (waiver,) = parse("acme", example)
    assert (waiver.case, waiver.level, waiver.seed) == ("gelu/ties/4", "standard", 0)
