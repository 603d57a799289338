"""Operations from outside: by entry point and by hand, what they get, and what is refused."""

import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_conformance import check_backend
from rcmlrs_conformance.judge.definition import DEFINITION
from rcmlrs_core import extension, functions
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.methods import Methods
from rcmlrs_core.ops import KERNELS, TABLE
from rcmlrs_core.ops.op import Composition
from rcmlrs_core.registry import _derivers
from tests.installed import BACKENDS

FOLDER = Path(__file__).parents[1] / "plugins" / "operation_template"


@pytest.fixture
def forget() -> Any:
    """Take operations out of all tables again."""
    before = set(TABLE)
    yield
    for name in set(TABLE) - before:
        operation = TABLE.pop(name)
        KERNELS.pop(name, None)
        for backend in _derivers:
            backend.kernels.pop(name, None)
        for called in (name, *operation.aliases):
            del FUNCTIONS[called]
            delattr(Methods, called)
            for module in (rc, functions):
                delattr(module, called)
                module.__all__.remove(called)


@pytest.fixture
def logit(monkeypatch: pytest.MonkeyPatch, forget: Any) -> Any:
    """The template's operation, registered by hand."""
    monkeypatch.syspath_prepend(str(FOLDER))
    from rcmlrs_operation_template import logit

    return rc.register_operation(logit)


def run(path: Path, program: str) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, with the folders ``path`` and the template's installed."""
    code = f"import sys; sys.path[:0] = {[str(path), str(FOLDER)]!r}\n" + program
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)


def install(path: Path, points: dict[str, str]) -> None:
    """As ``pip install`` leaves a distribution: its metadata in a folder of the path."""
    info = path / "acme_operations-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-operations\nVersion: 1.0\n", encoding="utf-8")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{extension.ENTRY_POINTS}]\n{lines}", encoding="utf-8")


def test_an_entry_point_is_all_it_takes(tmp_path: Path) -> None:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    install(tmp_path, project["entry-points"][extension.ENTRY_POINTS])
    done = run(
        tmp_path,
        "import rcmlrs_core as rc\n"
        "x = rc.tensor([0.25, 0.5], requires_grad=True)\n"
        "x.logit().sum().backward()\n"
        "print(rc.logit(x).tolist(), x.grad.tolist(), 'logit' in dir(rc), rc.logit.__doc__[:9])\n"
        "from rcmlrs_core.cli import main\n"
        "sys.argv = ['rcmlrs', 'conformance', '--backend', 'python', '--op', 'logit', '--level', 'smoke']\n"
        "main()\n",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("[-1.0986123085021973, 0.0] [5.333333492279053, 4.0] True logit(x):")
    assert "logit" in done.stdout.splitlines()[-1] or "right" in done.stdout


def test_what_cannot_be_loaded_is_told_and_breaks_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "acme_broken.py").write_text("raise SystemExit('no')\n", encoding="utf-8")
    (tmp_path / "acme_nothing.py").write_text("operation = 1\n", encoding="utf-8")
    logit = "rcmlrs_operation_template.logit"
    install(tmp_path, {"a": "acme_broken", "b": "acme_nothing", "c": "acme_missing", "logit": logit, "odds": logit})
    done = run(
        tmp_path, "import rcmlrs_core as rc\nprint(rc.tensor([0.5]).logit().tolist(), rc.ones(1).exp().tolist())"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[0.0] [2.7182817459106445]\n"
    for words in (
        "'a' of the package 'acme-operations' cannot be used: SystemExit: no",
        "'b' of the package 'acme-operations' cannot be used: OperationError: an operation is one of the families",
        "'c' of the package 'acme-operations' cannot be used: ModuleNotFoundError",
    ):
        assert words in done.stderr


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_passes_the_suite_on_backends_that_were_built_before(logit: Any, backend: str) -> None:
    report = check_backend(backend, ops=["logit"], level="standard")
    assert report.ok, [failure.command for failure in report.failures]
    assert report.of("logit").kernel == "derived"
    assert report.of("logit").families.keys() >= {"cases", "refusals", "edges", "bits", "shapes", "lengths"}


def test_the_suite_sees_a_wrong_one(logit: Any, forget: Any) -> None:
    """Its binary64 formula with a bound that is not one."""
    wrong = replace(logit, binary64=lambda m, x: m.log(x / (1.0 - x)) * 1.0000001, module="acme.wrong_logit")
    rc.register_operation(wrong)
    report = check_backend("python", ops=["wrong_logit"])
    assert not report.ok


def test_a_composition_and_its_aliases(forget: Any) -> None:
    """The seed's double, with a docstring that is its page."""

    def twice(x: Any) -> Any:
        return x + x

    operation = Composition(module="acme.twice", function=twice, aliases=("double_it",))
    sys.modules["acme.twice"] = type(sys)("acme.twice", "twice(x): the double.\n\n1. ``x + x``.")
    rc.register_operation(operation)
    x = rc.tensor([1.0, 2.0])
    assert x.twice().tolist() == rc.double_it(x).tolist() == [2.0, 4.0]  # type: ignore[attr-defined]
    assert "twice" in rc.__all__
    assert rc.register_operation(operation) is operation, "the same one again does nothing"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"module": "acme.gelu"}, r"'gelu' is taken by the operation of rcmlrs_core\.ops\.gelu"),
        ({"module": "acme.tolist"}, r"'tolist' is taken by RamTensor\.tolist"),
        ({"module": "acme.nn"}, r"'nn' is taken by rcmlrs_core\.nn"),
        ({"module": "acme.no-name"}, "cannot be called 'no-name'"),
        ({"module": "acme._hidden"}, "cannot be called '_hidden'"),
        ({"module": "acme.lambda"}, "cannot be called 'lambda'"),
        ({"module": "acme.\ufb01x"}, "cannot be called '\ufb01x'"),
        ({"module": "acme.fine", "aliases": (3,)}, "cannot be called 3"),
        ({"module": "acme.fine", "aliases": "fine_2"}, "aliases are a sequence of names"),
        ({"module": "acme.fine", "aliases": ("fine_2", "fine_2")}, "each of them once"),
        ({"module": "acme.fine", "aliases": ("fine",)}, "each of them once"),
        ({"module": "acme.fine", "aliases": ("silu_2", "shape")}, r"'shape' is taken by RamTensor\.shape"),
    ],
)
def test_names_that_are_taken(change: dict[str, Any], words: str) -> None:
    before = set(FUNCTIONS)
    with pytest.raises(rc.OperationError, match=words):
        rc.register_operation(replace(TABLE["exp"], **{"aliases": (), **change}))
    assert set(FUNCTIONS) == before


@pytest.mark.parametrize("thing", [None, "gelu", len, sys])
def test_what_is_no_operation(thing: Any) -> None:
    with pytest.raises(rc.OperationError, match="one of the families"):
        rc.register_operation(thing)


def test_a_backend_that_cannot_derive_leaves_everything_as_it_was(forget: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(operation: Any) -> Any:
        raise rc.BackendError("no")

    monkeypatch.setattr(DEFINITION, "_derive", no)
    with pytest.raises(rc.BackendError, match="no"):
        rc.register_operation(replace(TABLE["exp"], module="acme.other_exp"))
    assert "other_exp" not in TABLE
    assert not any("other_exp" in backend.kernels for backend in _derivers)
