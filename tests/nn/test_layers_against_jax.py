"""Layers and their gradients against the same formulas in JAX, in binary64, on random settings.

Both start from the same binary32 numbers. JAX's rounding in binary64 is nothing beside ours, and each of ours is off by
2^-24 at most of a number that is about as large as the largest element of what is compared, or, where terms cancel, as
what flows in, which is about 1. A layer here is a dozen operations at most, there and back; so the tolerance is 16 of
them: 2^-20 of the larger of 1 and the largest element. A wrong axis, factor, sign or weight layout is off by thousands
of that.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

from collections.abc import Callable
from importlib import import_module
from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.random import Generator, normal, randint
from rcmlrs_core.tensor import RamTensor

jax = pytest.importorskip("jax", reason="JAX is in the extra 'test'")
from jax import lax  # noqa: E402
from jax import numpy as jnp  # noqa: E402

TOLERANCE = 2.0**-20

QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Each function is compiled for one call."""

binary64: Any = (jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")).enable_x64

Parameters = dict[str, Any]


def called(value: object) -> str:
    """The id of a case: functions have an address, which two processes of a run do not share."""
    return "" if callable(value) and not isinstance(value, nn.Module) else repr(value)[:40]


Reference = Callable[[Parameters, Any], Any]


def check(layer: nn.Module, x: RamTensor, reference: Reference, scale: float = 1.0) -> None:
    """What comes out, and what flows back into ``x`` and every parameter, when the result receives random numbers."""
    trained = x.dtype == "float32"
    x = x.detach().requires_grad_() if trained else x
    y = layer(x)
    received = normal(y.shape, seed=77)
    (y * received).sum().backward()
    with binary64(True):
        p = {name: jnp.asarray(tensor.numpy(), "float64") for name, tensor in layer.named_parameters()}

        def there_and_back(p: Parameters, x: Any, received: Any) -> Any:
            if trained:
                y, back = jax.vjp(reference, p, x)
                return y, *back(received)
            y, back = jax.vjp(lambda p: reference(p, x), p)
            return y, *back(received), None

        given = jnp.asarray(x.numpy(), "float64" if trained else "int32")
        want, to_p, to_x = jax.jit(there_and_back, compiler_options=QUICK)(
            p, given, jnp.asarray(received.numpy(), "float64")
        )
    compare("the result", y, want, scale)
    if trained:
        compare("what x receives", x.grad, to_x, scale)
    for name, tensor in layer.named_parameters():
        compare(f"what {name} receives", tensor.grad, to_p[name], scale)


def compare(what: str, got: RamTensor | None, want: Any, scale: float = 1.0) -> None:
    assert got is not None, what
    assert got.shape == want.shape, what
    allowed = scale * TOLERANCE * max(1.0, float(np.abs(want).max(initial=0.0)))
    assert np.abs(got.numpy().astype("f8") - np.asarray(want)).max(initial=0.0) <= allowed, what


def settle(layer: nn.Module) -> nn.Module:
    """Parameters and constants that are no longer zeros and ones, so that each is seen."""
    with rc.no_grad():
        for i, (name, tensor) in enumerate(layer.named_tensors()):
            if tensor.dtype == "float32":
                drawn = normal(tensor.shape, seed=5, stream=i)
                tensor.replace_(drawn.abs() + 0.5 if name.endswith("var") else drawn)
    return layer


# ------------------------------------------------------------------------------------------------ convolutions

FORMS = {1: ("NCH", "OIH", "NCH"), 2: ("NCHW", "OIHW", "NCHW"), 3: ("NCDHW", "OIDHW", "NCDHW")}
FILLED = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("seed", range(6))
def test_convolutions(seed: int) -> None:
    r = Random(seed)
    rank = 1 + seed % 3
    groups = r.choice([1, 2])
    kernel, stride, dilation = ([r.randint(1, 3) for _ in range(rank)] for _ in range(3))
    padding = [r.randint(0, 2) for _ in range(rank)]
    mode = r.choice(list(FILLED))
    kind = getattr(nn, f"Conv{rank}d")
    generator = Generator(seed)
    layer = kind(4, 2 * groups, kernel, stride, padding, dilation, groups, bool(seed % 4), mode, generator=generator)
    assert layer.weight.shape == (2 * groups, 4 // groups, *kernel)

    def reference(p: Parameters, x: Any) -> Any:
        widths = [(0, 0), (0, 0), *((n, n) for n in padding)]
        y = lax.conv_general_dilated(
            jnp.pad(x, widths, FILLED[mode]),
            p["weight"],
            stride,
            "VALID",
            rhs_dilation=dilation,
            dimension_numbers=FORMS[rank],
            feature_group_count=groups,
        )
        return y + p["bias"].reshape(-1, *[1] * rank) if "bias" in p else y

    check(layer, normal((2, 4, *[r.randint(7, 8) for _ in range(rank)]), seed=seed), reference)


@pytest.mark.parametrize(("kernel", "mode"), [(2, "zeros"), (3, "reflect"), (2, "replicate"), (4, "circular")])
def test_padding_that_keeps_the_lengths(kernel: int, mode: str) -> None:
    """Of an odd number of places, one more stands behind."""
    layer = nn.Conv2d(3, 2, kernel, padding="same", padding_mode=mode)
    assert layer(normal((2, 3, 5, 6), seed=1)).shape == (2, 2, 5, 6)

    def reference(p: Parameters, x: Any) -> Any:
        around = ((kernel - 1) // 2, kernel // 2)
        x = jnp.pad(x, [(0, 0), (0, 0), around, around], FILLED[mode])
        return lax.conv_general_dilated(x, p["weight"], (1, 1), "VALID") + p["bias"].reshape(-1, 1, 1)

    check(layer, normal((2, 3, 5, 6), seed=1), reference)


@pytest.mark.parametrize("seed", range(6))
def test_transposed_convolutions(seed: int) -> None:
    """Against what flows back through JAX's convolution, which is their definition."""
    r = Random(seed)
    rank = 1 + seed % 3
    groups = r.choice([1, 2])
    kernel, dilation = ([r.randint(1, 3) for _ in range(rank)] for _ in range(2))
    stride = [r.randint(2, 3) for _ in range(rank)]
    padding = [r.randint(0, (k - 1) * d // 2) for k, d in zip(kernel, dilation, strict=True)]
    more = [r.randint(0, 1) for _ in range(rank)]
    lengths = [r.randint(2, 4) for _ in range(rank)]
    kind = getattr(nn, f"ConvTranspose{rank}d")
    layer = kind(2 * groups, 4, kernel, stride, padding, more, groups, True, dilation, generator=Generator(seed))
    assert layer.weight.shape == (2 * groups, 4 // groups, *kernel)
    longer = [
        (n - 1) * s - 2 * z + d * (k - 1) + m + 1
        for n, s, z, d, k, m in zip(lengths, stride, padding, dilation, kernel, more, strict=True)
    ]

    def reference(p: Parameters, x: Any) -> Any:
        def forward(y: Any) -> Any:
            return lax.conv_general_dilated(
                y,
                p["weight"],
                stride,
                [(n, n) for n in padding],
                rhs_dilation=dilation,
                dimension_numbers=FORMS[rank],
                feature_group_count=groups,
            )

        y = jnp.zeros((x.shape[0], 4, *longer), "float64")
        return jax.vjp(forward, y)[1](x)[0] + p["bias"].reshape(-1, *[1] * rank)

    check(layer, normal((2, 2 * groups, *lengths), seed=seed), reference)


def test_a_depthwise_convolution_keeps_channels_apart() -> None:
    layer = nn.DepthwiseConv2d(3, 3, padding=1, multiplier=2, generator=Generator(1))
    assert isinstance(layer, nn.Conv2d)

    def reference(p: Parameters, x: Any) -> Any:
        y = lax.conv_general_dilated(x, p["weight"], (1, 1), [(1, 1)] * 2, feature_group_count=3)
        return y + p["bias"].reshape(-1, 1, 1)

    check(layer, normal((2, 3, 4, 5), seed=1), reference)


# ---------------------------------------------------------------------------------------------------- pooling


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_pooling(rank: int) -> None:
    lengths = (7, 6, 5)[:rank]
    x = normal((2, 3, *lengths), seed=rank)
    window, strides = (1, 1, *[3] * rank), (1, 1, *[2] * rank)
    around = [(0, 0), (0, 0), *[(1, 1)] * rank]

    def largest(p: Parameters, x: Any) -> Any:
        return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, around)

    def total(x: Any) -> Any:
        return lax.reduce_window(x, 0.0, lax.add, window, strides, around)

    check(getattr(nn, f"MaxPool{rank}d")(3, 2, 1), x, largest)
    check(getattr(nn, f"AvgPool{rank}d")(3, 2, 1), x, lambda p, x: total(x) / 3**rank)
    of_what_is_there = getattr(nn, f"AvgPool{rank}d")(3, 2, 1, count_include_pad=False)
    check(of_what_is_there, x, lambda p, x: total(x) / total(jnp.ones_like(x)))
    axes = tuple(range(2, rank + 2))
    check(nn.GlobalAvgPool(), x, lambda p, x: x.mean(axes))
    check(nn.GlobalMaxPool(keepdims=True), x, lambda p, x: x.max(axes, keepdims=True))


def shared_out(x: Any, output: tuple[int, ...], reduce: Callable[..., Any]) -> Any:
    """Windows along each axis that share it: from i n // m to the end of the (i + 1) n / m-th place."""
    for axis, places in enumerate(output, start=2):
        n = x.shape[axis]
        cuts = [(i * n // places, -(-(i + 1) * n // places)) for i in range(places)]
        x = jnp.stack([reduce(lax.slice_in_dim(x, *cut, axis=axis), axis) for cut in cuts], axis)
    return x


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_adaptive_pooling(rank: int) -> None:
    lengths, output = (7, 5, 4)[:rank], (3, 2, 3)[:rank]
    x = normal((2, 3, *lengths), seed=rank)
    check(getattr(nn, f"AdaptiveMaxPool{rank}d")(output), x, lambda p, x: shared_out(x, output, jnp.max))
    check(getattr(nn, f"AdaptiveAvgPool{rank}d")(2), x, lambda p, x: shared_out(x, (2,) * rank, jnp.mean))


# --------------------------------------------------------------------------------------------- normalization


def standard(x: Any, axes: Any, eps: float) -> Any:
    return (x - x.mean(axes, keepdims=True)) / jnp.sqrt(x.var(axes, keepdims=True) + eps)


def along(values: Any, x: Any) -> Any:
    return values.reshape(-1, *[1] * (x.ndim - 2))


def of_channels(*batch: int) -> Reference:
    """Normalized along the spatial axes and those of ``batch``, with a weight and a bias for each channel."""

    def reference(p: Parameters, x: Any) -> Any:
        return standard(x, (*batch, *range(2, x.ndim)), 1e-5) * along(p["weight"], x) + along(p["bias"], x)

    return reference


def of_groups(p: Parameters, x: Any) -> Any:
    y = standard(x.reshape(x.shape[0], 2, -1), -1, 1e-5).reshape(x.shape)
    return y * along(p["weight"], x) + along(p["bias"], x)


def mean_square(x: Any, axes: Any) -> Any:
    return (x * x).mean(axes, keepdims=True)


NORMS: list[tuple[nn.Module, tuple[int, ...], Reference]] = [
    (nn.LayerNorm(5), (2, 3, 5), lambda p, x: standard(x, -1, 1e-5) * p["weight"] + p["bias"]),
    (nn.LayerNorm((3, 5), 0.1, bias=False), (2, 3, 5), lambda p, x: standard(x, (-2, -1), 0.1) * p["weight"]),
    (nn.LayerNorm(5, elementwise_affine=False), (4, 5), lambda p, x: standard(x, -1, 1e-5)),
    (nn.RMSNorm(5), (2, 3, 5), lambda p, x: x / jnp.sqrt(mean_square(x, -1) + 2.0**-23) * p["weight"]),
    (nn.RMSNorm((3, 5), 0.1, False), (2, 3, 5), lambda p, x: x / jnp.sqrt(mean_square(x, (-2, -1)) + 0.1)),
    (nn.GroupNorm(2, 6), (3, 6, 4, 2), of_groups),
    (nn.GroupNorm(3, 6, 0.1, False), (2, 6), lambda p, x: standard(x.reshape(2, 3, 2), -1, 0.1).reshape(2, 6)),
    (nn.InstanceNorm1d(3, affine=True), (2, 3, 4), of_channels()),
    (nn.InstanceNorm2d(3, affine=True), (2, 3, 4, 5), of_channels()),
    (nn.InstanceNorm3d(3, affine=True), (2, 3, 2, 3, 2), of_channels()),
    (nn.BatchNorm1d(3), (5, 3), of_channels(0)),
    (nn.BatchNorm1d(3), (4, 3, 5), of_channels(0)),
    (nn.BatchNorm2d(3), (2, 3, 4, 5), of_channels(0)),
    (nn.BatchNorm3d(3), (2, 3, 2, 3, 2), of_channels(0)),
    (nn.BatchNorm1d(3, 0.1, affine=False), (5, 3), lambda p, x: standard(x, 0, 0.1)),
]


@pytest.mark.parametrize(("layer", "shape", "reference"), NORMS, ids=called)
def test_normalizations(layer: nn.Module, shape: tuple[int, ...], reference: Reference) -> None:
    """Around a mean that is not zero; what flows back to x cancels, and is as large as the weight's receipts."""
    check(settle(layer), normal(shape, seed=3) * 2.0 + 1.0, reference, scale=4.0)


def test_batch_normalization_in_use_takes_what_it_remembers() -> None:
    layer = settle(nn.BatchNorm2d(3)).eval()
    mean, variance = (layer.state_dict()[f"running_{what}"].numpy().astype("f8") for what in ("mean", "var"))

    def reference(p: Parameters, x: Any) -> Any:
        y = (x - along(mean, x)) / jnp.sqrt(along(variance, x) + 1e-5)
        return y * along(p["weight"], x) + along(p["bias"], x)

    check(layer, normal((2, 3, 4, 5), seed=3), reference)


@pytest.mark.parametrize("momentum", [0.1, 0.75, None])
def test_what_batch_normalization_remembers(momentum: float | None) -> None:
    """The mean and the unbiased variance of the batches, as PyTorch has it: (1 - momentum) old + momentum new."""
    layer = nn.BatchNorm1d(3, momentum=momentum)
    mean, variance = np.zeros(3), np.ones(3)
    for step in range(1, 5):
        x = normal((6, 3, 2), 1.0, 2.0, seed=step)
        layer(x)
        factor = 1 / step if momentum is None else momentum
        values = x.numpy().astype("f8")
        mean = (1 - factor) * mean + factor * values.mean((0, 2))
        variance = (1 - factor) * variance + factor * values.var((0, 2), ddof=1)
        assert layer.num_batches_tracked is not None
        assert layer.num_batches_tracked.item() == step
        compare("the mean", layer.running_mean, mean)
        compare("the variance", layer.running_var, variance)


# ------------------------------------------------------------------------------- tables, activations, containers


def test_an_embedding() -> None:
    """A row that is taken twice receives both; the row of the padding receives nothing, and gives what it holds."""
    indices = randint(0, 5, (4, 3), seed=2)
    check(nn.Embedding(5, 2, generator=Generator(1)), indices, lambda p, i: p["weight"][i])

    def padded(p: Parameters, i: Any) -> Any:
        return (
            jnp.where((i == 3)[..., None], lax.stop_gradient(p["weight"]), p["weight"])[i]
            if False
            else jnp.where((i == 3)[..., None], lax.stop_gradient(p["weight"][i]), p["weight"][i])
        )

    layer = nn.Embedding(5, 2, padding_idx=-2, generator=Generator(1))
    assert layer.weight.tolist()[3] == [0.0, 0.0]
    check(settle(layer), indices, padded)


ACTIVATIONS: list[tuple[nn.Module, Reference]] = [
    (nn.ReLU6(), lambda p, x: jax.nn.relu6(x)),
    (nn.ELU(0.5), lambda p, x: jax.nn.elu(x, 0.5)),
    (nn.CELU(0.5), lambda p, x: jax.nn.celu(x, 0.5)),
    (nn.SELU(), lambda p, x: jax.nn.selu(x)),
    (nn.GELU(), lambda p, x: jax.nn.gelu(x, approximate=False)),
    (nn.GELU("tanh"), lambda p, x: jax.nn.gelu(x, approximate=True)),
    (nn.SiLU(), lambda p, x: jax.nn.silu(x)),
    (nn.Mish(), lambda p, x: jax.nn.mish(x)),
    (nn.LogSigmoid(), lambda p, x: jax.nn.log_sigmoid(x)),
    (nn.Hardsigmoid(), lambda p, x: jax.nn.hard_sigmoid(x)),
    (nn.Hardswish(), lambda p, x: jax.nn.hard_swish(x)),
    (nn.Hardtanh(-2.0, 0.5), lambda p, x: jnp.clip(x, -2.0, 0.5)),
    (nn.Softplus(), lambda p, x: jax.nn.softplus(x)),
    (nn.Softplus(2.5), lambda p, x: jax.nn.softplus(2.5 * x) / 2.5),
    (nn.Softsign(), lambda p, x: jax.nn.soft_sign(x)),
    (nn.LogSoftmax(1), lambda p, x: jax.nn.log_softmax(x, 1)),
    (nn.PReLU(), lambda p, x: jnp.where(x > 0, x, p["weight"] * x)),
    (nn.PReLU(3, 0.5), lambda p, x: jnp.where(x > 0, x, p["weight"].reshape(3, 1) * x)),
]


@pytest.mark.parametrize(("layer", "reference"), ACTIVATIONS, ids=called)
def test_activations(layer: nn.Module, reference: Reference) -> None:
    check(layer, normal((2, 3, 5), seed=1) * 3.0, reference)


def test_a_residual_block() -> None:
    block = nn.Residual(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)), nn.Linear(4, 3, bias=False))

    def reference(p: Parameters, x: Any) -> Any:
        hidden = jnp.tanh(x @ p["module.0.weight"].T + p["module.0.bias"])
        return hidden @ p["module.2.weight"].T + p["module.2.bias"] + x @ p["shortcut.weight"].T

    check(block, normal((5, 4), seed=1), reference)
    assert prod(nn.Residual(nn.Tanh())(normal((5, 4), seed=1)).shape) == 20
