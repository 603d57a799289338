"""Kernels derived for an array library: in blocks or whole, decided by the formula or by the definition, one result."""

from typing import Any

import numpy
import pytest

from rcmlrs_backend_array_api.derive import derive
from rcmlrs_backend_array_api.rounding import Rounded, round_decided
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Elementwise, Reduction
from rcmlrs_core.plain import FLOAT32, PlainArray

Array = Any

REDUCTIONS = [
    name
    for name, operation in KERNELS.items()
    if isinstance(operation, Reduction) and operation.binary64 is not None and operation.gives == FLOAT32
]
ROUNDED = [name for name, operation in KERNELS.items() if isinstance(operation, Elementwise) and operation.bound]
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "var": {"correction": 1.0},
    "std": {"correction": 0.0},
    "powi": {"n": -3},
    "norm": {"ord": 2.0},
    "sort": {"descending": False, "stable": True},
}


def nothing_decided(xp: Any, value: Any, bound: float, magnitude: Any = None) -> Rounded:
    """A rounding test that leaves all to the definition, and a wrong value in its place."""
    return Rounded(numpy.full(value.shape, 7.0, numpy.float32), numpy.ones(value.shape, bool))


def some_decided(xp: Any, value: Any, bound: float, magnitude: Any = None) -> Rounded:
    """One that leaves every third element besides."""
    found = round_decided(xp, value, bound, magnitude)
    every_third = numpy.arange(value.size).reshape(value.shape) % 3 == 0
    undecided = every_third if found.undecided is None else found.undecided | every_third
    return Rounded(numpy.where(every_third, numpy.float32(7), found.values), undecided)


def data(*shape: int) -> Array:
    x = numpy.random.default_rng(3).standard_normal(shape).astype(numpy.float32)
    x.reshape(-1)[::11] = [numpy.inf, -numpy.inf, numpy.nan, -0.0, 0.0, 1e38, 1e-45, -3.0][: len(x.reshape(-1)[::11])]
    return x


def plain(x: Array) -> PlainArray:
    return PlainArray.of(x.reshape(-1).tolist(), x.shape)


def raw(x: Array) -> bytes:
    return plain(numpy.asarray(x)).tobytes()


@pytest.mark.parametrize("axis", [(0,), (1,), (2,), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_in_blocks_and_by_the_definition(name: str, axis: tuple[int, ...]) -> None:
    operation = KERNELS[name]
    assert isinstance(operation, Reduction)
    if operation.squares and len(axis) > 1:
        axis = axis[:1]
    attributes: dict[str, Any] = {"axis": axis} | ATTRIBUTES.get(name, {})
    if operation.keeps:
        attributes["keepdims"] = False
    x = data(3, 4, 5)
    want = operation.define(plain(x), **attributes)
    for rounding in (round_decided, nothing_decided, some_decided):
        if operation.bound(5) == 0 and rounding is not round_decided:
            continue
        for block in (None, 1, 7, 8, 1000):
            kernel = derive(operation, numpy, rounding, block)
            assert kernel is not None
            with numpy.errstate(all="ignore"):
                got = kernel(x, **attributes)
            assert got.shape == want.shape
            assert raw(got) == want.tobytes(), (rounding, block)


@pytest.mark.parametrize("name", ROUNDED)
def test_an_elementwise_kernel_by_the_definition(name: str) -> None:
    operation = KERNELS[name]
    operands = [data(4, 5), data(5), data(4, 1)][: 3 if operation.variadic else operation.arity]
    attributes = operation.check(*map(plain, operands), **ATTRIBUTES.get(name, {})).attributes
    want = operation.define(*map(plain, operands), **attributes)
    for rounding in (round_decided, nothing_decided, some_decided):
        kernel = derive(operation, numpy, rounding)
        assert kernel is not None
        with numpy.errstate(all="ignore"):
            assert raw(kernel(*operands, **attributes)) == want.tobytes(), rounding


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_the_definition_at_some_places_is_that_of_the_row(name: str) -> None:
    operation = KERNELS[name]
    assert isinstance(operation, Reduction)
    for row in ([0.5, -1.0, 0.5, 3.0], [1.0, float("-inf")], [float("inf"), 1.0], [2.0], [-0.0, 0.0, -200.0]):
        whole = plain(numpy.array(operation.row(row), numpy.float32)).tobytes()
        for places in ([0], list(range(len(row))), list(range(len(row)))[::-2]):
            some = plain(numpy.array(operation.elements(row, places), numpy.float32)).tobytes()
            assert some == b"".join(whole[4 * place : 4 * place + 4] for place in places)
