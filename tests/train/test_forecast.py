"""The forecaster of a time series, and bringing it back from a file."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

import rcmlrs_core as rc
from rcmlrs_core.data import load_sunspots, sliding_windows
from rcmlrs_core.errors import DataError, FileFormatError
from rcmlrs_core.tensor import RamTensor
from rcmlrs_core.train.forecast import Forecast, Settings, check_length, forecast, load_forecaster

SERIES = load_sunspots(backend="python").tolist()
SETTINGS = Settings(window=5, hidden=3, epochs=1)


@pytest.fixture(scope="module")
def run() -> Forecast:
    return forecast(SERIES, SETTINGS, "python")


def test_what_is_saved_forecasts_the_same(run: Forecast, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    run.forecaster.save(path, {"series": "sunspots"})
    for backend in (status.name for status in rc.backends() if status.state == "healthy"):
        loaded = load_forecaster(path, backend)
        assert loaded.window == 5
        assert loaded.mean.backend == backend
        assert loaded.next(SERIES) == run.forecaster.next(SERIES) == run.forecaster.next(SERIES[-5:])
        assert rc.io.state_digest(loaded.state()) == rc.io.state_digest(run.forecaster.state())


def test_the_next_value_is_what_the_network_says_of_the_last_window(run: Forecast) -> None:
    x, _ = sliding_windows([*SERIES, 0.0], 5).tensors(backend="python")
    assert run.forecaster.next(SERIES) == run.forecaster.predict(x)[-1].item()


def test_what_nothing_can_follow(run: Forecast) -> None:
    with pytest.raises(DataError, match="next: the network sees 5 values, got 4"):
        run.forecaster.next(SERIES[:4])
    with pytest.raises(DataError, match="one is NaN or infinite"):
        run.forecaster.next([1.0, 2.0, 3.0, math.nan, 5.0])
    assert math.isfinite(run.forecaster.next([math.nan, *SERIES])), "what lies before the window does not count"


@pytest.mark.parametrize(
    ("change", "window", "words"),
    [
        (lambda state: state, "", "window=''"),
        (lambda state: state, "-1", "window='-1'"),
        (lambda state: state, "9" * 5000, "window="),
        (lambda state: {n: t for n, t in state.items() if n != "scale.mean"}, "5", "expected scale.mean"),
        (lambda state: state | {"scale.deviation": rc.ones(2)}, "5", "expected scale.deviation, a finite number"),
        (lambda state: state | {"scale.mean": rc.tensor(math.nan)}, "5", "expected scale.mean, a finite number"),
        (lambda state: state | {"2.weight": rc.ones((3, 3))}, "5", "2.weight is float32 of shape (3, 3)"),
        (lambda state: state | {"more": rc.ones(1)}, "5", "more is unexpected"),
        (lambda state: {n: t for n, t in state.items() if t.ndim == 0}, "5", "the square matrix"),
    ],
)
def test_a_file_that_holds_something_else(
    run: Forecast,
    tmp_path: Path,
    change: Callable[[dict[str, RamTensor]], dict[str, RamTensor]],
    window: str,
    words: str,
) -> None:
    path = tmp_path / "other.safetensors"
    rc.save_tensors_binary(path, change(run.forecaster.state()), metadata={"window": window})
    with pytest.raises(FileFormatError) as caught:
        load_forecaster(path)
    assert f"{path} holds no forecaster" in str(caught.value)
    assert words in str(caught.value)


def test_a_file_that_is_no_safetensors_file(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FileFormatError):
        load_forecaster(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.6, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("window", [1, 12])
def test_the_least_length_is_that_of_the_split(share: float, window: int) -> None:
    settings = Settings(window=window, train_share=share)
    for values in range(150):
        try:
            sliding_windows(range(values), window).split(share)
        except DataError:
            with pytest.raises(DataError, match=f"the series has {values} values, and windows of {window} need at"):
                check_length(values, settings)
        else:
            check_length(values, settings)


def test_a_share_that_is_none() -> None:
    for share in (0.0, 1.0, math.nan, math.inf):
        with pytest.raises(DataError, match=r"train_share=.* it is a number between 0 and 1"):
            check_length(100, Settings(train_share=share))
