"""The record of a run: its files, its picture, its chart."""

import csv
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.train import Epoch, History
from rcmlrs_core.train.means import Mean, Means
from rcmlrs_core.train.plot import BRAILLE


def record(count: int = 20, seconds: float = 1.0) -> History:
    epochs = [
        Epoch(i, 2.0 * 3.0**-i, None if i % 2 else 3.0**-i, {"accuracy": i / 20, "val_accuracy": i / 25}, seconds)
        for i in range(count)
    ]
    return History(epochs, 7 * count)


def test_an_epoch_is_what_its_logs_say() -> None:
    epoch = Epoch(3, 0.5, 0.25, {"rmse": 0.75, "mae": 1.0})
    assert epoch.logs == {"loss": 0.5, "val_loss": 0.25, "rmse": 0.75, "mae": 1.0}
    assert Epoch.of(3, epoch.logs) == epoch
    assert (epoch.metric, Epoch(0, 1.0).metric) == (0.75, None)
    history = History([Epoch(0, 1.0), epoch])
    assert history.curves == {"loss": [1.0, 0.5], "val_loss": [None, 0.25], "rmse": [None, 0.75], "mae": [None, 1.0]}
    assert history.metrics == [None, 0.75]


def test_csv_and_json_hold_every_bit_and_no_time(tmp_path: Path) -> None:
    history = record(5)
    history.epochs.append(Epoch(5, 0.1 + 0.2, math.inf, {'a "name", quoted': math.nan}))
    for name, seconds in (("a", 1.0), ("b", 2.0)):
        again = History([Epoch.of(e.epoch, e.logs, seconds=seconds) for e in history.epochs], history.steps)
        again.to_csv(tmp_path / f"{name}.csv")
        again.to_json(tmp_path / f"{name}.json")
    for ending in ("csv", "json"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    with open(tmp_path / "a.csv", newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head == ["epoch", "loss", "val_loss", "accuracy", "val_accuracy", 'a "name", quoted']
    assert [float(row[1]) for row in rows] == history.losses
    assert rows[1] == ["1", repr(2.0 * 3.0**-1), "", "0.05", "0.04", ""]
    assert rows[5][1:3] == ["0.30000000000000004", "inf"]
    data = json.loads((tmp_path / "a.json").read_text(), parse_constant=lambda name: pytest.fail(f"no JSON: {name}"))
    assert data["epochs"][5] == {"epoch": 5, "loss": 0.1 + 0.2, "val_loss": "inf", 'a "name", quoted': "nan"}
    assert data["steps"] == 35


def test_a_record_is_restored_from_its_data() -> None:
    history = record()
    history.epochs.append(Epoch(20, 0.1, math.inf))
    again = History.of_data(json.loads(json.dumps(history.as_data())))
    assert again == history
    assert again.seconds == history.seconds
    for data in (None, {}, {"epochs": [1], "steps": 1}, {"epochs": [{"epoch": -1}], "steps": 1, "interrupted": False}):
        with pytest.raises(ValueError, match=r"no record|expected"):
            History.of_data(data)


# -------------------------------------------------------------------------------------------------- the chart


def cells(chart: str) -> list[str]:
    return [line.partition("┤")[2] for line in chart.splitlines() if "┤" in line]


def test_a_line_falls_where_the_loss_falls() -> None:
    history = History([Epoch(i, 8.0 - i) for i in range(8)])
    chart = history.chart(width=8, height=4)
    rows = cells(chart)
    dots = {
        (2 * x + dx, 4 * y + dy)
        for y, row in enumerate(rows)
        for x, character in enumerate(row)
        for dx in range(2)
        for dy in range(4)
        if character > chr(BRAILLE) and (ord(character) - BRAILLE) & ((1, 8), (2, 16), (4, 32), (64, 128))[dy][dx]
    }
    assert dots == {(i, i) for i in range(16)}, "a diagonal, from the upper left to the lower right"
    assert chart.splitlines()[0].startswith("8 ┤")
    assert chart.splitlines()[3].startswith("1 ┤")
    assert chart.splitlines()[-1].strip() == "─ loss 1"
    assert re.fullmatch(r" +1 +8", chart.splitlines()[-2]), "epochs count from 1 for people"


def test_validation_is_points_and_a_wide_range_is_logarithmic() -> None:
    chart = record().chart()
    assert "(logarithmic)" in chart
    assert "─ loss 1.72" in chart, chart
    assert "o val_loss 2.58" in chart
    assert sum(row.count("o") for row in cells(chart)) >= 5
    rows = [next(y for y, row in enumerate(cells(chart)) if row[x : x + 3].strip(" o")) for x in (0, 20, 40, 60)]
    assert rows in ([0, 3, 7, 10], [0, 3, 7, 11]), "a geometric series is nearly straight"
    assert "logarithmic" not in record().chart("accuracy")
    assert "─ accuracy 0.95   o val_accuracy 0.76" in record().chart("accuracy")


def test_charts_of_little_and_of_nothing() -> None:
    assert "loss 2" in record(1).chart()
    assert "3 ┤" in History([Epoch(0, 3.0), Epoch(1, 3.0)]).chart()
    assert History([Epoch(0, math.nan)]).chart() == "loss: no finite number"
    assert len(cells(record(1000).chart("accuracy", width=10, height=3))) == 3
    with pytest.raises(AttributeValueError, match="there is no 'f1' in this history; there are loss, accuracy"):
        record().chart("f1")
    with pytest.raises(AttributeValueError, match="there are no epochs"):
        History().chart()
    with pytest.raises(AttributeValueError, match="at least 2 characters"):
        record().chart(width=1)


# ------------------------------------------------------------------------------------------------ the picture


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_equal_runs_make_equal_pictures(ending: str, tmp_path: Path) -> None:
    import matplotlib

    small, slower = (History([Epoch(i, 1.0 / (i + 1), seconds=time) for i in range(3)]) for time in (1.0, 2.0))
    small.plot(tmp_path / f"a.{ending}")
    with matplotlib.rc_context({"lines.linewidth": 5, "axes.facecolor": "red"}):  # a user's settings
        slower.plot(tmp_path / f"b.{ending}")
    raw = (tmp_path / f"a.{ending}").read_bytes()
    assert raw == (tmp_path / f"b.{ending}").read_bytes()
    assert raw.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending])
    assert b"Date" not in raw
    assert b"matplotlib" not in raw.lower().replace(b"http://matplotlib.org/", b"") or ending == "svg"


def test_the_picture_has_a_panel_for_each_measure() -> None:
    figure = record().plot()
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["loss", "val_loss"]
    assert list(loss.lines[0].get_xdata()) == list(range(1, 21)), "epochs count from 1 for people"
    assert list(loss.lines[0].get_ydata()) == record().losses
    assert list(loss.lines[1].get_xdata()) == list(range(1, 21, 2)), "where there was a validation"
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    assert History([]).plot() is not None


def test_what_a_picture_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeValueError, match=r"none of the endings \.png, \.svg and \.pdf"):
        record().plot(tmp_path / "curve.txt")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'rcmlrs\[plot\]'.*history\.chart\(\)"):
        record().plot(tmp_path / "curve.png")
    assert list(tmp_path.iterdir()) == []


def test_nothing_heavy_is_imported_to_train() -> None:
    code = "import sys, rcmlrs_core.train; print({'matplotlib', 'numpy', 'rich', 'json.tool'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


# ------------------------------------------------------------------------------------------------- the means


def test_means_are_exact_in_any_order_and_when_they_are_continued() -> None:
    values = [(1e30, 3), (1.0, 7), (-1e30, 3), (2.0**-149, 1), (0.1, 2.5), (0.3, 0.0)]
    wanted = (7.0 + 0.25 + 2.0**-149) / 16.5
    for order in (values, values[::-1], sorted(values)):
        mean = Mean()
        for value, weight in order:
            mean.add(value, weight)
            mean = Mean.restored(json.loads(json.dumps(mean.state())))
        assert mean.result() == wanted
    assert Mean().result() == 0.0
    means = Means()
    means.add({"loss": math.inf, "accuracy": 1.0}, 2)
    means.add({"loss": 1.0, "accuracy": 0.0}, 2)
    means.add({"loss": math.nan, "accuracy": 0.0}, 0)
    assert means.result() == {"loss": math.inf, "accuracy": 0.5}
    means.add({"loss": -math.inf}, 1)
    assert math.isnan(means.result()["loss"])
