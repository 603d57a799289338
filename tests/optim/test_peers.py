"""Optimizers and schedules beside those of Keras and optax, in binary64 on JAX, on random settings.

How far the two may be apart. The peer's own roundings are of 2^-53, and nothing here. Ours, u = 2^-24 each, go into a
parameter in two ways over T steps. The parameter itself is rounded once or twice in each: 2 T u max|p|. And every step
has a relative error: what is remembered gathers three roundings in a step, relative to sums of magnitudes, and the
formula has some twelve more; so step t is off by (3t + 12) u times its size, which is at most S (with momentum, its sum
S / (1 - momentum)): T (1.5 T + 12) u S together. In an epsilon that is far below the root of v the error is relative,
and so covered. A factor of 2 is for what is quadratic in u, and for m, a difference where gradients change sign.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn, optim
from rcmlrs_core.optim.optimizer import Optimizer
from rcmlrs_core.random import normal

jax = pytest.importorskip("jax")
keras = pytest.importorskip("keras")
optax = pytest.importorskip("optax")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # JAX's, as Keras calls it

T, N = 40, 12
U = 2.0**-24
SHAPE = (3, 4)
Array = Any


@pytest.fixture(autouse=True)
def _in_binary64() -> Iterator[None]:
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    with jax.enable_x64(True):
        yield
    keras.config.set_floatx(before)


def settings(seed: int) -> dict[str, Any]:
    """Numbers that binary32 has, so that both sides mean the same."""
    random = Random(seed)

    def among(*values: float) -> float:
        return float(np.float32(random.choice(values)))

    return {
        "lr": among(0.01, 0.03, 0.1),
        "b1": among(0.9, 0.8, 0.95),
        "b2": among(0.999, 0.9, 0.99),
        "eps": among(1e-7, 1e-3, 1e-2),
        "wd": among(0, 0.01, 0.1),
        "momentum": among(0.9, 0.5),
        "start": among(0.1, 0.01),
        "seed": seed,
    }


def ours(make: Callable[[Any], Optimizer], seed: int) -> tuple[Array, list[Array], list[Array], float]:
    """The start, the gradients, where the parameter is after each step, and the size of the largest step."""
    start = normal(SHAPE, 0, 0.02, seed=seed)
    gradients = [normal(SHAPE, seed=seed, stream=1 + t) for t in range(T)]
    parameter = nn.Parameter(start)
    optimizer = make([parameter])
    path = [start.numpy().astype(np.float64)]
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
        path.append(parameter.detach().numpy().astype(np.float64))
    largest = max(float(np.abs(b - a).max()) for a, b in pairwise(path))
    return path[0], [g.numpy().astype(np.float64) for g in gradients], path[1:], largest


def by_optax(transform: Any, start: Array, gradients: list[Array]) -> list[Array]:
    p = jax.numpy.asarray(start)
    state, path = transform.init(p), []
    update = jax.jit(transform.update)
    for gradient in gradients:
        change, state = update(jax.numpy.asarray(gradient), state, p)
        p = optax.apply_updates(p, change)
        path.append(np.asarray(p))
    return path


def by_keras(optimizer: Any, start: Array, gradients: list[Array]) -> list[Array]:
    variable = keras.Variable(start, dtype="float64")
    path = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        path.append(keras.ops.convert_to_numpy(variable))
    return path


def close(one: list[Array], other: list[Array], largest: float) -> None:
    magnitude = max(float(np.abs(p).max()) for p in one)
    for t, (p, q) in enumerate(zip(one, other, strict=True), start=1):
        assert q.dtype == np.float64
        assert np.abs(p - q).max() <= 2 * U * t * (2 * magnitude + (1.5 * t + 12) * largest), t
    assert np.abs(one[-1] - one[0]).max() > 50 * 2 * U * T * (2 * magnitude + (1.5 * T + 12) * largest), "they move"


Make = Callable[[Any], Optimizer]
OPTAX: dict[str, Callable[[dict[str, Any]], tuple[Make, Any]]] = {
    "sgd": lambda o: (
        lambda p: optim.SGD(p, o["lr"], o["momentum"], nesterov=o["seed"] % 2 == 0),
        optax.sgd(o["lr"], o["momentum"], nesterov=o["seed"] % 2 == 0),
    ),
    "adam": lambda o: (
        lambda p: optim.Adam(p, o["lr"], (o["b1"], o["b2"]), o["eps"]),
        optax.adam(o["lr"], o["b1"], o["b2"], o["eps"]),
    ),
    "adam, decaying": lambda o: (
        lambda p: optim.Adam(p, o["lr"], (o["b1"], o["b2"]), o["eps"], o["wd"]),
        optax.chain(optax.add_decayed_weights(o["wd"]), optax.adam(o["lr"], o["b1"], o["b2"], o["eps"])),
    ),
    "adamw": lambda o: (
        lambda p: optim.AdamW(p, o["lr"], (o["b1"], o["b2"]), o["eps"], o["wd"]),
        optax.adamw(o["lr"], o["b1"], o["b2"], o["eps"], weight_decay=o["wd"]),
    ),
    "adamax": lambda o: (
        lambda p: optim.Adamax(p, o["lr"], (o["b1"], o["b2"]), o["eps"]),
        optax.adamax(o["lr"], o["b1"], o["b2"], o["eps"]),
    ),
    "rmsprop": lambda o: (
        lambda p: optim.RMSprop(p, o["lr"], o["b2"], o["eps"], momentum=o["momentum"], centered=o["seed"] % 2 == 0),
        optax.chain(
            (optax.scale_by_stddev if o["seed"] % 2 == 0 else optax.scale_by_rms)(o["b2"], o["eps"], eps_in_sqrt=False),
            optax.trace(o["momentum"]),
            optax.scale(-o["lr"]),
        ),
    ),
    "adagrad": lambda o: (
        lambda p: optim.Adagrad(p, o["lr"], 0, 0, o["start"], o["eps"], form="keras"),
        optax.adagrad(o["lr"], o["start"], o["eps"]),
    ),
    "adadelta": lambda o: (
        lambda p: optim.Adadelta(p, o["lr"], o["b1"], o["eps"]),
        optax.adadelta(o["lr"], o["b1"], o["eps"]),
    ),
    "lion": lambda o: (
        lambda p: optim.Lion(p, o["lr"], (o["b1"], o["b2"]), o["wd"]),
        optax.lion(o["lr"], o["b1"], o["b2"], weight_decay=o["wd"]),
    ),
    "clipped by norm": lambda o: (
        lambda p: optim.SGD(p, o["lr"], clip_norm=o["b1"]),
        optax.chain(optax.clip_by_global_norm(o["b1"]), optax.sgd(o["lr"])),
    ),
    "clipped by value": lambda o: (
        lambda p: optim.SGD(p, o["lr"], clip_value=o["b1"]),
        optax.chain(optax.clip(o["b1"]), optax.sgd(o["lr"])),
    ),
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", OPTAX)
def test_as_optax(name: str, seed: int) -> None:
    make, transform = OPTAX[name](settings(seed))
    start, gradients, path, largest = ours(make, seed)
    close(path, by_optax(transform, start, gradients), largest)


def of_keras(make: Callable[..., Optimizer], *arguments: Any, **options: Any) -> Make:
    return lambda p: make(p, *arguments, **options)


KERAS: dict[str, Callable[[dict[str, Any]], tuple[Make, Any]]] = {
    "SGD": lambda o: (
        lambda p: optim.SGD(
            p,
            optim.ExponentialDecay(o["lr"], 7, 0.5, True),
            o["momentum"],
            weight_decay=o["wd"],
            nesterov=o["seed"] % 2 == 0,
            form="keras",
            decoupled_weight_decay=True,
        ),
        keras.optimizers.SGD(
            keras.optimizers.schedules.ExponentialDecay(o["lr"], 7, 0.5, True),
            o["momentum"],
            nesterov=o["seed"] % 2 == 0,
            weight_decay=o["wd"],
        ),
    ),
    "Adam": lambda o: (
        lambda p: optim.Adam(p, o["lr"], (o["b1"], o["b2"]), o["eps"], 0, o["seed"] % 2 == 0, form="keras"),
        keras.optimizers.Adam(o["lr"], o["b1"], o["b2"], o["eps"], amsgrad=o["seed"] % 2 == 0),
    ),
    "AdamW": lambda o: (
        lambda p: optim.AdamW(p, o["lr"], (o["b1"], o["b2"]), o["eps"], o["wd"], form="keras"),
        keras.optimizers.AdamW(o["lr"], o["wd"], o["b1"], o["b2"], o["eps"]),
    ),
    "Adamax": lambda o: (
        lambda p: optim.Adamax(p, o["lr"], (o["b1"], o["b2"]), o["eps"], form="keras"),
        keras.optimizers.Adamax(o["lr"], o["b1"], o["b2"], o["eps"]),
    ),
    "Nadam": lambda o: (
        lambda p: optim.NAdam(
            p, o["lr"], (o["b1"], o["b2"]), o["eps"], o["wd"], momentum_decay=1, decoupled_weight_decay=True
        ),
        keras.optimizers.Nadam(o["lr"], o["b1"], o["b2"], o["eps"], weight_decay=o["wd"]),
    ),
    "RMSprop": lambda o: (
        lambda p: optim.RMSprop(
            p, o["lr"], o["b1"], o["eps"], momentum=o["momentum"], centered=o["seed"] % 2 == 0, form="keras"
        ),
        keras.optimizers.RMSprop(o["lr"], o["b1"], o["momentum"], o["eps"], centered=o["seed"] % 2 == 0),
    ),
    "Adagrad": lambda o: (
        lambda p: optim.Adagrad(p, o["lr"], 0, 0, o["start"], o["eps"], form="keras"),
        keras.optimizers.Adagrad(o["lr"], o["start"], o["eps"]),
    ),
    "Adadelta": lambda o: (
        lambda p: optim.Adadelta(p, o["lr"], o["b1"], o["eps"]),
        keras.optimizers.Adadelta(o["lr"], o["b1"], o["eps"]),
    ),
    "Lion": lambda o: (
        lambda p: optim.Lion(p, o["lr"], (o["b1"], o["b2"]), o["wd"]),
        keras.optimizers.Lion(o["lr"], o["b1"], o["b2"], weight_decay=o["wd"]),
    ),
    "clipnorm": lambda o: (
        lambda p: optim.SGD(p, o["lr"], clip_each_norm=o["b1"]),
        keras.optimizers.SGD(o["lr"], clipnorm=o["b1"]),
    ),
    "global_clipnorm": lambda o: (
        lambda p: optim.SGD(p, o["lr"], clip_norm=o["b1"]),
        keras.optimizers.SGD(o["lr"], global_clipnorm=o["b1"]),
    ),
    "clipvalue": lambda o: (
        lambda p: optim.SGD(p, o["lr"], clip_value=o["b1"]),
        keras.optimizers.SGD(o["lr"], clipvalue=o["b1"]),
    ),
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", KERAS)
def test_as_keras(name: str, seed: int) -> None:
    make, optimizer = KERAS[name](settings(seed))
    start, gradients, path, largest = ours(make, seed)
    close(path, by_keras(optimizer, start, gradients), largest)


def test_what_is_compared_is_what_differs() -> None:
    """With PyTorch's form in the place of Keras', the comparison fails: the tolerance is no blanket."""
    o = settings(0)
    start, gradients, path, largest = ours(lambda p: optim.RMSprop(p, o["lr"], o["b1"], 0.01), 0)
    with pytest.raises(AssertionError):
        close(path, by_keras(keras.optimizers.RMSprop(o["lr"], o["b1"], epsilon=0.01), start, gradients), largest)
    make, transform = OPTAX["adam"](o)
    start, gradients, path, largest = ours(make, 0)
    path[-1] = path[-1] * (1 + 2.0**-13)
    with pytest.raises(AssertionError):
        close(path, by_optax(transform, start, gradients), largest)


schedules = keras.optimizers.schedules
SCHEDULES: list[tuple[optim.Schedule, Callable[[], Any]]] = [
    (optim.ExponentialDecay(0.1, 30, 0.96), lambda: schedules.ExponentialDecay(0.1, 30, 0.96)),
    (optim.ExponentialDecay(0.1, 7, 0.5, True), lambda: schedules.ExponentialDecay(0.1, 7, 0.5, True)),
    (optim.InverseTimeDecay(0.1, 9, 0.3), lambda: schedules.InverseTimeDecay(0.1, 9, 0.3)),
    (optim.PolynomialDecay(0.1, 40, 0.01, 2.5), lambda: schedules.PolynomialDecay(0.1, 40, 0.01, 2.5)),
    (optim.PolynomialDecay(0.1, 9, 0.01, cycle=True), lambda: schedules.PolynomialDecay(0.1, 9, 0.01, cycle=True)),
    (optim.CosineDecay(0.1, 36, 0.1), lambda: schedules.CosineDecay(0.1, 36, 0.1)),
    (
        optim.CosineDecay(0.2, 36, 0.1, 0.3, 7),
        lambda: schedules.CosineDecay(0.2, 36, 0.1, warmup_target=0.3, warmup_steps=7),
    ),
    (optim.CosineDecayRestarts(0.1, 7, 2.0, 0.9, 0.01), lambda: schedules.CosineDecayRestarts(0.1, 7, 2.0, 0.9, 0.01)),
    (optim.CosineDecayRestarts(0.1, 7, 1.0, 0.9), lambda: schedules.CosineDecayRestarts(0.1, 7, 1.0, 0.9)),
    (
        optim.PiecewiseConstantDecay([9, 20], [3, 2, 1]),
        lambda: schedules.PiecewiseConstantDecay([9, 20], [3.0, 2.0, 1.0]),
    ),
]
"""Keras rounds its numbers to floatx, here binary64, and then some ten times, but for the cosine, which it takes in
binary32; ours round once to binary32."""


@pytest.mark.parametrize(("schedule", "peer"), SCHEDULES, ids=lambda value: type(value).__name__)
def test_rates_as_in_keras(schedule: optim.Schedule, peer: Callable[[], Any]) -> None:
    theirs = peer()
    in_binary32 = 4 * U * theirs.get_config()["initial_learning_rate"] if "Cosine" in type(theirs).__name__ else 0
    for step in (*range(0, 9, 2), *range(9, 60, 7), 300):
        assert schedule(step) == pytest.approx(float(theirs(step)), rel=U + 1e-13, abs=in_binary32)


def test_one_cycle_as_in_optax() -> None:
    """optax's boundaries are ints: the same where PyTorch's lie on steps."""
    ours = optim.OneCycle(0.5, 41, 11 / 41, "cos", 20, 100)
    theirs = optax.join_schedules(
        [
            lambda step: 0.025 + (0.5 - 0.025) * (1 - np.cos(np.pi * step / 10)) / 2,
            optax.cosine_decay_schedule(0.5, 30, 0.025 / 100 / 0.5),
        ],
        [10],
    )
    for step in range(0, 41, 2):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=U + 1e-13)
    assert rc.tensor(0.5).item() == ours(10)
