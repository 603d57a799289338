"""The certifier, built and run."""

import json
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.certify.sources import NATIVE

ALL = 1 << 32
"""Inputs of a function of one binary32 number."""

ENCLOSED = (
    "exp", "expm1", "log", "log1p", "sigmoid", "sigmoid_derivative", "tanh", "tanh_derivative", "softplus", "swish",
    "swish_derivative", "gelu", "gelu_derivative",
)  # fmt: skip
"""The functions that the certifier encloses in intervals, and Arb settles; the others it computes in integers."""


class CertifierError(Exception):
    """It cannot be built, or it does not do what it was told."""


@dataclass(frozen=True)
class Found:
    """What a run found. Lists hold the first inputs of each kind; the counts are of all."""

    function: str
    level: str
    inputs: int
    decided: int
    open: list[tuple[int, int]]
    open_count: int
    mismatches: list[tuple[int, int, int]]
    mismatch_count: int
    undecided: list[int]
    undecided_count: int
    digest: str
    seconds: float

    @classmethod
    def of(cls, event: dict[str, Any]) -> "Found":
        """From the last line that the certifier prints."""
        return cls(
            function=event["function"],
            level=event["level"],
            inputs=event["inputs"],
            decided=event["decided"],
            open=[(int(x, 16), int(y, 16)) for x, y in event["open"]["first"]],
            open_count=event["open"]["length"],
            mismatches=[(int(x, 16), int(y, 16), int(z, 16)) for x, y, z in event["mismatches"]["first"]],
            mismatch_count=event["mismatches"]["length"],
            undecided=[int(x, 16) for x in event["undecided"]["first"]],
            undecided_count=event["undecided"]["length"],
            digest=event["digest"],
            seconds=event["seconds"],
        )


class Certifier:
    """The binary ``rcmlrs-certify``, which `build` makes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (told,) = self._events("list")
        self.functions: list[str] = told["functions"]
        self.levels: list[str] = told["levels"]
        """Of this machine, the best first."""

    def check(
        self, function: str, level: str, *options: str, progress: Callable[[float], None] = lambda share: None
    ) -> Found:
        """On all inputs, or those that the options choose."""
        last: dict[str, Any] = {}
        for last in self._events("check", function, level, *options):
            if last["event"] == "progress":
                progress(last["done"] / last["of"])
        return Found.of(last)

    def compare(self, function: str, level: str, inputs: Sequence[int], sabotage: int | None = None) -> list[Found]:
        """On these inputs, one by one."""
        turned = [] if sabotage is None else ["--sabotage", f"{sabotage:08x}"]
        events = self._events("compare", function, level, *turned, *(f"{x:08x}" for x in inputs))
        return [Found.of(event) for event in events]

    def enclose(self, function: str, inputs: Sequence[int]) -> list[tuple[int, int]]:
        """The second evaluation's intervals, as the bits of binary64 numbers."""
        events = self._events("enclose", function, *(f"{x:08x}" for x in inputs))
        return [(int(event["low"], 16), int(event["high"], 16)) for event in events]

    def _events(self, *words: str) -> Iterator[dict[str, Any]]:
        """The lines that it prints, as they come."""
        command = [str(self.path), *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stdout:
                yield json.loads(line)
            error = process.stderr.read()
        if process.returncode:
            raise CertifierError(error.strip() or f"{' '.join(words)}: exit status {process.returncode}")


def available() -> bool:
    """Whether it can be built here."""
    return shutil.which("cargo") is not None and (NATIVE / "Cargo.toml").is_file()


@cache
def build() -> Certifier:
    """Build it if its sources or the kernels' are newer."""
    command = ["cargo", "build", "--release", "--package", "rcmlrs-certify", "--message-format", "json"]
    ran = subprocess.run(command, cwd=NATIVE, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise CertifierError(f"cargo does not build the certifier:\n{ran.stderr.strip()}")
    for line in ran.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "rcmlrs-certify":
            return Certifier(Path(message["executable"]))
    raise CertifierError("cargo does not say where the certifier lies")


def rustc() -> str:
    """The compiler's version."""
    return subprocess.run(["rustc", "--version"], cwd=NATIVE, capture_output=True, text=True, check=True).stdout.strip()


def version() -> str:
    """The kernels' version."""
    stated = tomllib.loads((NATIVE / "Cargo.toml").read_text(encoding="utf-8"))
    return str(stated["workspace"]["package"]["version"])
