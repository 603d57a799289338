"""The loopback backend: a call of an operation reaches exactly one kernel, once, with buffers of that backend."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_conformance import check_backend
from rcmlrs_conformance.inputs.trial import plain
from rcmlrs_core.creation import from_plain
from rcmlrs_core.dispatch import FUNCTIONS
from rcmlrs_core.ops import KERNELS, TABLE
from rcmlrs_core.ops.op import Composition
from rcmlrs_loopback import Buffer, Loopback, plugin

NAME = "rcmlrs_loopback:plugin"


@pytest.fixture(autouse=True)
def counting() -> Iterator[Loopback]:
    with rc.use_backend(NAME):
        plugin.reset()
        yield plugin


def operands(case: Any) -> list[rc.RamTensor]:
    """The case's operands on the loopback backend."""
    return [from_plain(plain(x), NAME) for x in case.inputs if x is not None]


@pytest.mark.parametrize("name", KERNELS)
def test_one_call_reaches_one_kernel(name: str) -> None:
    for case in KERNELS[name].cases:
        xs = operands(case)
        plugin.reset()
        result = FUNCTIONS[name](*xs, **case.attributes)
        assert plugin.calls == Counter({name: 1})
        assert (plugin.loads, plugin.dumps) == (0, 0)  # nothing is copied on the way
        assert isinstance(result._buffer, Buffer)
        assert result.backend == NAME


@pytest.mark.parametrize("name", [name for name, operation in TABLE.items() if not isinstance(operation, Composition)])
def test_function_and_method_are_one(name: str) -> None:
    for case in KERNELS[name].cases[:2]:
        xs = operands(case)
        by_function = FUNCTIONS[name](*xs, **case.attributes).tobytes()
        assert getattr(xs[0], name)(*xs[1:], **case.attributes).tobytes() == by_function


@pytest.mark.parametrize("name", [name for name, operation in TABLE.items() if isinstance(operation, Composition)])
def test_a_composition_stays_on_its_backend(name: str) -> None:
    for case in TABLE[name].cases:
        result = FUNCTIONS[name](*operands(case), **case.attributes)
        for each in result if isinstance(result, tuple) else (result,):
            assert each.backend == NAME
        assert set(plugin.calls) <= set(KERNELS)


@pytest.mark.parametrize("name", KERNELS)
def test_a_refused_call_reaches_no_kernel_but_one_that_looks_at_elements(name: str) -> None:
    for refusal in KERNELS[name].refusals:
        plugin.reset()
        xs = [x if isinstance(x, str) else from_plain(plain(x), NAME) for x in refusal.inputs]
        with pytest.raises(refusal.error):
            FUNCTIONS[name](*xs, **refusal.attributes)
        by_elements = issubclass(refusal.error, rc.IndexRangeError | rc.IntegerRangeError | rc.DataError)
        expected = [name] if by_elements and name != "subscript" else []  # whose positions are attributes
        assert list(plugin.calls) == expected


def test_a_number_is_an_operand_without_a_kernel() -> None:
    x = rc.tensor([1.0, 2.0])
    plugin.reset()
    assert (2 * x + 1).tolist() == [3.0, 5.0]
    assert plugin.calls == Counter({"mul": 1, "add": 1})


def test_a_gradient_counts_like_anything_else() -> None:
    x = rc.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    plugin.reset()
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0]
    assert x.grad.backend == NAME
    assert set(plugin.calls) <= set(KERNELS)


def test_it_conforms_as_its_target_does() -> None:
    assert check_backend(NAME, ops=["storage", "gelu", "matmul", "sum", "take"], level="smoke").ok
