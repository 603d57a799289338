"""What people see of a training: a bar on a terminal, a line an epoch, or nothing."""

import io
import sys
from functools import partial
from typing import Any

import pytest

from rcmlrs_core.errors import AttributeValueError
from rcmlrs_core.train import progress
from rcmlrs_core.train.engine import Batches, Measured, Training

STEPS, EPOCHS = 50, 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(wanted: int | None, terminal: bool, monkeypatch: pytest.MonkeyPatch, *, validation: bool = True) -> str:
    """What a run writes to standard error."""
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")

    def step(batch: Any, place: Any) -> Measured:
        return Measured(32, {"loss": 0.5 + place.epoch, "accuracy": place.batch % 2})

    source = Batches(lambda epoch, start: iter([()] * STEPS), STEPS)
    training = Training(None, step, source, epochs=range(EPOCHS), progress=wanted)
    if validation:
        training.validate = lambda epoch: {"val_loss": 0.25}
    training.run()
    return stream.getvalue()


def test_nothing_in_a_pipe_and_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(None, False, monkeypatch) == ""
    assert shown(0, True, monkeypatch) == ""
    bar = shown(None, True, monkeypatch)
    assert "epoch 1/3, loss 0.5 " in bar
    assert "epoch 3/3, loss 2.5 " in bar
    assert "examples/s" in bar
    assert "accuracy 0.5, val_loss 0.25" in bar or "val_loss 0.25, accuracy 0.5" in bar
    assert "0:00:0" in bar


@pytest.mark.parametrize("wanted", [3, -1, "auto", 0.5])
def test_nothing_else_is_shown(wanted: Any) -> None:
    with pytest.raises(AttributeValueError, match=r"progress is 0 \(nothing\), 1 \(a bar\), 2 .* or None, got"):
        progress.progress_of(wanted, range(1), 1)


def test_a_line_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (True, False):
        lines = shown(2, terminal, monkeypatch).splitlines()
        assert len(lines) == EPOCHS
        assert lines[1].startswith("epoch 2/3: loss 1.5, val_loss 0.25, accuracy 0.5; ")
        assert lines[1].endswith(" examples/s")


@pytest.mark.parametrize("cost", [0.0, 0.003])
def test_a_bar_takes_a_small_share_of_the_time(cost: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of our own: updates of 100 microseconds, and drawings that take ``cost`` seconds."""
    now, draws = 0.0, 0
    monkeypatch.setattr(progress, "perf_counter", lambda: now)
    bar = progress.Bar(range(1), 10**5)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with bar:
        update = bar._live.update

        def drawn(*arguments: Any, **options: Any) -> None:
            nonlocal now, draws
            now += cost
            draws += 1
            if draws < 3:
                update(*arguments, **options)

        monkeypatch.setattr(bar._live, "update", drawn)
        for batch in range(10**5):
            bar.step(0, batch + 1, 32, lambda: {"loss": 0.5})
            now += 1e-4
        assert draws * cost <= now / 200 + cost
        assert now / progress.PAUSE / 4 < draws <= now / progress.PAUSE + 1


def test_a_run_that_is_stopped_leaves_the_bar_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress.Bar(range(9), 50) as bar:
        for loss in (1.5, 0.5, 6.125):
            bar.step(4, 7, 32, partial(dict, loss=loss))
    assert "epoch 5/9, loss 6.125" in stream.getvalue()
