"""The page about training: its code runs, and says what comes of it."""

import re
from pathlib import Path
from typing import Any

import pytest

from rcmlrs_core.io import load_state_binary, state_digest

TEXT = (Path(__file__).parents[2] / "docs" / "fit.md").read_text(encoding="utf-8")


def test_the_code_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        exec(code, names)
    assert "o val_loss" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.svg", "history.csv", "run.safetensors"]
    assert list(names["history"].curves) == ["loss", "val_loss", "val_rmse"]
    saved = load_state_binary("run.safetensors")
    weights = {name.removeprefix("model."): t for name, t in saved.items() if name.startswith("model.")}
    assert state_digest(weights) == names["model"].digest()
