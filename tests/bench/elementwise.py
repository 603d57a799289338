"""Elementwise kernels of the NumPy backend beside the plain binary64 expression with its two conversions."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy

from rcmlrs_core.registry import get_backend
from tests.bench.data import gaussian
from tests.bench.measure import Effort, Result, compared

Array = Any

GROUP = "elementwise"
SIZE = 10**6
GOAL = 2.5

SQRT_2_OVER_PI = (2 / numpy.pi) ** 0.5


def sigmoid(x: Array) -> Array:
    return 1 / (1 + numpy.exp(-x))


def softplus(x: Array) -> Array:
    return numpy.maximum(x, 0) + numpy.log1p(numpy.exp(-numpy.abs(x)))


def gelu(x: Array) -> Array:
    return 0.5 * x * (1 + numpy.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)))


def gelu_derivative(x: Array) -> Array:
    t = numpy.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * SQRT_2_OVER_PI * (1 + 0.134145 * x * x)


def sigmoid_derivative(x: Array) -> Array:
    s = sigmoid(x)
    return s * (1 - s)


def swish_derivative(x: Array) -> Array:
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


def tanh_derivative(x: Array) -> Array:
    t = numpy.tanh(x)
    return 1 - t * t


UNARY: dict[str, Callable[[Array], Array]] = {
    "exp": numpy.exp,
    "expm1": numpy.expm1,
    "tanh": numpy.tanh,
    "sigmoid": sigmoid,
    "gelu": gelu,
    "swish": lambda x: x * sigmoid(x),
    "softplus": softplus,
    "tanh_derivative": tanh_derivative,
    "sigmoid_derivative": sigmoid_derivative,
    "gelu_derivative": gelu_derivative,
    "swish_derivative": swish_derivative,
    "leaky_relu": lambda x: numpy.where(x >= 0, x, 0.01 * x),
    "square": numpy.square,
}

OF_POSITIVE: dict[str, Callable[[Array], Array]] = {"log": numpy.log, "log1p": numpy.log1p, "sqrt": numpy.sqrt}

BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "add": numpy.add,
    "sub": numpy.subtract,
    "mul": numpy.multiply,
    "div": numpy.divide,
    "maximum": numpy.maximum,
}

ATTRIBUTES: dict[str, dict[str, Any]] = {"leaky_relu": {"slope": numpy.float32(0.01).item()}}


def results(effort: Effort) -> Iterator[Result]:
    """A million Gaussian elements; their magnitudes where negative ones have no result."""
    x, y = gaussian(SIZE, seed=1), gaussian(SIZE, seed=2)
    positive = numpy.abs(x)
    for name, formula in UNARY.items():
        yield _compared(name, formula, (x,), effort)
    for name, formula in OF_POSITIVE.items():
        yield _compared(name, formula, (positive,), effort)
    yield _compared("powf", numpy.power, (positive, y), effort)
    for name, binary in BINARY.items():
        yield _compared(name, binary, (x, y), effort)
    yield _compared("add_n", lambda a, b, c: a + b + c, (x, y, positive), effort, None)


def _compared(
    name: str, formula: Callable[..., Array], operands: tuple[Array, ...], effort: Effort, goal: float | None = GOAL
) -> Result:
    kernel, attributes = get_backend("numpy").kernels[name], ATTRIBUTES.get(name, {})

    def peer() -> Array:
        return formula(*(x.astype(numpy.float64) for x in operands)).astype(numpy.float32)

    return compared(GROUP, name, lambda: kernel(*operands, **attributes), peer, effort, goal)
