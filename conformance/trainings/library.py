"""A training of two steps for everything in the library: each layer, loss, optimizer and schedule by its name.

``LIBRARY`` has them by kind. What a layer takes is trained along with it, so that a layer without parameters has a
gradient too. Layers are small: it is not about speed here, but about every line of a layer being a composition (N5).
A test says when a name of the library is missing.
"""

from collections.abc import Callable
from typing import Any

import rcmlrs_core as rc
from rcmlrs_core import keras, nn, optim
from rcmlrs_core.tensor import RamTensor

from .keras_layers import CASES, Shapes, layer_of
from .loop import Model, Size, Training

Make = Callable[[], nn.Module]
Shape = tuple[int, ...]
Input = Shape | Callable[[], RamTensor]

RATE = 0.1

# -------------------------------------------------------------------------------------------------------- layers


class Fed(nn.Module):
    """A layer and what it is fed with."""

    def __init__(self, layer: nn.Module, *inputs: RamTensor) -> None:
        self.layer = layer
        self.inputs = list(inputs)

    def forward(self) -> list[RamTensor]:
        """All tensors that come out."""
        return list(_tensors(self.layer(*self.inputs)))


class Given(nn.Module):
    """A layer that is called with options."""

    def __init__(self, layer: nn.Module, **options: Any) -> None:
        self.layer = layer
        self.options = options

    def forward(self, *inputs: RamTensor) -> Any:
        """What the layer gives."""
        return self.layer(*inputs, **self.options)


def _fitted(scaler: Any) -> nn.Module:
    with rc.no_grad():
        module: nn.Module = scaler.fit(rc.random.normal(ROW))
    return module


def _tensors(output: Any) -> list[RamTensor]:
    if isinstance(output, RamTensor):
        return [output]
    return [tensor for part in output or () for tensor in _tensors(part)]


def fed(make: Make, *inputs: Input) -> Callable[[Size], Model]:
    """Descent on the squares of what a layer gives, less a half; a shape is an input to be drawn."""

    def model(size: Size) -> Model:
        module = Fed(make(), *(x() if callable(x) else _drawn(x) for x in inputs))

        return Model(module, optim.SGD(module.parameters(), lr=RATE, momentum=0.9), lambda: _off_a_half(module()))

    return model


def _off_a_half(outputs: list[RamTensor]) -> RamTensor:
    """The mean squared distance from a half, added up over what a layer gives."""
    parts = [(y - 0.5).square().mean() for y in outputs]
    return parts[0].add_n(*parts[1:]) if len(parts) > 1 else parts[0]


def _drawn(shape: Shape) -> RamTensor:
    return nn.Parameter(rc.random.normal(shape))


def _indices(*numbers: int) -> Callable[[], RamTensor]:
    return lambda: rc.tensor([numbers], dtype="int32")


ROW, IMAGE, LINE, BLOCK = (3, 4), (2, 2, 4, 4), (2, 2, 6), (1, 2, 3, 3, 3)
SEQUENCE = (2, 3, 4)

LAYERS: dict[str, tuple[Any, ...]] = {
    "AdaptiveAvgPool1d": (lambda: nn.AdaptiveAvgPool1d(4), LINE),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((3, 2)), IMAGE),
    "AdaptiveAvgPool3d": (lambda: nn.AdaptiveAvgPool3d(2), BLOCK),
    "AdaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(4), LINE),
    "AdaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d((3, 2)), IMAGE),
    "AdaptiveMaxPool3d": (lambda: nn.AdaptiveMaxPool3d(2), BLOCK),
    "AllSteps": (lambda: nn.Sequential(nn.GRU(4, 2), nn.AllSteps()), SEQUENCE),
    "AvgPool1d": (lambda: nn.AvgPool1d(3, 2, 1), LINE),
    "AvgPool2d": (lambda: nn.AvgPool2d(2, count_include_pad=False), IMAGE),
    "AvgPool3d": (lambda: nn.AvgPool3d(2, 1), BLOCK),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(4), ROW),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(2), IMAGE),
    "BatchNorm3d": (lambda: nn.BatchNorm3d(2), BLOCK),
    "CELU": (lambda: nn.CELU(1.5), ROW),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 3, padding=1, stride=2), LINE),
    "Conv2d": (lambda: nn.Conv2d(2, 3, (3, 2), dilation=(1, 2)), IMAGE),
    "Conv3d": (lambda: nn.Conv3d(2, 2, 2, groups=2), BLOCK),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 3, 3, stride=2, output_padding=1), LINE),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, 2), IMAGE),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(2, 1, 2), BLOCK),
    "DepthwiseConv1d": (lambda: nn.DepthwiseConv1d(2, 3), LINE),
    "DepthwiseConv2d": (lambda: nn.DepthwiseConv2d(2, 3), IMAGE),
    "DepthwiseConv3d": (lambda: nn.DepthwiseConv3d(2, 2), BLOCK),
    "Dropout": (lambda: nn.Dropout(0.4), ROW),
    "Dropout1d": (lambda: nn.Dropout1d(0.5), LINE),
    "Dropout2d": (lambda: nn.Dropout2d(0.5), IMAGE),
    "Dropout3d": (lambda: nn.Dropout3d(0.2), BLOCK),
    "ELU": (lambda: nn.ELU(), ROW),
    "Embedding": (lambda: nn.Embedding(5, 3, padding_idx=0), _indices(1, 4, 0, 1)),
    "Flatten": (lambda: nn.Flatten(), LINE),
    "GELU": (lambda: nn.GELU(), ROW),
    "GRU": (lambda: Given(nn.GRU(4, 3, bidirectional=True), lengths=[3, 1]), SEQUENCE),
    "GRUCell": (lambda: nn.GRUCell(4, 3), ROW, (3, 3)),
    "GlobalAvgPool": (lambda: nn.GlobalAvgPool(), IMAGE),
    "GlobalMaxPool": (lambda: nn.GlobalMaxPool(), IMAGE),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (2, 4, 3)),
    "Hardsigmoid": (lambda: nn.Hardsigmoid(), ROW),
    "Hardswish": (lambda: nn.Hardswish(), ROW),
    "Hardtanh": (lambda: nn.Hardtanh(), ROW),
    "Identity": (lambda: nn.Identity(), ROW),
    "InstanceNorm1d": (lambda: nn.InstanceNorm1d(2, affine=True), LINE),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(2), IMAGE),
    "InstanceNorm3d": (lambda: nn.InstanceNorm3d(2), BLOCK),
    "LSTM": (lambda: nn.LSTM(4, 3, 2, dropout=0.3), SEQUENCE),
    "LSTMCell": (lambda: nn.LSTMCell(4, 3), ROW),
    "Lambda": (lambda: nn.Lambda(lambda x: x.sin()), ROW),
    "LastStep": (lambda: nn.Sequential(nn.LSTM(4, 2), nn.LastStep()), SEQUENCE),
    "LayerNorm": (lambda: nn.LayerNorm(4), ROW),
    "LeakyReLU": (lambda: nn.LeakyReLU(), ROW),
    "LearnedEncoding": (lambda: nn.LearnedEncoding(5, 4), SEQUENCE),
    "Linear": (lambda: nn.Linear(4, 2), ROW),
    "LogSigmoid": (lambda: nn.LogSigmoid(), ROW),
    "LogSoftmax": (lambda: nn.LogSoftmax(), ROW),
    "MaxPool1d": (lambda: nn.MaxPool1d(3, 2, 1), LINE),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), IMAGE),
    "MaxPool3d": (lambda: nn.MaxPool3d(2, 1), BLOCK),
    "MinMaxScaler": (lambda: _fitted(nn.MinMaxScaler()), ROW),
    "Mish": (lambda: nn.Mish(), ROW),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(4, 2, 0.2, kdim=3, vdim=2), SEQUENCE, (2, 5, 3), (2, 5, 2)),
    "PReLU": (lambda: nn.PReLU(), ROW),
    "RMSNorm": (lambda: nn.RMSNorm(4), ROW),
    "RNN": (lambda: nn.RNN(4, 3, nonlinearity="relu"), SEQUENCE),
    "RNNCell": (lambda: nn.RNNCell(4, 3), ROW, (3, 3)),
    "ReLU": (lambda: nn.ReLU(), ROW),
    "ReLU6": (lambda: nn.ReLU6(), ROW),
    "Reshape": (lambda: nn.Reshape((2, 2)), ROW),
    "Residual": (lambda: nn.Residual(nn.Linear(4, 4)), ROW),
    "RotaryEmbedding": (lambda: nn.RotaryEmbedding(4), SEQUENCE),
    "SELU": (lambda: nn.SELU(), ROW),
    "Sequential": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)), ROW),
    "SiLU": (lambda: nn.SiLU(), ROW),
    "Sigmoid": (lambda: nn.Sigmoid(), ROW),
    "SinusoidalEncoding": (lambda: nn.SinusoidalEncoding(4, 0.1), SEQUENCE),
    "Softmax": (lambda: nn.Softmax(), ROW),
    "Softplus": (lambda: nn.Softplus(), ROW),
    "Softsign": (lambda: nn.Softsign(), ROW),
    "StandardScaler": (lambda: _fitted(nn.StandardScaler()), ROW),
    "Tanh": (lambda: nn.Tanh(), ROW),
    "TransformerDecoder": (lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 3), 2), SEQUENCE, SEQUENCE),
    "TransformerDecoderLayer": (lambda: nn.TransformerDecoderLayer(4, 2, 3), SEQUENCE, (2, 2, 4)),
    "TransformerEncoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 1, 3), 2, nn.LayerNorm(4)),
        SEQUENCE,
    ),
    "TransformerEncoderLayer": (
        lambda: Given(nn.TransformerEncoderLayer(4, 2, 3, activation="gelu", norm_first=True), is_causal=True),
        SEQUENCE,
    ),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 2)), ROW),
    "scaled_dot_product_attention": (lambda: nn.Lambda(nn.scaled_dot_product_attention), SEQUENCE, SEQUENCE, SEQUENCE),
}
"""How each layer is made, and what it is fed with."""

# --------------------------------------------------------------------------------------------------- Keras' layers


class Scaled(nn.Module):
    """A layer of Keras, fed with tensors times a number that is trained: so the gradient goes through every layer."""

    def __init__(self, layer: Any, shapes: list[Any]) -> None:
        self.layer = layer
        self.scale = nn.Parameter(rc.ones(()))
        self.inputs = _for_each(rc.random.normal, shapes)
        self.forward()  # makes the weights

    def forward(self) -> list[RamTensor]:
        """All tensors that come out."""
        return _tensors(self.layer(*_for_each(lambda x: x * self.scale, self.inputs), training=True))


def _for_each(make: Callable[[Any], RamTensor], nested: list[Any]) -> list[Any]:
    return [_for_each(make, part) if isinstance(part, list) else make(part) for part in nested]


def _of_keras(name: str, options: dict[str, Any], shapes: Shapes) -> Callable[[Size], Model]:
    def model(size: Size) -> Model:
        module = Scaled(layer_of(keras, name, options), shapes if isinstance(shapes, list) else [shapes])
        return Model(module, optim.SGD(module.parameters(), lr=RATE, weight_decay=0.1), lambda: _off_a_half(module()))

    return model


def _named(names: list[str]) -> list[str]:
    """Names that come twice are numbered: ``LSTM``, ``LSTM_2``."""
    return [name if (n := names[: i + 1].count(name)) == 1 else f"{name}_{n}" for i, name in enumerate(names)]


KERAS = dict(zip(_named([name for name, _, _ in CASES]), CASES, strict=True))

# -------------------------------------------------------------------------------------------------------- losses

N, CLASSES = 3, 4


def judged(loss: Callable[[RamTensor], RamTensor]) -> Callable[[Size], Model]:
    """Two steps of descent on the loss of what is trained itself: a tensor (3, 4)."""

    def model(size: Size) -> Model:
        module = Fed(nn.Identity(), _drawn((N, CLASSES)))
        return Model(module, optim.SGD(module.parameters(), lr=RATE), lambda: loss(module()[0]))

    return model


def _target() -> RamTensor:
    return rc.random.uniform((N, CLASSES), seed=1)


def _labels() -> RamTensor:
    return rc.tensor([3, 0, 1], dtype="int32")


def _sides() -> RamTensor:
    """-1 and 1."""
    return rc.tensor([[1.0, -1.0, -1.0, 1.0]] * N)


LOSSES: dict[str, Callable[[RamTensor], RamTensor]] = {
    "binary_cross_entropy": lambda x: rc.binary_cross_entropy(x.sigmoid(), _target()),
    "binary_cross_entropy_with_logits": lambda x: rc.binary_cross_entropy_with_logits(x, _target()),
    "cosine_embedding_loss": lambda x: rc.cosine_embedding_loss(x, _target(), _labels() - 1),
    "cosine_similarity": lambda x: 1.0 - rc.cosine_similarity(x, _target()).mean(),
    "cross_entropy": lambda x: rc.cross_entropy(x, _labels()),
    "cross_entropy_smoothed": lambda x: rc.cross_entropy(
        x, _labels(), _target()[0], ignore_index=0, label_smoothing=0.1
    ),
    "hinge_loss": lambda x: rc.hinge_loss(x, _sides(), squared=True),
    "huber_loss": lambda x: rc.huber_loss(x, _target(), delta=0.3),
    "kl_div": lambda x: rc.kl_div(x.log_softmax(axis=1), _target(), reduction="batchmean"),
    "log_cosh_loss": lambda x: rc.log_cosh_loss(x, _target()),
    "mae_loss": lambda x: rc.mae_loss(x, _target()),
    "mse_loss": lambda x: rc.mse_loss(x, _target()),
    "multi_margin_loss": lambda x: rc.multi_margin_loss(x, _labels(), _target()[0]),
    "nll_loss": lambda x: rc.nll_loss(x.log_softmax(axis=1), _labels(), _target()[0]),
    "poisson_nll_loss": lambda x: rc.poisson_nll_loss(x, _target()),
    "smooth_l1_loss": lambda x: rc.smooth_l1_loss(x, _target(), beta=0.3),
}
"""Each of a tensor (3, 4)."""

# ---------------------------------------------------------------------------------------------------- optimizers


def stepped(optimizer: Callable[[list[RamTensor]], optim.Optimizer]) -> Callable[[Size], Model]:
    """A linear layer that learns a target by an optimizer."""

    def model(size: Size) -> Model:
        module = nn.Linear(CLASSES, 2)
        x = rc.random.normal((N, CLASSES))
        return Model(module, optimizer(list(module.parameters())), lambda: (module(x) - 1.0).square().mean())

    return model


OPTIMIZERS: dict[str, Callable[[list[RamTensor]], optim.Optimizer]] = {
    "Adadelta": lambda p: optim.Adadelta(p),
    "Adagrad": lambda p: optim.Adagrad(p, lr=RATE, lr_decay=0.1),
    "Adam": lambda p: optim.Adam(p, lr=RATE),
    "AdamW": lambda p: optim.AdamW(p, lr=RATE, weight_decay=0.1),
    "Adamax": lambda p: optim.Adamax(p, lr=RATE),
    "Lion": lambda p: optim.Lion(p, lr=RATE, weight_decay=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=RATE),
    "RMSprop": lambda p: optim.RMSprop(p, lr=RATE, momentum=0.5, centered=True),
    "SGD": lambda p: optim.SGD(p, lr=RATE, momentum=0.9, nesterov=True, weight_decay=0.01),
    "clip_norm": lambda p: optim.SGD(p, lr=RATE, clip_norm=0.5),
    "clip_value": lambda p: optim.SGD(p, lr=RATE, clip_value=0.25),
    "groups": lambda p: optim.SGD([{"params": p[:1], "lr": 0.3}, {"params": p[1:], "momentum": 0.5}], lr=RATE),
}

SCHEDULES: dict[str, Callable[[], optim.Schedule]] = {
    "Constant": lambda: optim.Constant(RATE),
    "CosineDecay": lambda: optim.CosineDecay(RATE, 5),
    "CosineDecayRestarts": lambda: optim.CosineDecayRestarts(RATE, 2),
    "ExponentialDecay": lambda: optim.ExponentialDecay(RATE, 3, 0.7),
    "InverseTimeDecay": lambda: optim.InverseTimeDecay(RATE, 3, 0.7),
    "MultiStepDecay": lambda: optim.MultiStepDecay(RATE, [1]),
    "OneCycle": lambda: optim.OneCycle(RATE, 5),
    "PiecewiseConstantDecay": lambda: optim.PiecewiseConstantDecay([1], [RATE, 0.01]),
    "PolynomialDecay": lambda: optim.PolynomialDecay(RATE, 5, power=0.5),
    "ReduceOnPlateau": lambda: optim.ReduceOnPlateau(RATE),
    "Warmup": lambda: optim.Warmup(optim.CosineDecay(RATE, 5), 2),
}
"""Each in the place of a rate."""


def _scheduled(schedule: Callable[[], optim.Schedule]) -> Callable[[Size], Model]:
    return stepped(lambda p: optim.SGD(p, lr=schedule()))


LIBRARY = {
    kind: {name: Training(f"{kind}/{name}", about, make) for name, make in makes.items()}
    for kind, about, makes in (
        ("layers", "a layer and its input, squared error, SGD with momentum", {n: fed(*x) for n, x in LAYERS.items()}),
        ("keras", "a layer of Keras and its input, squared error, SGD", {n: _of_keras(*x) for n, x in KERAS.items()}),
        ("losses", "descent on the loss", {name: judged(loss) for name, loss in LOSSES.items()}),
        ("optimizers", "a linear layer, squared error", {name: stepped(make) for name, make in OPTIMIZERS.items()}),
        ("schedules", "a linear layer, squared error, SGD", {name: _scheduled(s) for name, s in SCHEDULES.items()}),
    )
}
"""Every training by kind and name."""
