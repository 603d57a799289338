"""The plugins' packages, whether or not they are installed; and a shell for the command."""

import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

PLUGINS = Path(__file__).parents[2] / "plugins"

# At import, as the modules of tests import them; what is installed comes first.
sys.path += [str(folder) for folder in sorted(PLUGINS.iterdir()) if (folder / "pyproject.toml").is_file()]

Shell = Callable[..., SimpleNamespace]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    """``shell("rcmlrs conformance ...")``: the exit status and what was printed, on a wide terminal."""
    from rcmlrs_conformance.certificates.verify import verify
    from rcmlrs_conformance.command import conformance
    from rcmlrs_conformance.report.command import report

    app = typer.Typer()
    for command in (conformance, report, verify):
        app.command(command.__name__)(command)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")

    def run(*words: Any) -> SimpleNamespace:
        arguments = list(map(str, words))
        assert arguments[0] == "rcmlrs"
        result = CliRunner().invoke(app, arguments[1:])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return SimpleNamespace(status=result.exit_code, text=result.output)

    return run


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A backend made of these parts; its name."""
    from rcmlrs_core import registry
    from tests.conformance.declaring import NAME, Plugin

    module = types.ModuleType(NAME.partition(":")[0])
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def installed(waivers: Any = "", unsupported: dict[str, str] | None = None, **kernels: Any) -> str:
        monkeypatch.setattr(registry, "_built", {})
        monkeypatch.setattr(registry, "_failed", {})
        module.plugin = Plugin(waivers, unsupported, **kernels)  # type: ignore[attr-defined]
        return NAME

    return installed
