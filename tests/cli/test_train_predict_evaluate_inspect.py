"""From one's own file to a saved model and its predictions: the commands, the file, and the page that tells of them."""

import csv
import json
import os
import re
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import train
from rcmlrs_core.cli import app
from rcmlrs_core.config import Option, of_options, page, read_config
from rcmlrs_core.data import path_of
from rcmlrs_core.errors import DataError, FileFormatError, RcmlrsError
from rcmlrs_core.io import load_state_binary, save_tensors_binary
from rcmlrs_core.train import engine
from rcmlrs_core.train.configured import Job, prepare
from rcmlrs_core.train.saved import SavedModel
from tests.installed import BACKENDS

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
COLOURS, KINDS = ("red", "blue", "red, or blue"), ("rose", "iris", "tulip")
LENGTHS = [i * 7 % 13 + 9 * (i % 3) for i in range(40)]
TABLE = "length,colour,day,kind,price\n" + "".join(
    f'{length}.5,"{COLOURS[i % 3]}",2024-01-{i % 28 + 1:02},{KINDS[i % 3]},{3 * length}.25\n'
    for i, length in enumerate(LENGTHS)
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)
    return tmp_path


@pytest.fixture
def rcmlrs(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The command, and what it prints."""

    def run(*arguments: str, status: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app()(list(arguments))
        assert (ended.value.code or 0) == status
        return capsys.readouterr().out

    return run


def job(**values: Any) -> Job:
    """``data__path="table.csv"`` is ``path`` below ``[data]``."""
    return prepare(of_options({tuple(name.split("__")): Option(name, value) for name, value in values.items()}))


def trained(**values: Any) -> SavedModel:
    found = job(**{"training__epochs": 1, "training__backend": "numpy", **values})
    found.run(progress=0)
    return found.trained


def saved(**values: Any) -> SavedModel:
    """The model after it was in a file, with the same digest and description."""
    model = trained(**values)
    model.save("model.safetensors")
    found = train.load("model.safetensors", "numpy")
    assert found.digest() == model.digest()
    found.save("again.safetensors")
    assert Path("again.safetensors").read_bytes() == Path("model.safetensors").read_bytes()
    return found


def read(name: str) -> list[list[str]]:
    """The fields of a CSV file."""
    return list(csv.reader(Path(name).read_text().splitlines()))


SPECIES = {"data__path": "table.csv", "data__target": "kind"}
PRICE = {"data__path": "table.csv", "data__target": "price"}


# ------------------------------------------------------------------------------------------------ the page


def test_the_page_is_what_happens(rcmlrs: Callable[..., str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    making, using = [block for kind, block in blocks if kind == "python"]
    exec(compile(making, "page", "exec"), {})
    assert Path("plants.csv").read_text().startswith("height,leaves,colour,site,species\n")
    whole, layers = [block for kind, block in blocks if kind == "toml"]
    Path("plants.toml").write_text(whole)
    (flags,) = re.findall(r"^rcmlrs (train --data .*)$", text, re.MULTILINE)
    assert "Saved to plants.safetensors" in rcmlrs(*flags.split())
    shown = next(block for kind, block in blocks if "Digest of the model" in block)
    for command in re.findall(r"^\$ rcmlrs (.*)$", text, re.MULTILINE):
        printed = rcmlrs(*command.split(), *["--backend", "numpy"] * ("train" in command))
        if command == "train plants.toml":
            there = re.sub(r"on \w+\.$|in [0-9.e-]+ s\.$", "", printed, flags=re.MULTILINE)
            assert there == re.sub(r"on \w+\.$|in [0-9.e-]+ s\.$", "", shown, flags=re.MULTILINE)
    exec(compile(using, "page", "exec"), {})
    assert len(read("predicted.csv")) == 201
    Path("layers.toml").write_text('[data]\npath = "plants.csv"\ntarget = "species"\n' + layers)
    assert len(prepare(read_config("layers.toml")).trained.layers) == 5
    wrong, problem = re.findall(r"`(plants\.toml, line \d+: ([^`]*))`", text)[0]
    Path("plants.toml").write_text(whole.replace('name = "adamw"', 'nmae = "adamw"'))
    with pytest.raises(RcmlrsError) as caught:
        prepare(read_config("plants.toml"))
    assert str(caught.value) == wrong, problem


def test_the_table_of_keys_on_the_page_is_the_one_in_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page.written(text) == text, "run python -m rcmlrs_core.config.page docs/training.md"


# ---------------------------------------------------------------------------------------------- the bits


@pytest.mark.parametrize("target", [SPECIES, PRICE])
def test_one_configuration_has_one_digest_on_every_backend(target: dict[str, Any]) -> None:
    common = {"model__hidden": [4], "model__dropout": 0.25, "model__batch_norm": True, "training__batch_size": 8}
    digests = {name: trained(**target, **common, training__backend=name).digest() for name in BACKENDS}
    assert len(set(digests.values())) == 1, digests
    assert trained(**target, **common, training__seed=1).digest() not in digests.values()


def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_bits(
    rcmlrs: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.toml").write_text(
        '[data]\npath = "table.csv"\ntarget = "kind"\n[model]\nhidden = [4]\ndropout = 0.5\n'
        '[optimizer]\nschedule = { name = "CosineDecay" }\n[training]\nepochs = 3\nbatch_size = 8\nbackend = "numpy"\n'
        'checkpoint = "a.ckpt"\n[output]\nsave = "a.safetensors"\n'
    )
    whole = rcmlrs("train", "a.toml")
    digest = load_state_binary("a.safetensors")
    os.unlink("a.ckpt")
    os.unlink("a.safetensors")

    def interrupting(self: engine.Training, *arguments: Any, real: Any = engine.Training._epoch) -> bool:
        if self.epoch == 1:
            signal.raise_signal(signal.SIGINT)
        return bool(real(self, *arguments))

    with monkeypatch.context() as patch:
        patch.setattr(engine.Training, "_epoch", interrupting)
        stopped = rcmlrs("train", "a.toml", status=130)
    assert "Stopped by Ctrl-C after 5 updates; the run is saved in a.ckpt. Go on with\n" in stopped
    (command,) = re.findall(r"^  rcmlrs (train .* --resume)$", stopped, re.MULTILINE)
    assert not Path("a.safetensors").exists()
    resumed = rcmlrs(*command.split())
    assert "Going on from a.ckpt." in resumed
    assert [t.digest() for t in load_state_binary("a.safetensors").values()] == [t.digest() for t in digest.values()]
    both = [re.sub(r"in [0-9.e-]+ s\.", "", text).splitlines()[-9:] for text in (whole, resumed)]
    assert both[0] == both[1]
    with pytest.raises(RcmlrsError, match="is the checkpoint of another run"):
        job(**SPECIES, training__checkpoint="a.ckpt").run(resume=True)


# ------------------------------------------------------------------------------------------ data of every kind


def test_a_table_with_categories_and_what_new_data_may_be() -> None:
    model = saved(**SPECIES, training__epochs=12)
    assert model.classes == ("iris", "rose", "tulip")
    said = model.predict("table.csv")
    assert repr(said).startswith(f"Predictions(of {len(said.values)} examples; values [")
    assert len(repr(said)) < 200
    with pytest.raises(TypeError, match=r"predict: takes the name of a file .*, got a list; write the rows to one"):
        model.predict([[0.5, "red"]])  # type: ignore[arg-type]
    measured = model.evaluate("table.csv")
    right = sum(KINDS[i % 3] == name for i, name in enumerate(said.values))
    assert measured.metrics["accuracy"] == pytest.approx(right / 40, abs=1e-6)  # one of 40 is 0.025
    assert measured.metrics["accuracy"] > 0.9
    assert measured.confusion is not None
    assert sum(map(sum, measured.confusion)) == 40
    assert said.probabilities is not None
    for row in said.probabilities.tolist():
        assert sum(row) == pytest.approx(1, abs=1e-6)  # three numbers below 1, each rounded once
    # Other columns, in another order, and a target that is no class: predicted all the same.
    rows = list(csv.DictReader(TABLE.splitlines()))
    with open("new.csv", "w") as file:
        out = csv.writer(file)
        out.writerow(["note", "colour", "length", "price", "kind"])
        out.writerows([["?", row["colour"], row["length"], row["price"], "orchid"] for row in rows])
    assert model.predict("new.csv").values == said.values
    with pytest.raises(DataError, match="found 'orchid', expected a class of the training part"):
        model.evaluate("new.csv")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("colour", "color", "there is no column 'colour'; did you mean 'color'?"),
        ('"red"', '"green"', "line 2, column 2 ('colour'): found 'green', expected one of 'blue', 'red'"),
        ("0.5,", "nan,", "line 2, column 1 ('length'): the value is missing"),
        ("0.5,", "much,", "line 2, column 1 ('length'): found 'much', expected a number"),
        ("0.5,", "1e39,", "beyond the largest binary32 number"),
    ],
)
def test_new_data_that_do_not_fit(old: str, new: str, words: str) -> None:
    model = saved(**SPECIES)
    Path("new.csv").write_text(TABLE.replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        model.predict("new.csv")
    assert words in str(caught.value)


def test_numbers_come_back_in_their_own_unit_and_rows_with_gaps_are_left_out(rcmlrs: Callable[..., str]) -> None:
    model = saved(**PRICE, training__epochs=30, data__missing="drop", data__normalise="min-max")
    prices = [float(row["price"]) for row in csv.DictReader(TABLE.splitlines())]
    values: Any = model.predict("table.csv").values
    mean = sum(prices) / len(prices)
    assert sum((a - b) ** 2 for a, b in zip(values, prices, strict=True)) < sum((mean - b) ** 2 for b in prices)
    Path("new.csv").write_text(TABLE.replace("0.5,", ",", 1))
    assert "39 predictions in out.csv; 1 row with missing values has none." in rcmlrs(
        "predict", "model.safetensors", "new.csv", "--output", "out.csv", "--backend", "python"
    )
    rows = read("out.csv")
    assert rows[0] == ["length", "colour", "day", "kind", "price", "price predicted"]
    assert rows[1] == [*read("table.csv")[2], rows[1][-1]], "the fields as they are, from line 3 on"
    assert rc.tensor([float(row[-1]) for row in rows[1:]], "numpy").tolist() == values[1:], "every bit"


def test_a_series(rcmlrs: Callable[..., str]) -> None:
    lines = [f"day {i},{(i * 7 % 13) + 0.5},{i % 5}" for i in range(40)]
    Path("w.csv").write_text("day,temp,wind\n" + "\n".join(lines) + "\n")
    model = saved(
        data__kind="series", data__path="w.csv", data__target="temp", data__columns=["wind", "temp"], data__window=4,
        data__horizon=2, model__kind="gru", model__hidden=[3, 2], training__batch_size=16,
    )  # fmt: skip
    assert model.evaluate("w.csv").examples == 40 - 4 - 2 + 1
    said = model.predict("w.csv")
    assert (said.examples.names[0], said.examples.names[-1]) == ("6", "42"), "two steps beyond the end"
    Path("w.csv").write_text("day,temp,wind\n" + "\n".join(lines[:30]) + "\n")
    assert model.predict("w.csv").values == said.values[:27], "each from the values before it alone"
    assert rcmlrs("predict", "model.safetensors", "w.csv").splitlines()[0] == "row,temp predicted"
    Path("w.csv").write_text("temp,wind\n1,2\n")
    with pytest.raises(DataError, match="window"):
        model.predict("w.csv")


def test_pictures_in_columns() -> None:
    model = saved(data__kind="digits", model__channels=[2], model__hidden=[4], data__train_share=0.1)
    found = model.predict(path_of("digits"))
    assert len(found.values) == 1797
    assert set(found.values) <= set(model.classes or ())


def test_pictures_in_folders(folder: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for name in ("cat", "dog"):
        (folder / "pets" / name).mkdir(parents=True)
        for i in range(4):
            image.new("L", (6, 6), 200 * (name == "dog") + i).save(folder / "pets" / name / f"{i}.png")
    model = saved(
        data__kind="images", data__path="pets", data__mode="L", model__channels=[2], model__hidden=[4],
        data__augment=[{"type": "RandomFlip"}], training__epochs=20, data__train_share=0.5,
    )  # fmt: skip
    assert model.evaluate("pets").metrics["accuracy"] == 1.0
    assert model.predict("pets/dog").values == ["dog"] * 4
    assert model.predict("pets/cat/1.png").values == ["cat"]
    image.new("L", (5, 5)).save(folder / "odd.png")
    with pytest.raises(RcmlrsError, match=r"inner dimensions|features|shape"):
        model.predict("odd.png")


def test_arrays_and_layers_of_ones_own() -> None:
    tensors = {"x": rc.tensor([[i % 5] * 3 for i in range(20)], dtype="int32"), "y": rc.tensor(list(range(20)))}
    save_tensors_binary("a.safetensors", {**tensors, "c": rc.tensor([i % 5 for i in range(20)], dtype="int32")})
    layers = [{"type": "Embedding", "num_embeddings": 5, "embedding_dim": 4}, {"type": "Flatten"}, {"type": "Linear"}]
    model = saved(data__kind="arrays", data__path="a.safetensors", data__target="c", model__layers=layers)
    assert model.classes == tuple("01234")
    assert len(model.predict("a.safetensors").values) == 20
    with pytest.raises(RcmlrsError, match=r"Embedding"):
        saved(data__kind="arrays", data__path="a.safetensors", data__target="c")
    with pytest.raises(RcmlrsError, match="there is no array 'z'"):
        saved(data__kind="arrays", data__path="a.safetensors", data__inputs="z")


LAYERS = """
[[model.layers]]
type = "Reshape"
shape = [4, 4, 4]
[[model.layers]]
type = "Conv2d"
out_channels = 4
kernel_size = [3, 3]
padding = "same"
[[model.layers]]
type = "Residual"
layers = [{ type = "GroupNorm", num_groups = 2 }, { type = "Sequential", layers = [{ type = "GELU" }] }]
[[model.layers]]
type = "Reshape"
shape = [16, 4]
[[model.layers]]
type = "LearnedEncoding"
max_len = 16
[[model.layers]]
type = "TransformerEncoderLayer"
nhead = 2
dim_feedforward = 8
[[model.layers]]
type = "LSTM"
hidden_size = 2
bidirectional = true
[[model.layers]]
type = "LastStep"
[[model.layers]]
type = "Linear"
"""


def test_layers_of_many_kinds_are_kept_with_their_arguments() -> None:
    Path("a.toml").write_text(
        f'[data]\npath = "{path_of("digits").as_posix()}"\ntarget = "label"\ntask = "classification"\n'
        f'train_share = 0.02\nvalidation_share = 0.02\n[training]\nepochs = 1\nbackend = "numpy"\n{LAYERS}'
    )
    run = prepare(read_config("a.toml"))
    run.run(progress=0)
    assert [each["type"] for each in run.trained.layers][:3] == ["StandardScaler", "Reshape", "Conv2d"]
    run.trained.save("model.safetensors")
    found = train.load("model.safetensors", "numpy")
    assert repr(found.model) == repr(run.trained.model)
    first, again = (model.outputs(run.parts.training).digest() for model in (run.trained, found))
    assert first == again


# ------------------------------------------------------------------------------------------------ the file


def altered(change: Callable[[dict[str, Any]], object], tensors: dict[str, Any] | None = None) -> None:
    state = load_state_binary("model.safetensors")
    description = json.loads(state.metadata["description"])
    change(description)
    metadata = {**state.metadata, "description": json.dumps(description)}
    save_tensors_binary("bad.safetensors", {**state, **(tensors or {})}, metadata=metadata)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["layers"].append({"type": "Lambda", "function": "os.system"}), "there is no layer 'Lambda'"),
        (lambda d: d["layers"].append({"type": "__class__"}), "there is no layer"),
        (lambda d: d["layers"][1].update(in_features=10**9, out_features=10**9), "no argument of a layer of this file"),
        (lambda d: d["layers"][1].update(in_features=60000, out_features=60000), "more weights than the file has"),
        (lambda d: d["layers"].extend([{"type": "LSTM", "input_size": 500, "hidden_size": 500}] * 9), "more weights"),
        (lambda d: d["layers"].extend([{"type": "RMSNorm", "normalized_shape": 60000}] * 9), "more weights"),
        (
            lambda d: d["layers"].append({"type": "LayerNorm", "normalized_shape": [60000] * 2}),
            "no argument of a layer",
        ),
        (lambda d: d["layers"].append({"type": "Linear", "in_features": 1, "out_features": 1}), "more weights"),
        (lambda d: d["layers"][1].update(bias=False), "1.bias is unexpected"),
        (lambda d: d["layers"].pop(), "unexpected"),
        (lambda d: d.update(layers="x"), "no list of layers"),
        (lambda d: d.update(layers=[[]]), "expected a table"),
        (lambda d: d.update(task="clustering"), "task 'clustering'"),
        (lambda d: d.update(classes=None), "task 'classification'"),
        (lambda d: d["loss"].update(name="exec"), "loss 'exec'"),
        (lambda d: d["loss"].update(weight=[1]), "'weight'"),
        (lambda d: d["data"].update(kind="pickle"), "no kind of data 'pickle'"),
        (lambda d: d["data"].update(schema="{}"), "expected a schema"),
        (lambda d: d["data"].update(delimiter=3), "delimiter is 3"),
        (lambda d: d.update(scaler="Module", outputs=1), "scaler 'Module'"),
        (lambda d: d.pop("data"), "KeyError"),
    ],
)
def test_files_of_strangers_are_read_or_refused(change: Callable[[dict[str, Any]], object], words: str) -> None:
    saved(**SPECIES)
    altered(change)
    with pytest.raises(FileFormatError) as caught:
        train.load("bad.safetensors")
    assert words in str(caught.value)


def test_files_that_are_no_model(rcmlrs: Callable[..., str]) -> None:
    saved(**SPECIES)
    state = load_state_binary("model.safetensors")
    save_tensors_binary("newer.safetensors", state, metadata={**state.metadata, "format_version": "9"})
    save_tensors_binary("text.safetensors", state, metadata={**state.metadata, "description": "{" * 5000})
    save_tensors_binary("plain.safetensors", {"a": rc.tensor([1.0])})
    Path("cut.safetensors").write_bytes(Path("model.safetensors").read_bytes()[:-1])
    job(**SPECIES, training__epochs=1, training__checkpoint="run.ckpt").run(progress=0)
    rcmlrs("train", "--data", str(path_of("sunspots")), "--epochs", "1", "--save", "forecaster.safetensors")
    for name, words in (
        ("newer.safetensors", "format_version '9', expected '1'; a newer RCMLRS may read it"),
        ("text.safetensors", "its description is no JSON"),
        ("plain.safetensors", "holds tensors and is no model"),
        ("cut.safetensors", "cut.safetensors"),
        ("run.ckpt", "a checkpoint of a training"),
        ("forecaster.safetensors", "load_forecaster"),
        ("table.csv", "no safetensors file"),
    ):
        with pytest.raises(FileFormatError) as caught:
            train.load(name)
        assert words in str(caught.value)


# ------------------------------------------------------------------------------------------------- inspect


def test_inspect_tells_what_is_in_a_file(rcmlrs: Callable[..., str]) -> None:
    model = saved(**SPECIES)
    printed = rcmlrs("inspect", "model.safetensors", "--backend", "python")
    assert "model.safetensors: model that rcmlrs train saved, 10 tensors." in printed
    assert "It predicts 'kind', one of iris, rose, tulip, from data of the kind csv." in printed
    assert f"digest {model.digest()}" in printed
    odd = rc.tensor([float("nan"), float("inf"), -2.0, 0.5])
    named = {"odd": odd, "ints": rc.tensor([3, -4], dtype="int32"), "none": rc.zeros((0, 2)), "\x1b[31m": rc.ones(1)}
    save_tensors_binary("x.safetensors", named, metadata={"who": "me"})
    printed = rcmlrs("inspect", "x.safetensors")
    assert re.search(r"^odd +float32 +\(4,\) +4 +-2 +inf +inf +1 +1 *$", printed, re.MULTILINE), printed
    assert re.search(r"^ints +int32 +\(2,\) +2 +-4 +-0.5 +3 *$", printed, re.MULTILINE)
    assert "'who': 'me'" in printed
    assert "\x1b" not in printed
    rc.save_tensors_json("x.json", {"a": rc.tensor([1.0, 3.0])})
    assert "x.json: JSON of tensors, 1 tensor." in rcmlrs("inspect", "x.json")
    job(**SPECIES, training__epochs=2, training__checkpoint="run.ckpt").run(progress=0)
    assert "It goes on in epoch 3, batch 1; loss " in rcmlrs("inspect", "run.ckpt")


def test_inspect_reads_arrays_and_files_of_keras(rcmlrs: Callable[..., str]) -> None:
    numpy, h5py = pytest.importorskip("numpy"), pytest.importorskip("h5py")
    numpy.savez("a.npz", x=numpy.ones((2, 3), "f4"))
    assert re.search(r"^x +float32 +\(2, 3\) +6 +1 +1 +1", rcmlrs("inspect", "a.npz"), re.MULTILINE)
    with h5py.File("a.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = numpy.full((2, 2), 0.5, "f4")
    printed = rcmlrs("inspect", "a.weights.h5")
    assert re.search(r"^layers/dense/vars/0 +float32 +\(2, 2\) +4 +0.5 +0.5 +0.5", printed, re.MULTILINE)
    Path("bad.npz").write_bytes(b"PK\x03\x04" + bytes(40))
    Path("huge.safetensors").write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
    for name in ("bad.npz", "huge.safetensors", "table.csv"):
        with pytest.raises(FileFormatError, match=name):
            app()(["inspect", name])


# ------------------------------------------------------------------------------------------ the command itself


def test_options_alone_and_files_that_are_spared(rcmlrs: Callable[..., str], folder: Path) -> None:
    common = ["train", "--data", "table.csv", "--target", "kind", "--backend", "numpy", "--epochs", "1"]
    printed = rcmlrs(*common, "--set", "model.hidden=[4]", "--set", "optimizer.name=sgd", "--set", "data.missing=mean")
    assert "SGD, 1 epoch of 1 update; on numpy." in printed
    assert "Nothing was saved; --save FILE keeps the model." in printed
    assert "\x1b" not in printed
    assert "Adam" in rcmlrs(*common, "--missing", "0.5")
    printed = rcmlrs(*common, "--save", "m.safetensors", "--dry-run")
    assert "All is well; nothing was trained" in printed
    assert "--dry-run\n" not in printed.splitlines()[-1]
    assert sorted(os.listdir(folder)) == ["table.csv"]
    for arguments, words in (
        ([*common, "--save", "table.csv"], "--save: save table.csv: it exists and is no safetensors file"),
        (
            [*common, "--missing", "drp"],
            "found 'drp', expected one of error, mean, drop or a number; did you mean 'drop'?",
        ),
        ([*common, "--set", "hidden"], "write SECTION.KEY=VALUE"),
        ([*common, "--column", "price"], "--column: is for a forecaster"),
        ([*common, "--set", "output.history=x.bmp"], "none of the endings"),
        ([*common, "--save", "m.st", "--checkpoint", "m.st"], "give each its own"),
        ([*common, "--resume"], "--resume goes on from a checkpoint"),
        (["train"], "docs/training.md"),
        (["train", "--data", "table.csv", "--checkpoint", "x"], "--checkpoint: is for"),
        (["train", "no.toml"], "no.toml: no such file"),
    ):
        with pytest.raises(RcmlrsError) as caught:
            app()(arguments)
        assert words in str(caught.value)
    assert (folder / "table.csv").read_text() == TABLE


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_on_a_terminal_the_first_predictions_are_a_table(rcmlrs: Callable[..., str]) -> None:
    import pty
    import subprocess

    saved(**SPECIES)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rcmlrs_core.cli", "predict", "model.safetensors", "table.csv"]
    with subprocess.Popen(command, stdout=theirs, env={**os.environ, "COLUMNS": "90", "TERM": "dumb"}) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                read = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            text += read
    os.close(ours)
    assert process.returncode == 0
    assert b"40 predictions. The first 20 are shown; --output FILE.csv has all." in b" ".join(text.split(b"\r\n"))
    assert len(text.splitlines()) < 30
