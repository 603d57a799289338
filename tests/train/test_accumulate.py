"""Gradient accumulation: every bit is that of the large batch, or the model is refused."""

from collections.abc import Callable
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.data import load_digits
from rcmlrs_core.errors import TrainingError
from rcmlrs_core.nn.init import fan_in_uniform
from rcmlrs_core.random import default_generator
from rcmlrs_core.train import fit
from rcmlrs_core.train.accumulate import Accumulation
from tests.installed import BACKENDS

EXAMPLES = 11


class Convolutional(nn.Module):
    """A kernel and a bias slide over each image."""

    def __init__(self) -> None:
        self.kernel = nn.Parameter(fan_in_uniform((3, 1, 3, 3), 9))
        self.bias = nn.Parameter(fan_in_uniform((3,), 9))
        self.head = nn.Linear(48, 10)

    def forward(self, x: Any) -> Any:
        """Logits."""
        n = x.shape[0]
        y = x.reshape((n, 1, 8, 8)).conv2d(self.kernel, self.bias, padding=1).relu().max_pool2d(2)
        return self.head(y.reshape((n, 48)))


class Attentive(nn.Module):
    """Embeddings of integers, a token that all examples share, products of batches, dropout."""

    def __init__(self) -> None:
        self.tokens = nn.Parameter(rc.random.normal((17, 4)))
        self.first = nn.Parameter(rc.random.normal((1, 1, 4)))
        self.places = nn.Parameter(rc.random.normal((65, 4)))
        self.query = nn.Linear(4, 4)
        self.head = nn.Linear(4, 10)

    def forward(self, x: Any) -> Any:
        """Logits."""
        n = x.shape[0]
        found = self.tokens.take(x, axis=0)
        found = self.first.broadcast_to((n, 1, 4)).concat(found, axis=1) + self.places
        seen = (self.query(found) @ found.mT).softmax(-1) @ found
        seen = rc.random.bernoulli(seen.shape, 0.75).where(seen / 0.75, 0.0)
        return self.head(seen.mean(1))


class Normalized(nn.Module):
    """Weights that are computed of parameters, and used twice."""

    def __init__(self) -> None:
        self.direction = nn.Parameter(rc.random.normal((10, 64)))
        self.length = nn.Parameter(rc.ones((10, 1)))

    def forward(self, x: Any) -> Any:
        """Logits."""
        weight = self.direction * (self.length * self.direction.square().sum(1, keepdims=True).rsqrt())
        return x.linear(weight) + (x * x).linear(weight).tanh()


class Recurrent(nn.Module):
    """Weights that every step uses."""

    def __init__(self) -> None:
        self.rows = nn.RNN(8, 5)
        self.head = nn.Linear(5, 10)

    def forward(self, x: Any) -> Any:
        """Logits."""
        return self.head(self.rows(x.reshape((x.shape[0], 8, 8)))[1])


class Rounded(nn.Module):
    """A gradient of the user's own, of what depends on the examples, and one that loss and model share."""

    def __init__(self) -> None:
        self.head = nn.Linear(64, 10)
        self.rounded = rc.custom_gradient(lambda x: (x.round(), lambda g: g * 2))

    def forward(self, x: Any) -> Any:
        """Logits."""
        return self.rounded(self.head(x) * 3) + self.head.weight.sum()


def _cases(backend: str) -> tuple[Any, Any, Any]:
    with rc.use_backend(backend):
        x, y = load_digits()
    images = x[:EXAMPLES]
    numbers = rc.tensor([[int(v) for v in row] for row in images.tolist()], backend, dtype="int32")
    return images, numbers, y[:EXAMPLES]


def _gradients(model: nn.Module) -> dict[str, str]:
    found = {name: tensor.grad.digest() for name, tensor in model.named_parameters() if tensor.grad is not None}
    model.zero_grad()
    return found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", [Convolutional, Attentive, Normalized, Recurrent, Rounded])
def test_pieces_have_the_bits_of_the_large_batch(make: Callable[[], nn.Module], backend: str) -> None:
    """Loss, gradients, and where the draws go on from; also where the loss uses the parameters itself."""
    images, numbers, y = _cases(backend)
    x = numbers if make is Attentive else images
    with rc.use_backend(backend):
        rc.manual_seed(1)
        model = make()
        start = default_generator().stream

        def penalized(p: Any, t: Any) -> Any:
            return rc.cross_entropy(p, t) + 0.01 * sum(w.square().sum() for w in model.parameters())

        for loss in (rc.cross_entropy, penalized):
            default_generator().stream = start
            whole = loss(model(x), y)
            whole.backward()
            wanted, after = _gradients(model), default_generator().stream
            for size in (1, 4, 10) if backend != "python" else (4,):
                default_generator().stream = start
                pieces = Accumulation(model, loss, x, y, size=size)
                pieces.backward()
                assert pieces.value.digest() == whole.digest()
                assert _gradients(model) == wanted, size
                assert default_generator().stream == after


class Batchwise(nn.Module):
    """Looks at the whole batch, as ``how`` says."""

    def __init__(self, how: Callable[[Any], Any]) -> None:
        self.head = nn.Linear(64, 10)
        self.how = how

    def forward(self, x: Any) -> Any:
        """Logits."""
        return self.head(self.how(x)) if self.how is not _last else self.head(x).cumsum(axis=0)


def _last(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (lambda x: (x - x.mean(0)) * (x.var(0) + 1).rsqrt(), "which others are beside an example"),
        (lambda x: x.flip(axis=0), "which others are beside an example"),
        (lambda x: x * x.max(), "which others are beside it"),
        (lambda x: x * (1.0 / x.shape[0]), "which others are beside an example"),
        (_last, "the result of cumsum depends on which others"),
        (lambda x: x.take(rc.tensor(rc.random.permutation(x.shape[0]), dtype="int32"), axis=0), "a permutation"),
    ],
)
def test_examples_that_see_each_other_are_refused(how: Callable[[Any], Any], reason: str) -> None:
    """In words that name the operation, and before anything is changed."""
    with rc.use_backend("python"):
        images, _, y = _cases("python")
        images = images.concat(2 * images[5:], axis=0)[6:]  # the first ones have one maximum, and the later another
        model = Batchwise(how)
        before = model.digest()
        with pytest.raises(TrainingError, match=reason):
            Accumulation(model, rc.cross_entropy, images, y, size=4).backward()
        assert model.digest() == before
        assert all(parameter.grad is None for parameter in model.parameters())


class Counting(nn.Module):
    """Remembers what it has seen, as batch normalization does."""

    def __init__(self) -> None:
        self.head = nn.Linear(64, 10)
        self.seen = rc.zeros(())

    def forward(self, x: Any) -> Any:
        """Logits."""
        with rc.no_grad():
            self.seen.replace_(self.seen + x.shape[0])
        return self.head(x)


def test_a_model_that_changes_itself_is_refused_and_put_back() -> None:
    """Its tensors are what they were."""
    with rc.use_backend("python"):
        images, _, y = _cases("python")
        model = Counting()
        with pytest.raises(TrainingError, match="a run changes seen"):
            Accumulation(model, rc.cross_entropy, images, y, size=4)
        assert model.seen.item() == 0


def test_a_checkpoint_is_refused() -> None:
    """What it recomputes is not on the tape."""
    with rc.use_backend("python"):
        images, _, y = _cases("python")
        head = nn.Linear(64, 10)

        class Again(nn.Module):
            def __init__(self) -> None:
                self.head = head

            def forward(self, x: Any) -> Any:
                return rc.checkpoint(self.head, x)

        with pytest.raises(TrainingError, match="hides what it shares"):
            Accumulation(Again(), rc.cross_entropy, images, y, size=4)


def _images(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Reshape((1, 8, 8)), nn.Conv2d(1, 4, 3), *layers, nn.Flatten(), nn.Linear(144, 10))


class Reader(nn.Module):
    """Rows of an image as a sequence."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer
        self.head = nn.Linear(8, 10)

    def forward(self, x: Any) -> Any:
        """Logits."""
        y = self.layer(x.reshape((x.shape[0], 8, 8)))
        return self.head((y[0] if isinstance(y, tuple) else y).mean(1))


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "python"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: _images(nn.GroupNorm(2, 4), nn.ReLU(), nn.Dropout2d(0.3)),
        lambda: _images(nn.PReLU(4), nn.Dropout(0.3)),
        lambda: Reader(nn.LSTM(8, 4, 2, bidirectional=True, dropout=0.2)),
        lambda: Reader(nn.GRU(8, 8)),
    ],
)
def test_fit_in_pieces(make: Callable[[], nn.Module], backend: str) -> None:
    """Layers of the library, trained for an epoch."""
    with rc.use_backend(backend):
        x, y = load_digits()
        digests = set()
        for pieces in (1, 3):
            rc.manual_seed(5)
            model = make()
            adam = optim.Adam(model.parameters())
            fit(model, adam, rc.cross_entropy, x[:30], y[:30], epochs=1, batch_size=12, accumulate=pieces)
            digests.add(model.digest())
    assert len(digests) == 1


def test_fit_refuses_batch_normalization_in_pieces() -> None:
    """What it remembers is put back."""
    with rc.use_backend("python"):
        x, y = load_digits()
        model = _images(nn.BatchNorm2d(4))
        before = model.digest()
        with pytest.raises(TrainingError, match="batch normalization"):
            fit(
                model,
                optim.SGD(model.parameters()),
                rc.cross_entropy,
                x[:8],
                y[:8],
                epochs=1,
                batch_size=8,
                accumulate=2,
            )
        assert model.digest() == before
