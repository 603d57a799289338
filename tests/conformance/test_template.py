"""The backend that is there to be copied: found by its entry point, and right."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import rcmlrs_core as rc
from rcmlrs_conformance import check_backend
from rcmlrs_core import registry

FOLDER = Path(__file__).parents[2] / "plugins" / "template"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``pip install`` would have it: by the entry point that its own file declares."""
    import tomllib

    project = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = project["entry-points"][registry.ENTRY_POINTS]
    points = [EntryPoint(name, value, registry.ENTRY_POINTS) for name, value in ours.items()]
    found = list(registry.entry_points(group=registry.ENTRY_POINTS))
    monkeypatch.setattr(registry, "entry_points", lambda group: found + points)


def test_every_bit_is_right() -> None:
    report = check_backend("template", level="smoke")
    assert report.ok, [failure.command for failure in report.failures]


def test_two_kernels_of_its_own_and_the_rest_derived() -> None:
    (status,) = [status for status in rc.backends() if status.name == "template"]
    assert status.state == "healthy"
    assert set(status.own) == {"relu", "sqrt"}
    report = check_backend("template", ops=["relu", "sqrt"], level="standard")
    assert report.ok
    assert {operation.kernel for operation in report.subjects} == {"own"}


def test_its_own_tests_pass_too(monkeypatch: pytest.MonkeyPatch) -> None:
    namespace: dict[str, object] = {}
    exec(compile((FOLDER / "tests" / "test_conformance.py").read_text(encoding="utf-8"), "template", "exec"), namespace)
    namespace["test_every_bit_is_right"]()  # type: ignore[operator]
    namespace["test_its_own_kernels_are_tried"]("relu")  # type: ignore[operator]


def test_the_readme_names_what_there_is() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    package = FOLDER / "rcmlrs_backend_template"
    for name in ("storage.py", "kernels.py", "__init__.py"):
        assert f"`{name}`" in text
        assert (package / name).is_file()
