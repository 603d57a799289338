"""conv2d of the NumPy backend, result and gradients, beside binary64 im2col in NumPy; and the native backend, pooling.

JAX's binary32 convolution, where JAX is installed, is there to be seen: it rounds at every step, and is compiled.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy
from numpy.lib.stride_tricks import sliding_window_view
from threadpoolctl import threadpool_limits

from rcmlrs_core.autograd import gradients
from rcmlrs_core.creation import tensor
from rcmlrs_core.errors import BackendError
from rcmlrs_core.registry import get_backend
from tests.bench.data import KINDS, gaussian
from tests.bench.measure import Effort, Result, compared

Array = Any

GROUP = "conv"
GOAL = 3.0
"""Times a binary64 im2col, for the result and both gradients."""

BATCH, INPUTS, OUTPUTS, LENGTH, KERNEL = 32, 16, 32, 28, 3


def im2col(x: Array, weight: Array, bias: Array, g: Array) -> tuple[Array, ...]:
    """The result and the gradients, in binary64: three products, the windows laid out once and added back once."""
    wide, kernels = numpy.pad(x.astype(numpy.float64), ((0, 0), (0, 0), (1, 1), (1, 1))), weight.astype(numpy.float64)
    outputs, inputs, height, width = weight.shape
    windows = sliding_window_view(wide, (height, width), (2, 3))
    batch, _, rows, columns = windows.shape[:4]
    laid = windows.transpose(0, 2, 3, 1, 4, 5).reshape(batch * rows * columns, -1)
    y = laid @ kernels.reshape(outputs, -1).T + bias.astype(numpy.float64)
    received = g.transpose(0, 2, 3, 1).reshape(-1, outputs).astype(numpy.float64)
    to_weight = (received.T @ laid).reshape(weight.shape)
    back = (received @ kernels.reshape(outputs, -1)).reshape(batch, rows, columns, inputs, height, width)
    to_x = numpy.zeros_like(wide)
    for i in range(height):
        for j in range(width):
            to_x[:, :, i : i + rows, j : j + columns] += back[..., i, j].transpose(0, 3, 1, 2)
    y = y.reshape(batch, rows, columns, outputs).transpose(0, 3, 1, 2)
    found = (y, to_x[:, :, 1:-1, 1:-1], to_weight, received.sum(0))
    return tuple(numpy.ascontiguousarray(a, numpy.float32) for a in found)


def forward(x: Array, weight: Array, bias: Array) -> Array:
    """The result alone."""
    wide, kernels = numpy.pad(x.astype(numpy.float64), ((0, 0), (0, 0), (1, 1), (1, 1))), weight.astype(numpy.float64)
    windows = sliding_window_view(wide, weight.shape[2:], (2, 3))
    batch, _, rows, columns = windows.shape[:4]
    laid = windows.transpose(0, 2, 3, 1, 4, 5).reshape(batch * rows * columns, -1)
    y = laid @ kernels.reshape(len(weight), -1).T + bias.astype(numpy.float64)
    return numpy.ascontiguousarray(y.reshape(batch, rows, columns, -1).transpose(0, 3, 1, 2), numpy.float32)


def results(effort: Effort) -> Iterator[Result]:
    """With one thread of the BLAS, since threads that wait for each other tell more of the machine than of the code."""
    with threadpool_limits(1, user_api="blas"):
        for name in ("numpy", "native"):
            try:
                get_backend(name)
            except BackendError as error:
                print(f"{GROUP}: {error}")
                continue
            for kind in KINDS if name == "numpy" else ("Gaussian",):
                yield from _layer(name, kind, effort)
            yield from _pools(name, effort)
        yield from _jax(effort)


def _operands(kind: str) -> tuple[Array, Array, Array, Array]:
    left, right = KINDS[kind]
    x, weight = left(BATCH, INPUTS, LENGTH, LENGTH, seed=1), right(OUTPUTS, INPUTS, KERNEL, KERNEL, seed=2)
    return x, weight, gaussian(OUTPUTS, seed=3), gaussian(BATCH, OUTPUTS, LENGTH, LENGTH, seed=4)


def _layer(name: str, kind: str, effort: Effort) -> Iterator[Result]:
    x, weight, bias, g = _operands(kind)
    operands = [tensor(a, name, requires_grad=True) for a in (x, weight, bias)]
    received, plain = tensor(g, name), [operand.detach() for operand in operands]
    case = f"{name}, {kind}"
    yield compared(
        GROUP,
        f"{case}: result",
        lambda: plain[0].conv2d(*plain[1:], padding=1),
        lambda: forward(x, weight, bias),
        effort,
    )
    yield compared(
        GROUP,
        f"{case}: result and gradients",
        lambda: gradients(operands[0].conv2d(*operands[1:], padding=1), operands, received),
        lambda: im2col(x, weight, bias, g),
        effort,
        GOAL,
    )


def _pools(name: str, effort: Effort) -> Iterator[Result]:
    x = gaussian(BATCH, INPUTS, LENGTH, LENGTH, seed=1)
    t = tensor(x, name)
    halves = x.reshape(BATCH, INPUTS, LENGTH // 2, 2, LENGTH // 2, 2)
    peers: dict[str, Callable[[], Array]] = {
        "avg_pool2d": lambda: halves.astype(numpy.float64).mean((3, 5)).astype(numpy.float32),
        "max_pool2d": lambda: halves.max((3, 5)),
    }
    yield compared(GROUP, f"{name}: avg_pool2d, 2 x 2", lambda: t.avg_pool2d(2), peers["avg_pool2d"], effort)
    yield compared(GROUP, f"{name}: max_pool2d, 2 x 2", lambda: t.max_pool2d(2), peers["max_pool2d"], effort)


def _jax(effort: Effort) -> Iterator[Result]:
    try:
        jax = import_module("jax")
    except ImportError:
        return
    x, weight, bias, g = _operands("Gaussian")
    operands = [jax.numpy.asarray(a) for a in (x, weight, bias, g)]

    def layer(x: Any, weight: Any, bias: Any) -> Any:
        return jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME") + bias[:, None, None]

    def all_of_it(x: Any, weight: Any, bias: Any, g: Any) -> Any:
        y, pull = jax.vjp(layer, x, weight, bias)
        return y, pull(g)

    compiled = jax.jit(all_of_it)
    tensors = [tensor(a, requires_grad=True) for a in (x, weight, bias)]
    received = tensor(g)
    yield compared(
        GROUP,
        f"{tensors[0].backend} beside JAX in binary32: result and gradients",
        lambda: gradients(tensors[0].conv2d(*tensors[1:], padding=1), tensors, received),
        lambda: jax.block_until_ready(compiled(*operands)),
        effort,
    )
