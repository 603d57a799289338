"""The command ``rcmlrs``, as a person types it: what it prints, and with what status it ends."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core.cli import app
from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.cli.demo import demo, suspects
from rcmlrs_core.data import path_of, read_csv
from rcmlrs_core.io import load_state_binary, state_digest
from rcmlrs_core.train.forecast import Settings, forecast, load_forecaster

PLUGINS = Path(__file__).parent.parent / "plugins"
SABOTEUR = "rcmlrs_saboteur:sum_in_float32"


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
    assert re.search(r"^numpy is NumPy [0-9.]+, ", run.stdout, re.MULTILINE), "what trained, and not only its name"


def test_demo_fails_when_a_backend_returns_other_bits() -> None:
    run = rcmlrs(
        "demo",
        "--epochs",
        "1",
        "--backend",
        "python",
        "--backend",
        SABOTEUR,
        PYTHONPATH=str(PLUGINS / "saboteur"),
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "Adam, 1 epoch." in run.stdout
    assert "The digests differ" in run.stdout
    commands = [f"  rcmlrs conformance --backend {name}" for name in ("python", SABOTEUR)]
    assert run.stdout.splitlines()[-2:] == commands, "one of the two is wrong: both must be looked at"


def test_the_suspects_are_those_who_differ_from_most(monkeypatch: pytest.MonkeyPatch) -> None:
    class Run:
        def __init__(self, backend: str) -> None:
            self.backend = backend

    monkeypatch.setattr(import_module("rcmlrs_core.cli.demo"), "digest", lambda run: run.backend[0])
    for backends, want in (("aa", ""), ("a", ""), ("aab", "b"), ("ab", "ab"), ("aabb", "aabb"), ("aaabbc", "bbc")):
        runs: Any = [Run(backend) for backend in backends]
        assert "".join(suspects(runs)) == want


def test_the_score_has_the_same_digits_in_table_and_sentence() -> None:
    run = rcmlrs("demo", "--epochs", "1", "--backend", "numpy")
    score = re.search(r"Test error .*?: ([0-9.]+),", run.stdout)
    assert score is not None
    assert re.search(rf"^numpy .* {re.escape(score[1])} ", run.stdout, re.MULTILINE)


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
        ("a\n1\n2\n3\n", "the series has 3 values, and windows of 12 need at least 15"),
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
        (("--data", series, "--column", "sunspot"), "did you mean 'sunspots'?"),
        (("--data", series, "--column", "2"), "there is no column 2; columns 0 to 1 are 'year', 'sunspots'"),
        (("--data", ""), "the path of the CSV file is empty"),
        (("--data", "."), ". is a directory"),
        (("--data", series, "--delimiter", "ab"), "--delimiter ab: give comma, semicolon, tab"),
        (("--data", series, "--decimal", ";"), "--decimal ;: give point or comma"),
        (("--data", series, "--train-share", "nan"), "nan is not between 0 and 1"),
        (("--data", series, "--train-share", "1"), "1.0 is not between 0 and 1"),
        (("--data", series, "--learning-rate", "nan"), "nan is not a finite number"),
        (("--data", series, "--seed", "-1"), "-1"),
    ):
        run = rcmlrs("train", *arguments)
        assert run.returncode == 2, run.stdout
        assert run.stdout == ""
        assert words in run.stderr
        assert "Traceback" not in run.stderr


WEATHER = "date,temp,sky\n" + "".join(f"day {i},{'' if i in (20, 21) else i * 7 % 13 + 0.5},clear\n" for i in range(60))
QUICK = ("--epochs", "1", "--hidden", "2", "--window", "4", "--backend", "numpy")


def test_columns_of_text_do_not_matter_and_a_gap_is_told(tmp_path: Path) -> None:
    data, saved = tmp_path / "weather.csv", tmp_path / "weather.safetensors"
    data.write_text(WEATHER)
    for column in ("temp", "1"):
        run = rcmlrs(
            "train", "--data", str(data), "--column", column, "--missing", "drop", *QUICK, "--save", str(saved)
        )
        assert run.returncode == 0, run.stderr
        assert "weather.csv: 58 rows; the column 'temp'" in run.stdout
        assert "Dropped 2 rows without a value; the gap is closed" in run.stdout
    run = rcmlrs("train", "--data", str(data))
    assert "column 3 ('sky'): found 'clear'" in run.stderr
    assert "--column chooses another column" in run.stderr
    run = rcmlrs("train", "--data", str(data), "--column", "temp")
    assert "line 22, column 2 ('temp'): the field is empty" in run.stderr
    assert "--missing drop leaves out such rows" in run.stderr
    assert 'missing="' not in run.stderr


def test_a_saved_model_gives_the_next_value_that_was_printed(tmp_path: Path) -> None:
    data, saved = tmp_path / "weather.csv", tmp_path / "weather.safetensors"
    data.write_text(WEATHER)
    options = ("--column", "temp", "--missing", "drop", *QUICK)
    run = rcmlrs("train", "--data", str(data), *options, "--save", str(saved))
    printed = re.search(r"Next value: (\S+)", run.stdout)
    assert printed is not None, run.stderr
    series = read_csv(data, columns=["temp"], missing="drop")["temp"]
    for backend in (None, "python"):
        value = load_forecaster(saved, backend).next(series)
        assert f"{value:.9g}" == printed[1]
        assert rc.tensor(float(printed[1])).item() == value, "nine digits are all of it"


def test_a_german_file(tmp_path: Path) -> None:
    data = tmp_path / "wetter.csv"
    data.write_text("tag;temp\n" + "".join(f"{i}. Mai;{i * 7 % 13},5\n" for i in range(30)))

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return rcmlrs("train", "--data", str(data), *QUICK, *options)

    assert "--delimiter semicolon may be the right one" in run().stderr
    assert "--delimiter semicolon may be the right one" in run("--column", "temp").stderr
    assert "found '0,5', expected a number; --decimal comma takes" in run("--delimiter", "semicolon").stderr
    for delimiter, decimal in (("semicolon", "comma"), (";", ",")):
        done = run("--delimiter", delimiter, "--decimal", decimal)
        assert done.returncode == 0, done.stderr
        assert "30 rows; the column 'temp'" in done.stdout


def test_names_or_values_in_line_1(tmp_path: Path) -> None:
    data = tmp_path / "bare.tsv"
    data.write_text("".join(f"day {i}\t{i * 7 % 13}\n" for i in range(30)))
    options = ("--data", str(data), "--delimiter", "tab", *QUICK)
    run = rcmlrs("train", *options)
    assert "may be names or values; pass --header for names, --no-header for values" in run.stderr
    assert "30 rows" in rcmlrs("train", *options, "--no-header").stdout
    assert "29 rows" in rcmlrs("train", *options, "--header").stdout


def test_save_spares_what_is_no_model_and_asks_before_the_work(tmp_path: Path) -> None:
    data = tmp_path / "weather.csv"
    data.write_text(WEATHER)
    (tmp_path / "link").symlink_to(data)
    for target, words in (
        ("weather.csv", "it exists and is no safetensors file"),
        ("link", "it exists and is no safetensors file"),
        ("", "it is a directory"),
        ("no/model.safetensors", "there is no folder"),
    ):
        run = rcmlrs("train", "--data", str(data), "--column", "temp", *QUICK, "--save", f"{tmp_path}/{target}")
        assert run.returncode == 2
        assert run.stdout == ""
        assert words in run.stderr
    assert "the name is empty" in rcmlrs("train", "--data", str(data), "--save", "").stderr
    assert data.read_text() == WEATHER


def test_ctrl_c_saves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "model.safetensors"
    rc.save_tensors_binary(saved, [rc.tensor(1.0)])
    before = saved.read_bytes()
    settings = Settings(window=4, hidden=2, epochs=2)
    interrupted = forecast([float(i * 7 % 13) for i in range(30)], settings, "numpy")
    interrupted.history.interrupted = True
    monkeypatch.setattr(import_module("rcmlrs_core.cli.train"), "forecast", lambda *_: interrupted)
    with pytest.raises(SystemExit) as ended:
        app()(["train", "--data", str(path_of("sunspots")), "--save", str(saved)])
    assert ended.value.code == 130
    assert "Stopped by Ctrl-C after 2 updates; nothing was saved." in capsys.readouterr().out
    assert saved.read_bytes() == before


def test_ctrl_c_in_any_command_is_answered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(import_module("rcmlrs_core.cli.backends"), "statuses", interrupt)
    with pytest.raises(SystemExit) as ended:
        app()(["backends"])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_a_command_that_cannot_be_used_harms_no_other(tmp_path: Path) -> None:
    """An installed distribution with commands of every bad kind, and one good one."""
    (tmp_path / "strange.py").write_text(
        "number = 5\n"
        "def untypable(x: complex): ...\n"
        "def mine(): print('a stranger trains')\n"
        "def fine(): print('all is well')\n"
    )
    (tmp_path / "quitter.py").write_text("import sys; sys.exit('two\\nlines')\n")
    info = tmp_path / "strange-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1\n")
    points = {"number": "strange:number", "untypable": "strange:untypable", "quits": "quitter:x"}
    points |= {"train": "strange:mine", "fine": "strange:fine"}
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[rcmlrs.commands]\n{lines}")
    listed = rcmlrs("--help", PYTHONPATH=str(tmp_path))
    assert listed.returncode == 0, listed.stderr
    for name in ("demo", "train", "backends", "conformance", "fine"):
        assert name in listed.stdout
    cannot = "rcmlrs: the command {!r} ({}) cannot be loaded: "
    number, quits, train, untypable = listed.stderr.splitlines()
    assert number == cannot.format("number", "strange:number") + "TypeError: 5 is not callable"
    assert quits == cannot.format("quits", "quitter:x") + "SystemExit: two lines"
    core = "rcmlrs_core.cli.train:train"
    assert train == f"rcmlrs: the command 'train' (strange:mine) is left out: {core} has that name"
    assert untypable.startswith(cannot.format("untypable", "strange:untypable"))
    assert rcmlrs("fine", PYTHONPATH=str(tmp_path)).stdout == "all is well\n"
    assert "a stranger trains" not in rcmlrs("train", PYTHONPATH=str(tmp_path)).stdout


def test_a_name_that_the_terminal_cannot_spell(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("Größe\n" + "".join(f"{i * 7 % 13}\n" for i in range(40)), encoding="utf-8")
    run = rcmlrs("train", "--data", str(path), "--epochs", "1", PYTHONIOENCODING="ascii")
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    assert "Gr\\xf6\\xdfe" in run.stdout


def test_version() -> None:
    run = rcmlrs("--version")
    assert (run.returncode, run.stdout) == (0, f"rcmlrs {rc.__version__}\n")


def test_on_a_terminal_prose_is_wrapped_between_words_and_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/tmp/:m:/" + "[x]" * 30
    screen = io.StringIO()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    with contextlib.redirect_stdout(screen):
        console = PlainConsole()
        console._force_terminal = True
        console.say("words " * 30 + path)
    lines = screen.getvalue().splitlines()
    assert lines[-1] == path
    assert all(len(line) <= 80 and set(line.split()) == {"words"} for line in lines[:-1])
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        PlainConsole().say("words " * 30 + path)
    assert screen.getvalue() == "words " * 30 + path + "\n", "one line in a pipe"


def test_backends_shows_one_that_is_named_as_module_and_attribute() -> None:
    environment = {"RCMLRS_BACKEND": SABOTEUR, "PYTHONPATH": str(PLUGINS / "saboteur"), "COLUMNS": "40"}
    run = rcmlrs("backends", **environment)
    assert re.search(rf"^{SABOTEUR} \*  healthy +\d+ +\d+ +wrong on purpose: .* elements *$", run.stdout, re.MULTILINE)
    assert run.stdout.count(" *") == 1


def test_backends_says_why() -> None:
    run = rcmlrs("backends", "--why", RCMLRS_BACKEND="python")
    assert run.returncode == 0, run.stderr
    assert "RCMLRS_BACKEND=python says so" in run.stdout
    # The columns are those of the healthy backends; numpy and python are the last.
    assert re.search(r"^matmul .* own +own *$", run.stdout, re.MULTILINE)
    assert re.search(r"^gelu .* derived +derived *$", run.stdout, re.MULTILINE)


def test_backends_is_shown_even_where_the_choice_is_a_mistake() -> None:
    run = rcmlrs("backends", RCMLRS_BACKEND="nunpy")
    assert "there is no backend 'nunpy'" in run.stdout + run.stderr
    assert re.search(r"^numpy .*healthy", run.stdout, re.MULTILINE)


def test_what_is_piped_holds_no_progress_bar_and_no_escapes() -> None:
    run = rcmlrs("demo", "--epochs", "1", "--backend", "numpy")
    assert "\x1b" not in run.stdout + run.stderr
    assert "━" not in run.stdout + run.stderr


def test_operations_are_listed_and_each_has_a_page() -> None:
    listed = rcmlrs("operations")
    assert listed.returncode == 0, listed.stderr
    (line,) = [line for line in listed.stdout.splitlines() if line.startswith("gelu ")]
    assert "derived" in line
    assert "Gaussian error linear unit" in line
    page = rcmlrs("operations", "silu").stdout
    assert "rc.swish(x)" in page
    wrong = rcmlrs("operations", "gelo")
    assert wrong.returncode == 2
    assert "did you mean 'gelu'?" in wrong.stderr
