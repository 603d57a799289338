"""The command ``rcmlrs``, as a person types it: what it prints, and with what status it ends."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rcmlrs_core.cli import demo
from rcmlrs_core.data import path_of
from rcmlrs_core.io import load_state_binary, state_digest

PLUGINS = Path(__file__).parent.parent / "plugins"


def rcmlrs(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "rcmlrs_core.cli", *arguments],
        env={**os.environ, "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_demo_trains_on_every_backend_to_the_same_bits() -> None:
    run = rcmlrs("demo", "--epochs", "2", "--backend", "numpy", "--backend", "python")
    assert run.returncode == 0, run.stdout + run.stderr
    digests = re.findall(r"\b[0-9a-f]{16}\b", run.stdout)
    assert len(digests) == 2
    assert len(set(digests)) == 1
    assert "Every weight is the same on all 2 backends, bit for bit." in run.stdout
    assert "naive forecast" in run.stdout


def test_demo_fails_when_a_backend_returns_other_bits() -> None:
    run = rcmlrs(
        "demo",
        "--epochs",
        "1",
        "--backend",
        "python",
        "--backend",
        "rcmlrs_saboteur:sum_in_float32",
        PYTHONPATH=str(PLUGINS / "saboteur"),
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "The digests differ" in run.stdout


def test_demo_learns(capsys: pytest.CaptureFixture[str]) -> None:
    demo(epochs=15, seed=0, backend=["numpy"])
    gain = re.search(r"(\d+)% better than", capsys.readouterr().out)
    assert gain is not None
    assert int(gain[1]) > 20


def test_train_on_a_file_of_ones_own(tmp_path: Path) -> None:
    data = tmp_path / "series.csv"
    data.write_text("".join(f"{i},{(i * 7) % 13}\n" for i in range(60)))
    saved = tmp_path / "model.safetensors"
    options = ["--epochs", "2", "--window", "5", "--hidden", "4", "--save", str(saved)]
    runs = [rcmlrs("train", "--data", str(data), *options, "--backend", name) for name in ("numpy", "python")]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
    digest = state_digest(load_state_binary(saved))
    assert all(f"digest {digest}" in run.stdout for run in runs)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a,b\n1,2\n3\n", "line 3"),
        ("a\n1\nx\n", "line 3"),
        ("a\n1\nnan\n2\n", "missing"),
        ("a\n1\n2\n3\n", "3 values"),
        ("a\n" + "5\n" * 60, "does not vary"),
    ],
)
def test_train_refuses_bad_data_in_words(tmp_path: Path, text: str, words: str) -> None:
    data = tmp_path / "bad.csv"
    data.write_text(text)
    run = rcmlrs("train", "--data", str(data), "--save", str(tmp_path / "model.safetensors"))
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr
    assert os.listdir(tmp_path) == ["bad.csv"]


def test_unknown_column_backend_and_file() -> None:
    series = str(path_of("sunspots"))
    for arguments, words in (
        (("--data", series, "--column", "sunspot"), "sunspots"),
        (("--data", series, "--backend", "nunpy"), "did you mean 'numpy'?"),
        (("--data", "no such file.csv"), "no such file.csv"),
        (("--data", series, "--missing", "guess"), "choose error or drop"),
    ):
        run = rcmlrs("train", *arguments)
        assert run.returncode == 2, run.stdout
        assert words in run.stderr
        assert "Traceback" not in run.stderr


def test_backends_says_why() -> None:
    run = rcmlrs("backends", "--why", RCMLRS_BACKEND="python")
    assert run.returncode == 0, run.stderr
    assert "RCMLRS_BACKEND=python says so" in run.stdout
    assert re.search(r"^matmul +own +own", run.stdout, re.MULTILINE)
    assert re.search(r"^gelu +derived +derived", run.stdout, re.MULTILINE)


def test_backends_is_shown_even_where_the_choice_is_a_mistake() -> None:
    run = rcmlrs("backends", RCMLRS_BACKEND="nunpy")
    assert "there is no backend 'nunpy'" in run.stdout + run.stderr
    assert re.search(r"^numpy .*healthy", run.stdout, re.MULTILINE)


def test_what_is_piped_holds_no_progress_bar_and_no_escapes() -> None:
    run = rcmlrs("demo", "--epochs", "1", "--backend", "numpy")
    assert "\x1b" not in run.stdout + run.stderr
    assert "━" not in run.stdout + run.stderr
