"""The README's code is run as it stands, in a folder of its own; its numbers are the numbers that come out.

So is the backend on the page about backends.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installed import BACKENDS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("backend", BACKENDS)
def test_code_blocks_run_and_print_what_the_comments_say(tmp_path: Path, backend: str) -> None:
    script = tmp_path / "readme.py"
    script.write_text("\n".join(BLOCK.findall(TEXT)), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "RCMLRS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    accuracy, digest = re.findall(r"# ([0-9a-f.]+?)\.\.\.", TEXT)
    printed = run.stdout.splitlines()
    assert printed[0].startswith(accuracy)
    assert printed[1].startswith(digest)
    assert (tmp_path / "digits.safetensors").stat().st_size > 64 * 32 * 4


def test_a_backend_of_storage_and_one_kernel_conforms(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "backends.md").read_text(encoding="utf-8")
    block = next(block for block in BLOCK.findall(page) if "class MyBackend" in block)
    (tmp_path / "my_package.py").write_text(block)
    command = [sys.executable, "-m", "rcmlrs_core.cli", "conformance", "--backend", "my_package:my_backend"]
    run = subprocess.run(
        [*command, "--level", "smoke", "--op", "mul", "--op", "gelu", "--op", "transpose"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_the_readme_names_exists() -> None:
    for path in re.findall(r"^    ((?:\w+/)+)(?=[, ]| {2})", TEXT, re.MULTILINE):
        assert (ROOT / path).is_dir(), path
    for link in re.findall(r"\]\((\w+(?:\.md)?)\)", TEXT):
        assert (ROOT / link).is_file(), link
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)", TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_it_is_one_page() -> None:
    assert len(TEXT.splitlines()) <= 120


def test_the_digests_of_examples_are_those_that_are_recomputed() -> None:
    """``test_examples.py`` does that, of the file that they stand in."""
    stored = json.loads((ROOT / "examples" / "digests.json").read_text(encoding="utf-8"))
    shown = re.findall(r"`(\w+)`\s`([0-9a-f]{12})\.\.\.`", TEXT)
    assert len(shown) == 2
    for name, digest in shown:
        assert stored[name]["full"].startswith(digest), name
