"""Configurations: every mistake is told with file, line and key, before anything is trained."""

import sys
import tomllib
from pathlib import Path

import pytest

from rcmlrs_core.cli import app
from rcmlrs_core.config import Option, exact_number, of_options, read_config
from rcmlrs_core.config.keys import SECTIONS
from rcmlrs_core.config.lines import lines_of
from rcmlrs_core.errors import ConfigError, DataError, RcmlrsError
from rcmlrs_core.numerics.decimal_text import round_decimal
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.train.configured import prepare

COLOURS, KINDS = ("red", "blue"), ("rose", "iris", "tulip")
TABLE = "length,colour,day,kind,price\n" + "".join(
    f"{i * 7 % 13}.5,{COLOURS[i % 2]},2024-01-{i % 28 + 1:02},{KINDS[i % 3]},{i * i % 17}.25\n" for i in range(30)
)
BEGINNING = '[data]\npath = "table.csv"\ntarget = "kind"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    return tmp_path


def refused(text: str) -> str:
    Path("a.toml").write_text(text)
    with pytest.raises(RcmlrsError) as caught:
        prepare(read_config("a.toml"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("[data", "line 1", "Expected ']'"),
        ("\n\n[data]\na = 1979-13-01", "line 4", "no TOML"),
        ("epochs = 3", "line 1: epochs", "it belongs below [training]"),
        ("[optimiser]", "line 1: optimiser", "did you mean 'optimizer'?"),
        ("[training]\nepoch = 3", "line 2: training.epoch", "there is no key 'epoch'; did you mean 'epochs'?"),
        ("[training]\nlr = 3", "line 2: training.lr", "it belongs below [optimizer]"),
        ('[training]\n# "x" = 1\nepochs = "3"', "line 3: training.epochs", "expected an integer, found '3'"),
        ("[training]\nepochs = true", "line 2: training.epochs", "found true"),
        ("[training]\nepochs = 0", "line 2: training.epochs", "0 is out of range; it is at least 1"),
        ("[training]\nbatch_size = 0", "line 2: training.batch_size", "out of range"),
        ("[training]\nseed = 18446744073709551616", "line 2: training.seed", "out of range"),
        ("[optimizer]\nlr = nan", "line 2: optimizer.lr", "nan is not a finite number"),
        ("[optimizer]\nlr = -0.1", "line 2: optimizer.lr", "at least 0"),
        ('[data]\nkind = "cvs"', "line 2: data.kind", "did you mean 'csv'?"),
        ("[data]\nignore = []", "line 2: data.ignore", "an empty list"),
        ('[data]\nignore = ["a", 3]', "line 2: data.ignore", "a list of texts"),
        ("[data]\nmissing = [1]", "line 2: data.missing", "one of error, mean, drop or a number"),
        ('[data]\npath = "other.csv"', "line 2: data.path", "there is no such file"),
        ('[data]\ntarget = "kind"', "line 1: data", "path is missing"),
        ('[data]\npath = "table.csv"', "line 1: data", "target is missing"),
        ('[data]\npath = "table.csv"\ntarget = "kid"', "line 3: data.target", "did you mean 'kind'?"),
        (BEGINNING + "window = 3", "line 4: data.window", "is for the kinds series, and this is csv"),
        (BEGINNING + 'task = "regression"', "line 4: data.task", "holds text"),
        (BEGINNING + 'ignore = [\n  "day", # =\n  "colou",\n]', "line 6: data.ignore[1]", "did you mean 'colour'?"),
        (BEGINNING + "train_share = 0.9\nvalidation_share = 0.2", "line 5: data.validation_share", "more than 1"),
        (BEGINNING + "train_share = 0", "line 4: data.train_share", "above 0"),
        (BEGINNING + "shape = [3, 2]", "line 4: data.shape", "has 6 places, and there are 4 columns"),
        (BEGINNING + 'delimiter = "ab"', "line 4: data.delimiter", "comma, semicolon"),
        (BEGINNING + 'normalise_target = "z-score"', "line 4: data.normalise_target", "these are classes"),
        (BEGINNING + '[model]\nkind = "cnn"', "line 5: model.kind", "takes pictures"),
        (BEGINNING + '[model]\nkind = "gru"', "line 5: model.kind", "takes sequences"),
        (BEGINNING + "[model]\nbidirectional = true", "line 5: model.bidirectional", "for the kinds rnn, lstm, gru"),
        (BEGINNING + '[model]\nactivation = "relo"', "line 5: model.activation", "did you mean 'relu'?"),
        (BEGINNING + "[model]\nhidden = [8, 0]", "line 5: model.hidden[1]", "out of range"),
        (BEGINNING + "[model]\ndropout = 1.0", "line 5: model.dropout", "below 1"),
        (BEGINNING + '[[model.layers]]\nkind = "ReLU"', "line 4: model.layers[0]", "a layer has a type"),
        (BEGINNING + '[[model.layers]]\ntype = "Linaer"', "line 5: model.layers[0].type", "did you mean 'Linear'?"),
        (
            BEGINNING + '[[model.layers]]\ntype = "ReLU"\n[[model.layers]]\ntype = "Linear"\nout_featurs = 3',
            "line 8: model.layers[1].out_featurs",
            "there is no argument 'out_featurs' of Linear; did you mean 'out_features'?",
        ),
        (
            BEGINNING + '[[model.layers]]\ntype = "Linear"\nout_features = -3\n[[model.layers]]\ntype = "Linear"',
            "line 6: model.layers[0].out_features",
            "must be a positive int",
        ),
        (
            BEGINNING + '[[model.layers]]\ntype = "Linear"\nout_features = 4\n[[model.layers]]\ntype = "Conv2d"\n'
            "out_channels = 2\nkernel_size = 3",
            "line 7: model.layers[1]",
            "Conv2d",
        ),
        (
            BEGINNING + '[[model.layers]]\ntype = "Linear"\nout_features = 4\n[[model.layers]]\ntype = "Linear"\n'
            "in_features = 5",
            "line 7: model.layers[1]",
            "before it the shape is (batch, 4)",
        ),
        (
            BEGINNING + '[[model.layers]]\ntype = "Linear"\nout_features = 5',
            "line 4: model.layers[0]",
            "the model gives (batch, 5), and the 3 classes of 'kind' needs (batch, 3)",
        ),
        (
            BEGINNING + '[model]\nhidden = [3]\n[[model.layers]]\ntype = "ReLU"',
            "line 5: model.hidden",
            "is for presets",
        ),
        (BEGINNING + '[optimizer]\nname = "adm"', "line 5: optimizer.name", "did you mean 'adam'?"),
        (
            BEGINNING + "[optimizer]\nnmae = 'adam'",
            "line 5: optimizer.nmae",
            "there is no key 'nmae'; did you mean 'name'?",
        ),
        (BEGINNING + "[optimizer]\nbetas = [0.9, 1.5]", "line 5: optimizer.betas", "below 1"),
        (BEGINNING + "[optimizer]\nclip_norm = 1\nclip_value = 1", "line 5: optimizer.clip_norm", "at most one"),
        (BEGINNING + '[optimizer.schedule]\nname = "Cosine"', "line 5: optimizer.schedule.name", "'CosineDecay'"),
        (
            BEGINNING + '[optimizer]\nschedule = {name = "CosineDecay", alfa = 0.1}',
            "line 5: optimizer.schedule.alfa",
            "did you mean 'alpha'?",
        ),
        (BEGINNING + '[training]\nloss = "mse"', "line 5: training.loss", "it is for regression"),
        (BEGINNING + '[training]\nloss = "cross_entrpy"', "line 5: training.loss", "did you mean 'cross_entropy'?"),
        (
            BEGINNING + '[training]\nloss = {name = "cross_entropy", label_smoothing = 2}',
            "line 5: training.loss.label_smoothing",
            "label_smoothing",
        ),
        (BEGINNING + '[training]\nmetrics = ["accuracy", "r2"]', "line 5: training.metrics[1]", "it is for regression"),
        (BEGINNING + "[training]\nbackend = 'nunpy'", "line 5: training.backend", "did you mean 'numpy'?"),
        (BEGINNING + "[training.early_stopping]\npatince = 2", "line 5: training.early_stopping.patince", "'patience'"),
        (BEGINNING + "[training.early_stopping]\nmonitor = 'val_f1'", "early_stopping.monitor", "is not measured"),
        (BEGINNING + "[training]\ncheckpoint_every = 5", "line 5: training.checkpoint_every", "goes with checkpoint"),
    ],
)
def test_mistakes_are_told_with_their_line(text: str, where: str, words: str) -> None:
    problem = refused(text)
    assert problem.startswith("a.toml, line ")
    assert where in problem
    assert words in problem


def test_lines_of_every_kind_of_key_and_value() -> None:
    text = """# [no]
[data]  # x
path = "a = # b.csv"
"tar get".x = 'y ] } #'
a . b.c = 1

[model]
hidden = [
  1, # one ]
  2,
]
s = \"\"\"
[x] \\""\\\"
k = 3\"\"\"
t = '''
[[y]]'''
[[model.layers]]
type = "Linear"
[[model.layers]]
args = { a = 1, b = [ {c = 2}, [3] ] }
[model.layers.sub]
q = 1979-05-27T07:32:00Z
[[model.layers.sub.deep]]
r = -inf
"caf\\u00e9" = 0x1F
"""
    tomllib.loads(text)
    found = lines_of(text)
    assert found["data", "tar get", "x"] == 4
    assert found["data", "a", "b", "c"] == 5
    assert [found["model", "hidden", i] for i in (0, 1)] == [9, 10]
    assert (found["model", "s"], found["model", "t"]) == (12, 15)
    assert found["model", "layers"] == found["model", "layers", 0] == 17
    assert (found["model", "layers", 0, "type"], found["model", "layers", 1]) == (18, 19)
    assert found["model", "layers", 1, "args", "b", 0, "c"] == 20
    assert found["model", "layers", 1, "sub", "q"] == 22
    assert found["model", "layers", 1, "sub", "deep", 0, "r"] == 24
    assert found["model", "layers", 1, "sub", "deep", 0, "café"] == 25
    assert {path[0] for path in found} == {"data", "model"}


def test_numbers_are_rounded_once() -> None:
    beside = "1.00000005960464477539062500000000001"  # 1 + 2^-24 and a little; in binary64 it is 1 + 2^-24
    assert round_number(float(beside)) == 1.0, "rounded twice"
    assert round_number(exact_number(beside)) == round_decimal(beside) > 1.0
    assert exact_number("0.1") == 0.1, "elsewhere as in Python, so that 1 - beta is"
    assert exact_number("1_0.5") == 10.5
    Path("a.toml").write_text(f"[optimizer]\nlr = {beside}")
    assert read_config("a.toml").get("optimizer", "lr") == round_decimal(beside)


def test_options_stand_in_the_place_of_the_file_and_are_named_in_errors() -> None:
    Path("a.toml").write_text(BEGINNING + "[training]\nepochs = 3")
    config = read_config("a.toml", {("training", "epochs"): Option("--epochs", 5)})
    assert config.get("training", "epochs") == 5
    with pytest.raises(ConfigError, match=r"^--epochs: training.epochs: 0 is out of range"):
        read_config("a.toml", {("training", "epochs"): Option("--epochs", 0)})
    with pytest.raises(ConfigError, match=r"^--set x: model.hiden: .* did you mean 'hidden'"):
        of_options({("model", "hiden"): Option("--set x", 0)})


def test_a_path_is_relative_to_the_configuration(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.toml").write_text(BEGINNING)
    (folder / "table.csv").rename(folder / "sub" / "table.csv")
    assert len(prepare(read_config("sub/a.toml")).parts.training) == 24
    with pytest.raises(ConfigError, match=r"^--data: data.path: table.csv: there is no such file"):
        prepare(read_config("sub/a.toml", {("data", "path"): Option("--data", "table.csv")}))


def test_what_is_no_configuration() -> None:
    Path("binary.toml").write_bytes(b"\xff\xfe")
    Path("large.toml").write_text("#" * (1 << 20) + "\n")
    Path("deep.toml").write_text("a = " + "[" * 20000)
    for name, words in (
        ("no.toml", "no such file"),
        ("binary.toml", "no text in UTF-8"),
        ("large.toml", "more than 1048576 bytes"),
        (".", "cannot be read"),
        ("deep.toml", "deep.toml"),
    ):
        with pytest.raises(ConfigError, match=words):
            read_config(name)


def test_bad_data_are_told_as_ever() -> None:
    for old, new, words in (
        ("0.5,red", ",red", "line 2, column 1 ('length'): the value is missing"),
        ("rose,0.25", ",0.25", "line 2, column 4 ('kind'): the target is missing"),
        ("rose,0.25\n", "rose\n", "line 2: found a row of 4"),
    ):
        Path("table.csv").write_text(TABLE.replace(old, new, 1))
        Path("a.toml").write_text(BEGINNING + "train_share = 1")
        with pytest.raises(DataError) as caught:
            prepare(read_config("a.toml"))
        assert words in str(caught.value)
    Path("a.toml").write_text(BEGINNING + 'numbers = ["length"]')
    Path("table.csv").write_text(TABLE.replace("0.5,red", "x,red", 1))
    with pytest.raises(DataError, match=r"line 2, column 1 .'length'.: found 'x', expected a number"):
        prepare(read_config("a.toml"))


def test_what_is_wrong_with_another_column_is_not_said_of_the_target() -> None:
    rows = "".join(f"n{i},{i % 2}\n" for i in range(200))
    Path("table.csv").write_text("name,kind\n" + rows)
    Path("a.toml").write_text('[data]\npath = "table.csv"\ntarget = "kind"\n')
    with pytest.raises(DataError, match=r"^table.csv, line \d+, column 1 \('name'\)") as caught:
        prepare(read_config("a.toml"))
    assert "target" not in str(caught.value)


def test_another_delimiter_is_proposed() -> None:
    Path("table.csv").write_text(TABLE.replace(",", ";"))
    Path("a.toml").write_text(BEGINNING)
    with pytest.raises(ConfigError, match=r"there is no column .*; the delimiter is ',', and delimiter=';' may be"):
        prepare(read_config("a.toml"))


def test_a_library_that_is_not_installed_is_told_in_a_line_before_the_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    Path("table.csv").write_text(TABLE)
    Path("a.toml").write_text(BEGINNING + '[output]\nhistory = "a.png"\nsave = "a.safetensors"\n')
    with pytest.raises(SystemExit) as caught:
        app()(["train", "a.toml"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("rcmlrs: plot: matplotlib draws the curves and is not installed; pip install")
    assert error.count("\n") == 1


def test_every_key_is_explained() -> None:
    for section in SECTIONS.values():
        assert section.about.endswith(".")
        for name, key in section.keys.items():
            assert key.about, name
            assert not key.choices or "text" in key.forms
