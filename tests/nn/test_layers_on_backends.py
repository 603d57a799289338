"""Every layer has the same bits on every backend: what it makes, what flows back, a step, and what it remembers."""

from collections.abc import Callable

import pytest

import rcmlrs_core as rc
from rcmlrs_core import nn
from rcmlrs_core.nn import init
from rcmlrs_core.optim import SGD
from rcmlrs_core.random import Generator, normal, randint
from rcmlrs_core.tensor import RamTensor
from tests.installed import BACKENDS


def image(*shape: int) -> RamTensor:
    return normal(shape, 0.5, 2.0, seed=1)


def tokens() -> RamTensor:
    return randint(0, 5, (2, 4), seed=1)


MODELS: list[tuple[Callable[[], nn.Module], RamTensor]] = [
    (lambda: nn.Conv1d(2, 4, 3, 2, 1, groups=2, padding_mode="circular"), image(2, 2, 6)),
    (lambda: nn.Conv2d(2, 3, (2, 3), padding="same", dilation=2), image(1, 2, 4, 5)),
    (lambda: nn.Conv3d(1, 2, 2, padding=1, padding_mode="replicate"), image(1, 1, 2, 3, 2)),
    (lambda: nn.ConvTranspose1d(2, 2, 3, 2, 1, 1), image(2, 2, 4)),
    (lambda: nn.ConvTranspose2d(2, 4, 2, 2, groups=2), image(1, 2, 2, 3)),
    (lambda: nn.ConvTranspose3d(1, 1, 2, dilation=2), image(1, 1, 2, 2, 2)),
    (lambda: nn.DepthwiseConv2d(2, 2, multiplier=2), image(1, 2, 3, 3)),
    (lambda: nn.Sequential(nn.MaxPool1d(2), nn.AvgPool1d(2, 1, 1)), image(2, 2, 6)),
    (lambda: nn.Sequential(nn.MaxPool2d(2, 1, 1), nn.AvgPool2d(2, ceil_mode=True)), image(1, 2, 4, 4)),
    (lambda: nn.Sequential(nn.MaxPool3d(2, 1), nn.AvgPool3d(2)), image(1, 1, 3, 3, 3)),
    (lambda: nn.Sequential(nn.AdaptiveAvgPool2d((3, None)), nn.AdaptiveMaxPool2d(2)), image(1, 2, 4, 5)),
    (lambda: nn.GlobalMaxPool(), image(2, 2, 3, 2)),
    (lambda: nn.BatchNorm1d(3), image(4, 3)),
    (lambda: nn.BatchNorm2d(2, momentum=None), image(2, 2, 3, 2)),
    (lambda: nn.BatchNorm3d(2, affine=False), image(2, 2, 2, 1, 2)),
    (lambda: nn.LayerNorm((2, 3)), image(3, 2, 3)),
    (lambda: nn.GroupNorm(2, 4), image(2, 4, 3)),
    (lambda: nn.InstanceNorm1d(2, affine=True), image(2, 2, 4)),
    (lambda: nn.RMSNorm(5), image(3, 5)),
    (lambda: nn.Embedding(5, 3, padding_idx=1), tokens()),
    (lambda: nn.Sequential(nn.Dropout(0.3), nn.Dropout1d(0.5)), image(3, 4, 3)),
    (lambda: nn.Sequential(nn.Linear(3, 4), nn.PReLU(), nn.GELU(), nn.Softplus(0.5), nn.LogSoftmax()), image(3, 3)),
    (
        lambda: nn.Sequential(nn.Mish(), nn.SELU(), nn.Hardswish(), nn.LogSigmoid(), nn.ELU(), nn.Softsign()),
        image(3, 3),
    ),
    (lambda: nn.Sequential(nn.Reshape(2, -1), nn.Unflatten(2, (3, 1)), nn.Flatten(2)), image(2, 6)),
]


def digests(model: nn.Module, x: RamTensor) -> list[str]:
    """Of all that comes of two steps of training, and of using the model after it."""
    found = []
    x = x.requires_grad_() if x.dtype == "float32" else x
    parameters = list(model.parameters())
    optimizer = SGD(parameters, lr=0.1) if parameters else None
    for _ in range(2):
        y = model(x)
        (y * normal(y.shape, seed=9, backend=x.backend) + y.square()).sum().backward()
        found += [y.digest(), *(p.grad.digest() for p in (x, *parameters) if p.grad is not None)]
        if optimizer is not None:
            optimizer.step()
            optimizer.zero_grad()
    found += [tensor.digest() for tensor in model.state_dict().values()]
    return [*found, model.eval()(x).digest()]


@pytest.mark.parametrize(("make", "x"), MODELS, ids=range(len(MODELS)))
def test_the_bits_are_the_same(make: Callable[[], nn.Module], x: RamTensor) -> None:
    found = {}
    for backend in BACKENDS:
        rc.random.manual_seed(3)
        with rc.use_backend(backend):
            found[backend] = digests(make(), x.to(backend).detach())
    assert len(found) >= 2
    first = found[BACKENDS[0]]
    assert all(one == first for one in found.values()), found


@pytest.mark.parametrize("make", [init.orthogonal, init.truncated_normal, init.he_normal, init.lecun_uniform])
def test_first_values_have_the_same_bits(make: Callable[..., RamTensor]) -> None:
    drawn = {make((5, 3, 2), generator=Generator(4), backend=backend).digest() for backend in BACKENDS}
    assert len(drawn) == 1
    assert make((5, 3, 2), generator=Generator(5)).digest() not in drawn


def test_a_layer_moves_with_what_it_remembers() -> None:
    """One that was trained on one backend goes on, on another, as if nothing had happened."""
    x = image(4, 3)
    stayed, moved = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    for backend in BACKENDS:
        stayed(x)
        moved.to(backend)(x.to(backend))
    assert stayed.digest() == moved.digest()
