"""The table of a model: what it says, and that looking leaves no trace."""

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import ShapeError
from rcmlrs_core.random import default_generator


def lines_of(capsys: pytest.CaptureFixture[str], model: nn.Module, *inputs: object, **options: str) -> list[list[str]]:
    """The cells of each line, which two spaces part."""
    model.summary(*inputs, **options)  # type: ignore[arg-type]
    text = capsys.readouterr().out
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def digits() -> nn.Sequential:
    return nn.Sequential(
        nn.Reshape(1, 8, 8),
        nn.Conv2d(1, 4, 3, padding=1).freeze(),
        nn.BatchNorm2d(4),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


def test_a_table_of_shapes_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines_of(capsys, digits(), (8, 8)) == [
        ["path", "module", "output", "count", "parameters"],
        [".", "Sequential", "(batch, 10)"],
        ["0", "Reshape", "(batch, 1, 8, 8)"],
        ["1", "Conv2d", "(batch, 4, 8, 8)", "40", "weight (4, 1, 3, 3), frozen; bias (4,), frozen"],
        ["2", "BatchNorm2d", "(batch, 4, 8, 8)", "8", "weight (4,); bias (4,)"],
        ["3", "Dropout", "(batch, 4, 8, 8)"],
        ["4", "Flatten", "(batch, 256)"],
        ["5", "Linear", "(batch, 10)", "2,570", "weight (10, 256); bias (10,)"],
        ["Parameters: 2,618 (10.2 KiB)"],
        ["trained: 2,578"],
        ["frozen: 40"],
        ["Constants, saved and not trained: 9 (36 bytes)"],
    ]


def test_with_an_example_shapes_are_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines_of(capsys, digits(), rc.ones((1, 8, 8)))[1] == [".", "Sequential", "(1, 10)"]
    assert lines_of(capsys, digits(), rc.ones((3, 8, 8)))[7][2] == "(3, 10)"
    assert lines_of(capsys, digits())[6:8] == [
        ["4", "Flatten"],
        ["5", "Linear", "2,570", "weight (10, 256); bias (10,)"],
    ]


def test_results_of_a_recurrent_layer_and_indices(capsys: pytest.CaptureFixture[str]) -> None:
    model = nn.Sequential(nn.Embedding(7, 2), nn.RNN(2, 3))
    lines = lines_of(capsys, model, (5,), dtype="int32")
    assert lines[2][2] == "(batch, 5, 2)"
    assert lines[3][1] == "RNN"
    assert lines[3][2].startswith("(batch, 5, 3), ")


def test_what_is_in_two_places_is_counted_once(capsys: pytest.CaptureFixture[str]) -> None:
    layer = nn.Linear(2, 2)
    tied = nn.Linear(2, 2, bias=False)
    tied.weight = layer.weight
    lines = lines_of(capsys, nn.Sequential(layer, layer, tied), (2,))
    assert lines[3][2:] == ["(batch, 2)", "0", "the same as 0"]
    assert lines[4][2:] == ["(batch, 2)", "0", "weight (2, 2) = 0.weight"]
    assert lines[5] == ["Parameters: 6 (24 bytes)"]


class Curious(nn.Module):
    """Draws, remembers and notes whether it is trained."""

    def __init__(self) -> None:
        self.inner = nn.Dropout()
        self.seen: list[bool] = []

    def forward(self, x: rc.RamTensor) -> rc.RamTensor:
        self.seen.append(self.training)
        x = self.inner(x)
        return x + default_generator().uniform(x.shape)


def test_looking_leaves_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    model = nn.Sequential(digits(), Curious())
    model[1].inner.eval()  # type: ignore[attr-defined]
    before, stream = model.digest(), default_generator().stream
    attributes = [set(vars(module)) for module in model.modules()]
    model.summary((8, 8))
    assert model.digest() == before
    assert default_generator().stream == stream
    assert [set(vars(module)) for module in model.modules()] == attributes
    assert [module.training for module in model.modules()] == [True] * 8 + [True, False]
    assert model[1].seen == [False]  # type: ignore[attr-defined]
    with pytest.raises(ShapeError, match="Reshape: 49 elements"):
        model.summary((7, 7))
    assert [set(vars(module)) for module in model.modules()] == attributes


def test_a_wide_table_is_whole_in_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert lines_of(capsys, digits(), (8, 8))[7][-1] == "weight (10, 256); bias (10,)"
