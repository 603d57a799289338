"""conv and windows of array libraries against the definitions, with NumPy as the library and with a strict one.

A library that compiles takes elements by lists of places where there are few of them; any other cuts slices.
"""

from itertools import product
from typing import Any

import numpy
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from rcmlrs_backend_array_api import conv
from rcmlrs_backend_array_api.library import Library
from rcmlrs_backend_array_api.rounding import Rounded
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import FLOAT32, PlainArray

Array = Any

SETTINGS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 1, 1), (1, 1, 1), {}),
    ((3, 4, 9), (4, 2, 3), {"groups": 2}),
    ((2, 6, 8), (6, 1, 2), {"groups": 6, "stride": (3,), "dilation": (2,)}),
    ((2, 1, 12), (2, 1, 11), {}),
    ((2, 3, 5, 6), (4, 3, 2, 3), {"stride": (2, 1), "dilation": (1, 2)}),
    ((1, 2, 3, 2, 4), (2, 2, 2, 2, 3), {}),
    ((0, 2, 4), (3, 2, 2), {}),
    ((2, 2, 4), (0, 2, 2), {}),
    ((2, 0, 4), (4, 0, 2), {"groups": 2}),
]


def libraries() -> list[Library]:
    found = [Library(numpy), Library(numpy, compiles=True)]
    try:
        import array_api_strict
    except ImportError:
        return found
    return [*found, Library(array_api_strict)]


def random(rng: Any, kind: str, *shape: int) -> Array:
    """Gaussian, on the grid of bf16, or a hair above ties."""
    if kind == "ties":
        return rng.choice(numpy.array([4097.0, 1.0, 0.0, 2.0**-149, -(2.0**-60)], numpy.float32), shape)
    x = numpy.asarray(rng.standard_normal(shape), numpy.float32)
    return (x.view(numpy.uint32) & 0xFFFF0000).view(numpy.float32) if kind == "bf16" else x


@pytest.mark.parametrize("kind", ["gaussian", "bf16", "ties"])
@pytest.mark.parametrize(("x_shape", "w_shape", "chosen"), SETTINGS)
def test_n3_1_conv(x_shape: tuple[int, ...], w_shape: tuple[int, ...], chosen: dict[str, Any], kind: str) -> None:
    one = (1,) * (len(x_shape) - 2)
    attributes = {"stride": one, "dilation": one, "groups": 1} | chosen
    rng = numpy.random.default_rng(1)
    for bias in (True, False):
        arrays = [random(rng, kind, *shape) for shape in (x_shape, w_shape, w_shape[:1])][: 2 + bias]
        plain = [PlainArray.of(x.ravel().tolist(), x.shape) for x in arrays]
        want = KERNELS["conv"].define(*plain, **attributes)
        for library in libraries():
            with library.scope():
                buffers = [library.load(x.tobytes(), x.shape, FLOAT32) for x in plain]
                got = library.plain(conv.kernels(library)["conv"](*buffers, **attributes))
            assert got.shape == want.shape
            assert got.tobytes() == want.tobytes(), (library.small, x_shape, w_shape, attributes)


def test_an_output_that_is_not_looked_at_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    x = PlainArray.of([4097.0, 2.0**-60] * 2, (2, 2, 1))
    weight = PlainArray.of([4097.0, 1.0] * 3, (3, 2, 1))
    want = KERNELS["conv"].define(x, weight, stride=(1,), dilation=(1,), groups=1).tobytes()
    library = Library(numpy)
    kernel, operands = conv.kernels(library)["conv"], [library.load(t.tobytes(), t.shape, FLOAT32) for t in (x, weight)]
    assert library.plain(kernel(*operands, stride=(1,), dilation=(1,), groups=1)).tobytes() == want
    monkeypatch.setattr(library, "round", lambda value, bound, magnitude: Rounded(library.narrow(value), None))
    assert library.plain(kernel(*operands, stride=(1,), dilation=(1,), groups=1)).tobytes() != want


@pytest.mark.parametrize(("shape", "kernel"), [((9,), (2,)), ((9,), (8,)), ((2, 6, 7), (2, 3)), ((2, 6, 7), (5, 6))])
def test_windows_are_numpys(shape: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    """Cut out by the elements of a window or by places, whichever are fewer."""
    x = numpy.arange(float(numpy.prod(shape)), dtype=numpy.float32).reshape(shape)
    first = len(shape) - len(kernel)
    for stride in product((1, 2, 3), repeat=len(kernel)):
        every = (slice(None),) * first + tuple(slice(None, None, s) for s in stride)
        want = sliding_window_view(x, kernel, tuple(range(first, len(shape))))[every]
        for library in libraries():
            with library.scope():
                buffer = library.load(x.tobytes(), x.shape, FLOAT32)
                got = library.plain(conv.kernels(library)["windows"](buffer, kernel=kernel, stride=stride))
            assert got.shape == want.shape
            assert got.values.tolist() == want.ravel().tolist()
