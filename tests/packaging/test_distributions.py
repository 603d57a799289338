"""What is built from a clone, with Rust and without: what sdist and wheel hold, and what a person sees of them."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.packaging.building import ROOT, build, made, names, tree

PACKAGE = "rcmlrs_backend_native"
MODULE = f"{PACKAGE}/_native.abi3.so"
NOTE = f"{PACKAGE}/not_built.txt"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="written for the names and the shell of Unix")


def run_installed(wheel: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command ``rcmlrs``, from the wheel and nothing else of the project.

    Without ``site``, which would bring in the finder of an editable install, and that the clone's compiled module.
    """
    if not folder.is_dir():
        zipfile.ZipFile(wheel).extractall(folder)
    code = "import rcmlrs_core.cli as c, sys; assert sys.path[1] in c.__file__, c.__file__; c.main()"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RCMLRS_")}
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        cwd=folder.parent,
        env={**environment, "PYTHONPATH": f"{folder}:{sysconfig.get_path('purelib')}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def programs(folder: Path, **scripts: str) -> str:
    """A PATH on which there are these programs and those of every system, but no Rust."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin" if not shutil.which("cargo", path="/usr/bin:/bin") else str(folder)


def test_the_tests_are_installed_with_what_builds() -> None:
    """As ``build`` runs without isolation, in the environment that ``make test`` sets up."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(project["build-system"]["requires"]) <= set(project["project"]["optional-dependencies"]["test"])


# ------------------------------------------------------------------------------------------- without Rust


def assert_complete_without_rust(wheel: Path, folder: Path, why: str) -> None:
    """A wheel for every machine, which says of the native backend what is the matter and trains all the same."""
    assert re.fullmatch(r"rcmlrs-[\d.]+-py3-none-any\.whl", wheel.name)
    files = names(wheel)
    assert NOTE in files
    assert not [name for name in files if name.endswith((".so", ".rs", ".lock"))]
    assert {f"{PACKAGE}/__init__.py", f"{PACKAGE}/_native.pyi"} <= files
    data = {"CONTRACT.md", "contract-1.txt", *(f"report/page.{kind}" for kind in ("html", "css", "js"))}
    assert {f"rcmlrs_conformance/{name}" for name in data} <= files
    listed = run_installed(wheel, folder, "backends", "--why")
    assert re.search(r"^native +not built +see below", listed.stdout, re.MULTILINE), listed.stdout + listed.stderr
    (line,) = [line for line in listed.stdout.splitlines() if line.startswith("native: not built: ")]
    assert why in line
    assert "pip install" in line
    demo = run_installed(wheel, folder, "demo", "--epochs", "1")
    assert "native is left out: not built: " in demo.stdout, demo.stdout + demo.stderr
    assert why in demo.stdout
    assert "Every weight is the same on all 2 backends, bit for bit." in demo.stdout


OLD = 'echo "rustc 1.70.0 (90c541806 2023-05-31)"'
FAILS = '[ "$1" = --version ] && echo cargo 1.95.0 && exit; echo "error: no such crate: moon" >&2; exit 101'
NEW = 'echo "rustc 1.95.0"'


@pytest.mark.parametrize(
    ("scripts", "why"),
    [
        ({}, "there was no Rust toolchain (cargo was not found) when RCMLRS was installed"),
        (
            {"cargo": NEW, "rustc": OLD},
            "the Rust toolchain was too old (rustc 1.70.0 (90c541806 2023-05-31); it takes 1.",
        ),
        ({"cargo": "echo no toolchain >&2; exit 1"}, "cargo --version failed (no toolchain)"),
        ({"cargo": FAILS, "rustc": NEW}, "cargo could not compile it (error: no such crate: moon)"),
    ],
    ids=["none", "old", "unset", "failing"],
)
def test_where_rust_is_missing_the_rest_is_installed_and_says_so(
    tmp_path: Path, scripts: dict[str, str], why: str
) -> None:
    source = tree(tmp_path / "source")
    path = programs(tmp_path / "bin", **scripts)
    wheel = made(source, build("wheel", source, PATH=path))
    assert_complete_without_rust(wheel, tmp_path / "installed", why)
    refused = build("wheel", source, PATH=path, RCMLRS_NATIVE="require")
    assert refused.returncode != 0
    said = "no such crate: moon" if "moon" in why else why.removesuffix(" when RCMLRS was installed")
    assert said in refused.stderr, "it is loud"


def test_rust_that_is_not_wanted(tmp_path: Path) -> None:
    source = tree(tmp_path / "source")
    wheel = made(source, build("wheel", source, RCMLRS_NATIVE="off"))
    assert_complete_without_rust(wheel, tmp_path / "installed", "RCMLRS_NATIVE was off when RCMLRS was installed")
    refused = build("wheel", source, RCMLRS_NATIVE="perhaps")
    assert "RCMLRS_NATIVE=perhaps: it is auto, off or require" in refused.stderr
    for content, why in ((None, "it was never built; build it: install Rust"), (b"half", "cannot be loaded")):
        package = tmp_path / "installed" / PACKAGE
        (package / "not_built.txt").unlink(missing_ok=True)
        if content is not None:
            (package / "_native.abi3.so").write_bytes(content)
        listed = run_installed(wheel, tmp_path / "installed", "backends")
        assert listed.returncode == 0, listed.stderr
        (line,) = [line for line in listed.stdout.splitlines() if line.startswith("native: not built: ")]
        assert why in line
        assert "https://rustup.rs" in line


# ---------------------------------------------------------------------------------------------- with Rust


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From a folder in which somebody has worked."""
    source = tree(tmp_path_factory.mktemp("sdist") / "source")
    native = source / "backends/native"
    (native / "target/release").mkdir(parents=True)
    (native / "target/release/lib_native.so").write_bytes(b"built")
    (native / "target/release/build.rs").write_bytes(b"made")
    (native / PACKAGE / "_native.abi3.so").write_bytes(b"built")
    (native / PACKAGE / "not_built.txt").write_text("stale")
    return made(source, build("sdist", source, RCMLRS_NATIVE="off"))


def test_an_sdist_has_the_sources_and_nothing_built(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    assert not [name for name in files if name.endswith((".so", ".pyc", "not_built.txt")) or "/target/" in name]
    wanted = {"setup.py", "pyproject.toml", "Makefile", ".ci/run", "backends/native/Cargo.lock", "CHANGELOG.md"}
    wanted |= {
        str(path.relative_to(ROOT))
        for path in (*(ROOT / "backends/native").rglob("*"), *(ROOT / "tests").rglob("*.py"))
        if path.suffix in (".rs", ".toml", ".py", ".pyi") and "target" not in path.parts
    }
    assert wanted - files == set()


@pytest.mark.skipif(not shutil.which("cargo"), reason="there is no Rust here")
def test_a_wheel_from_the_sdist_has_the_native_backend(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path)  # our own archive; the argument filter came with Python 3.11.4
    (source,) = tmp_path.iterdir()
    quick = {f"CARGO_PROFILE_RELEASE_{key}": value for key, value in QUICK.items()}
    homes = {key: os.environ[key] for key in ("CARGO_HOME",) if key in os.environ}
    run = build("wheel", source, RCMLRS_NATIVE="require", CARGO_TARGET_DIR=str(tmp_path / "target"), **quick, **homes)
    wheel = made(source, run)
    assert re.fullmatch(r"rcmlrs-[\d.]+-cp311-abi3-\w+\.whl", wheel.name)
    files = names(wheel)
    assert MODULE in files
    sources = [name for name in files if name.endswith((".rs", ".toml", ".lock", ".txt"))]
    data = ("rcmlrs_conformance/", "rcmlrs_core/data/sets/")  # whose data such files are
    assert not [name for name in sources if not name.startswith(data)]
    listed = run_installed(wheel, tmp_path / "installed", "backends")
    assert re.search(r"^native \* +healthy +\d+ +\d+ +Rust, ", listed.stdout, re.MULTILINE), listed.stdout
    code = ["conformance", "--backend", "native", "--level", "smoke", "--op", "exp", "--op", "reshape"]
    done = run_installed(wheel, tmp_path / "installed", *code)
    assert done.returncode == 0, done.stdout + done.stderr


QUICK = {"OPT_LEVEL": "0", "CODEGEN_UNITS": "16", "DEBUG": "0"}
"""What is looked at is what is built, not how fast it is."""
