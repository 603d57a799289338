"""The trainings: each function makes a model of layers and operations, an optimizer, and the loss of the next batch.

All is made on the current backend, and whatever is drawn comes from the default generator, so that a seed is all there
is to say. Data are the sets that come with RCMLRS.
"""

from fractions import Fraction
from functools import cache
from itertools import islice

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.data.shipped import path_of
from rcmlrs_core.nn.init import fan_in_uniform, root
from rcmlrs_core.tensor import RamTensor

from .loop import Model, Size, Training

CLASSES = 10
KEPT = 0.75
"""The share that dropout keeps."""


@cache
def _rows(name: str, count: int) -> list[list[int]]:
    """The first rows of a shipped set, which are of integers: the whole table would take longer than a training."""
    with path_of(name).open(encoding="ascii") as file:
        return [[int(field) for field in line.split(",")] for line in islice(file, 1, 1 + count)]


def _digits(size: Size) -> tuple[RamTensor, RamTensor]:
    """Images (n, 64), from 0 to 1, and labels (n,): twice as many as a batch takes."""
    rows = _rows("digits", 2 * size.batch)
    labels = rc.tensor([row[-1] for row in rows], dtype="int32")
    return rc.tensor([row[:-1] for row in rows], dtype="float32") / 16, labels


def _sunspots(size: Size) -> tuple[RamTensor, RamTensor]:
    """Windows (n, length, 1) of the yearly numbers, in hundreds, and the number (n, 1) that follows each."""
    count = 2 * size.batch
    series = [number for _, number in _rows("sunspots", count + size.length)]
    windows = [[[number] for number in series[i : i + size.length]] for i in range(count)]
    following = [[number] for number in series[size.length :]]
    return rc.tensor(windows, dtype="float32") / 100, rc.tensor(following, dtype="float32") / 100


def _batch(x: RamTensor, y: RamTensor, size: Size) -> tuple[RamTensor, RamTensor]:
    """Some examples, drawn without repetition."""
    order = rc.tensor(rc.random.permutation(x.shape[0])[: size.batch], dtype="int32")
    return x.take(order, axis=0), y.take(order, axis=0)


def _weight(*shape: int) -> RamTensor:
    """Uniform, within 1 over the root of how many inputs an output sums over."""
    fan_in = 1
    for length in shape[1:]:
        fan_in *= length
    return nn.Parameter(fan_in_uniform(shape, fan_in))


def mlp(size: Size) -> Model:
    """Two layers on the digits."""
    x, y = _digits(size)
    width = size.width
    model = nn.Sequential(nn.Linear(x.shape[1], width), nn.GELU(approximate="tanh"), nn.Linear(width, CLASSES))

    def loss() -> RamTensor:
        images, labels = _batch(x, y, size)
        return rc.cross_entropy(model(images), labels)

    return Model(model, optim.Adam(model.parameters(), lr=0.01), loss)


def rnn(size: Size) -> Model:
    """A recurrent layer, and a linear one after its last step, on the sunspots."""
    x, y = _sunspots(size)
    model = nn.Sequential(nn.RNN(1, size.width), nn.LastStep(), nn.Linear(size.width, 1))

    def loss() -> RamTensor:
        windows, following = _batch(x, y, size)
        return rc.mse_loss(model(windows), following)

    return Model(model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9), loss)


class LSTM(nn.Module):
    """An LSTM of operations, as its authors' successors write it, and a linear layer after its last step.

    Source: F. A. Gers, J. Schmidhuber, F. Cummins, Learning to forget: continual prediction with LSTM, Neural
    Computation 12 (2000) 2451-2471.
    """

    def __init__(self, inputs: int, width: int) -> None:
        self.width = width
        self.from_input = nn.Linear(inputs, 4 * width)
        self.from_state = nn.Linear(width, 4 * width, bias=False)
        self.head = nn.Linear(width, 1)

    def forward(self, x: RamTensor) -> RamTensor:
        """One prediction for each sequence."""
        h = c = rc.zeros((x.shape[0], self.width))
        for t in range(x.shape[1]):
            gates = self.from_input(x[:, t]) + self.from_state(h)
            entered, forgotten, candidate, shown = gates.chunk(4, axis=1)
            c = forgotten.sigmoid() * c + entered.sigmoid() * candidate.tanh()
            h = shown.sigmoid() * c.tanh()
        return self.head(h)


def lstm(size: Size) -> Model:
    """An LSTM on the sunspots."""
    x, y = _sunspots(size)
    model = LSTM(1, size.width)

    def loss() -> RamTensor:
        windows, following = _batch(x, y, size)
        return rc.mse_loss(model(windows), following)

    return Model(model, optim.Adam(model.parameters(), lr=0.01, weight_decay=0.01), loss)


def _normalized(x: RamTensor, axis: int | tuple[int, ...]) -> RamTensor:
    """Mean 0 and variance 1 along some axes."""
    return (x - x.mean(axis, keepdims=True)) * (x.var(axis, keepdims=True) + 1e-5).rsqrt()


class CNN(nn.Module):
    """Convolution, batch normalization, pooling, a linear layer, on images of 4 x 4 that are pooled from 8 x 8."""

    def __init__(self, channels: int) -> None:
        self.kernel = _weight(channels, 1, 3, 3)
        self.scale = nn.Parameter(rc.ones((channels, 1, 1)))
        self.shift = nn.Parameter(rc.zeros((channels, 1, 1)))
        self.head = nn.Linear(4 * channels, CLASSES)

    def forward(self, images: RamTensor) -> RamTensor:
        """Logits."""
        x = images.reshape((images.shape[0], 1, 8, 8)).avg_pool2d(2)
        x = _normalized(x.conv2d(self.kernel, padding=1), (0, 2, 3)) * self.scale + self.shift
        x = x.relu().max_pool2d(2)
        return self.head(x.reshape((x.shape[0], 4 * x.shape[1])))


def cnn(size: Size) -> Model:
    """A convolutional network on the digits."""
    x, y = _digits(size)
    model = CNN(size.width // 2)

    def loss() -> RamTensor:
        images, labels = _batch(x, y, size)
        return rc.cross_entropy(model(images), labels)

    return Model(model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.001), loss)


class Transformer(nn.Module):
    """One block, on the rows of an image: attention of two heads, layer normalization, a feed-forward part, dropout.

    Source: A. Vaswani et al., Attention is all you need, NeurIPS 2017; with the normalization first, as in R. Xiong et
    al., On layer normalization in the transformer architecture, ICML 2020.
    """

    heads = 2

    def __init__(self, width: int, length: int) -> None:
        self.width = width
        self.embed = nn.Linear(8, width)
        self.place = nn.Parameter(rc.random.normal((length, width)) * 0.02)
        self.scale_1, self.shift_1 = nn.Parameter(rc.ones((width,))), nn.Parameter(rc.zeros((width,)))
        self.scale_2, self.shift_2 = nn.Parameter(rc.ones((width,))), nn.Parameter(rc.zeros((width,)))
        self.attend = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.widened = nn.Linear(width, 2 * width)
        self.narrowed = nn.Linear(2 * width, width)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, images: RamTensor) -> RamTensor:
        """Logits of the first rows of the images."""
        n, length = images.shape[0], self.place.shape[0]
        x = self.embed(images.reshape((n, 8, 8))[:, :length]) + self.place
        x = x + self._dropout(self._attention(_normalized(x, -1) * self.scale_1 + self.shift_1))
        y = self.widened(_normalized(x, -1) * self.scale_2 + self.shift_2).gelu()
        x = x + self._dropout(self.narrowed(y))
        return self.head(x.mean(1))

    def _attention(self, x: RamTensor) -> RamTensor:
        """Each row looks at itself and at those above it."""
        n, length, width = x.shape
        each = width // self.heads
        parts = self.attend(x).reshape((n, length, 3, self.heads, each)).transpose((2, 0, 3, 1, 4))
        query, key, value = parts[0], parts[1], parts[2]
        later = rc.ones((length, length)).triu(k=1) > 0
        scores = (query @ key.mT * root(Fraction(1, each))).masked_fill(later, float("-inf"))  # type: ignore[arg-type]
        seen = scores.softmax(-1) @ value
        return self.joined(seen.transpose((0, 2, 1, 3)).reshape((n, length, width)))

    def _dropout(self, x: RamTensor) -> RamTensor:
        return rc.random.bernoulli(x.shape, KEPT).where(x / KEPT, 0.0)


def transformer(size: Size) -> Model:
    """A transformer's block on the rows of the digits."""
    x, y = _digits(size)
    model = Transformer(size.width, size.length)

    def loss() -> RamTensor:
        images, labels = _batch(x, y, size)
        return rc.cross_entropy(model(images), labels)

    return Model(model, optim.Adam(model.parameters(), lr=0.01), loss)


TRAININGS = {
    training.name: training
    for training in (
        Training("mlp", "two layers, gelu, cross-entropy, Adam", mlp),
        Training("rnn", "a recurrent layer, squared error, SGD with momentum", rnn),
        Training("lstm", "gates, squared error, Adam with weight decay", lstm),
        Training("cnn", "convolution, batch normalization, pooling, Nesterov's SGD with weight decay", cnn),
        Training("transformer", "attention, layer normalization, gelu, dropout, Adam", transformer),
    )
}
"""Every training by its name."""
