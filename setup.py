"""The packages of the distribution, their folders, and the native backend; everything else is in pyproject.toml.

No package called ``backends`` or ``conformance`` lands in anyone's site-packages: each folder is mapped to a
proper import name here, and its subpackages are found, so a new one needs no entry.

The native backend is compiled from ``backends/native`` where there is a Rust toolchain. The environment variable
``RCMLRS_NATIVE`` says how much that matters: ``auto`` (the default) installs the rest where it cannot be built, and
leaves a note beside the package that says why, which ``rcmlrs backends`` shows; ``require`` fails instead; ``off`` does
not try. What is installed without it is pure Python.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools_rust import RustExtension, build_rust

FOLDERS = {
    "rcmlrs_core": "rcmlrs_core",
    "rcmlrs_backend_python": "backends/python/rcmlrs_backend_python",
    "rcmlrs_backend_numpy": "backends/numpy/rcmlrs_backend_numpy",
    "rcmlrs_backend_native": "backends/native/rcmlrs_backend_native",
    "rcmlrs_backend_array_api": "backends/array_api/rcmlrs_backend_array_api",
    "rcmlrs_conformance": "conformance",
}

TEMPLATE = Path("plugins/template")
"""What ``rcmlrs new-backend`` copies."""

VARIABLE = "RCMLRS_NATIVE"
NATIVE = "rcmlrs_backend_native"
MODULE = "_native.abi3.so" if os.name != "nt" else "_native.pyd"
NOTE = "not_built.txt"
RUST = Path("backends/native")
OLDEST = tomllib.loads((RUST / "Cargo.toml").read_text("utf-8"))["workspace"]["package"]["rust-version"]


class CannotBuildError(Exception):
    """Why the native backend cannot be built here."""


def find_toolchain() -> None:
    """Raise where there is no Rust toolchain, or one that is too old."""
    cargo = os.environ.get("CARGO", "cargo")
    for program in (cargo, "rustc"):
        if not shutil.which(program):
            raise CannotBuildError(f"there was no Rust toolchain ({program} was not found)")
        run = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        if run.returncode:
            said = " ".join((run.stderr or run.stdout).split()) or f"exit status {run.returncode}"
            raise CannotBuildError(f"{program} --version failed ({said:.200})")
    found = re.search(r"(\d+)\.(\d+)", run.stdout)
    if not found or tuple(map(int, found.groups())) < tuple(map(int, OLDEST.split(".")[:2])):
        raise CannotBuildError(f"the Rust toolchain was too old ({run.stdout.strip()}; it takes {OLDEST})")


def leave_note(folder: Path, reason: str | None, *, editable: bool) -> None:
    """Write into the package's folder why it has no compiled module; where it has one, no such note."""
    note = folder / NOTE
    if reason is None:
        note.unlink(missing_ok=True)
        return
    (folder / MODULE).unlink(missing_ok=True)  # one of before, which does not go with the Python around it
    again = "make demo, or pip install --editable ." if editable else "pip install --force-reinstall --no-deps ."
    how = f"in its folder, {again}"
    if reason.startswith(VARIABLE):
        todo = f"to build it, install RCMLRS without that, with Rust {OLDEST} or newer: {how}"
    elif "toolchain" in reason:
        todo = f"to build it, install Rust {OLDEST} or newer (https://rustup.rs) and then RCMLRS again: {how}"
    else:
        todo = f"when that is mended, install RCMLRS again: {how} (with {VARIABLE}=require to see all that is said)"
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{reason} when RCMLRS was installed; {todo}\n", encoding="utf-8")
    print(f"The native backend is not built: {note.read_text('utf-8')}", file=sys.stderr)


class BuildPython(build_py):
    """As ever, the files that a new backend starts from, and the note where the native backend is not even tried."""

    def run(self) -> None:
        """Copy the Python files."""
        super().run()
        if not self.editable_mode:  # a clone has them where they are
            carried = Path(self.build_lib, "rcmlrs_conformance", TEMPLATE.name)
            shutil.rmtree(carried, ignore_errors=True)
            junk = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist", "report", ".*_cache")
            shutil.copytree(TEMPLATE, carried, ignore=junk)
        if not self.distribution.rust_extensions:
            folder = FOLDERS[NATIVE] if self.editable_mode else Path(self.build_lib, NATIVE)
            leave_note(Path(folder), reason, editable=self.editable_mode)


class BuildNative(build_rust):
    """The native backend, once; unless it is required, a failure is told and the rest goes on."""

    failure: str | None = None
    tried = False

    def run(self) -> None:
        """Compile the module and put it where the wheel, or the editable install, looks for it."""
        if self.tried:
            return
        self.tried = True
        try:
            super().run()
        except Exception as error:
            if wanted == "require":
                raise
            said = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
            print(said, file=sys.stderr)
            errors = re.findall(r"^\s*(error(?:\[\w+\])?: .*)", said, re.MULTILINE) or [said]
            self.failure = f"cargo could not compile it ({' '.join(errors[0].split()):.200})"
            self.distribution.has_ext_modules = lambda: False
        folder = Path(self.get_finalized_command("build_ext").get_ext_fullpath(f"{NATIVE}._native")).parent
        leave_note(folder, self.failure, editable=self.inplace)


class BuildWheel(bdist_wheel):
    """A wheel without the compiled module is for every machine; so the module comes first."""

    def initialize_options(self) -> None:
        """One module for all versions of Python from 3.11 on."""
        super().initialize_options()
        self.py_limited_api = "cp311"  # the interface that backends/native/python/Cargo.toml asks pyo3 for

    def run(self) -> None:
        """Make the wheel."""
        if self.distribution.rust_extensions:
            native = self.get_finalized_command("build_rust")
            native.run()
            self.root_is_pure = native.failure is not None
        super().run()


wanted = os.environ.get(VARIABLE) or "auto"
if wanted not in ("auto", "off", "require"):
    raise SystemExit(f"{VARIABLE}={wanted}: it is auto, off or require")
reason = f"{VARIABLE} was off" if wanted == "off" else None
if reason is None:
    try:
        find_toolchain()
    except CannotBuildError as error:
        if wanted == "require":
            raise SystemExit(f"{VARIABLE}=require: the native backend cannot be built: {error}") from None
        reason = str(error)

setup(
    packages=[
        name
        for package, folder in FOLDERS.items()
        for name in (package, *(f"{package}.{subpackage}" for subpackage in find_packages(folder)))
    ],
    package_dir=FOLDERS,
    cmdclass={"build_py": BuildPython, "build_rust": BuildNative, "bdist_wheel": BuildWheel},
    rust_extensions=[
        RustExtension(
            f"{NATIVE}._native",
            path=str(RUST / "python" / "Cargo.toml"),
            cargo_manifest_args=["--locked"],
            debug=False,
            quiet=True,  # what cargo says is in the error, if it fails
        )
    ]
    if reason is None
    else [],
)
