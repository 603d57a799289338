"""A third party's whole path, with wheels and nothing else of this clone: make a backend, install it, check it.

No package index is asked: what RCMLRS needs is that of the environment that runs this test.
"""

import os
import re
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.building import ROOT, build, made, names, tree

pytestmark = pytest.mark.skipif(os.name == "nt", reason="written for the names and the shell of Unix")

Run = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RCMLRS, without Rust."""
    source = tree(tmp_path_factory.mktemp("rcmlrs") / "source")
    (source / "plugins/template/__pycache__").mkdir()
    (source / "plugins/template/__pycache__/junk.pyc").touch()
    return made(source, build("wheel", source, RCMLRS_NATIVE="off"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """An environment in which RCMLRS is installed."""
    folder = tmp_path_factory.mktemp("third_party") / "environment"
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # What RCMLRS depends on. Files of the kind .pth are not read there, so nothing editable comes with it.
    needed = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "dependencies.pth").write_text("\n".join(needed), encoding="utf-8")
    install(folder, wheel)
    return folder


def install(environment: Path, wheel: Path) -> None:
    """As anyone does, without an index."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(environment / "bin/python")]
    run = subprocess.run(
        [*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Run:
    """A command in that environment; its output, and nothing of the variables that are set here."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith(("RCMLRS_", "PYTHON", "PYTEST"))}
    path = f"{environment}/bin:{os.environ['PATH']}"

    def command(*words: str, cwd: Path = tmp_path, status: int = 0, **variables: str) -> str:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**mine, "PATH": path, "COLUMNS": "200", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    return command


def test_a_wheel_carries_what_a_backend_starts_from(wheel: Path) -> None:
    source = ROOT / "plugins" / "template"
    wanted = {
        f"rcmlrs_conformance/template/{path.relative_to(source)}"
        for path in source.rglob("*")
        if path.is_file() and not {"__pycache__", "rcmlrs_backend_template.egg-info"} & set(path.parts)
    }
    assert "rcmlrs_conformance/template/.github/workflows/conformance.yml" in wanted
    assert {name for name in names(wheel) if "/template/" in name} == wanted


def test_a_backend_from_nothing_to_a_certificate(run: Run, environment: Path, tmp_path: Path) -> None:
    where = run("python", "-c", "import rcmlrs_core, rcmlrs_conformance as c; print(rcmlrs_core.__file__, c.__file__)")
    assert where.count(str(environment)) == 2, where

    said = run("rcmlrs", "new-backend", "acme")
    folder = tmp_path / "rcmlrs-backend-acme"
    assert "python -m pip install --editable './rcmlrs-backend-acme[test]'" in said
    built = made(folder, build("wheel", folder))
    assert {"rcmlrs_backend_acme/kernels.py", "rcmlrs_backend_acme/waivers.toml"} <= names(built)
    install(environment, built)
    assert "there is a backend 'acme' here already (rcmlrs-backend-acme)" in run(
        "rcmlrs", "new-backend", "acme", "--into", "other", status=2
    )

    listed = run("rcmlrs", "backends", "--why", RCMLRS_BACKEND="acme")
    assert re.search(r"^acme \* +healthy +3 +\d+ +array.array, three kernels of its own", listed, re.MULTILINE), listed
    assert "acme is chosen because RCMLRS_BACKEND=acme says so" in listed
    product = "import rcmlrs_core as rc; x = rc.tensor([1.5, -2.0]); print(x.backend, (x * x).tolist())"
    assert run("python", "-c", product, RCMLRS_BACKEND="acme") == "acme [2.25, 4.0]\n"

    checked = run("sh", "ci.sh", cwd=folder, LEVEL="smoke", RCMLRS_BACKEND="acme")
    assert "Not one wrong bit" in checked
    assert re.search(r"^certificate-acme.jsonl: valid$", checked, re.MULTILINE), checked
    assert "conforms: all " in checked
    certificate = "report/certificate-acme.jsonl"
    again = run("rcmlrs", "verify", certificate, "--rerun", "--part", "5%", cwd=folder)
    assert again.splitlines()[0] == "certificate-acme.jsonl: valid"
    text = (folder / certificate).read_text(encoding="utf-8")
    (folder / certificate).write_text(text.replace('"cases": ', '"cases": 1', 1), encoding="utf-8")
    assert "invalid" in run("rcmlrs", "verify", certificate, cwd=folder, status=1)
    assert re.search(r" 4 passed in ", checked), checked

    words = ("--rcmlrs-op=mul", "--rcmlrs-op=storage", "--rcmlrs-op=matrix_transpose", "-q")
    tested = run("python", "-m", "pytest", "--pyargs", "rcmlrs_conformance", *words, RCMLRS_BACKEND="acme")
    assert re.search(r"^\d{3} passed in ", tested, re.MULTILINE), tested


def test_a_kernel_that_goes_wrong_is_found(run: Run, environment: Path, tmp_path: Path) -> None:
    """The path again, and a mistake on it: what is installed is what is checked."""
    run("rcmlrs", "new-backend", "wrong")
    folder = tmp_path / "rcmlrs-backend-wrong"
    kernels = folder / "rcmlrs_backend_wrong" / "kernels.py"
    right = kernels.read_text(encoding="utf-8")
    kernels.write_text(right.replace("0.0 if value <= 0.0 else value", "value if value > 0.0 else 0.0"))
    assert kernels.read_text(encoding="utf-8") != right
    install(environment, made(folder, build("wheel", folder)))
    found = run("rcmlrs", "conformance", "--backend", "wrong", "--op", "relu", "--level", "smoke", status=1)
    assert "0x7fc00000 = NaN" in found
    assert "rcmlrs_backend_wrong.kernels.relu" in found
    words = ("--pyargs", "rcmlrs_conformance", "--rcmlrs-backend=wrong", "--rcmlrs-op=relu", "-q")
    tested = run("python", "-m", "pytest", *words, status=1)
    assert "rcmlrs conformance --backend wrong --case relu/" in tested
