"""What layers do beside their formula: chance, training and use, state in and out, words for what they refuse."""

from collections.abc import Callable
from fractions import Fraction
from math import inf, nan
from pathlib import Path
from typing import Any, assert_type

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.errors import AttributeValueError, AxisError, DTypeError, IndexRangeError, ShapeError
from rcmlrs_core.numerics.formats import round_number
from rcmlrs_core.random import FIRST_STREAM, Generator, bernoulli, default_generator, normal
from rcmlrs_core.tensor import RamTensor

# ------------------------------------------------------------------------------------------------------ dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_dropout_is_chance_times_a_scale_that_is_rounded_once(p: float) -> None:
    layer = nn.Dropout(p, generator=Generator(7))
    x = normal((2000,), seed=1).requires_grad_()
    y = layer(x)
    dropped = bernoulli((2000,), p, seed=7, stream=FIRST_STREAM).tolist()
    scale = Fraction(round_number(1 / (1 - Fraction(p))))
    want = [0.0 if gone else round_number(Fraction(v) * scale) for gone, v in zip(dropped, x.tolist(), strict=True)]
    assert y.tolist() == want
    assert abs(sum(dropped) - 2000 * p) < 5 * (2000 * p * (1 - p)) ** 0.5  # five standard deviations
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0 if gone else float(scale) for gone in dropped]
    assert layer(x).tobytes() != y.tobytes(), "the next call takes the next stream"


def test_dropout_in_use_does_nothing_and_draws_nothing() -> None:
    x = normal((4, 3), seed=1)
    before = default_generator().stream
    assert nn.Dropout().eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    assert default_generator().stream == before
    nn.Dropout()(x)
    assert default_generator().stream == before + 1
    assert nn.Dropout(1)(x).tolist() == [[0.0] * 3] * 4


def test_what_is_dropped_is_zero_whatever_it_was() -> None:
    x = rc.tensor([inf, nan, -1.0] * 20)
    gone = bernoulli((60,), 0.5, seed=3, stream=FIRST_STREAM).tolist()
    y = nn.Dropout(generator=Generator(3))(x).tolist()
    assert all(v == 0.0 for v, dropped in zip(y, gone, strict=True) if dropped)
    assert y.count(inf) == sum(not dropped for dropped in gone[::3])


@pytest.mark.parametrize(("kind", "shape"), [(nn.Dropout1d, (30, 9, 4)), (nn.Dropout2d, (30, 9, 2, 3))])
def test_whole_channels_are_dropped(kind: type[nn.Dropout], shape: tuple[int, ...]) -> None:
    y = kind(0.5, generator=Generator(1))(rc.ones(shape)).reshape((30 * 9, -1)).tolist()
    assert all(row in ([0.0] * len(row), [2.0] * len(row)) for row in y)
    assert 100 < sum(row[0] == 0.0 for row in y) < 170


# ------------------------------------------------------------------------------------------------ normalization


def test_batch_normalization_remembers_in_training_alone() -> None:
    layer = nn.BatchNorm1d(3)
    x = normal((5, 3), 2.0, 3.0, seed=1)
    first = layer(x)
    remembered = layer.digest()
    assert layer.running_mean is not None
    assert float(layer.running_mean.abs().max()) > 0
    in_use = layer.eval()(x)
    assert layer.digest() == remembered
    assert in_use.tobytes() != first.tobytes()
    assert layer(x[:1]).tobytes() == in_use[:1].tobytes(), "in use, a sample depends on no neighbour"
    layer.train()
    layer(x)
    assert layer.digest() != remembered
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert list(layer.state_dict()) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def test_batch_normalization_may_remember_nothing() -> None:
    layer = nn.BatchNorm2d(2, track_running_stats=False, affine=False)
    x = normal((3, 2, 2, 2), seed=1)
    assert list(layer.state_dict()) == []
    assert layer(x).tobytes() == layer.eval()(x).tobytes()
    assert layer(x).tobytes() == nn.BatchNorm2d(2)(x).tobytes()


def test_a_checkpoint_remembers_once() -> None:
    """What runs again for its gradient is the same batch, not another one."""
    x = normal((5, 3), seed=1)
    plain, again = (nn.Sequential(nn.Linear(3, 3, generator=Generator(1)), nn.BatchNorm1d(3)) for _ in range(2))
    plain(x).square().sum().backward()
    rc.checkpoint(again, x).square().sum().backward()
    assert again.digest() == plain.digest()
    gradients = zip(plain.parameters(), again.parameters(), strict=True)
    assert all(p.grad is not None and q.grad is not None and p.grad.digest() == q.grad.digest() for p, q in gradients)


def test_frozen_batch_normalization_goes_on_remembering() -> None:
    layer = nn.BatchNorm1d(3).freeze()
    before = layer.digest()
    layer(normal((5, 3), seed=1))
    assert layer.digest() != before
    assert list(layer.unfreeze().state_dict()) == list(nn.BatchNorm1d(3).state_dict())
    assert layer.running_mean is not None
    assert not layer.running_mean.requires_grad


def test_equal_elements_are_normalized_to_zero() -> None:
    x = rc.full((2, 4, 2, 2), 0.1)
    for layer in (nn.BatchNorm2d(4), nn.LayerNorm((4, 2, 2)), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4)):
        assert layer(x).tolist() == rc.zeros(x.shape).tolist()


# ----------------------------------------------------------------------------------------------- state, in and out

LAYERS: list[Callable[[Generator], nn.Module]] = [
    lambda g: nn.Conv1d(2, 4, 3, groups=2, generator=g),
    lambda g: nn.Conv2d(2, 3, 3, bias=False, generator=g),
    lambda g: nn.ConvTranspose2d(4, 2, 3, groups=2, generator=g),
    lambda g: nn.DepthwiseConv1d(3, 2, generator=g),
    lambda g: nn.Embedding(5, 3, 0, generator=g),
    lambda g: nn.Residual(nn.Linear(3, 3, generator=g), nn.Linear(3, 3, generator=g)),
]


@pytest.mark.parametrize("make", LAYERS, ids=range(len(LAYERS)))
def test_state_goes_through_a_file(make: Callable[[Generator], nn.Module], tmp_path: Path) -> None:
    layer, other = make(Generator(1)), make(Generator(2))
    assert layer.digest() == make(Generator(1)).digest() != other.digest()
    rc.save_tensors_binary(tmp_path / "layer", layer.state_dict())
    other.load_state_dict(rc.load_state_binary(tmp_path / "layer"))
    assert other.digest() == layer.digest()
    assert all(parameter.requires_grad for parameter in other.parameters())


def test_what_batch_normalization_remembers_goes_through_a_file(tmp_path: Path) -> None:
    layer, other = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    layer(normal((5, 3), seed=1))
    rc.save_tensors_binary(tmp_path / "layer", layer.state_dict())
    other.load_state_dict(rc.load_state_binary(tmp_path / "layer"))
    x = normal((2, 3), seed=2)
    assert other.eval()(x).tobytes() == layer.eval()(x).tobytes()
    assert other.num_batches_tracked is not None
    assert other.num_batches_tracked.dtype == "int32"


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Conv2d(6, 4, (3, 2), groups=2), 18),
        (nn.ConvTranspose2d(6, 4, (3, 2), groups=2), 12),
        (nn.Conv1d(1, 9, 4), 4),
    ],
)
def test_convolutions_begin_within_their_bound(layer: nn.Module, fan_in: int) -> None:
    for parameter in layer.parameters():
        assert float(parameter.abs().max()) <= nn.init.root(Fraction(1, fan_in))
    weight = next(layer.parameters())
    assert float(weight.abs().max()) > nn.init.root(Fraction(1, fan_in)) / 2


# ------------------------------------------------------------------------------------------------------ shapes


def test_shapes() -> None:
    x = normal((2, 3, 4, 5), seed=1)
    for layer, shape in [
        (nn.Flatten(), (2, 60)),
        (nn.Flatten(2), (2, 3, 20)),
        (nn.Flatten(0, 1), (6, 4, 5)),
        (nn.Flatten(-3, -2), (2, 12, 5)),
        (nn.Reshape(5, -1), (2, 5, 12)),
        (nn.Reshape((60,)), (2, 60)),
        (nn.Unflatten(2, (2, 2)), (2, 3, 2, 2, 5)),
        (nn.Unflatten(-1, (-1, 1)), (2, 3, 4, 5, 1)),
        (nn.Identity(17, some="thing"), (2, 3, 4, 5)),
    ]:
        y = layer(x)
        assert y.shape == shape, layer
        assert y.tobytes() == x.tobytes()
    assert nn.Reshape(2, 0)(rc.zeros((3, 0))).shape == (3, 2, 0)


def test_functions_as_layers() -> None:
    x = normal((2, 3), seed=1)
    assert nn.Lambda(rc.square)(x).tobytes() == x.square().tobytes()
    assert nn.Residual(nn.Lambda(rc.tanh))(x).tobytes() == (x + x.tanh()).tobytes()


def test_an_error_says_in_which_layer() -> None:
    model = nn.Sequential(nn.Tanh(), nn.Sequential(nn.Linear(3, 4), nn.Linear(3, 4)))
    with pytest.raises(ShapeError, match="Linear: takes") as caught:
        model(rc.ones((2, 3)))
    assert caught.value.__notes__ == [
        "in element 1 of Sequential: Linear(in_features=3, out_features=4, bias=True)",
        "in element 1 of Sequential: Sequential()",
    ]


def test_a_layer_gives_a_tensor_for_type_checkers_too() -> None:
    x = normal((2, 3), seed=1)
    assert_type(nn.Linear(3, 4)(x), RamTensor)
    assert_type(nn.Sequential(nn.Linear(3, 4), nn.Tanh())(x).relu(), RamTensor)
    outputs, last = nn.RNN(3, 4)(x.expand_dims(0))
    assert (outputs.shape, last.shape[-1]) == ((1, 2, 4), 4)


def test_words_are_those_of_pytorch() -> None:
    def squares(x: RamTensor) -> RamTensor:
        return x.square()

    for layer, words in [
        (nn.Conv2d(1, 2, 3), "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))"),
        (
            nn.Conv1d(2, 2, 3, 2, 1, 2, 2, False, "circular"),
            "Conv1d(2, 2, kernel_size=(3,), stride=(2,), padding=(1,), dilation=(2,), groups=2, bias=False, "
            "padding_mode=circular)",
        ),
        (
            nn.ConvTranspose1d(1, 2, 3, 2, output_padding=1),
            "ConvTranspose1d(1, 2, kernel_size=(3,), stride=(2,), output_padding=(1,))",
        ),
        (nn.Embedding(5, 3, -1), "Embedding(5, 3, padding_idx=4)"),
        (nn.LayerNorm(3), "LayerNorm((3,), eps=1e-05, elementwise_affine=True)"),
        (
            nn.BatchNorm1d(3),
            "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
        ),
        (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True)"),
        (nn.AdaptiveAvgPool2d((3, None)), "AdaptiveAvgPool2d(output_size=(3, None))"),
        (nn.MaxPool1d(2), "MaxPool1d(kernel_size=(2,), stride=(2,), padding=(0,), ceil_mode=False)"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.Dropout(0.25), "Dropout(p=0.25)"),
        (nn.Unflatten(1, (2, 3)), "Unflatten(dim=1, unflattened_size=(2, 3))"),
        (nn.Reshape(2, 3), "Reshape((2, 3))"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
    ]:
        assert repr(layer) == words
    assert repr(nn.Lambda(squares)).endswith("squares)")


# ------------------------------------------------------------------------------------------------ what is refused

X = rc.ones((2, 3, 5, 5))
REFUSALS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: nn.Conv2d(0, 1, 1), ShapeError, "Conv2d: in_channels must be a positive int, got 0"),
    (lambda: nn.Conv2d(1, 1, 0), AttributeValueError, "Conv2d: kernel_size must be at least 1 on every axis, got 0"),
    (lambda: nn.Conv2d(1, 1, (3, 3, 3)), AttributeValueError, "Conv2d: kernel_size (3, 3, 3) has 3 numbers"),
    (lambda: nn.Conv2d(1, 1, 2.5), AttributeValueError, "Conv2d: kernel_size is an int"),
    (lambda: nn.Conv1d(1, 1, 1, stride=0), AttributeValueError, "Conv1d: stride must be at least 1"),
    (lambda: nn.Conv1d(1, 1, 1, padding=-1), AttributeValueError, "Conv1d: padding must be at least 0"),
    (lambda: nn.Conv1d(1, 1, 1, padding="full"), AttributeValueError, "Conv1d: padding is 'same', 'valid'"),
    (lambda: nn.Conv1d(1, 1, 1, padding_mode="mirror"), AttributeValueError, "Conv1d: padding_mode is one of zeros"),
    (
        lambda: nn.Conv1d(1, 1, 3, 2, "same", padding_mode="reflect"),
        AttributeValueError,
        "takes stride=1, got (2,); give the padding as numbers",
    ),
    (lambda: nn.Conv3d(4, 6, 1, groups=4), AttributeValueError, "Conv3d: out_channels = 6 cannot be cut into 4"),
    (lambda: nn.Conv3d(6, 4, 1, groups=4), AttributeValueError, "Conv3d: in_channels = 6 cannot be cut into 4"),
    (lambda: nn.Conv2d(4, 1, 1)(X), ShapeError, "Conv2d: takes (batch, 4, height, width), got a tensor of shape (2, 3"),
    (lambda: nn.Conv2d(5, 1, 1)(X), ShapeError, "channels are the second axis here: x.moveaxis(-1, 1)"),
    (lambda: nn.Conv2d(1, 1, 1)(rc.ones((2, 5, 5))), ShapeError, "for one channel, x.expand_dims(1)"),
    (lambda: nn.Conv2d(3, 1, 1)(rc.ones((3, 5, 5))), ShapeError, "for a batch of one, x.expand_dims(0)"),
    (
        lambda: nn.Conv2d(3, 1, 7)(X),
        ShapeError,
        "conv2d: a kernel of (7, 7), which is more than the spatial axes (5, 5)",
    ),
    (lambda: nn.Conv2d(3, 1, 1)([1.0]), TypeError, "Conv2d: takes a tensor, got a list; make it one with rc.tensor"),
    (
        lambda: nn.ConvTranspose1d(1, 1, 3, 2, output_padding=2),
        AttributeValueError,
        "ConvTranspose1d: output_padding (2,) must be smaller than the stride (2,) or the dilation (1,)",
    ),
    (lambda: nn.DepthwiseConv2d(3, 3, multiplier=0), ShapeError, "DepthwiseConv2d: multiplier must be a positive int"),
    (lambda: nn.MaxPool2d(0), AttributeValueError, "MaxPool2d: kernel_size must be at least 1"),
    (lambda: nn.AvgPool2d(2, padding=2), AttributeValueError, "AvgPool2d: padding (2, 2) must be at most half"),
    (lambda: nn.MaxPool2d(2)(X[0]), ShapeError, "MaxPool2d: takes (batch, channels, height, width), got a tensor of"),
    (lambda: nn.AdaptiveAvgPool2d(0), AttributeValueError, "AdaptiveAvgPool2d: output_size must be at least 1"),
    (lambda: nn.AdaptiveMaxPool1d((1, 2)), AttributeValueError, "AdaptiveMaxPool1d: output_size (1, 2) has 2 numbers"),
    (lambda: nn.GlobalAvgPool()(X[0, 0]), ShapeError, "GlobalAvgPool: takes (batch, channels) and one spatial axis"),
    (lambda: nn.BatchNorm2d(3, eps=-1), AttributeValueError, "BatchNorm2d: eps must be a number that is finite and at"),
    (
        lambda: nn.BatchNorm2d(3, momentum=2),
        AttributeValueError,
        "BatchNorm2d: momentum (or None) must be a number from",
    ),
    (lambda: nn.BatchNorm2d(4)(X), ShapeError, "BatchNorm2d: takes (batch, 4, height, width), got"),
    (lambda: nn.BatchNorm2d(3)(X[:, :, 0]), ShapeError, "BatchNorm2d: takes (batch, 3, height, width), got"),
    (lambda: nn.BatchNorm1d(3)(rc.ones((1, 3))), ShapeError, "BatchNorm1d: in training a channel has two values or"),
    (lambda: nn.BatchNorm1d(3)(rc.ones((0, 3))), ShapeError, "take a larger batch, or model.eval()"),
    (lambda: nn.BatchNorm1d(3)(rc.ones((3,))), ShapeError, "BatchNorm1d: takes (batch, 3, length), got"),
    (lambda: nn.LayerNorm(()), ShapeError, "LayerNorm: normalized_shape has one length or more"),
    (lambda: nn.LayerNorm((3, 0)), ShapeError, "LayerNorm: normalized_shape has one length or more"),
    (lambda: nn.LayerNorm(4)(X), ShapeError, "LayerNorm: the last axes of x must have the lengths (4,), got"),
    (lambda: nn.RMSNorm((5, 5), eps=nan), AttributeValueError, "RMSNorm: eps must be a number"),
    (lambda: nn.RMSNorm((2, 5))(rc.ones(5)), ShapeError, "RMSNorm: the last axes of x must have the lengths (2, 5)"),
    (lambda: nn.GroupNorm(2, 3), AttributeValueError, "GroupNorm: num_channels = 3 cannot be cut into 2 groups; it"),
    (lambda: nn.GroupNorm(2, 4)(X), ShapeError, "GroupNorm: takes (batch, 4, ...), got a tensor of shape (2, 3, 5, 5)"),
    (lambda: nn.InstanceNorm1d(3)(X), ShapeError, "InstanceNorm1d: takes (batch, 3, length), got"),
    (lambda: nn.Dropout(1.5), AttributeValueError, "Dropout: p must be a number from 0 to 1, got 1.5"),
    (lambda: nn.Dropout("x"), AttributeValueError, "Dropout: p must be a number from 0 to 1, got 'x'"),
    (lambda: nn.Dropout1d()(X), ShapeError, "Dropout1d: takes (batch, channels) and 1 spatial axes"),
    (lambda: nn.Embedding(3, 0), ShapeError, "Embedding: embedding_dim must be a positive int, got 0"),
    (lambda: nn.Embedding(3, 1, 3), AttributeValueError, "Embedding: padding_idx must be an int in [-3, 3), or None"),
    (lambda: nn.Embedding(3, 1)(X), DTypeError, "Embedding: indices are int32, got float32"),
    (
        lambda: nn.Embedding(3, 1)(rc.tensor([[0, 3]], dtype="int32")),
        IndexRangeError,
        "Embedding: an index is not in [0, 3), the rows of the table; take: index 3 at position (0, 1)",
    ),
    (lambda: nn.Embedding(3, 1, 0)(rc.tensor([-1], dtype="int32")), IndexRangeError, "index -1 at position (0,)"),
    (lambda: nn.GELU("fast"), AttributeValueError, "GELU: approximate is one of none, tanh, got 'fast'"),
    (lambda: nn.Softplus(0), AttributeValueError, "Softplus: beta must be a number from"),
    (lambda: nn.PReLU(4)(X), ShapeError, "PReLU: 4 slopes are for (batch, 4, ...), got a tensor of shape (2, 3"),
    (lambda: nn.Flatten(2, 1)(X), AxisError, "Flatten: start_dim 2 is behind end_dim 1"),
    (lambda: nn.Flatten(4)(X), AxisError, "Flatten: there is no axis 4 in a tensor of shape (2, 3, 5, 5)"),
    (lambda: nn.Reshape(7, -1)(X), ShapeError, "Reshape: 75 elements of (3, 5, 5) do not fill (7, -1), in a tensor"),
    (lambda: nn.Reshape(-1, -1), ShapeError, "Reshape: shape has lengths of at least 0, and -1 at most once"),
    (lambda: nn.Reshape(0, -1)(rc.ones((2, 0))), ShapeError, "Reshape: 0 elements of (0,) do not fill (0, -1)"),
    (lambda: nn.Reshape(3)(rc.ones(())), ShapeError, "Reshape: a tensor of shape () has no batch axis"),
    (lambda: nn.Unflatten(1, (2, 2))(X), ShapeError, "Unflatten: 3 elements of (3,) do not fill (2, 2)"),
    (lambda: nn.Unflatten(1, 3), ShapeError, "Unflatten: unflattened_size has an int for each axis, got 3"),
    (lambda: nn.Residual(nn.Flatten())(X), ShapeError, "Residual: the module makes (2, 75) of x, and beside it stands"),
    (lambda: nn.Residual(abs), TypeError, "Residual: module is a builtin_function_or_method, not a module"),
    (lambda: nn.Lambda(3), TypeError, "Lambda: takes a function, got a int"),
]


@pytest.mark.parametrize(("make", "error", "words"), REFUSALS, ids=[words[:45] for _, _, words in REFUSALS])
def test_what_is_refused(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)
