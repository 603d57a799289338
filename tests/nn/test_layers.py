"""The layers: each is the operations that its docstring names, with the gradients of mathematics."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import AttributeValueError, ShapeError
from rcmlrs_core.nn import init
from rcmlrs_core.random import Generator, normal
from rcmlrs_core.tensor import RamTensor

Numbers = dict[str, Any]
"""Parameters by name, as nested lists of mpmath numbers."""


def check_gradients(model: nn.Module, loss: RamTensor, reference: Callable[[Numbers], Any]) -> None:
    """``loss.backward()`` against central differences of ``reference`` in 50 digits.

    With steps of 10^-15 these are off by 10^-30. What remains are the roundings of the framework: some dozens on the
    way to an element, each of 2^-24 relative to numbers that are no larger than the largest gradient by much.
    """
    loss.backward()
    with mpmath.workdps(50):
        values = {name: _exact(p.tolist()) for name, p in model.named_parameters()}
        assert abs(reference(values) - loss.item()) < 2**-20 * abs(loss.item())
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None
            found = parameter.grad.reshape((-1,)).tolist()
            wanted = [_difference(reference, values, cell) for cell in _cells(values[name])]
            scale = max(map(abs, wanted))
            assert scale > 0
            for got, want in zip(found, wanted, strict=True):
                assert abs(got - want) <= 64 * 2.0**-24 * scale, name


def _exact(values: Any) -> Any:
    return [_exact(value) for value in values] if isinstance(values, list) else mpmath.mpf(values)


def _cells(values: Any) -> list[tuple[list[Any], int]]:
    """Where each number is held, in row-major order."""
    cells = []
    for i, value in enumerate(values):
        cells += _cells(value) if isinstance(value, list) else [(values, i)]
    return cells


def _difference(function: Callable[[Numbers], Any], values: Numbers, cell: tuple[list[Any], int]) -> Any:
    row, i = cell
    at, step = row[i], mpmath.mpf(10) ** -15
    row[i] = at + step
    above = function(values)
    row[i] = at - step
    below = function(values)
    row[i] = at
    return (above - below) / (2 * step)


def affine(x: list[Any], weight: list[list[Any]], bias: list[Any]) -> list[Any]:
    return [sum(a * b for a, b in zip(x, row, strict=True)) + c for row, c in zip(weight, bias, strict=True)]


def test_linear_is_the_operation() -> None:
    layer = nn.Linear(3, 2, generator=Generator(1))
    x = normal((4, 5, 3), seed=1)
    assert layer(x).tobytes() == x.linear(layer.weight, layer.bias).tobytes()
    assert layer(x).shape == (4, 5, 2)
    bare = nn.Linear(3, 2, bias=False, generator=Generator(1))
    assert bare(x).tobytes() == x.matmul(bare.weight.transpose()).tobytes()
    assert bare.weight.tobytes() == layer.weight.tobytes()
    assert repr(bare) == "Linear(in_features=3, out_features=2, bias=False)"


def test_linear_begins_within_its_bound() -> None:
    layer = nn.Linear(10, 40, generator=Generator(2))
    assert layer.bias is not None
    bound = init.root(Fraction(1, 10))
    for parameter in (layer.weight, layer.bias):
        assert bound / 2 < float(parameter.abs().max()) <= bound
    assert layer.weight.tobytes() != nn.Linear(10, 40, generator=Generator(3)).weight.tobytes()


def test_gradients_of_a_network() -> None:
    generator = Generator(5)
    model = nn.Sequential(nn.Linear(3, 4, generator=generator), nn.Tanh(), nn.Linear(4, 2, generator=generator))
    x, y = normal((5, 3), seed=1), normal((5, 2), seed=2)

    def reference(p: Numbers) -> Any:
        total = mpmath.mpf(0)
        for row, target in zip(x.tolist(), y.tolist(), strict=True):
            hidden = [mpmath.tanh(z) for z in affine(row, p["0.weight"], p["0.bias"])]
            output = affine(hidden, p["2.weight"], p["2.bias"])
            total += sum((a - b) ** 2 for a, b in zip(output, target, strict=True))
        return total / 10

    check_gradients(model, model(x).mse_loss(y), reference)


def test_gradients_of_a_classifier() -> None:
    model = nn.Sequential(nn.Linear(3, 4, generator=Generator(6)))
    x, labels = normal((6, 3), seed=1), rc.tensor([0, 3, 1, 1, 2, 0], dtype="int32")

    def reference(p: Numbers) -> Any:
        total = mpmath.mpf(0)
        for row, label in zip(x.tolist(), labels.tolist(), strict=True):
            logits = affine(row, p["0.weight"], p["0.bias"])
            total += mpmath.log(sum(map(mpmath.exp, logits))) - logits[label]
        return total / 6

    check_gradients(model, model(x).cross_entropy(labels), reference)


def test_gradients_of_an_rnn() -> None:
    generator = Generator(7)
    model = nn.Sequential(nn.RNN(2, 3, generator=generator), nn.LastStep(), nn.Linear(3, 1, generator=generator))
    x, y = normal((2, 4, 2), seed=1), normal((2, 1), seed=2)

    def reference(p: Numbers) -> Any:
        total = mpmath.mpf(0)
        for sequence, (target,) in zip(x.tolist(), y.tolist(), strict=True):
            h = [mpmath.mpf(0)] * 3
            for step in sequence:
                a = affine(step, p["0.weight_ih_l0"], p["0.bias_ih_l0"])
                b = affine(h, p["0.weight_hh_l0"], p["0.bias_hh_l0"])
                h = [mpmath.tanh(u + v) for u, v in zip(a, b, strict=True)]
            total += (affine(h, p["2.weight"], p["2.bias"])[0] - target) ** 2
        return total / 2

    check_gradients(model, model(x).mse_loss(y), reference)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "sigmoid"])
def test_rnn_is_its_cell_step_by_step(nonlinearity: str) -> None:
    """And both are the formula of the seed: matrix products, a sum, an activation."""
    rnn = nn.RNN(2, 3, nonlinearity=nonlinearity, generator=Generator(1))
    cell = nn.RNNCell(2, 3, nonlinearity=nonlinearity, generator=Generator(1))
    x, h = normal((4, 5, 2), seed=1), normal((4, 3), seed=2)
    outputs, last = rnn(x, h)
    assert outputs.shape == (4, 5, 3)
    for t in range(5):
        z = x[:, t].linear(cell.weight_ih, cell.bias_ih) + h.linear(cell.weight_hh, cell.bias_hh)
        h = cell(x[:, t], h)
        assert h.tobytes() == getattr(z, nonlinearity)().tobytes()
        assert outputs[:, t].tobytes() == h.tobytes()
    assert last.tobytes() == h.tobytes()
    assert nn.LastStep()((outputs, last)) is last


def test_rnn_begins_with_zeros_and_may_have_no_bias() -> None:
    rnn = nn.RNN(2, 3, bias=False, generator=Generator(1))
    x = normal((4, 1, 2), seed=1)
    assert [name for name, _ in rnn.named_parameters()] == ["weight_ih_l0", "weight_hh_l0"]
    assert rnn(x)[1].tobytes() == rnn(x, rc.zeros((4, 3)))[1].tobytes()
    assert rnn(x)[1].tobytes() == (x[:, 0].linear(rnn.weight_ih_l0) + 0.0).tanh().tobytes()
    assert repr(rnn) == "RNN(2, 3, bias=False)"
    assert repr(nn.RNNCell(2, 3, nonlinearity="relu")) == "RNNCell(2, 3, nonlinearity=relu)"


def test_a_batch_changes_no_bit_of_a_sample() -> None:
    """N3.1: a result depends on no neighbour in the batch."""
    model = nn.Sequential(nn.RNN(2, 3, generator=Generator(1)), nn.LastStep(), nn.Linear(3, 2, generator=Generator(2)))
    x = normal((6, 4, 2), seed=1)
    whole = model(x)
    for i in range(6):
        assert model(x[i : i + 1]).tobytes() == whole[i : i + 1].tobytes()


@pytest.mark.parametrize(
    ("layer", "operation"),
    [
        (nn.ReLU(), lambda x: x.relu()),
        (nn.LeakyReLU(0.25), lambda x: x.leaky_relu(slope=0.25)),
        (nn.Sigmoid(), lambda x: x.sigmoid()),
        (nn.Tanh(), lambda x: x.tanh()),
        (nn.Swish(), lambda x: x.swish()),
        (nn.GELU("tanh"), lambda x: x.gelu()),
        (nn.GELU(), lambda x: x.gelu_erf()),
        (nn.Softmax(axis=0), lambda x: x.softmax(axis=0)),
    ],
)
def test_activation_layers_are_operations(layer: nn.Module, operation: Callable[[RamTensor], RamTensor]) -> None:
    x = normal((3, 4), seed=1)
    assert layer(x).tobytes() == operation(x).tobytes()
    assert list(layer.parameters()) == []
    assert repr(nn.LeakyReLU()) == "LeakyReLU(negative_slope=0.01)"
    assert repr(nn.Softmax()) == "Softmax(axis=-1)"


def test_flatten_keeps_the_batch() -> None:
    x = normal((2, 3, 4), seed=1)
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Flatten()(x).tobytes() == x.tobytes()
    assert nn.Flatten()(rc.zeros((0, 3, 4))).shape == (0, 12)
    assert nn.Flatten()(rc.zeros((5,))).shape == (5, 1)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Linear(0, 2), ShapeError, "Linear: in_features must be a positive int, got 0"),
        (lambda: nn.Linear(2, 1.0), ShapeError, "Linear: out_features must be a positive int, got 1.0"),
        (lambda: nn.RNN(1, -1), ShapeError, "RNN: hidden_size must be a positive int, got -1"),
        (lambda: nn.RNN(1, 1, 1, "gelu"), AttributeValueError, "RNN: nonlinearity is one of tanh, relu, sigmoid"),
        (lambda: nn.RNN(2, 3)(rc.ones((4, 2))), ShapeError, "(batch, time, 2) with one step or more, got (4, 2)"),
        (lambda: nn.RNN(2, 3)(rc.ones((4, 0, 2))), ShapeError, "one step or more, got (4, 0, 2)"),
        (lambda: nn.RNN(2, 3)(rc.ones((4, 1, 2)), rc.ones((3, 3))), ShapeError, "= (4, 3) for x of shape (4, 1, 2)"),
        (lambda: nn.RNNCell(2, 3)(rc.ones((4, 3))), ShapeError, "= (batch, 2), got (4, 3)"),
        (lambda: nn.Linear(2, 3)(rc.ones((4, 3))), ShapeError, "Linear: takes (..., 2), got a tensor of shape (4, 3)"),
        (lambda: nn.Linear(6, 3)(rc.ones((4, 2, 3))), ShapeError, "put Flatten() before it"),
        (lambda: nn.Linear(1, 3)(rc.ones(())), ShapeError, "Linear: takes (..., 1), got a tensor of shape ()"),
        (lambda: nn.LastStep()(rc.ones((2, 2))), ShapeError, "put it after an RNN"),
        (lambda: nn.Flatten()(rc.tensor(1.0)), ShapeError, "no batch axis"),
    ],
)
def test_what_is_refused(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)
