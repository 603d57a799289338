"""Every operation's gradient, and the gradient of that, against JAX's autodiff in binary64.

``PEERS`` has, for each differentiable operation, the same function as JAX writes it, and calls: operands, drawn at
random from a seed, and attributes. An operation that is new needs an entry there, and fails without one.

Both start from the same binary32 numbers, and JAX's rounding in binary64 is nothing beside ours, so what may differ is
ours: a gradient is a composition of correctly rounded operations. Each rounding is off by 2^-24 at most of a number
that is about as large as the gradient's largest element, or, where terms cancel, as what the result receives, which is
about 1. There are rarely more than a dozen, and they partly cancel. So the tolerance is 8 of them, 2^-21 of the larger
of 1 and the largest element; and for a gradient's gradient, of more and larger terms, 2^-18. A wrong sign, factor, axis
or element is off by millions of that.
"""

import itertools
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core.autograd import gradients
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import OF_ITS_OPERATIONS, NoGradient
from rcmlrs_core.plain import FLOAT32

jax = pytest.importorskip("jax", reason="JAX is in the extra 'test'")
from jax import lax, nn  # noqa: E402
from jax import numpy as jnp  # noqa: E402
from jax.scipy import special as functions  # noqa: E402

FIRST, SECOND = 2.0**-21, 2.0**-18

binary64: Any = (jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")).enable_x64
"""``with binary64(True): ...``, where JAX has it now or where older ones have it."""


# ----------------------------------------------------------------------------------------- operands and calls

Draw = Callable[[np.random.Generator], Any]


def real(*shape: int) -> Draw:
    """Numbers of both signs about 1: no two equal, and none on a kink, which are simple numbers."""
    return lambda g: np.float32(np.exp(g.normal(size=shape) * 0.7) * g.choice([-1.0, 1.0], size=shape))


def positive(*shape: int) -> Draw:
    """Numbers above zero, about 1."""
    return lambda g: np.float32(np.exp(g.normal(size=shape) * 0.7))


def unit(*shape: int) -> Draw:
    """Numbers between -0.95 and 0.95."""
    return lambda g: np.float32(g.uniform(-0.95, 0.95, size=shape))


def above_one(*shape: int) -> Draw:
    """Numbers above 1."""
    return lambda g: np.float32(1.0625 + np.exp(g.normal(size=shape)))


def wide(*shape: int) -> Draw:
    """Numbers over all pieces of an activation."""
    return lambda g: np.float32(g.uniform(-8.0, 8.0, size=shape))


def share(*shape: int) -> Draw:
    """Numbers between 0.05 and 0.95."""
    return lambda g: np.float32(g.uniform(0.05, 0.95, size=shape))


def whole(*values: Any) -> Draw:
    """These int32."""
    return lambda g: np.array(values, np.int32)


def mask(*shape: int) -> Draw:
    """Both truth values, at random."""
    return lambda g: g.permutation(np.arange(prod(shape)) % 2 == 0).reshape(shape)


class Call(NamedTuple):
    """One call."""

    operands: tuple[Draw, ...]
    attributes: dict[str, Any]


class Peer(NamedTuple):
    """An operation in JAX, and what both are called with."""

    function: Callable[..., Any]
    calls: Sequence[Call]


def call(*operands: Draw, **attributes: Any) -> Call:
    """A :class:`Call`."""
    return Call(operands, attributes)


def one(function: Callable[..., Any], *settings: dict[str, Any], draw: Callable[..., Draw] = real) -> Peer:
    """A function of an element."""
    return Peer(function, [call(draw(3, 5), **attributes) for attributes in settings or [{}]])


def two(function: Callable[..., Any], x: Callable[..., Draw] = real, y: Callable[..., Draw] = real) -> Peer:
    """A function of two elements: of the same place, and broadcast."""
    return Peer(function, [call(x(3, 4), y(3, 4)), call(x(3, 1), y(2, 1, 4)), call(x(), y(4)), call(x(3, 4), y(1))])


def row(
    function: Callable[..., Any],
    *settings: dict[str, Any],
    draw: Callable[..., Draw] = real,
    axes: Sequence[Any] = (None, 0, -1, (0, 2)),
    keeps: bool = True,
) -> Peer:
    """A reduction: every axis and every setting once, or more often."""
    several, rounds = settings or ({},), max(len(axes), len(settings))
    pairs = itertools.islice(zip(itertools.cycle(axes), itertools.cycle(several)), rounds)
    calls = [call(draw(3, 4, 3), axis=axis, **one) for axis, one in pairs]
    if keeps:
        calls.append(call(draw(2, 3), axis=1, keepdims=True, **several[-1]))
    return Peer(function, calls)


def move(function: Callable[..., Any], *calls: Call) -> Peer:
    """Anything else."""
    return Peer(function, calls)


# ------------------------------------------------------------------------------------------ written for JAX


def slope(function: Callable[..., Any]) -> Callable[..., Any]:
    """The derivative of a function of an element."""

    def derivative(x: Any, **attributes: Any) -> Any:
        return jax.jvp(partial(function, **attributes), (x,), (jnp.ones_like(x),))[1]

    return derivative


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes that are meant."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(a % x.ndim for a in axes))


def in_rows(function: Callable[..., Any], x: Any, axis: Any) -> Any:
    """``function`` of rows (..., n) along some axes together; its result has rows too."""
    axes = axes_of(x, axis)
    order = [*(i for i in range(x.ndim) if i not in axes), *axes]
    lead = [x.shape[i] for i in order[: x.ndim - len(axes)]]
    rows = x.transpose(order).reshape(*lead, -1)
    return function(rows).reshape([x.shape[i] for i in order]).transpose(np.argsort(order))


def softmax(x: Any, axis: Any = -1) -> Any:
    return in_rows(nn.softmax, x, axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    return in_rows(nn.log_softmax, x, axis)


def softmax_derivative(x: Any, axis: int = -1) -> Any:
    one_row = jax.jacobian(nn.softmax)
    x = jnp.moveaxis(x, axis, -1)
    n = x.shape[-1]
    return jax.vmap(one_row)(x.reshape(-1, n)).reshape(*x.shape, n)


def prod_derivative(x: Any, axis: Any = None) -> Any:
    return jax.grad(lambda z: jnp.prod(z, axis=axis).sum())(x)


def norm(x: Any, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    reduce = partial(jnp.sum, axis=axis, keepdims=keepdims)
    if ord == 0:
        return reduce(jnp.where(x == 0, 0.0, 1.0))
    if ord in (inf, -inf):
        return (jnp.max if ord > 0 else jnp.min)(jnp.abs(x), axis=axis, keepdims=keepdims)
    return reduce(jnp.abs(x) ** ord) ** (1 / ord)


def min_max(x: Any, axis: Any = None) -> Any:
    least, most = x.min(axis=axis, keepdims=True), x.max(axis=axis, keepdims=True)
    return (x - least) / (most - least)


def z_score(x: Any, axis: Any = None) -> Any:
    return (x - x.mean(axis=axis, keepdims=True)) / x.std(axis=axis, keepdims=True)


def reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loss of each element, added up as asked."""

    def loss(*operands: Any, reduction: str = "mean") -> Any:
        losses = function(*operands)
        return {"mean": jnp.mean, "sum": jnp.sum, "none": lambda each: each}[reduction](losses)

    return loss


def loss_derivative(function: Callable[..., Any]) -> Callable[..., Any]:
    """By the prediction, of a loss that is added up."""

    def derivative(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
        total = reduced(function)
        reduction = "sum" if reduction == "none" else reduction
        return jax.grad(lambda p: total(p, target, reduction=reduction))(prediction)

    return derivative


def weighted_mean(losses: Any, shares: Any, reduction: str) -> Any:
    return (
        losses.sum() / shares.sum() if reduction == "mean" else reduced(lambda each: each)(losses, reduction=reduction)
    )


def nll(x: Any, labels: Any, weight: Any = None, *, ignore_index: int | None = None, reduction: str = "mean") -> Any:
    kept = labels != (-1 if ignore_index is None else ignore_index)
    chosen = nn.one_hot(jnp.where(kept, labels, 0), x.shape[1], axis=1)
    shares = kept * (chosen * of_classes(1.0 if weight is None else weight, x)).sum(axis=1)
    return weighted_mean(-shares * (x * chosen).sum(axis=1), shares, reduction)


def of_classes(weight: Any, x: Any) -> Any:
    return jnp.reshape(jnp.broadcast_to(weight, x.shape[1:2]), (-1,) + (1,) * (x.ndim - 2))


def cross_entropy(
    logits: Any,
    labels: Any,
    weight: Any = 1.0,
    *,
    ignore_index: int = -1,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Any:
    of_numbers = labels.ndim < logits.ndim
    p = nn.one_hot(labels, logits.shape[1], axis=1) if of_numbers else labels
    kept = labels != ignore_index if of_numbers else jnp.ones(logits.shape[:1] + logits.shape[2:])
    shares = kept * (p * of_classes(weight, logits)).sum(axis=1) if of_numbers else kept
    p = (1 - label_smoothing) * p + label_smoothing / logits.shape[1]
    losses = -(p * of_classes(weight, logits) * nn.log_softmax(logits, axis=1)).sum(axis=1)
    return weighted_mean(kept * losses, shares, reduction)


def binary_cross_entropy(p: Any, t: Any, weight: Any = 1.0, *, eps: float = 0.0, reduction: str = "mean") -> Any:
    p = jnp.clip(p, eps, 1 - eps)
    return reduced(lambda: -(t * jnp.log(p) + (1 - t) * jnp.log(1 - p)) * weight)(reduction=reduction)


def binary_cross_entropy_with_logits(
    x: Any, t: Any, weight: Any = 1.0, pos_weight: Any = 1.0, *, reduction: str = "mean"
) -> Any:
    losses = -(pos_weight * t * nn.log_sigmoid(x) + (1 - t) * nn.log_sigmoid(-x)) * weight
    return reduced(lambda: losses)(reduction=reduction)


def kl_div(x: Any, t: Any, *, log_target: bool = False, reduction: str = "mean") -> Any:
    losses = jnp.exp(t) * (t - x) if log_target else t * (jnp.log(t) - x)
    return losses.sum() / len(x) if reduction == "batchmean" else reduced(lambda: losses)(reduction=reduction)


def huber(p: Any, t: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    a = jnp.abs(p - t)
    return reduced(lambda: jnp.where(a <= delta, a * a / 2, delta * (a - delta / 2)))(reduction=reduction)


def smooth_l1(p: Any, t: Any, *, beta: float = 1.0, reduction: str = "mean") -> Any:
    return huber(p, t, delta=beta, reduction=reduction) / beta


def hinge(p: Any, t: Any, *, squared: bool = False, reduction: str = "mean") -> Any:
    return reduced(lambda: nn.relu(1 - p * t) ** (2 if squared else 1))(reduction=reduction)


def multi_margin(
    x: Any, labels: Any, weight: Any = 1.0, *, p: int = 1, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    chosen = nn.one_hot(labels, x.shape[1])
    margins = nn.relu(margin - (x * chosen).sum(axis=1, keepdims=True) + x) ** p * (1 - chosen)
    return reduced(lambda: margins.mean(axis=1) * (chosen * weight).sum(axis=1))(reduction=reduction)


def poisson(x: Any, t: Any, *, log_input: bool = True, eps: float = 1e-8, reduction: str = "mean") -> Any:
    return reduced(lambda: jnp.exp(x) - t * x if log_input else x - t * jnp.log(x + eps))(reduction=reduction)


def log_cosh(p: Any, t: Any) -> Any:
    return jnp.logaddexp(p - t, t - p) - jnp.log(2.0)


def cosines(x: Any, y: Any, *, axis: int = 1, eps: float = 1e-8) -> Any:
    nx, ny = (jnp.maximum(jnp.sqrt((v * v).sum(axis)), eps) for v in (x, y))
    return (x * y).sum(axis) / (nx * ny)


def cosine_embedding(x: Any, y: Any, target: Any, *, margin: float = 0.0, reduction: str = "mean") -> Any:
    c = cosines(x, y)
    return reduced(lambda: jnp.where(target > 0, 1 - c, nn.relu(c - margin)))(reduction=reduction)


def spatial(value: Any, rank: int) -> tuple[int, ...]:
    """One int for each spatial axis."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * rank


def conv(
    x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    rank = x.ndim - 2
    widths = padding.upper() if isinstance(padding, str) else [(p, p) for p in spatial(padding, rank)]
    y = lax.conv_general_dilated(
        x, weight, spatial(stride, rank), widths, rhs_dilation=spatial(dilation, rank), feature_group_count=groups
    )
    return y if bias is None else y + bias.reshape(-1, *[1] * rank)


def conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """What the input of a convolution receives: JAX's transposition of it."""
    rank = x.ndim - 2
    stride, padding, more, dilation = (spatial(v, rank) for v in (stride, padding, output_padding, dilation))
    lengths = [
        (n - 1) * s - 2 * p + d * (k - 1) + o + 1
        for n, k, s, p, o, d in zip(x.shape[2:], weight.shape[2:], stride, padding, more, dilation, strict=True)
    ]
    shape = jax.ShapeDtypeStruct((x.shape[0], weight.shape[1] * groups, *lengths), x.dtype)
    forward = partial(conv, weight=weight, stride=stride, padding=padding, dilation=dilation, groups=groups)
    (y,) = jax.linear_transpose(forward, shape)(x)
    return y if bias is None else y + bias.reshape(-1, *[1] * rank)


def windows(x: Any, kernel: Any, *, stride: Any = 1) -> Any:
    rank = len(kernel) if isinstance(kernel, tuple) else 1
    kernel, stride, first = spatial(kernel, rank), spatial(stride, rank), x.ndim - rank
    for i, (k, s) in enumerate(zip(kernel, stride, strict=True)):
        begins = np.arange(0, x.shape[first + i] - k + 1, s)
        x = jnp.moveaxis(jnp.take(x, begins[:, None] + np.arange(k), axis=first + i), first + i + 1, -1)
    return x


def pooled(
    x: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, filling: float, beyond: float
) -> tuple[Any, tuple[int, ...]]:
    """All windows; ``filling`` stands in the padding and ``beyond`` after it, where a last window reaches over it."""
    rank = x.ndim - 2
    kernel, padding = spatial(kernel, rank), spatial(padding, rank)
    stride = kernel if stride is None else spatial(stride, rank)
    after = []
    for n, k, s, p in zip(x.shape[2:], kernel, stride, padding, strict=True):
        count = (n + 2 * p - k) // s + 1
        if ceil_mode and (n + 2 * p - k) % s and count * s < n + p:
            count += 1
        after.append(max(0, (count - 1) * s + k - n - 2 * p))
    whole_batch = [(0, 0), (0, 0)]
    x = jnp.pad(x, [*whole_batch, *((p, p) for p in padding)], constant_values=filling)
    x = jnp.pad(x, [*whole_batch, *((0, more) for more in after)], constant_values=beyond)
    return windows(x, kernel, stride=stride), tuple(range(-rank, 0))


def max_pool(x: Any, kernel: Any, *, stride: Any = None, padding: Any = 0, ceil_mode: bool = False) -> Any:
    found, axes = pooled(x, kernel, stride, padding, ceil_mode, -inf, -inf)
    return found.max(axis=axes)


def avg_pool(
    x: Any,
    kernel: Any,
    *,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    found, axes = pooled(x, kernel, stride, padding, ceil_mode, 0.0, 0.0)
    counted, _ = pooled(jnp.ones_like(x), kernel, stride, padding, ceil_mode, float(count_include_pad), 0.0)
    return found.sum(axis=axes) / counted.sum(axis=axes)


def adaptive(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` of windows that share the axes."""

    def pool(x: Any, output: Any) -> Any:
        rank = x.ndim - 2
        for axis, m in enumerate(spatial(output, rank), 2):
            n = x.shape[axis]
            parts = [lax.slice_in_dim(x, i * n // m, -(-(i + 1) * n // m), axis=axis) for i in range(m)]
            x = jnp.stack([function(part, axis=axis) for part in parts], axis=axis)
        return x

    return pool


def pads(mode: str) -> Callable[..., Any]:
    return lambda x, widths: jnp.pad(x, widths, mode=mode)


def pad(x: Any, widths: Any, *, value: float = 0.0, interior: Any = 0) -> Any:
    pairs = np.broadcast_to(widths, (x.ndim, 2))
    gaps = spatial(interior, x.ndim)
    return lax.pad(x, x.dtype.type(value), [(int(a), int(b), gap) for (a, b), gap in zip(pairs, gaps, strict=True)])


def scatter(x: Any, indices: Any, updates: Any, *, axis: int, add: bool = False) -> Any:
    places = list(np.indices(indices.shape))
    places[axis] = indices
    return x.at[tuple(places)].add(updates) if add else x.at[tuple(places)].set(updates)


def at(axis: int, indices: Sequence[Any]) -> tuple[Any, ...]:
    """The index that has ``indices`` from ``axis`` on."""
    return (slice(None),) * axis + tuple(indices)


def resize(x: Any, shape: Any, *, mode: str = "nearest") -> Any:
    """By the weights of an axis at a time, as a matrix."""
    shape = spatial(shape, 1)
    shape = (*x.shape[: x.ndim - len(shape)], *shape)
    for axis, (n, m) in enumerate(zip(x.shape, shape, strict=True)):
        if n == m:
            continue
        centre = (np.arange(m) + 0.5) * n / m - 0.5
        weights = np.zeros((m, n))
        if mode == "nearest":
            weights[np.arange(m), np.floor(centre + 0.5).astype(int)] = 1.0
        else:
            centre = np.clip(centre, 0, n - 1)
            low = np.minimum(np.floor(centre).astype(int), n - 1)
            np.add.at(weights, (np.arange(m), low), 1 - (centre - low))
            np.add.at(weights, (np.arange(m), np.minimum(low + 1, n - 1)), centre - low)
        x = jnp.moveaxis(jnp.tensordot(weights, x, (1, axis)), 0, axis)
    return x


def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> Any:
    ordered = jnp.sort(x, axis=axis, descending=largest)
    return lax.slice_in_dim(ordered, 0, k, axis=axis)


def pieces(x: Any, lengths: Sequence[int], axis: int) -> list[Any]:
    """Cut up along an axis."""
    return jnp.split(x, list(itertools.accumulate(lengths))[:-1], axis=axis)


def split(x: Any, sizes: Any, axis: int = 0) -> list[Any]:
    n = x.shape[axis]
    if isinstance(sizes, int):
        sizes = [min(sizes, n - i) for i in range(0, n, sizes)]
    return pieces(x, sizes, axis)


def pad_matmul(x: Any, y: Any) -> Any:
    k = max(x.shape[-1], y.shape[-2])
    x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, k - x.shape[-1])])
    return x @ jnp.pad(y, [(0, 0)] * (y.ndim - 2) + [(0, k - y.shape[-2]), (0, 0)])


def sum_to(x: Any, shape: Any) -> Any:
    shape = spatial(shape, 1)
    lead = tuple(range(x.ndim - len(shape)))
    ones = tuple(i for i, n in enumerate(shape, len(lead)) if n == 1)
    return x.sum(axis=lead + ones, keepdims=True).reshape(shape)


def diff(x: Any, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    return jnp.diff(x, n=n, axis=axis, prepend=prepend, append=append)


def quantile(x: Any, q: Any, axis: Any = None, keepdims: bool = False, method: str = "linear") -> Any:
    """``q`` as binary32 has it; what JAX does with a sequence, one after another."""
    one = partial(jnp.quantile, x, axis=axis, keepdims=keepdims, method=method)
    q = np.float64(np.float32(q))
    return jnp.stack([one(each) for each in q]) if np.ndim(q) else one(q)


def cumulated(function: Callable[..., Any], first: float) -> Callable[..., Any]:
    """Cumulative sums or products, with what they begin with if asked."""

    def result(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
        axis = 0 if axis is None else axis
        y = function(x, axis=axis)
        begin = jnp.full_like(lax.slice_in_dim(y, 0, 1, axis=axis), first)
        return jnp.concatenate([begin, y], axis=axis) if include_initial else y

    return result


def elu(x: Any, *, alpha: float = 1.0) -> Any:
    return nn.elu(x, alpha)


def celu(x: Any, *, alpha: float = 1.0) -> Any:
    return nn.celu(x, alpha)


def hardtanh(x: Any, *, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return jnp.clip(x, min_val, max_val)


def leaky_relu(x: Any, *, slope: float = 0.01) -> Any:
    return nn.leaky_relu(x, slope)


def gelu_erf(x: Any) -> Any:
    return nn.gelu(x, approximate=False)


# JAX rounds the published decimals of selu to binary64, and so has the same function.
ALPHAS = [{}, {"alpha": 0.5}, {"alpha": 2.5}]
BOUNDS = [{}, {"min_val": -2.5, "max_val": 0.75}]
SLOPES = [{}, {"slope": 0.25}, {"slope": -0.5}]
REDUCTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}]
CORRECTIONS: list[dict[str, Any]] = [{}, {"correction": 1}, {"correction": 0.5}]


def losses(function: Callable[..., Any], *settings: dict[str, Any]) -> Peer:
    return Peer(function, [call(real(3, 4), real(3, 4), **attributes) for attributes in [*REDUCTIONS, *settings]])


def convolutions(rank: int) -> Peer:
    """Stride, padding, dilation, groups and bias."""
    size, kernel = [(7,), (5, 4), (4, 3, 4)][rank - 1], [(3,), (2, 3), (2, 1, 3)][rank - 1]
    calls = [
        call(real(2, 2, *size), real(3, 2, *kernel)),
        call(real(1, 4, *size), real(4, 2, *kernel), real(4), groups=2, padding=1, stride=2),
        call(real(1, 1, *size), real(2, 1, *kernel), padding="same"),
    ]
    if rank < 3:
        calls.append(call(real(1, 2, 9, *size[1:]), real(2, 2, *kernel), dilation=(2, 1)[:rank], padding=(2, 1)[:rank]))
    return Peer(conv, calls)


def transposed(rank: int) -> Peer:
    """The same of transposed ones."""
    size, kernel = [(4,), (3, 2), (2, 2, 1)][rank - 1], [(3,), (2, 3), (2, 1, 3)][rank - 1]
    calls = [
        call(real(2, 2, *size), real(2, 3, *kernel)),
        call(real(1, 4, *size), real(4, 1, *kernel), real(2), groups=2, stride=2, output_padding=1),
    ]
    if rank < 3:
        calls.append(call(real(1, 2, *size), real(2, 2, *kernel), stride=3, padding=1, dilation=2))
    return Peer(conv_transpose, calls)


def pools(function: Callable[..., Any], rank: int, *more: dict[str, Any]) -> Peer:
    """Windows beside each other, overlapping, padded, and reaching over the end."""
    size = [(8,), (5, 6), (4, 5, 4)][rank - 1]
    settings = [{"kernel": 2}, {"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True}, *more]
    return Peer(function, [call(real(2, 2, *size), **attributes) for attributes in settings[: 4 if rank < 3 else 2]])


def adaptive_pools(function: Callable[..., Any], rank: int) -> Peer:
    size = [(7,), (5, 6), (4, 3, 5)][rank - 1]
    outputs = [1, 3] if rank < 3 else [2]
    return Peer(adaptive(function), [call(real(2, 2, *size), output=output) for output in outputs])


EXCLUDED_PADS = {"kernel": 3, "stride": 1, "padding": 1, "count_include_pad": False}

PEERS: dict[str, Peer] = {
    "abs": one(jnp.abs),
    "acos": one(jnp.arccos, draw=unit),
    "acosh": one(jnp.arccosh, draw=above_one),
    "adaptive_avg_pool1d": adaptive_pools(jnp.mean, 1),
    "adaptive_avg_pool2d": adaptive_pools(jnp.mean, 2),
    "adaptive_avg_pool3d": adaptive_pools(jnp.mean, 3),
    "adaptive_max_pool1d": adaptive_pools(jnp.max, 1),
    "adaptive_max_pool2d": adaptive_pools(jnp.max, 2),
    "adaptive_max_pool3d": adaptive_pools(jnp.max, 3),
    "add": two(jnp.add),
    "add_n": move(lambda *xs: sum(xs), call(real(3, 4), real(4), real(3, 1)), call(real(2)), call(real(), real(2))),
    "asin": one(jnp.arcsin, draw=unit),
    "asinh": one(jnp.arcsinh),
    "astype": move(lambda x, dtype: x, call(real(3), dtype="float32")),
    "atan": one(jnp.arctan),
    "atan2": two(jnp.arctan2),
    "atanh": one(jnp.arctanh, draw=unit),
    "avg_pool1d": pools(avg_pool, 1, {"kernel": 3, "padding": 1}, EXCLUDED_PADS),
    "avg_pool2d": pools(avg_pool, 2, {"kernel": (3, 2), "padding": (1, 0)}, EXCLUDED_PADS),
    "avg_pool3d": pools(avg_pool, 3),
    "binary_cross_entropy": Peer(
        binary_cross_entropy,
        [
            *(call(share(3, 4), share(3, 4), **attributes) for attributes in REDUCTIONS),
            call(share(3, 4), share(3, 4), positive(4), eps=0.125),
        ],
    ),
    "binary_cross_entropy_with_logits": Peer(
        binary_cross_entropy_with_logits,
        [
            *(call(real(3, 4), share(3, 4), **attributes) for attributes in REDUCTIONS),
            call(real(3, 4), share(3, 4), positive(3, 1), positive(4)),
        ],
    ),
    "broadcast_arrays": move(lambda *xs: jnp.broadcast_arrays(*xs), call(real(3, 1), real(2, 1, 4), real())),
    "broadcast_to": move(jnp.broadcast_to, call(real(3, 1), shape=(2, 3, 4)), call(real(), shape=(2,))),
    "cbrt": one(jnp.cbrt),
    "ceil": one(jnp.ceil),
    "celu": one(celu, *ALPHAS),
    "celu_derivative": one(slope(celu), *ALPHAS),
    "chunk": move(
        lambda x, chunks, axis=0: split(x, -(-x.shape[axis] // chunks), axis),
        call(real(5, 2), chunks=2),
        call(real(2, 5), chunks=3, axis=1),
    ),
    "clip": move(
        lambda x, lower=None, upper=None, min=None, max=None: jnp.clip(
            x, lower if min is None else min, upper if max is None else max
        ),
        call(real(3, 4), min=-0.5, max=1.25),
        call(real(3, 4), max=0.25),
        call(real(3, 4), unit(4), above_one(3, 1)),
    ),
    "concat": move(
        lambda *xs, axis=0: jnp.concatenate(xs, axis),
        call(real(2, 3), real(1, 3)),
        call(real(2, 3), real(2, 1), axis=1),
    ),
    "conv": move(
        conv,
        call(real(2, 2, 7), real(3, 2, 3), real(3), stride=2),
        call(real(1, 4, 6, 5), real(4, 2, 2, 3), groups=2, dilation=(2, 1)),
        call(real(2, 1, 3, 4, 3), real(2, 1, 2, 2, 2), real(2)),
    ),
    "conv1d": convolutions(1),
    "conv2d": convolutions(2),
    "conv3d": convolutions(3),
    "conv_transpose1d": transposed(1),
    "conv_transpose2d": transposed(2),
    "conv_transpose3d": transposed(3),
    "copysign": two(jnp.copysign),
    "cos": one(jnp.cos),
    "cosh": one(jnp.cosh),
    "cosine_embedding_loss": Peer(
        cosine_embedding,
        [
            *(call(real(3, 4), real(3, 4), whole(1, -1, 1), **attributes) for attributes in REDUCTIONS),
            call(positive(2, 4), positive(2, 4), whole(-1, 1), margin=0.25),
        ],
    ),
    "cosine_similarity": move(
        cosines, call(real(3, 4), real(3, 4)), call(real(3, 2), real(3, 2), axis=0), call(real(2, 3), real(2, 3), eps=8)
    ),
    "cross_entropy": Peer(
        cross_entropy,
        [
            *(call(real(3, 4), whole(2, 0, 3), **attributes) for attributes in REDUCTIONS),
            call(real(3, 4), whole(2, -1, 3), positive(4), ignore_index=-1, label_smoothing=0.25),
            call(real(3, 4), whole(2, 1, 3), positive(4)),
            call(real(3, 4), share(3, 4), positive(4), label_smoothing=0.125),
            call(real(2, 3, 2), share(2, 3, 2), reduction="none"),
            call(real(2, 3, 2), whole([1, 2], [0, 2]), ignore_index=0),
        ],
    ),
    "cumprod": row(jnp.cumprod, axes=(0, 1, -1), keeps=False),
    "cumsum": row(jnp.cumsum, axes=(0, 1, -1), keeps=False),
    "cumulative_prod": move(cumulated(jnp.cumprod, 1.0), call(real(4), include_initial=True), call(real(2, 3), axis=1)),
    "cumulative_sum": move(cumulated(jnp.cumsum, 0.0), call(real(4)), call(real(2, 3), axis=1, include_initial=True)),
    "diag": move(
        lambda x, offset=0: jnp.diag(x, offset),
        call(real(3)),
        call(real(3), offset=-2),
        call(real(3, 4), offset=1),
    ),
    "diagonal": move(
        jnp.diagonal,
        call(real(3, 4)),
        call(real(4, 3), offset=-1),
        call(real(3, 2, 4), offset=2, axis1=0, axis2=-1),
    ),
    "diff": move(
        diff,
        call(real(3, 5)),
        call(real(5, 3), axis=0, n=2),
        call(real(2, 3), n=0),
    ),
    "div": two(jnp.divide),
    "dot": move(jnp.dot, call(real(5), real(5))),
    "einsum": move(
        lambda *xs, subscripts: jnp.einsum(subscripts, *xs),
        call(real(2, 3), real(3, 4), subscripts="ij,jk->ik"),
        call(real(2, 3, 4), real(2, 4, 5), subscripts="bij,bjk->bki"),
        call(real(3, 3), subscripts="ii->i"),
        call(real(2, 3), real(3), real(2, 4), subscripts="ij,j,ik->k"),
        call(real(2, 3, 4), real(3), subscripts="...jk,j->...k"),
        call(real(3, 2, 3), real(2), subscripts="aba,b"),
    ),
    "elu": one(elu, *ALPHAS),
    "elu_derivative": one(slope(elu), *ALPHAS),
    "erf": one(functions.erf),
    "erfc": one(functions.erfc),
    "exp": one(jnp.exp),
    "exp2": one(jnp.exp2),
    "expand": move(
        lambda x, shape: jnp.broadcast_to(x, [n if m == -1 else m for n, m in zip(x.shape, shape, strict=True)]),
        call(real(3, 1), shape=(-1, 4)),
    ),
    "expand_dims": move(jnp.expand_dims, call(real(3, 2), axis=1), call(real(3), axis=(0, -1))),
    "expm1": one(jnp.expm1),
    "flatten": move(
        lambda x, start_axis=0: x.reshape(*x.shape[:start_axis], -1),
        call(real(2, 3, 2)),
        call(real(2, 3, 2), start_axis=1),
    ),
    "flip": row(jnp.flip, keeps=False),
    "floor": one(jnp.floor),
    "floor_divide": two(jnp.floor_divide),
    "fma": move(
        lambda x, y, z: x * y + z, call(real(3, 4), real(3, 4), real(3, 4)), call(real(3, 1), real(4), real(2, 1, 1))
    ),
    "fmod": two(jnp.fmod),
    "gather": move(
        lambda x, indices, axis: jnp.take_along_axis(x, indices, axis=axis),
        call(real(3, 2), whole([0, 2], [1, 2], [2, 2]), axis=0),
        call(real(2, 3), whole([0, 2, 2, 1], [1, 1, 1, 0]), axis=1),
    ),
    "gelu": one(nn.gelu, draw=wide),
    "gelu_derivative": one(slope(nn.gelu), draw=wide),
    "gelu_erf": one(gelu_erf, draw=wide),
    "gelu_erf_derivative": one(slope(gelu_erf), draw=wide),
    "hardsigmoid": one(nn.hard_sigmoid, draw=wide),
    "hardsigmoid_derivative": one(slope(nn.hard_sigmoid), draw=wide),
    "hardswish": one(nn.hard_swish, draw=wide),
    "hardswish_derivative": one(slope(nn.hard_swish), draw=wide),
    "hardtanh": one(hardtanh, *BOUNDS, draw=wide),
    "hardtanh_derivative": one(slope(hardtanh), *BOUNDS, draw=wide),
    "hinge_loss": losses(hinge, {"squared": True}),
    "huber_loss": losses(huber, {"delta": 0.5}),
    "hypot": two(lambda x, y: jnp.sqrt(x * x + y * y)),
    "index": move(
        lambda x, *indices, axis=0: x[at(axis, indices)],
        call(real(3, 4), whole(0, 2, 2, -1)),
        call(real(3, 4), whole([0], [2]), whole(1, 3, -1)),
        call(real(2, 3, 4), whole(0, 2), whole(1, 1), axis=1),
    ),
    "index_add": move(
        lambda x, updates, *indices, axis=0: x.at[at(axis, indices)].add(updates),
        call(real(3, 2), real(4, 2), whole(0, 2, 2, -1)),
        call(real(2, 3, 4), real(2, 1), whole(0, 2), whole(1, 1), axis=1),
    ),
    "index_mask": move(
        lambda x, holds, axis=0: x[at(axis, jnp.nonzero(holds, size=int(np.sum(holds))))],
        call(real(3, 4), mask(3)),
        call(real(3, 4), mask(3, 4)),
        call(real(2, 5), mask(5), axis=1),
    ),
    "index_put": move(
        lambda x, values, *indices, axis=0: x.at[at(axis, indices)].set(values),
        call(real(3, 2), real(2, 2), whole(2, 0)),
        call(real(2, 3, 4), real(2, 1), whole(0, 2), whole(1, 3), axis=1),
    ),
    "kl_div": Peer(
        kl_div,
        [
            *(call(real(3, 4), share(3, 4), **attributes) for attributes in REDUCTIONS),
            call(real(3, 4), share(3, 4), reduction="batchmean"),
            call(real(3, 4), real(3, 4), log_target=True),
        ],
    ),
    "leaky_relu": one(leaky_relu, *SLOPES),
    "leaky_relu_derivative": one(slope(leaky_relu), *SLOPES),
    "linear": move(
        lambda x, weight, bias=None: x @ weight.T + (0.0 if bias is None else bias),
        call(real(2, 3), real(4, 3), real(4)),
        call(real(2, 2, 3), real(4, 3)),
        call(real(3), real(4, 3), real(4)),
    ),
    "log": one(jnp.log, draw=positive),
    "log10": one(jnp.log10, draw=positive),
    "log1p": one(jnp.log1p, draw=unit),
    "log2": one(jnp.log2, draw=positive),
    "log_cosh_loss": losses(reduced(log_cosh)),
    "log_softmax": row(log_softmax, keeps=False),
    "logaddexp": two(jnp.logaddexp),
    "logsigmoid": one(nn.log_sigmoid, draw=wide),
    "logsigmoid_derivative": one(slope(nn.log_sigmoid), draw=wide),
    "logsumexp": row(functions.logsumexp),
    "mae_loss": losses(reduced(lambda p, t: jnp.abs(p - t))),
    "mae_loss_derivative": losses(loss_derivative(lambda p, t: jnp.abs(p - t))),
    "masked_fill": move(
        lambda x, holds, value: jnp.where(holds, value, x),
        call(real(3, 4), mask(3, 4), value=0.5),
        call(real(3, 4), mask(4), real()),
    ),
    "masked_select": move(
        lambda x, holds: jnp.broadcast_to(x, holds.shape)[jnp.nonzero(holds, size=int(np.sum(holds)))],
        call(real(3, 4), mask(3, 4)),
        call(real(4), mask(3, 4)),
    ),
    "matmul": move(
        jnp.matmul,
        call(real(2, 3), real(3, 4)),
        call(real(3), real(3, 4)),
        call(real(2, 3), real(3)),
        call(real(3), real(2, 3, 2)),
        call(real(2, 2, 3), real(3, 4)),
        call(real(2, 1, 2, 3), real(3, 3, 2)),
    ),
    "matrix_transpose": move(jnp.matrix_transpose, call(real(2, 3, 4))),
    "max": row(jnp.max),
    "max_pool1d": pools(max_pool, 1, {"kernel": 3, "stride": 1}),
    "max_pool2d": pools(max_pool, 2, {"kernel": (3, 2), "padding": (1, 0)}),
    "max_pool3d": pools(max_pool, 3),
    "maximum": two(jnp.maximum),
    "mean": row(jnp.mean),
    "median": row(jnp.median),
    "meshgrid": move(
        lambda *xs, indexing="xy": jnp.meshgrid(*xs, indexing=indexing),
        call(real(2), real(3)),
        call(real(2), real(3), real(2), indexing="ij"),
    ),
    "min": row(jnp.min),
    "min_max": row(min_max, keeps=False),
    "minimum": two(jnp.minimum),
    "mish": one(nn.mish, draw=wide),
    "mish_derivative": one(slope(nn.mish), draw=wide),
    "moveaxis": move(jnp.moveaxis, call(real(2, 3, 4), source=0, destination=-1)),
    "mse_loss": losses(reduced(lambda p, t: (p - t) ** 2)),
    "mse_loss_derivative": losses(loss_derivative(lambda p, t: (p - t) ** 2)),
    "mul": two(jnp.multiply),
    "multi_margin_loss": Peer(
        multi_margin,
        [
            *(call(real(3, 4), whole(2, 0, 3), **attributes) for attributes in REDUCTIONS),
            call(real(3, 4), whole(2, 0, 3), positive(4), p=2, margin=0.25),
        ],
    ),
    "neg": one(jnp.negative),
    "nll_loss": Peer(
        nll,
        [
            *(call(real(3, 4), whole(2, 0, 3), **attributes) for attributes in REDUCTIONS),
            call(real(3, 4), whole(2, -1, 3), positive(4), ignore_index=-1),
            call(real(2, 3, 2), whole([1, 2], [0, 2]), positive(3)),
        ],
    ),
    "norm": row(norm, *({"ord": p} for p in (0, 1, 1.5, 3, -1, inf, -inf, 2)), axes=(None, -1)),
    "ones_like": one(jnp.ones_like),
    "outer": move(jnp.outer, call(real(3), real(4))),
    "pad": move(
        pad,
        call(real(3, 2), widths=1),
        call(real(3, 2), widths=((1, 0), (0, 2)), value=2.5, interior=(2, 1)),
    ),
    "pad_edge": move(pads("edge"), call(real(3, 2), widths=(1, 2)), call(real(3, 2), widths=((0, 1), (3, 0)))),
    "pad_matmul_to_another": move(
        pad_matmul, call(real(2, 3), real(5, 2)), call(real(2, 4), real(3, 2)), call(real(2, 2, 3), real(4, 2))
    ),
    "pad_reflect": move(pads("reflect"), call(real(4, 3), widths=(1, 2)), call(real(3), widths=(5, 4))),
    "pad_wrap": move(pads("wrap"), call(real(4, 3), widths=(1, 2)), call(real(3), widths=(5, 4))),
    "poisson_nll_loss": Peer(
        poisson,
        [
            *(call(real(3, 4), positive(3, 4), **attributes) for attributes in REDUCTIONS),
            call(positive(3, 4), positive(3, 4), log_input=False),
        ],
    ),
    "positive": one(jnp.positive),
    "powf": two(jnp.power, positive, real),
    "powi": one(lambda x, n: lax.integer_pow(x, n), *({"n": n} for n in (0, 1, 2, 3, 7, -1, -2))),
    "prod": row(jnp.prod),
    "prod_derivative": row(prod_derivative, keeps=False, axes=(None, 0, -1)),
    "quantile": row(
        quantile,
        *({"q": 0.3, "method": method} for method in ("lower", "higher", "nearest", "midpoint", "linear")),
        {"q": [0.125, 0.75, 0.9]},
        axes=(None, 1),
    ),
    "reciprocal": one(jnp.reciprocal),
    "relu": one(nn.relu),
    "relu6": one(nn.relu6, draw=wide),
    "relu6_derivative": one(slope(nn.relu6), draw=wide),
    "relu_derivative": one(slope(nn.relu)),
    "remainder": two(jnp.remainder),
    "repeat": move(
        lambda x, repeats, axis=None: jnp.repeat(x, np.array(repeats), axis=axis, total_repeat_length=None),
        call(real(2, 3), repeats=2),
        call(real(2, 3), repeats=(2, 0, 3), axis=1),
    ),
    "reshape": move(jnp.reshape, call(real(2, 6), shape=(3, -1))),
    "resize": move(
        resize,
        call(real(5), shape=3),
        call(real(2, 3), shape=(4, 5)),
        call(real(5), shape=8, mode="linear"),
        call(real(2, 5, 3), shape=(3, 4), mode="linear"),
    ),
    "restore_axes": move(
        lambda x, shape, axis=None, keepdims=False: x if keepdims else jnp.expand_dims(x, axis),
        call(real(2, 4), shape=(2, 3, 4), axis=1),
        call(real(2, 1, 4), shape=(2, 3, 4), axis=1, keepdims=True),
    ),
    "roll": move(
        jnp.roll,
        call(real(2, 3), shift=2),
        call(real(2, 3), shift=(1, -2), axis=(0, 1)),
    ),
    "round": one(jnp.round),
    "rsqrt": one(lax.rsqrt, draw=positive),
    "scatter": move(
        scatter,
        call(real(3, 2), whole([0, 2], [1, 0]), real(2, 2), axis=0),
        call(real(2, 3), whole([0, 2], [1, 0]), real(2, 2), axis=1),
    ),
    "scatter_add": move(
        partial(scatter, add=True),
        call(real(3, 2), whole([0, 2], [1, 2]), real(2, 2), axis=0),
        call(real(2, 3), whole([2, 2], [1, 0]), real(2, 2), axis=1),
    ),
    "segment_sum": move(
        lambda x, ids, num_segments: jax.ops.segment_sum(x, ids, num_segments),
        call(real(4, 2), whole(2, 0, 2, 2), num_segments=4),
    ),
    "selu": one(nn.selu),
    "selu_derivative": one(slope(nn.selu)),
    "sigmoid": one(nn.sigmoid, draw=wide),
    "sigmoid_derivative": one(slope(nn.sigmoid), draw=wide),
    "sign": one(jnp.sign),
    "sin": one(jnp.sin),
    "sinh": one(jnp.sinh),
    "slice": move(
        lambda x, start, stop, step=None: x[
            tuple(slice(*ends) for ends in zip(start, stop, step or (1,) * len(start), strict=True))
        ],
        call(real(4, 5), start=(1, None), stop=(-1, 4)),
        call(real(4, 5), start=(0, 1), stop=(None, None), step=(3, 2)),
    ),
    "smooth_l1_loss": losses(smooth_l1, {"beta": 0.5}),
    "softmax": row(softmax, keeps=False),
    "softmax_derivative": row(softmax_derivative, keeps=False, axes=(0, -1)),
    "softplus": one(nn.softplus, draw=wide),
    "softplus_derivative": one(slope(nn.softplus), draw=wide),
    "softsign": one(nn.soft_sign),
    "softsign_derivative": one(slope(nn.soft_sign)),
    "sort": row(
        lambda x, axis=-1, descending=False: jnp.sort(x, axis=axis, descending=descending),
        {},
        {"descending": True},
        keeps=False,
        axes=(0, -1),
    ),
    "split": move(split, call(real(5, 2), sizes=2), call(real(2, 5), sizes=(1, 0, 4), axis=1)),
    "sqrt": one(jnp.sqrt, draw=positive),
    "square": one(jnp.square),
    "squeeze": move(jnp.squeeze, call(real(1, 3, 1)), call(real(1, 3, 1), axis=0)),
    "stack": move(
        lambda *xs, axis=0: jnp.stack(xs, axis), call(real(2, 3), real(2, 3)), call(real(2, 3), real(2, 3), axis=-1)
    ),
    "std": row(jnp.std, *CORRECTIONS),
    "sub": two(jnp.subtract),
    "subscript": move(
        lambda x, items: x[tuple(slice(*item) if isinstance(item, tuple) else item for item in items)],
        call(real(4, 5), items=(1,)),
        call(real(4, 5), items=((None, None, -2), None, (1, 4))),
        call(real(2, 3, 5), items=(Ellipsis, (4, 0, -2))),
    ),
    "sum": row(jnp.sum),
    "sum_to": move(sum_to, call(real(2, 3, 4), shape=(3, 1)), call(real(2, 3), shape=())),
    "swapaxes": move(jnp.swapaxes, call(real(2, 3, 4), axis1=0, axis2=-1)),
    "swish": one(nn.swish, draw=wide),
    "swish_derivative": one(slope(nn.swish), draw=wide),
    "take": move(
        jnp.take,
        call(real(3, 2), whole(0, 2, 2), axis=0),
        call(real(2, 3), whole([0, 2], [1, 1]), axis=1),
    ),
    "take_along_axis": move(
        jnp.take_along_axis,
        call(real(3, 2), whole([0, 2], [1, 2]), axis=0),
        call(real(2, 3), whole([2, 2, 0, 1]), axis=1),
    ),
    "tan": one(jnp.tan, draw=unit),
    "tanh": one(jnp.tanh),
    "tanh_derivative": one(slope(jnp.tanh)),
    "tensordot": move(
        jnp.tensordot,
        call(real(2, 3, 4), real(3, 4, 2)),
        call(real(2, 3, 4), real(4, 2), axes=((0, -1), (1, 0))),
        call(real(2), real(3), axes=0),
    ),
    "tile": move(
        lambda x, repetitions: jnp.tile(x, repetitions),
        call(real(2, 3), repetitions=(2, 1, 2)),
        call(real(2, 3), repetitions=2),
    ),
    "topk": move(
        topk,
        call(real(2, 5), k=3),
        call(real(5, 2), k=2, axis=0, largest=False),
    ),
    "transpose": move(jnp.transpose, call(real(2, 3)), call(real(2, 3, 4), axes=(1, 2, 0))),
    "tril": move(jnp.tril, call(real(3, 4)), call(real(2, 3, 3), k=-1)),
    "triu": move(jnp.triu, call(real(3, 4)), call(real(2, 3, 3), k=1)),
    "trunc": one(jnp.trunc),
    "unstack": move(jnp.unstack, call(real(2, 3)), call(real(2, 3), axis=1)),
    "var": row(jnp.var, *CORRECTIONS),
    "vecdot": move(
        lambda x, y, axis=-1: (x * y).sum(axis=axis),
        call(real(2, 3), real(2, 3)),
        call(real(2, 3, 2), real(3, 1), axis=-2),
    ),
    "where": move(jnp.where, call(mask(3, 4), real(3, 4), real(3, 4)), call(mask(3, 4), real(), real(4))),
    "windows": move(
        windows,
        call(real(2, 7), kernel=3),
        call(real(2, 5, 6), kernel=(2, 3), stride=(2, 1)),
        call(real(2, 7), kernel=2, stride=3),
    ),
    "z_score": row(z_score, keeps=False),
    "zeros_like": one(jnp.zeros_like),
}

WITHOUT_PEER = {
    "allclose": "it gives a truth value",
    "isclose": "it gives a mask of bools",
}
"""Compositions that no gradient flows through."""

DIFFERENTIABLE = [
    name
    for name, operation in TABLE.items()
    if not isinstance(operation.gradient, NoGradient) or operation.gradient is OF_ITS_OPERATIONS
]


def test_every_differentiable_operation_has_a_peer() -> None:
    assert sorted({*PEERS, *WITHOUT_PEER}) == sorted(DIFFERENTIABLE), "add what is new to PEERS"
    assert list(PEERS) == sorted(PEERS)
    for name in WITHOUT_PEER:
        x = rc.tensor([1.0, 2.0], requires_grad=True)
        assert not getattr(rc, name)(x, x).requires_grad


# --------------------------------------------------------------------------------------------- comparing


def close(got: Any, want: Any, tolerance: float, what: Any) -> None:
    """Within the tolerance, of the largest element, or of 1."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape, what
    limit = tolerance * np.abs(want).max(initial=1.0)
    off = np.abs(got - want).max(initial=0.0)
    assert off <= limit, f"{what}: off by {off:g}, allowed are {limit:g}\ngot {got}\nwant {want}"


def random_like(g: np.random.Generator, shape: Sequence[int]) -> Any:
    """What a result receives."""
    return np.float32(g.normal(size=shape) + 0.25)


def ours(name: str, operands: Sequence[Any], attributes: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The float32 operands, and the float32 results."""
    xs = [rc.tensor(x, dtype=x.dtype.name) for x in operands]
    wanted = [x.requires_grad_() for x in xs if x.dtype == FLOAT32]
    results = getattr(rc, name)(*xs, **attributes)
    return wanted, [y for y in (results if isinstance(results, tuple) else (results,)) if y.dtype == FLOAT32]


class Trial(NamedTuple):
    """A call with its operands, what its results receive, and what the gradients of these are weighed with."""

    operands: list[Any]
    attributes: dict[str, Any]
    received: list[Any]
    weights: list[Any]


def flow(name: str, trial: Trial) -> tuple[list[Any], list[Any]]:
    """The gradients in the float32 operands, and those of their weighed sum."""
    wanted, results = ours(name, trial.operands, trial.attributes)
    total = rc.tensor(0.0)
    for y, g in zip(results, trial.received, strict=True):
        total = total + (y * rc.tensor(g)).sum()
    first = gradients(total, wanted, create_graph=True)
    total = rc.tensor(0.0)
    for x, w in zip(first, trial.weights, strict=True):
        total = total + (x * rc.tensor(w)).sum()
    return [x.numpy() for x in first], [x.numpy() for x in gradients(total, wanted)]


def compiled(function: Callable[..., Any], *operands: Any) -> Any:
    """What it gives, as NumPy arrays, compiled as one and in haste: compiling is what takes the time."""
    quick = jax.jit(function).lower(*operands).compile(compiler_options={"xla_backend_optimization_level": 0})
    return jax.tree.map(np.asarray, quick(*operands))


def peer_flows(function: Callable[..., Any], trials: list[Trial]) -> Any:
    """The same by JAX, of all trials at once."""

    def flow_of(trial: Trial, xs: list[Any]) -> Any:
        where = [i for i, x in enumerate(trial.operands) if x.dtype == np.float32]

        def value(xs: list[Any]) -> Any:
            given: list[Any] = list(trial.operands)
            for i, x in zip(where, xs, strict=True):
                given[i] = x
            results = function(*given, **trial.attributes)
            results = results if isinstance(results, tuple | list) else [results]
            return sum((y * g).sum() for y, g in zip(results, trial.received, strict=True))

        first, pull = jax.vjp(jax.grad(value), xs)
        return first, pull([jnp.asarray(w, jnp.float64) for w in trial.weights])[0]

    def flows(several: list[list[Any]]) -> Any:
        return [flow_of(trial, xs) for trial, xs in zip(trials, several, strict=True)]

    with binary64(True):
        inputs = [[np.float64(x) for x in trial.operands if x.dtype == np.float32] for trial in trials]
        return compiled(flows, inputs)


@pytest.mark.parametrize("name", PEERS)
def test_gradients_are_those_of_jax(name: str) -> None:
    peer = PEERS[name]
    random = np.random.default_rng(zlib.crc32(name.encode()))
    trials, found = [], []
    with rc.use_backend("numpy"):
        for one in peer.calls:
            operands = [draw(random) for draw in one.operands]
            wanted, results = ours(name, operands, one.attributes)
            received, weights = ([random_like(random, t.shape) for t in some] for some in (results, wanted))
            trials.append(Trial(operands, one.attributes, received, weights))
            found.append(flow(name, trials[-1]))
    for number, (trial, got, want) in enumerate(zip(trials, found, peer_flows(peer.function, trials), strict=True)):
        for order, tolerance in ((0, FIRST), (1, SECOND)):
            for i, (a, b) in enumerate(zip(got[order], want[order], strict=True)):
                close(a, b, tolerance, (name, number, trial.attributes, f"derivative {order + 1} by operand {i}"))


@pytest.mark.parametrize("name", ["tanh", "matmul", "gather", "std", "max_pool2d"])
def test_a_gradient_that_is_off_by_little_is_noticed(name: str) -> None:
    operation = TABLE[name]
    names = [name] if operation.gradient is not OF_ITS_OPERATIONS else ["max"]
    right = {n: TABLE[n].gradient for n in names}
    for n, gradient in right.items():
        assert not isinstance(gradient, NoGradient)

        def wrong(*arguments: Any, gradient: Any = gradient, **attributes: Any) -> tuple[Any, ...]:
            found = gradient(*arguments, **attributes)
            return tuple(part if part is None else part * (1 + 2.0**-15) for part in found)

        object.__setattr__(TABLE[n], "gradient", wrong)
    try:
        with pytest.raises(AssertionError, match="off by"):
            test_gradients_are_those_of_jax(name)
    finally:
        for n, gradient in right.items():
            object.__setattr__(TABLE[n], "gradient", gradient)


# ------------------------------------------------------------------------------- transformations of networks


class Network(NamedTuple):
    """The same function in ours and in JAX's words, and its operands; the first is what is differentiated twice."""

    ours: Callable[..., Any]
    peer: Callable[..., Any]
    operands: tuple[Draw, ...]


def our_perceptron(x: Any, w: Any, b: Any, v: Any) -> Any:
    hidden = x.linear(w, b).gelu()
    return (hidden - hidden.mean(axis=-1, keepdims=True)).linear(v).tanh()


def peer_perceptron(x: Any, w: Any, b: Any, v: Any) -> Any:
    hidden = nn.gelu(x @ w.T + b)
    return jnp.tanh((hidden - hidden.mean(axis=-1, keepdims=True)) @ v.T)


def our_convolutions(x: Any, w: Any, b: Any, v: Any) -> Any:
    hidden = x.conv2d(w, b, padding=1).swish().max_pool2d(2)
    return hidden.conv_transpose2d(v, stride=2).softplus().avg_pool2d(2).logsumexp(axis=(1, 2, 3))


def peer_convolutions(x: Any, w: Any, b: Any, v: Any) -> Any:
    hidden = max_pool(nn.swish(conv(x, w, b, padding=1)), 2)
    return functions.logsumexp(avg_pool(nn.softplus(conv_transpose(hidden, v, stride=2)), 2), axis=(1, 2, 3))


def our_attention(x: Any, q: Any, k: Any, v: Any) -> Any:
    scores = (x @ q) @ (x @ k).matrix_transpose() / 2.0
    causal = rc.ones(scores.shape).tril().equal(0.0)
    return scores.masked_fill(causal, -inf).softmax(axis=-1) @ (x @ v) + x / x.norm(axis=-1, keepdims=True)


def peer_attention(x: Any, q: Any, k: Any, v: Any) -> Any:
    scores = (x @ q) @ jnp.matrix_transpose(x @ k) / 2.0
    scores = jnp.where(jnp.tril(jnp.ones(scores.shape)) == 0, -inf, scores)
    return nn.softmax(scores) @ (x @ v) + x / jnp.linalg.norm(x, axis=-1, keepdims=True)


NETWORKS = {
    "perceptron": Network(our_perceptron, peer_perceptron, (real(2, 3), real(4, 3), real(4), real(2, 4))),
    "convolutions": Network(
        our_convolutions, peer_convolutions, (real(2, 1, 4, 4), unit(2, 1, 3, 3), real(2), unit(2, 1, 2, 2))
    ),
    "attention": Network(our_attention, peer_attention, (unit(3, 4), unit(4, 4), unit(4, 4), unit(4, 4))),
}

JACOBIAN, HESSIAN = 2.0**-20, 2.0**-17
"""A network is some ten operations deep, so its gradients pass through some ten compositions."""


@pytest.mark.parametrize("name", NETWORKS)
def test_transformations_of_networks_are_those_of_jax(name: str) -> None:
    """vjp, jvp, jacobian and hessian, in all operands; of a checkpoint too, with the same bits."""
    network = NETWORKS[name]
    random = np.random.default_rng(zlib.crc32(name.encode()))
    operands = [draw(random) for draw in network.operands]
    every = tuple(range(len(operands)))
    with rc.use_backend("numpy"):
        received = random_like(random, network.ours(*map(rc.tensor, operands)).shape)
    tangents = [random_like(random, x.shape) for x in operands]

    def peers(*xs: Any) -> Any:
        value, pull = jax.vjp(network.peer, *xs)
        pushed = jax.jvp(network.peer, xs, tuple(jnp.asarray(t, jnp.float64) for t in tangents))[1]
        rows = jax.jacfwd(network.peer, every)(*xs)
        squares = jax.jacfwd(jax.grad(lambda *xs: (network.peer(*xs) * received).sum(), (0, 1)), (0, 1))(*xs)
        return value, [*pull(jnp.asarray(received, jnp.float64)), pushed, *rows, *itertools.chain(*squares)]

    with binary64(True):
        value, wanted = compiled(peers, *map(np.float64, operands))

    def checkpointed(*xs: Any) -> Any:
        return rc.checkpoint(network.ours, *xs)

    found = []
    for function in (network.ours, checkpointed):
        with rc.use_backend("numpy"):
            xs, g = [rc.tensor(x) for x in operands], rc.tensor(received)
            got, back = rc.vjp(function, *xs)
            close(got.numpy(), value, JACOBIAN, (name, "value"))
            along = rc.jvp(function, xs, [rc.tensor(t) for t in tangents])[1]
            rows = rc.jacobian(function, every)(*xs)

            def loss(*xs: Any, function: Any = function, g: Any = g) -> Any:
                return (function(*xs) * g).sum()

            squares = rc.hessian(loss, (0, 1))(*xs)
            flat = [*back(g), along, *rows, *itertools.chain(*squares)]
        what = ["vjp"] * len(xs) + ["jvp"] + ["jacobian"] * len(xs) + ["hessian"] * 4
        for number, (a, b) in enumerate(zip(flat, wanted, strict=True)):
            close(a.numpy(), b, HESSIAN if what[number] == "hessian" else JACOBIAN, (name, number, what[number]))
        found.append([t.digest() for t in flat])
    assert found[0] == found[1], "a checkpoint changes bits"
