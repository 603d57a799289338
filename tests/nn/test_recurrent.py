"""The recurrent layers: their formulas, layers upon layers, directions, and sequences of different lengths."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import AttributeValueError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.nn.steps import cut, gru_step, steps
from rcmlrs_core.random import Generator, normal
from rcmlrs_core.tensor import RamTensor

KINDS = ["RNN", "LSTM", "GRU"]
NAN = float("nan")


def layer(kind: str, *sizes: int, seed: int = 1, **options: Any) -> Any:
    return getattr(nn, kind)(*sizes, generator=Generator(seed), **options)


def parts(state: Any) -> tuple[RamTensor, ...]:
    """A state as a tuple of its tensors."""
    return state if isinstance(state, tuple) else (state,)


def raw(*found: Any) -> list[bytes]:
    """The bits of tensors, and of states."""
    return [tensor.tobytes() for item in found for tensor in parts(item)]


# ------------------------------------------------------------------------------------------------ formulas


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def formula(kind: str, x: Any, h: Any, c: Any, w: list[Any]) -> tuple[Any, Any]:
    """One step as PyTorch's documentation has it, in binary64."""
    a, b = x @ w[0].T + w[2], h @ w[1].T + w[3]
    if kind == "RNN":
        return np.tanh(a + b), c
    if kind == "LSTM":
        i, f, g, o = np.split(a + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(a, 3, axis=1), np.split(b, 3, axis=1)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    return (1 - z) * np.tanh(n_x + r * n_h) + z * h, c


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_formula_in_binary64(kind: str, seed: int) -> None:
    """What is left are some dozens of roundings of 2^-24 a step, of numbers below 4, which a step does not magnify."""
    batch, time, inputs, hidden = 3, 5, seed, 2 + seed
    model = layer(kind, inputs, hidden, seed=seed)
    x, h, c = (
        normal(shape, seed=seed, stream=i) for i, shape in enumerate([(batch, time, inputs)] + [(batch, hidden)] * 2)
    )
    outputs, last = model(x, (h, c) if kind == "LSTM" else h)
    w = [p.numpy().astype(np.float64) for p in model.parameters()]
    state = h.numpy().astype(np.float64), c.numpy().astype(np.float64)
    for t in range(time):
        state = formula(kind, x.numpy()[:, t].astype(np.float64), *state, w)
        assert np.abs(outputs.numpy()[:, t] - state[0]).max() < 2.0**-19
    for found, want in zip(parts(last), state, strict=False):
        assert np.abs(found.numpy() - want).max() < 2.0**-19


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_its_cell_step_by_step(kind: str) -> None:
    model, cell = layer(kind, 2, 3), layer(f"{kind}Cell", 2, 3)
    x = normal((4, 5, 2), seed=1)
    outputs, last = model(x)
    state = None
    for t in range(5):
        state = cell(x[:, t], state)
        assert outputs[:, t].tobytes() == parts(state)[0].tobytes()
    assert raw(last) == raw(state)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_is_carried_on(kind: str) -> None:
    for options in ({}, {"num_layers": 2}):
        model = layer(kind, 2, 3, **options)
        x = normal((4, 5, 2), seed=1)
        outputs, last = model(x)
        first, state = model(x[:, :2])
        second, state = model(x[:, 2:], state)
        assert raw(first.concat(second, axis=1), state) == raw(outputs, last)


def test_update_first_is_keras_order() -> None:
    x, s, h = (normal((2, n), seed=n) for n in (9, 9, 3))
    swapped = [a[:, 3:6].concat(a[:, :3], a[:, 6:], axis=1) for a in (x, s + 1.0)]
    assert gru_step(*swapped, h, update_first=True).tobytes() == gru_step(x, s + 1.0, h).tobytes()


# --------------------------------------------------------------------------------- layers and directions


@pytest.mark.parametrize("kind", KINDS)
def test_layers_and_directions_by_hand(kind: str) -> None:
    """Layer by layer, each direction by a layer of its own; backwards is the flipped sequence, flipped again."""
    model = layer(kind, 2, 3, num_layers=2, bidirectional=True)
    state = model.state_dict()
    x = normal((4, 5, 2), seed=1)
    outputs, last = model(x)
    assert outputs.shape == (4, 5, 6)
    seen = x
    for number in range(2):
        sides = []
        for direction, ending in enumerate(["", "_reverse"]):
            single = layer(kind, seen.shape[2], 3)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                with rc.no_grad():
                    getattr(single, f"{name}_l0").replace_(state[f"{name}_l{number}{ending}"])
            found, end = single(seen.flip(axis=1) if direction else seen)
            sides.append(found.flip(axis=1) if direction else found)
            for part, mine in zip(parts(last), parts(end), strict=True):
                assert part.shape == (4, 4, 3)
                assert part[2 * number + direction].tobytes() == mine.tobytes()
        seen = sides[0].concat(sides[1], axis=2)
    assert seen.tobytes() == outputs.tobytes()
    h = parts(last)[0]
    assert nn.LastStep()((outputs, last)).tobytes() == h[2].concat(h[3], axis=1).tobytes()
    assert nn.AllSteps()((outputs, last)) is outputs
    both = nn.Sequential(layer(kind, 2, 3), nn.AllSteps(), layer(kind, 3, 3, num_layers=2), nn.LastStep())
    assert both(x).shape == (4, 3)


def test_names_of_weights_are_those_of_pytorch() -> None:
    model = nn.LSTM(2, 3, 2, bidirectional=True, generator=Generator(1))
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    wanted = {}
    for number, inputs in enumerate([2, 6]):
        for ending in (f"_l{number}", f"_l{number}_reverse"):
            wanted |= {f"weight_ih{ending}": (12, inputs), f"weight_hh{ending}": (12, 3)}
            wanted |= {f"bias_ih{ending}": (12,), f"bias_hh{ending}": (12,)}
    assert shapes == wanted
    assert list(shapes) == list(wanted)
    assert [*nn.GRU(2, 3, bias=False).state_dict()] == ["weight_ih_l0", "weight_hh_l0"]
    assert [*nn.GRUCell(2, 3).state_dict()] == ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    assert repr(model) == "LSTM(2, 3, num_layers=2, bidirectional=True)"
    assert repr(nn.RNN(2, 3, 2, "relu", False, dropout=0.5)) == (
        "RNN(2, 3, num_layers=2, bias=False, dropout=0.5, nonlinearity=relu)"
    )
    assert repr(nn.LSTMCell(2, 3, bias=False)) == "LSTMCell(2, 3, bias=False)"


def test_dropout_is_between_layers_and_in_training() -> None:
    plain, model = layer("GRU", 2, 3, num_layers=2), layer("GRU", 2, 3, num_layers=2, dropout=0.5)
    x = normal((4, 5, 2), seed=1)
    rc.manual_seed(3)
    dropped, last = model(x)
    assert dropped.tobytes() != plain(x)[0].tobytes()
    assert last[0].tobytes() == plain(x)[1][0].tobytes(), "the first layer takes all of x"
    rc.manual_seed(3)
    assert model(x)[0].tobytes() == dropped.tobytes()
    assert model.eval()(x)[0].tobytes() == plain(x)[0].tobytes()


# --------------------------------------------------------------------------------------- different lengths


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
def test_every_sequence_has_the_bits_that_it_has_alone(kind: str, options: dict[str, Any]) -> None:
    """Whatever stands in the steps that there are not, also in the gradients."""
    model = layer(kind, 2, 3, **options)
    lengths = [3, 5, 1, 0]
    x = normal((4, 5, 2), seed=1)
    there = rc.arange(5, dtype="int32").less(rc.tensor(lengths, dtype="int32").expand_dims(1)).expand_dims(2)
    batch = there.where(x, NAN).requires_grad_()
    outputs, last = model(batch, lengths=lengths)
    (outputs.square().sum() + parts(last)[0].sum()).backward()
    total = [p.grad for p in model.parameters()]
    assert all(bool(g.isfinite().all()) for g in total)
    model.zero_grad()
    for i, length in enumerate(lengths):
        rest = outputs[i, length:]
        assert rest.tobytes() == rc.zeros_like(rest).tobytes()
        if not length:
            assert all(not any(part[..., i, :].reshape((-1,)).tolist()) for part in parts(last))
            continue
        alone = x[i : i + 1, :length].requires_grad_()
        found, end = model(alone)
        assert found.tobytes() == outputs[i : i + 1, :length].tobytes()
        assert raw(*(part[..., 0, :] for part in parts(end))) == raw(*(part[..., i, :] for part in parts(last)))
        (found.square().sum() + parts(end)[0].sum()).backward()
        assert alone.grad is not None
        assert batch.grad is not None
        # A sum of contributions has +0 where a single one may have -0.
        assert (alone.grad + 0.0).tobytes() == (batch.grad[i : i + 1, :length] + 0.0).tobytes()
        assert not any(batch.grad[i, length:].reshape((-1,)).tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_leaves_steps_out_anywhere(kind: str) -> None:
    model = layer(kind, 2, 3, bidirectional=True)
    x = normal((2, 4, 2), seed=1)
    mask = rc.tensor([[True, False, True, True], [False, True, False, True]])
    outputs, last = model(x, mask=mask)
    for i, kept in enumerate([[0, 2, 3], [1, 3]]):
        alone, end = model(x[i : i + 1, kept])
        assert alone.tobytes() == outputs[i : i + 1, kept].tobytes()
        assert raw(*(part[:, 0] for part in parts(end))) == raw(*(part[:, i] for part in parts(last)))
    full = rc.ones((2, 4)).greater(0.0)
    assert raw(*model(x, mask=full)) == raw(*model(x)) == raw(*model(x, lengths=rc.tensor([4, 4], dtype="int32")))


def test_without_a_step_the_given_state_stays() -> None:
    model, state = layer("LSTM", 2, 3), (normal((2, 3), seed=1), normal((2, 3), seed=2))
    _, last = model(normal((2, 4, 2), seed=3), state, lengths=[0, 2])
    assert raw(*(part[0] for part in last)) == raw(*(part[0] for part in state))


# ------------------------------------------------------------------------------------- backends, pieces, errors


@pytest.mark.parametrize("name", ["numpy", "native"])
@pytest.mark.parametrize("kind", KINDS)
def test_backends_have_the_same_bits(name: str, kind: str) -> None:
    def everything(backend: str) -> list[bytes]:
        with rc.use_backend(backend):
            model = layer(kind, 2, 3, num_layers=2, bidirectional=True)
            x = normal((3, 3, 2), seed=1).requires_grad_()
            outputs, last = model(x, lengths=[2, 3, 1])
            (outputs.square().sum() + parts(last)[0].sum()).backward()
            return raw(outputs, last, *(p.grad for p in (x, *model.parameters())))

    assert everything(name) == everything("python")


def test_pieces_are_those_of_split_and_unstack() -> None:
    x = normal((2, 3, 4), seed=1).requires_grad_()
    whole = x.detach().requires_grad_()
    assert raw(*steps(x)) == raw(*whole.unstack(axis=1))
    assert raw(*cut(x, sizes=(1, 3))) == raw(*whole.split((1, 3), axis=-1))
    for pieces in (steps(x), whole.unstack(axis=1)):
        (pieces[0].square().sum() + (pieces[2] * pieces[0]).sum()).backward()
    assert x.grad is not None
    assert whole.grad is not None
    assert x.grad.tobytes() == whole.grad.tobytes(), "a step that nothing is made of receives zeros"


def test_gradients_of_gradients() -> None:
    """Through the pieces too: the second derivative of a cell against that of split and unstack."""

    def twice(function: Callable[[RamTensor], RamTensor]) -> bytes:
        x = normal((2, 3, 4), seed=1)
        found: RamTensor = rc.grad(lambda x: rc.grad(lambda y: function(y).sum())(x).square().sum())(x)
        return (found + 0.0).tobytes()

    assert twice(lambda x: steps(x)[0] * steps(x)[1].tanh()) == twice(lambda x: x.unstack(axis=1)[0] * x[:, 1].tanh())


X = rc.ones((2, 3, 2))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.AllSteps()(X), ShapeError, "AllSteps: takes the pair (outputs, last)"),
        (lambda: nn.LSTM(2, 3, 0), ShapeError, "LSTM: num_layers must be a positive int, got 0"),
        (lambda: nn.RNN(2, 3, "relu"), ShapeError, "num_layers must be a positive int, got 'relu'"),  # type: ignore[arg-type]
        (lambda: nn.GRU(2, 3, dropout=0.5), AttributeValueError, "acts between layers, and there is one"),
        (lambda: nn.GRU(2, 3, 2, dropout=1.5), AttributeValueError, "dropout must be a number from 0 to 1"),
        (lambda: nn.GRUCell(2, 3)(rc.ones((2, 3))), ShapeError, "GRUCell: x must be (batch, input_size) = (batch, 2)"),
        (lambda: nn.LSTM(2, 3)(X, rc.ones((2, 3))), ShapeError, "its state is a pair (h, c), got a RamTensor"),
        (lambda: nn.LSTM(2, 3)(X, (rc.ones((2, 3)), rc.ones((3, 2)))), ShapeError, "c must be (batch, hidden_size)"),
        (lambda: nn.GRU(2, 3)(X, (rc.ones((2, 3)), rc.ones((2, 3)))), ShapeError, "h must be (batch, hidden_size)"),
        (lambda: nn.GRU(2, 3, 2)(X, rc.ones((2, 3))), ShapeError, "(num_layers * directions, batch, hidden_size)"),
        (lambda: nn.LSTM(2, 3)(rc.ones((2, 3))), ShapeError, "one step or more, got (2, 3)"),
        (
            lambda: nn.GRU(2, 3)(X, lengths=[1, 4]),
            IndexRangeError,
            "sequence 1 has length 4; x of shape (2, 3, 2) has 0",
        ),
        (lambda: nn.GRU(2, 3)(X, lengths=[-1, 3]), IndexRangeError, "sequence 0 has length -1"),
        (lambda: nn.GRU(2, 3)(X, lengths=[1]), ShapeError, "one number for each of 2 sequences"),
        (lambda: nn.GRU(2, 3)(X, lengths=[1.5, 2]), DTypeError, "lengths are ints"),
        (lambda: nn.GRU(2, 3)(X, lengths=rc.ones((2,))), DTypeError, "got float32"),
        (lambda: nn.GRU(2, 3)(X, lengths=3), DTypeError, "lengths are ints"),
        (lambda: nn.GRU(2, 3)(X, mask=rc.ones((2, 3))), DTypeError, "mask is a tensor of bools"),
        (lambda: nn.GRU(2, 3)(X, mask=[[True]]), DTypeError, "got list"),
        (lambda: nn.GRU(2, 3)(X, mask=rc.ones((2, 2)).greater(0.0)), ShapeError, "(batch, time) = (2, 3)"),
        (lambda: nn.GRU(2, 3)(X, lengths=[1, 1], mask=X[..., 0].greater(0.0)), ShapeError, "give one of them"),
    ],
)
def test_what_is_refused(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_the_batch_is_first() -> None:
    """PyTorch's argument says what is so, or is refused with what to do."""
    for make in (
        lambda **options: nn.LSTM(2, 3, **options),
        lambda **options: nn.RNN(2, 3, **options),
        lambda **options: nn.MultiheadAttention(4, 2, **options),
        lambda **options: nn.TransformerEncoderLayer(4, 2, 3, **options),
        lambda **options: nn.TransformerDecoderLayer(4, 2, 3, **options),
    ):
        make(batch_first=True)
        with pytest.raises(AttributeValueError, match=r"batch_first=False.*swapaxes"):
            make(batch_first=False)
