"""Whole trainings: an epoch of a CNN beside JAX, what ``fit`` adds to a loop by hand, and batches in pieces.

JAX's network has the same layers, optimizer and batches, in binary32 and compiled, a step at a time.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import rcmlrs_core as rc
from rcmlrs_core import data, nn, optim, train
from rcmlrs_core.errors import BackendError
from rcmlrs_core.registry import get_backend
from rcmlrs_core.train.update import update
from tests.bench.measure import Effort, Result, compared

GROUP = "training"
GOAL = 2.0
"""Times JAX's epoch."""
FIT_GOAL = 1.03
"""Times a loop by hand."""

COUNT, BATCH, RATE = 1797, 32, 1e-3


def results(effort: Effort) -> Iterator[Result]:
    """On the compiled backend and on NumPy."""
    for name in ("native", "numpy"):
        try:
            get_backend(name)
        except BackendError as error:
            print(f"{GROUP}: {error}")
            continue
        with rc.use_backend(name):
            yield from _epochs(name, effort)
            yield from _fit_beside_a_loop(name, effort)
            yield from _pieces(name, effort)


def network() -> nn.Module:
    """Two convolutions and a linear layer, for images of 8 x 8."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 10),
    )


def _digits() -> tuple[Any, Any]:
    images, labels = data.load_digits()
    return (images / 16).reshape((COUNT, 1, 8, 8)), labels


def _epochs(name: str, effort: Effort) -> Iterator[Result]:
    peer = _jax()
    if peer is None:
        return
    x, y = _digits()
    model = network()
    adam = optim.Adam(model.parameters(), lr=RATE)

    def epoch() -> None:
        train.fit(model, adam, rc.cross_entropy, x, y, epochs=1, batch_size=BATCH, progress=0)

    goal = GOAL if name == "native" else None
    yield compared(GROUP, f"{name}: an epoch of a CNN, beside JAX", epoch, peer, effort, goal)


def _jax() -> Callable[[], Any] | None:
    """An epoch of the same network."""
    try:
        jax, optax = import_module("jax"), import_module("optax")
    except ImportError as error:
        print(f"{GROUP}: {error}")
        return None
    x, y = (jax.numpy.asarray(t.to("numpy").numpy()) for t in _digits())
    weights = [jax.numpy.asarray(t.to("numpy").numpy()) for t in network().parameters()]
    adam = optax.adam(RATE)

    def layer(x: Any, weight: Any, bias: Any) -> Any:
        y = jax.nn.relu(jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME") + bias[:, None, None])
        return jax.lax.reduce_window(y, -jax.numpy.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss(weights: Any, x: Any, y: Any) -> Any:
        a, b, c, d, e, f = weights
        logits = layer(layer(x, a, b), c, d).reshape((len(x), -1)) @ e.T + f
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    @jax.jit
    def step(weights: Any, state: Any, x: Any, y: Any, chosen: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(weights, x[chosen], y[chosen])
        changes, state = adam.update(slopes, state)
        return optax.apply_updates(weights, changes), state, value

    held = [weights, adam.init(weights)]
    draws = iter(jax.random.split(jax.random.key(0), 10**6))

    def epoch() -> None:
        order = jax.random.permutation(next(draws), COUNT)
        for begin in range(0, COUNT, BATCH):
            held[0], held[1], value = step(held[0], held[1], x, y, order[begin : begin + BATCH])
            float(value)

    return epoch


def _fit_beside_a_loop(name: str, effort: Effort) -> Iterator[Result]:
    """Steps of a small network, where an overhead would show most."""
    x, y = _digits()
    flat = x.reshape((COUNT, 64))

    def model_and_optimizer() -> tuple[nn.Module, optim.Optimizer]:
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        return model, optim.Adam(model.parameters(), lr=RATE)

    (one, adam), (other, again) = model_and_optimizer(), model_and_optimizer()

    def by_fit() -> None:
        train.fit(one, adam, rc.cross_entropy, flat, y, epochs=2, batch_size=BATCH, progress=0)

    loader = data.Loader(data.TensorDataset(flat, y), BATCH)

    def by_hand() -> None:
        for epoch in range(2):
            total = 0.0
            for images, labels in loader.batches(epoch):
                again.zero_grad()
                loss = rc.cross_entropy(other(images), labels)
                value = float(loss)
                assert value < float("inf")
                total += value * images.shape[0]
                loss.backward()
                again.step()

    yield compared(GROUP, f"{name}: fit beside a loop by hand, a small MLP", by_fit, by_hand, effort, FIT_GOAL)


def _pieces(name: str, effort: Effort) -> Iterator[Result]:
    """The price of less memory."""
    x, y = _digits()
    model = network()
    sgd = optim.SGD(model.parameters(), lr=0.0)
    batch = (x[:512], y[:512])

    def step(pieces: int) -> Callable[[], None]:
        return lambda: (update(model, sgd, rc.cross_entropy, batch, pieces), None)[1]

    yield compared(GROUP, f"{name}: a batch of 512 in 8 pieces, beside the whole", step(8), step(1), effort)
