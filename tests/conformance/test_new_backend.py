"""``rcmlrs new-backend``: what it writes is right at once, whole or not there; and its guide says what is true."""

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import rcmlrs_core as rc
from rcmlrs_conformance import check_backend, new_backend
from rcmlrs_conformance.new_backend import NewBackendError, make, template
from rcmlrs_conformance.waivers import parse
from rcmlrs_core import hookspecs, registry

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "plugins" / "template"


def command(*words: str) -> Any:
    """Run ``rcmlrs new-backend`` with these words."""
    app = typer.Typer()
    app.command()(new_backend.new_backend)
    return CliRunner().invoke(app, words)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A backend that was made, and can be imported and found as if it were installed."""
    folder = tmp_path / "acme"
    make("acme", folder)
    found_before = list(registry.entry_points(group=registry.ENTRY_POINTS))
    monkeypatch.syspath_prepend(str(folder))
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = [EntryPoint(*item, registry.ENTRY_POINTS) for item in project["entry-points"]["rcmlrs.backends"].items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: found_before + points if "makers" not in group else [])
    monkeypatch.setattr(registry, "_built", {})
    monkeypatch.setattr(registry, "_failed", {})
    yield folder
    for name in [name for name in sys.modules if name.startswith("rcmlrs_backend_acme")]:
        del sys.modules[name]


# ----------------------------------------------------------------------------------------------- what it writes


def test_every_file_is_there_under_its_name(tmp_path: Path) -> None:
    make("acme", tmp_path / "acme")
    written = {str(path.relative_to(tmp_path / "acme")) for path in (tmp_path / "acme").rglob("*") if path.is_file()}
    assert written == {str(path).replace("template", "acme") for path, _ in template()}
    assert {
        "pyproject.toml",
        "README.md",
        "ci.sh",
        ".github/workflows/conformance.yml",
        "rcmlrs_backend_acme/__init__.py",
        "rcmlrs_backend_acme/waivers.toml",
        "tests/test_conformance.py",
    } <= written
    assert [path.name for path in tmp_path.iterdir()] == ["acme"], "nothing is left beside it"
    for path in written:
        assert "template" not in (tmp_path / "acme" / path).read_text(encoding="utf-8"), path


def test_the_word_that_becomes_the_name_is_only_a_name() -> None:
    """In prose it would turn into nonsense: "an acme to copy"."""
    module, option, variable = r"rcmlrs[-_]backend[-_]template", r"--(?:rcmlrs-)?backend[ =]template", "=template"
    allowed = re.compile(rf'{module}|{option}|RCMLRS_BACKEND{variable}|certificate-template|"template"|^template =')
    for path, text in template():
        for line in text.splitlines():
            assert line.count("template") == len(allowed.findall(line)), f"{path}: {line}"


def test_what_is_written_conforms(acme: Path) -> None:
    report = check_backend("acme", level="smoke")
    assert report.ok, [failure.command for failure in report.failures] + report.problems
    assert {s.name for s in report.subjects if s.kernel == "own" and s.name in registry.KERNELS} == {
        "relu",
        "sqrt",
        "mul",
    }


def test_its_own_tests_pass(acme: Path) -> None:
    namespace: dict[str, Any] = {}
    exec(compile((acme / "tests/test_conformance.py").read_text(encoding="utf-8"), "acme", "exec"), namespace)
    namespace["test_its_own_kernels_are_tried"]("mul")


def test_its_waivers_are_none_and_the_examples_are_true(acme: Path) -> None:
    text = (acme / "rcmlrs_backend_acme/waivers.toml").read_text(encoding="utf-8")
    assert registry.get_backend("acme").waivers == text
    assert parse("acme", text) == ()
    examples = "\n".join(line.removeprefix("# ") for line in text.splitlines() if re.match(r"# (\[\[|\w+ = )", line))
    assert [waiver.case for waiver in parse("acme", examples)] == ["gelu/cases/4", "gelu/ties/4"]


# ------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "name", ["Acme", "2x", "../x", "a-b", "", "a b", "class", "é", "_x", "x_", "a.b", "x" * 3 + "\n", "/tmp/x", "٣"]
)
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(NewBackendError, match="is no name for a backend; it becomes part of a module's name"):
        make(name, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["numpy", "python", "native", "array_api"])
def test_names_that_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(NewBackendError, match=rf"there is a backend '{name}' here already \(rcmlrs\); take another"):
        make(name, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_a_module_of_that_name(tmp_path: Path) -> None:
    with pytest.raises(NewBackendError, match="there is a module rcmlrs_backend_template here already"):
        make("template", tmp_path / "new")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "mine.py").write_text("mine")
    with pytest.raises(NewBackendError, match="is there already, and not empty; name another one with --into"):
        make("acme", folder)
    assert [path.read_text() for path in folder.iterdir()] == ["mine"]
    with pytest.raises(NewBackendError, match="is there already, and no folder"):
        make("acme", folder / "mine.py")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(NewBackendError, match="is there already, and no folder"):
        make("acme", link)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acme", "link"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    make("acme", tmp_path / "acme")
    assert (tmp_path / "acme" / "pyproject.toml").is_file()


def test_a_folder_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NewBackendError, match="cannot be made: No such file or directory"):
        make("acme", tmp_path / "no" / "such")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", [OSError(28, "No space left on device", "x"), KeyboardInterrupt()])
def test_whole_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: BaseException) -> None:
    write = Path.write_text

    def write_some(path: Path, text: str, **options: Any) -> int:
        if path.name == "storage.py":
            raise fails
        return write(path, text, **options)

    monkeypatch.setattr(Path, "write_text", write_some)
    with pytest.raises(NewBackendError if isinstance(fails, OSError) else KeyboardInterrupt):
        make("acme", tmp_path / "acme")
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_is_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = command("acme")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "rcmlrs-backend-acme" / "pyproject.toml").is_file()
    commands = [line.strip() for line in result.output.splitlines() if line.startswith("  ")]
    assert commands == [
        "python -m pip install --editable './rcmlrs-backend-acme[test]'",
        "rcmlrs conformance --backend acme --level smoke",
        "python -m pytest rcmlrs-backend-acme",
    ]
    again = command("acme")
    assert isinstance(again.exception, NewBackendError)
    elsewhere = command("acme", "--into", str(tmp_path / "else where"))
    assert shlex.quote(f"{tmp_path}/else where[test]") in elsewhere.output


# ------------------------------------------------------------------------------------------------ the guide

GUIDE = (SOURCE / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def defined(block: str) -> ModuleType:
    """A block of the guide as a module."""
    module = ModuleType("block_of_the_guide")
    exec(compile(block, "README.md", "exec"), module.__dict__)
    return module


@pytest.fixture
def guided(monkeypatch: pytest.MonkeyPatch) -> registry.Backend:
    """The backend with what the guide adds to it."""
    plugin: Any = ModuleType("guided")
    import rcmlrs_backend_template

    vars(plugin).update({name: hook for name, hook in vars(rcmlrs_backend_template).items() if "rcmlrs_" in name})
    step_one, step_two = map(defined, BLOCKS)

    @rc.hookimpl
    def rcmlrs_register(table: registry.KernelTable) -> None:
        table.register("exp", step_one.exp)
        table.register_fused("sgd_update", step_two.sgd_update)
        table.declare_unsupported("erf", "the device has no erf; it comes with release 2.1")

    plugin.rcmlrs_register = rcmlrs_register
    monkeypatch.setitem(sys.modules, "guided", plugin)
    monkeypatch.setattr(registry, "_built", {})
    return registry.get_backend("guided:")


def test_the_kernels_of_the_guide_are_right(guided: registry.Backend) -> None:
    report = check_backend(guided, ["exp", "erf", "sgd_update"], level="standard")
    assert report.ok, report.failures
    assert report.of("exp").verdict == "right"
    assert report.of("exp").kernel == report.of("sgd_update").kernel == "own"
    assert report.of("erf").verdict == "unsupported"


def test_the_guide_names_what_there_is() -> None:
    for path in re.findall(r"`((?:rcmlrs_backend_template/|\.github/)[\w/]+\.\w+)`", GUIDE):
        assert (SOURCE / path).is_file(), path
    for hook in re.findall(r"`(rcmlrs_[a-z]+)`", GUIDE):
        assert hook in vars(hookspecs) or hook == "rcmlrs_conformance", hook
    kernels = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert kernels == ["relu", "mul", "sqrt"]
