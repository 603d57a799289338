"""Losses and their gradients against Keras, optax and NumPy in binary64, and metrics against Keras and SciPy.

All start from the same binary32 numbers, of random sizes. What the peers round in binary64 is nothing beside our own
roundings: a loss is a composition of at most a dozen operations, each off by 2^-24 at most of numbers that are as large
as the largest loss or input, and the reduction adds one more. So the tolerance is 2^-20 of the largest of these and 1.
Keras' metrics add up in binary32, in another order, some dozens of numbers: 2^-18. A wrong factor, term or divisor is
off by thousands of that. Shapes are the same for all seeds, since JAX compiles every operation anew for another shape.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
jax = pytest.importorskip("jax", reason="JAX is in the extra 'test'")
keras = pytest.importorskip("keras", reason="Keras is in the extra 'test'")
optax = pytest.importorskip("optax", reason="optax is in the extra 'test'")
from jax import numpy as jnp  # noqa: E402
from scipy.stats import mannwhitneyu  # noqa: E402

import rcmlrs_core as rc  # noqa: E402
from rcmlrs_core import metrics  # noqa: E402
from rcmlrs_core.autograd import gradients  # noqa: E402
from rcmlrs_core.tensor import RamTensor  # noqa: E402

LOSSES, METRICS = 2.0**-20, 2.0**-18
SEEDS = range(4)

binary64: Any = (jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")).enable_x64


@pytest.fixture
def precise() -> Iterator[None]:
    """JAX and Keras in binary64."""
    before = keras.config.floatx()
    with ExitStack() as stack:
        stack.enter_context(binary64(True))
        keras.config.set_floatx("float64")
        stack.callback(keras.config.set_floatx, before)
        yield


class Data:
    """Numbers (n, k)."""

    def __init__(self, seed: int) -> None:
        self.random = g = np.random.default_rng(seed)
        self.n, self.k = 5, 4
        scale = float(g.choice([0.1, 1.0, 10.0]))
        self.x, self.y = (np.float32(g.normal(size=(self.n, self.k)) * scale) for _ in range(2))
        self.p, self.q = (np.float32(g.dirichlet(np.ones(self.k), self.n)) for _ in range(2))
        self.labels = np.int32(g.integers(0, self.k, self.n))
        self.hot = np.eye(self.k, dtype="f4")[self.labels]
        self.bits = np.float32(g.integers(0, 2, (self.n, self.k)))
        self.counts = np.float32(g.integers(0, 5, (self.n, self.k)))
        self.weight = np.float32(g.uniform(0.25, 4.0, self.k))
        self.eighths = float(g.integers(1, 8)) / 8


def to_tensor(x: Any) -> RamTensor:
    return rc.tensor(x, dtype="int32" if x.dtype.kind == "i" else None)


def log_softmax(x: Any) -> Any:
    return jax.nn.log_softmax(x, axis=1)


def torch_cross_entropy(x: Any, d: Data, smoothing: float, ignored: int | None) -> Any:
    """PyTorch's documentation, word for word: index labels, class weights, smoothing, an ignored index."""
    log_p, w = log_softmax(x), d.weight.astype(float)
    kept = np.ones(d.n) if ignored is None else d.labels != ignored
    nll = -(log_p[np.arange(d.n), d.labels] * w[d.labels] * kept).sum()
    smooth = -((log_p * w).sum(axis=1) * kept).sum()
    return ((1 - smoothing) * nll + smoothing / d.k * smooth) / (w[d.labels] * kept).sum()


def margin(x: Any, d: Data) -> Any:
    """PyTorch's documentation of MultiMarginLoss, with p = 2."""
    losses = jnp.maximum(0, d.eighths - x[np.arange(d.n), d.labels][:, None] + x) ** 2 * (1 - d.hot)
    return (losses.sum(axis=1) / d.k * d.weight.astype(float)[d.labels]).mean()


Case = tuple[Callable[[Data], Any], Callable[[Any, Data], RamTensor], Callable[[Any, Data], Any]]
"""What is differentiated, our loss of it, and the peer's."""


def of_batches(peer: Callable[..., Any]) -> Callable[[Any, Data], Any]:
    """A function of Keras, which takes the mean over the last axis, of x and y."""
    return lambda x, d: peer(d.y.astype(float), x).mean()


def tensor(x: Any) -> RamTensor:
    return to_tensor(np.asarray(x))


CASES: dict[str, Case] = {
    "mse, Keras": (
        lambda d: d.x,
        lambda x, d: rc.mse_loss(x, tensor(d.y)),
        of_batches(keras.losses.mean_squared_error),
    ),
    "mae, Keras": (
        lambda d: d.x,
        lambda x, d: rc.mae_loss(x, tensor(d.y)),
        of_batches(keras.losses.mean_absolute_error),
    ),
    "huber, Keras": (
        lambda d: d.x,
        lambda x, d: rc.huber_loss(x, tensor(d.y), delta=d.eighths),
        lambda x, d: keras.losses.huber(d.y.astype(float), x, d.eighths).mean(),
    ),
    "huber, optax": (
        lambda d: d.x,
        lambda x, d: rc.huber_loss(x, tensor(d.y), delta=d.eighths, reduction="sum"),
        lambda x, d: optax.huber_loss(x, d.y.astype(float), delta=d.eighths).sum(),
    ),
    "smooth l1, optax": (
        lambda d: d.x,
        lambda x, d: rc.smooth_l1_loss(x, tensor(d.y), beta=d.eighths),
        lambda x, d: optax.huber_loss(x, d.y.astype(float), delta=d.eighths).mean() / d.eighths,
    ),
    "log cosh, Keras": (
        lambda d: d.x,
        lambda x, d: rc.log_cosh_loss(x, tensor(d.y)),
        of_batches(keras.losses.log_cosh),
    ),
    "log cosh, optax": (
        lambda d: d.x / 64,
        lambda x, d: rc.log_cosh_loss(x, tensor(d.y) / 64, reduction="sum"),
        lambda x, d: optax.log_cosh(x, d.y.astype(float) / 64).sum(),
    ),
    "poisson, Keras": (
        lambda d: d.p + 0.125,
        lambda x, d: rc.poisson_nll_loss(x, tensor(d.counts), log_input=False, eps=1e-7),
        lambda x, d: keras.losses.poisson(d.counts.astype(float), x).mean(),
    ),
    "hinge, Keras": (
        lambda d: d.x,
        lambda x, d: rc.hinge_loss(x, tensor(2 * d.bits - 1)),
        lambda x, d: keras.losses.hinge(2 * d.bits.astype(float) - 1, x).mean(),
    ),
    "squared hinge, Keras": (
        lambda d: d.x,
        lambda x, d: rc.hinge_loss(x, tensor(2 * d.bits - 1), squared=True),
        lambda x, d: keras.losses.squared_hinge(2 * d.bits.astype(float) - 1, x).mean(),
    ),
    "multi margin, PyTorch's formula": (
        lambda d: d.x,
        lambda x, d: rc.multi_margin_loss(x, tensor(d.labels), tensor(d.weight), p=2, margin=d.eighths),
        margin,
    ),
    "cross-entropy, optax": (
        lambda d: d.x,
        lambda x, d: rc.cross_entropy(x, tensor(d.labels)),
        lambda x, d: optax.softmax_cross_entropy_with_integer_labels(x, d.labels).mean(),
    ),
    "cross-entropy, Keras, smoothed": (
        lambda d: d.x,
        lambda x, d: rc.cross_entropy(x, tensor(d.hot), label_smoothing=d.eighths),
        lambda x, d: keras.losses.categorical_crossentropy(
            d.hot.astype(float), x, from_logits=True, label_smoothing=d.eighths
        ).mean(),
    ),
    "cross-entropy, labels smoothed": (
        lambda d: d.x,
        lambda x, d: rc.cross_entropy(x, tensor(d.labels), label_smoothing=d.eighths, reduction="sum"),
        lambda x, d: optax.softmax_cross_entropy(x, optax.smooth_labels(d.hot.astype(float), d.eighths)).sum(),
    ),
    "cross-entropy, optax, of probabilities": (
        lambda d: d.x,
        lambda x, d: rc.cross_entropy(x, tensor(d.p), reduction="sum"),
        lambda x, d: optax.softmax_cross_entropy(x, d.p.astype(float)).sum(),
    ),
    "cross-entropy, PyTorch's formula": (
        lambda d: d.x,
        lambda x, d: rc.cross_entropy(x, tensor(d.labels), tensor(d.weight), label_smoothing=d.eighths),
        lambda x, d: torch_cross_entropy(x, d, d.eighths, None),
    ),
    "cross-entropy, PyTorch's formula, ignoring": (
        lambda d: np.concatenate([d.x, d.x[:1]]),
        lambda x, d: rc.cross_entropy(
            x, tensor(np.append(d.labels, np.int32(-100))), tensor(d.weight), ignore_index=-100, label_smoothing=0.25
        ),
        lambda x, d: torch_cross_entropy(x[:-1], d, 0.25, None),
    ),
    "nll, PyTorch's formula": (
        lambda d: d.x,
        lambda x, d: rc.nll_loss(x.log_softmax(axis=1), tensor(d.labels), tensor(d.weight)),
        lambda x, d: torch_cross_entropy(x, d, 0.0, None),
    ),
    "cross-entropy, Keras, ignoring": (
        lambda d: d.x,
        lambda x, d: rc.cross_entropy(x, tensor(d.labels), ignore_index=0, reduction="sum"),
        lambda x, d: keras.losses.sparse_categorical_crossentropy(d.labels, x, from_logits=True, ignore_class=0).sum(),
    ),
    "binary cross-entropy, Keras": (
        lambda d: d.p,
        lambda x, d: rc.binary_cross_entropy(x, tensor(d.q), eps=1e-7),
        lambda x, d: keras.losses.binary_crossentropy(d.q.astype(float), x).mean(),
    ),
    "binary cross-entropy of logits, Keras": (
        lambda d: d.x,
        lambda x, d: rc.binary_cross_entropy_with_logits(x, tensor(d.bits)),
        lambda x, d: keras.losses.binary_crossentropy(d.bits.astype(float), x, from_logits=True).mean(),
    ),
    "binary cross-entropy of logits, optax": (
        lambda d: d.x,
        lambda x, d: rc.binary_cross_entropy_with_logits(x, tensor(d.p), tensor(d.weight), tensor(2 * d.weight)),
        lambda x, d: (
            (
                optax.sigmoid_binary_cross_entropy(x, 1.0) * d.p.astype(float) * 2 * d.weight.astype(float)
                + optax.sigmoid_binary_cross_entropy(x, 0.0) * (1 - d.p.astype(float))
            )
            * d.weight.astype(float)
        ).mean(),
    ),
    "kl, Keras": (
        lambda d: d.q,
        lambda x, d: rc.kl_div(x.log(), tensor(d.p), reduction="batchmean"),
        lambda x, d: keras.losses.kl_divergence(d.p.astype(float), x).mean(),
    ),
    "kl, optax": (
        lambda d: d.x,
        lambda x, d: rc.kl_div(x.log_softmax(axis=1), tensor(d.p), reduction="sum"),
        lambda x, d: optax.kl_divergence(log_softmax(x), d.p.astype(float)).sum(),
    ),
    "kl of logarithms, optax": (
        lambda d: d.x,
        lambda x, d: rc.kl_div(
            x.log_softmax(axis=1), tensor(d.y).log_softmax(axis=1), log_target=True, reduction="sum"
        ),
        lambda x, d: optax.losses.kl_divergence_with_log_targets(log_softmax(x), log_softmax(d.y.astype(float))).sum(),
    ),
    "cosine similarity, Keras": (
        lambda d: d.x,
        lambda x, d: -rc.cosine_similarity(x, tensor(d.y), axis=-1).mean(),
        lambda x, d: keras.losses.cosine_similarity(d.y.astype(float), x).mean(),
    ),
    "cosine embedding, optax": (
        lambda d: d.x,
        lambda x, d: rc.cosine_embedding_loss(x, tensor(d.y), tensor(np.int32(2 * (d.labels % 2) - 1)), margin=0.25),
        lambda x, d: jnp.where(
            d.labels % 2 == 1,
            1 - optax.cosine_similarity(x, d.y.astype(float)),
            jax.nn.relu(optax.cosine_similarity(x, d.y.astype(float)) - 0.25),
        ).mean(),
    ),
}


def compare(case: Case, seed: int) -> None:
    """The loss and its gradient."""
    given, ours, peers = case
    d = Data(seed)
    numbers = np.float32(given(d))
    x = rc.tensor(numbers, requires_grad=True)
    loss = ours(x, d)
    (slope,) = gradients(loss, [x])
    want, want_slope = jax.value_and_grad(lambda x: peers(x, d))(jnp.asarray(numbers, dtype="float64"))
    size = max(1.0, float(abs(want)), float(np.abs(numbers).max()))
    assert abs(loss.item() - float(want)) <= LOSSES * size
    limit = LOSSES * max(1.0, float(np.abs(want_slope).max()))
    assert np.abs(slope.numpy() - np.asarray(want_slope)).max() <= limit


@pytest.mark.usefixtures("precise")
@pytest.mark.parametrize("name", CASES)
def test_losses_are_those_of_peers(name: str) -> None:
    for seed in SEEDS:
        compare(CASES[name], seed)


@pytest.mark.usefixtures("precise")
def test_a_loss_that_is_off_by_little_is_noticed() -> None:
    given, ours, peers = CASES["huber, Keras"]
    with pytest.raises(AssertionError):
        compare((given, lambda x, d: ours(x, d) * (1 + 2.0**-14), peers), 1)


# --------------------------------------------------------------------------------------------------- metrics


class Judged:
    """Scores on a grid, so that there are ties, with labels and weights."""

    def __init__(self, seed: int) -> None:
        g = np.random.default_rng(seed)
        self.n, self.k = 40, 4
        self.scores = np.float32(g.permuted(np.tile(np.arange(self.k) / 8, (self.n, 1)), axis=1))
        self.labels = np.int32(g.permutation(np.arange(self.n) % self.k))
        self.p = np.float32(g.integers(0, 33, self.n) / 32)
        self.bits = np.int32(g.permutation(np.arange(self.n) % 2))
        self.x, self.y = (np.float32(g.normal(size=self.n)) for _ in range(2))
        self.weight = np.float32(g.uniform(0, 2, self.n))


def hot(j: Judged) -> Any:
    return np.eye(j.k, dtype="f4")[j.labels]


KERAS: dict[str, tuple[Callable[[], metrics.Metric], Callable[[Judged], Any], Callable[[Judged], Any], Any]] = {
    "accuracy": (
        metrics.Accuracy,
        lambda j: keras.metrics.SparseCategoricalAccuracy(),
        lambda j: (j.scores, j.labels, j.labels),
        True,
    ),
    "top 2": (
        lambda: metrics.TopKAccuracy(k=2),
        lambda j: keras.metrics.SparseTopKCategoricalAccuracy(2),
        lambda j: (j.scores, j.labels, j.labels),
        True,
    ),
    "binary accuracy": (
        metrics.BinaryAccuracy,
        lambda j: keras.metrics.BinaryAccuracy(),
        lambda j: (j.p, j.bits, j.bits),
        False,  # Keras' takes the mean over the last axis, here all, before the weights
    ),
    "precision": (metrics.Precision, lambda j: keras.metrics.Precision(), lambda j: (j.p, j.bits, j.bits), True),
    "recall": (metrics.Recall, lambda j: keras.metrics.Recall(), lambda j: (j.p, j.bits, j.bits), True),
    **{
        f"F1, {average}": (
            lambda average=average: metrics.F1(average=average),
            lambda j, average=average: keras.metrics.F1Score(average=average),
            lambda j: (j.scores, j.labels, hot(j)),
            False,
        )
        for average in ("macro", "micro", "weighted", None)
    },
    "mse": (
        metrics.MSE,
        lambda j: keras.metrics.MeanSquaredError(),
        lambda j: (j.x[:, None], j.y[:, None], j.y[:, None]),
        True,
    ),
    "rmse": (metrics.RMSE, lambda j: keras.metrics.RootMeanSquaredError(), lambda j: (j.x, j.y, j.y), True),
    "mae": (
        metrics.MAE,
        lambda j: keras.metrics.MeanAbsoluteError(),
        lambda j: (j.x[:, None], j.y[:, None], j.y[:, None]),
        True,
    ),
    "R2": (
        metrics.R2,
        lambda j: keras.metrics.R2Score(),
        lambda j: (j.x[:, None], j.y[:, None], j.y[:, None]),
        True,
    ),
    "AUROC, whose scores lie apart from Keras' thresholds": (
        metrics.AUROC,
        lambda j: keras.metrics.AUC(num_thresholds=201),
        lambda j: (j.p * 0.984375, j.bits, j.bits),
        False,
    ),
}
"""Ours, Keras', prediction and target and Keras' target, and whether weights mean the same to both."""


@pytest.mark.parametrize("name", KERAS)
def test_metrics_are_those_of_keras(name: str) -> None:
    make, peer, data, weighted = KERAS[name]
    for seed in SEEDS:
        judged = Judged(seed)
        x, y, keras_y = data(judged)
        for weight in [None, judged.weight] if weighted else [None]:
            metric, other = make(), peer(judged)
            for part in (slice(0, 20), slice(20, None)):
                w = None if weight is None else weight[part]
                metric.update(to_tensor(x[part]), to_tensor(y[part]), None if w is None else to_tensor(w))
                other.update_state(keras_y[part], x[part], w)
            want = np.asarray(other.result())
            assert np.abs(metric.result().numpy() - want).max() <= METRICS * max(1.0, np.abs(want).max()), seed


@pytest.mark.parametrize("seed", range(10))
def test_auroc_is_mann_whitneys_u(seed: int) -> None:
    """SciPy's is of binary64, and the share of pairs so small an integer by another that both round alike."""
    j = Judged(seed)
    high, low = j.p[j.bits == 1], j.p[j.bits == 0]
    want = np.float32(mannwhitneyu(high, low).statistic / (len(high) * len(low)))
    assert metrics.auroc(to_tensor(j.p), to_tensor(j.bits)).item() == want


@pytest.mark.parametrize("seed", SEEDS)
def test_the_confusion_matrix_is_numpys_count(seed: int) -> None:
    j = Judged(seed)
    want = np.zeros((j.k, j.k), "i4")
    np.add.at(want, (j.labels, j.scores.argmax(1)), 1)
    assert metrics.confusion_matrix(to_tensor(j.scores), to_tensor(j.labels)).tolist() == want.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_perplexity_and_log_loss_are_numpys(seed: int) -> None:
    j = Judged(seed)
    e = np.exp(j.scores.astype(float))
    likely = (e / e.sum(1, keepdims=True))[np.arange(j.n), j.labels]
    got = metrics.perplexity(to_tensor(j.scores), to_tensor(j.labels)).item()
    assert abs(got - np.exp(-np.log(likely).mean())) <= METRICS * got
    p = j.p.astype(float) * 0.5 + 0.25
    want = -np.where(j.bits == 1, np.log(p), np.log(1 - p)).mean()
    assert abs(metrics.log_loss(to_tensor(np.float32(p)), to_tensor(j.bits)).item() - want) <= METRICS
