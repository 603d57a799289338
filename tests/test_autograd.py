"""The tape: what flows back, how contributions are joined (N7), what is refused, and that nothing stays behind."""

import copy
import functools
import gc
import itertools
import math
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import autograd
from rcmlrs_core.ops.op import General, NoGradient, Operand, Result
from rcmlrs_core.plain import FLOAT32, PlainArray
from rcmlrs_core.registry import get_backend
from rcmlrs_core.tensor import Node, run
from tests.installed import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every test that takes this runs on both backends; new tensors are on it."""
    with rc.use_backend(request.param):
        yield request.param


def leaf(data: Any) -> rc.RamTensor:
    """A tensor that wants a gradient."""
    return rc.tensor(data, requires_grad=True)


def grad_of(x: rc.RamTensor) -> Any:
    """The elements of a gradient that is there."""
    assert x.grad is not None
    assert x.grad.shape == x.shape
    assert x.grad.backend == x.backend
    return x.grad.tolist()


# ---------------------------------------------------------------------------------------------- backward


def test_a_gradient_flows_to_every_leaf(backend: str) -> None:
    w, b, x = leaf([[1.0, -2.0]]), leaf([3.0]), rc.tensor([[5.0, 7.0], [1.0, 2.0]])
    y = x.linear(w, b)
    y.sum().backward()
    assert grad_of(w) == [[6.0, 9.0]]
    assert grad_of(b) == [2.0]
    assert x.grad is None
    assert y.grad is None  # only leaves keep theirs


def test_a_leaf_alone_has_the_gradient_one(backend: str) -> None:
    x = leaf(3.0)
    x.backward()
    assert grad_of(x) == 1.0


def test_gradients_add_up_over_backward_calls_until_they_are_cleared(backend: str) -> None:
    x = leaf([1.0, 2.0])
    for times in (1, 2, 3):
        (x * 2).sum().backward()
        assert grad_of(x) == [2.0 * times] * 2
    x.grad = None
    x.sum().backward()
    assert grad_of(x) == [1.0, 1.0]


def test_a_graph_that_is_retained_can_be_walked_again(backend: str) -> None:
    x = leaf([1.0, 2.0])
    hidden = x * x
    first, second = hidden.sum(), (hidden * 3).sum()
    first.backward(retain_graph=True)
    second.backward(retain_graph=True)
    first.backward()
    assert grad_of(x) == [2 * (1 + 3 + 1), 4 * (1 + 3 + 1)]
    for output in (first, second):
        with pytest.raises(rc.GradientError, match=r"(sum|mul): .*freed.*retain_graph=True"):
            output.backward()
    assert grad_of(x) == [2 * (1 + 3 + 1), 4 * (1 + 3 + 1)]


def test_the_tape_is_freed_on_the_way(backend: str) -> None:
    """While the first operations are still to be walked, what the last ones kept is gone."""
    x = leaf([1.0, 2.0])
    alive: list[bool] = []

    @rc.custom_gradient
    def watch(t: rc.RamTensor) -> Any:
        def pull(g: rc.RamTensor) -> rc.RamTensor:
            alive.append(late() is not None)
            return g

        return t.detach(), pull

    hidden = watch(x * 2).tanh()
    late = weakref.ref(hidden)
    output = hidden.square().sum()
    del hidden
    output.backward(retain_graph=True)
    output.backward()
    assert alive == [True, False]


def test_a_gradient_may_be_given(backend: str) -> None:
    x = leaf([1.0, 2.0])
    (x * 3).backward(rc.tensor([10.0, -0.0]))
    assert grad_of(x) == [30.0, 0.0]
    assert math.copysign(1, grad_of(x)[1]) == -1


def test_gradients_are_tensors_of_their_own(backend: str) -> None:
    """Clipping one in place must not change what another leaf received."""
    x, y, seed = leaf([1.0, 2.0]), leaf([3.0, 4.0]), rc.tensor([5.0, 7.0])
    (x + y).backward(seed)
    assert x.grad is not None
    x.grad.min_max_()
    assert (grad_of(x), grad_of(y), seed.tolist()) == ([0.0, 1.0], [5.0, 7.0], [5.0, 7.0])
    first, second = rc.grad(lambda a, b: (a + b).sum(), (0, 1))(x, y)
    first.replace_(rc.zeros(2))
    assert second.tolist() == [1.0, 1.0]


def test_several_uses_of_a_tensor(backend: str) -> None:
    x = leaf([3.0])
    (x * x).backward()  # twice in one operation
    assert grad_of(x) == [6.0]
    x.grad = None
    rc.add_n(x, x, x, x).backward()
    assert grad_of(x) == [4.0]
    x.grad = None
    shared = x * 2
    (shared * shared + shared).backward()  # a subexpression that is shared
    assert grad_of(x) == [2 * (2 * 6.0) + 2]
    x.grad = None
    x.concat(x).stack(x.concat(x)).sum().backward()
    assert grad_of(x) == [4.0]


def test_broadcasting_sums_the_gradient(backend: str) -> None:
    x, y = leaf([[1.0], [2.0]]), leaf([10.0, 20.0, 30.0])
    (x * y).sum().backward()
    assert grad_of(x) == [[60.0], [60.0]]
    assert grad_of(y) == [3.0] * 3
    scalar = leaf(2.0)
    (rc.ones((3, 4)) * scalar).sum().backward()
    assert grad_of(scalar) == 12.0


@pytest.mark.parametrize(
    ("index", "want"),
    [
        (1, [[0, 0, 0], [1, 1, 1]]),
        ((slice(None), slice(None, None, 2)), [[1, 0, 1], [1, 0, 1]]),
        ((0, slice(None, None, -1)), [[1, 1, 1], [0, 0, 0]]),
        ((Ellipsis, None, -1), [[0, 0, 1], [0, 0, 1]]),
        ([0, 0, 1], [[2, 2, 2], [1, 1, 1]]),
        ((slice(None), [[2, 2], [0, 2]]), [[1, 0, 3], [1, 0, 3]]),
        (Ellipsis, [[1, 1, 1], [1, 1, 1]]),
        (slice(0, 0), [[0, 0, 0], [0, 0, 0]]),
    ],
    ids=repr,
)
def test_a_gradient_flows_through_indexing(index: Any, want: Any, backend: str) -> None:
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    x[index].sum().backward()
    assert grad_of(x) == want


def test_a_gradient_flows_through_iteration_and_operators_with_numbers(backend: str) -> None:
    x = leaf([1.0, 2.0, 4.0])
    total = 0.0
    for i, part in enumerate(x):
        total = total + 2.0 * part / (1 + i) - 1
    total.backward()  # type: ignore[union-attr]
    assert grad_of(x) == [2.0, 1.0, rc.tensor(2.0).div(3).item()]


def test_conversion_of_masks_and_labels_stops_nothing(backend: str) -> None:
    x, mask = leaf([1.0, -2.0]), rc.tensor([True, False])
    (x * mask.astype(dtype="float32")).sum().backward()
    assert grad_of(x) == [1.0, 0.0]
    assert not x.greater(0).requires_grad
    assert not x.argmax().requires_grad


# ------------------------------------------------------------------------------------------- joining (N7)

TERMS = (2.0**24, 1.0, 2.0**-60)
"""Their exact sum is a hair above a tie and rounds up; in whatever order they are added in pairs, it comes to 2^24."""


def joined(order: tuple[float, ...]) -> float:
    """The gradient of a number that is used once for each factor, in this order."""
    x = leaf(0.5)
    uses = [x * factor for factor in order]
    total = uses[0]
    for use in uses[1:]:
        total = use + total
    total.backward()
    return float(grad_of(x))


def test_contributions_are_joined_by_one_exact_sum(backend: str) -> None:
    assert {joined(order) for order in itertools.permutations(TERMS)} == {2.0**24 + 2}


def test_pairwise_joining_would_be_noticed(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(autograd, "join", lambda contributions: functools.reduce(rc.add, contributions))
    assert {joined(order) for order in itertools.permutations(TERMS)} == {2.0**24}


def test_joining_in_the_middle_of_a_graph(backend: str) -> None:
    """Not only leaves: whatever is used several times."""
    for order in itertools.permutations(TERMS):
        x = leaf(0.5)
        middle = x * 1
        rc.stack(*[middle * factor for factor in order]).sum().backward()
        assert grad_of(x) == 2.0**24 + 2


def test_joining_does_not_depend_on_when_the_uses_were_made(backend: str) -> None:
    """Early and late uses of one tensor, with the walk passing between them."""
    found = set()
    for order in itertools.permutations(TERMS):
        x = leaf(0.5)
        early = x * order[0]
        late = ((early * 0 + x * order[1]) * 1 + x * order[2]) * 1
        (late + early).backward()
        found.add(grad_of(x))
    assert found == {2.0**24 + 2}


def test_one_contribution_passes_as_it_is(backend: str) -> None:
    """A -0 stays -0: there is nothing to add it to."""
    x = leaf(1.0)
    (x * -0.0).backward()
    assert struct.pack("<f", grad_of(x)) == struct.pack("<f", -0.0)


# --------------------------------------------------------------------------------- without the tape


def test_no_grad(backend: str) -> None:
    x = leaf([1.0])
    with rc.no_grad():
        assert not (x * 2).requires_grad
        with rc.no_grad():
            pass
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), rc.no_grad():
        raise ZeroDivisionError
    assert (x * 2).requires_grad

    @rc.no_grad()
    def scaled(t: rc.RamTensor) -> rc.RamTensor:
        return t * 2

    assert not scaled(x).requires_grad
    assert not scaled(x).requires_grad


def test_no_grad_is_of_its_own_thread() -> None:
    x = leaf([1.0])
    found = []
    with rc.no_grad():
        thread = threading.Thread(target=lambda: found.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert found == [True]


def test_detach(backend: str) -> None:
    x = leaf([2.0])
    y = (x * 3).detach()
    assert (y.tolist(), y.requires_grad) == ([6.0], False)
    (x * y).backward()
    assert grad_of(x) == [6.0]


def test_requires_grad_is_asked_of_leaves_only(backend: str) -> None:
    x = rc.tensor([1.0])
    assert x.requires_grad_() is x
    y = x * 2
    with pytest.raises(rc.GradientError, match="detach"):
        y.requires_grad_(False)
    x.requires_grad_(False)
    assert not (x * 2).requires_grad
    with pytest.raises(rc.GradientError, match="only float32"):
        rc.tensor([1], dtype="int32").requires_grad_()


def test_a_change_in_place_does_not_reach_what_operations_saw(backend: str) -> None:
    """Gradients are those at the elements that went in, whatever an optimizer has done since."""
    w, x = leaf([2.0, 3.0]), rc.tensor([5.0, 7.0])
    loss = (w * x * w).sum()
    with rc.no_grad():
        w.replace_(rc.tensor([100.0, 100.0]))
    x.min_max_()
    loss.backward(retain_graph=True)
    assert grad_of(w) == [2 * 2.0 * 5.0, 2 * 3.0 * 7.0]
    w.grad = None
    with pytest.raises(rc.GradientError, match="changed in place"):
        loss.backward(create_graph=True)
    w.grad = None
    (w * x).sum().backward()
    assert grad_of(w) == [0.0, 1.0]


# -------------------------------------------------------------------------------------------------- grad


def test_grad_is_the_derivative_as_a_function(backend: str) -> None:
    x = rc.tensor([1.0, 2.0])
    assert rc.grad(lambda t: (t * t).sum())(x).tolist() == [2.0, 4.0]
    value, gradient = rc.value_and_grad(lambda t: (t * t).sum())(x)
    assert (value.item(), gradient.tolist()) == (5.0, [2.0, 4.0])
    assert not any(t.requires_grad for t in (value, gradient, x))
    assert x.grad is None


def test_grad_in_several_arguments(backend: str) -> None:
    x, y = rc.tensor([1.0, 2.0]), rc.tensor([3.0, 5.0])

    def f(a: rc.RamTensor, b: rc.RamTensor, *, scale: float = 1.0) -> rc.RamTensor:
        return (a * a * b).sum() * scale

    assert rc.grad(f, 1)(x, y).tolist() == [1.0, 4.0]
    assert rc.grad(f, -1)(x, y, scale=2.0).tolist() == [2.0, 8.0]
    both = rc.grad(f, (0, 1))(x, y)
    assert [g.tolist() for g in both] == [[6.0, 20.0], [1.0, 4.0]]
    assert [g.tolist() for g in rc.grad(f, [1, 0])(x, y)] == [[1.0, 4.0], [6.0, 20.0]]
    assert [g.tolist() for g in rc.grad(f, (0, 0))(x, y)] == [[6.0, 20.0]] * 2
    assert rc.grad(f)(x, x).tolist() == [2.0, 8.0]  # the other argument is a constant, though it is the same tensor
    assert rc.value_and_grad(f, (1,))(x, y)[1][0].tolist() == [1.0, 4.0]


def test_grad_of_what_does_not_depend_on_the_argument_is_zero(backend: str) -> None:
    x = rc.tensor([1.0, 2.0])
    assert rc.grad(lambda t: rc.tensor(1.0))(x).tolist() == [0.0, 0.0]
    assert rc.grad(lambda t: t.greater(0).astype(dtype="float32").sum())(x).tolist() == [0.0, 0.0]
    w = leaf([1.0])
    assert rc.grad(lambda t: (w * 2).sum())(x).tolist() == [0.0, 0.0]


def test_grad_of_grad(backend: str) -> None:
    def cube(t: rc.RamTensor) -> rc.RamTensor:
        return t * t * t

    x = rc.tensor(2.0)
    assert rc.grad(cube)(x).item() == 12.0
    assert rc.grad(rc.grad(cube))(x).item() == 12.0
    assert rc.grad(rc.grad(rc.grad(cube)))(x).item() == 6.0
    assert rc.grad(rc.grad(rc.grad(rc.grad(cube))))(x).item() == 0.0


def test_grad_of_an_inner_gradient_in_an_outer_variable(backend: str) -> None:
    """d/dw of d/dx of w x^2 is 2 x: the outer variable comes through a closure, as a model's parameters do."""
    w, x = leaf(3.0), rc.tensor(5.0)
    slope = rc.grad(lambda t: w * t * t)(x)
    assert slope.item() == 30.0
    slope.backward()
    assert grad_of(w) == 10.0
    w.grad = None
    (rc.value_and_grad(lambda t: w * t * t)(x)[1] * 2).backward()
    assert grad_of(w) == 20.0
    assert rc.grad(lambda v: rc.grad(lambda t, scale: scale * t * t)(x, scale=v))(w).item() == 10.0


def test_grad_at_a_leaf_leaves_its_grad_alone_and_links_to_the_outer_tape(backend: str) -> None:
    x = leaf(2.0)
    slope = rc.grad(lambda t: t * t * t)(x)
    assert x.grad is None
    slope.backward()
    assert grad_of(x) == 12.0


def test_grad_works_where_the_tape_is_off(backend: str) -> None:
    x = leaf(2.0)
    with rc.no_grad():
        value, slope = rc.value_and_grad(lambda t: t * t)(x)
        inner = rc.grad(lambda t: rc.grad(lambda s: s * s * s)(t))(rc.tensor(2.0))
    assert (value.item(), slope.item(), inner.item()) == (4.0, 4.0, 12.0)
    assert not any(t.requires_grad for t in (value, slope))


def test_backward_with_a_graph_of_its_own(backend: str) -> None:
    x = leaf(3.0)
    (x * x * x).backward(create_graph=True)
    first = x.grad
    assert first is not None
    assert first.requires_grad
    x.grad = None
    first.backward()
    assert grad_of(x) == 18.0
    x.grad = None
    (x * x * x).backward()
    assert x.grad is not None
    assert not x.grad.requires_grad


def test_a_gradient_penalty_trains(backend: str) -> None:
    """The norm of a gradient as a part of a loss."""
    w, x = leaf([[1.0, 2.0]]), rc.tensor([[3.0, 4.0]], requires_grad=True)
    (slope,) = autograd.gradients(x.linear(w).square().sum(), [x], create_graph=True)
    slope.square().sum().backward()
    y, norm = 11.0, 5.0  # slope = 2 y w; |slope|^2 = 4 y^2 |w|^2; d/dw = 8 y |w|^2 x + 8 y^2 w
    assert grad_of(w) == [[8 * y * norm * 3 + 8 * y * y * 1, 8 * y * norm * 4 + 8 * y * y * 2]]


def test_gradients_of_intermediate_results(backend: str) -> None:
    x = leaf([1.0, 2.0])
    hidden = x * 3
    output = (hidden * hidden).sum()
    found = autograd.gradients(output, [hidden, x, output, rc.tensor([7.0])])
    assert [g.tolist() for g in found] == [[6.0, 12.0], [18.0, 36.0], 1.0, [0.0]]
    assert x.grad is None


# -------------------------------------------------------------------------------------------- errors


def test_backward_of_several_elements_asks_for_a_gradient(backend: str) -> None:
    x = leaf([1.0, 2.0])
    with pytest.raises(rc.GradientError, match=r"shape \(2,\) has no single gradient; reduce it"):
        (x * 2).backward()
    with pytest.raises(rc.ShapeError, match=r"the gradient has shape \(3,\), the tensor \(2,\)"):
        (x * 2).backward(rc.zeros(3))
    for wrong, match in ((1.0, "got float"), (rc.tensor([1, 2], dtype="int32"), "int32")):
        with pytest.raises(rc.GradientError, match=match):
            (x * 2).backward(wrong)  # type: ignore[arg-type]


def test_backward_of_what_depends_on_no_parameter_says_so(backend: str) -> None:
    with pytest.raises(rc.GradientError, match=r"depends on nothing that requires a gradient; call .requires_grad_()"):
        rc.tensor(1.0).backward()
    x = leaf([1.0, 2.0])
    with pytest.raises(rc.GradientError, match="depends on nothing"):
        x.detach().sum().backward()
    with pytest.raises(rc.GradientError, match="int32 has no gradient"):
        x.argmax().backward()


def test_an_operation_without_a_gradient_says_why(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the tape such an operation does no harm until a gradient would have to pass."""

    def rule(x: Operand) -> Result:
        return Result(x.shape, FLOAT32, {})

    def definition(x: PlainArray) -> PlainArray:
        return x

    operation = General(
        module="rcmlrs_core.ops.jump", rule=rule, definition=definition, gradient=NoGradient("it moves in jumps")
    )
    monkeypatch.setitem(get_backend(backend).kernels, "jump", lambda x: x)
    x = leaf([1.0])
    with pytest.raises(rc.GradientError, match=r"jump is not differentiable: it moves in jumps; use \.detach\(\)"):
        run(operation, (x,), {}).backward()
    run(operation, (x.detach(),), {}).add(x).backward()
    assert grad_of(x) == [1.0]
    partly = General(module="rcmlrs_core.ops.jump", rule=rule, definition=definition, gradient=lambda g, y, x: (None,))
    with pytest.raises(rc.GradientError, match="jump: the gradient of one of its operands is not stated"):
        run(partly, (x,), {}).backward()


@pytest.mark.parametrize(
    ("function", "arguments", "argnums", "match"),
    [
        (lambda t: t * 2, ([1.0, 2.0],), 0, r"one element, got float32 of shape \(2,\)"),
        (lambda t: 1.0, ([1.0],), 0, "got float"),
        (lambda t: t.argmax(), ([1.0],), 0, "got int32"),
        (lambda t: t.sum(), ([1.0],), 1, "no argument 1 among 1"),
        (lambda t: t.sum(), ([1.0],), -2, "no argument -2"),
    ],
)
def test_grad_refuses_what_it_cannot_do(function: Any, arguments: Any, argnums: int, match: str, backend: str) -> None:
    with pytest.raises(rc.GradientError, match=match):
        rc.grad(function, argnums)(*map(rc.tensor, arguments))


def test_grad_refuses_arguments_that_have_no_gradient(backend: str) -> None:
    for argument, match in (
        (2.0, "got float"),
        ([1.0], "got list"),
        (rc.tensor([1], dtype="int32"), "a tensor of int32"),
        (rc.tensor([True]), "a tensor of bool"),
    ):
        with pytest.raises(rc.GradientError, match=match):
            rc.grad(lambda t: t.sum())(argument)


def test_an_error_in_the_function_leaves_no_trace(backend: str) -> None:
    x = leaf([1.0])
    with pytest.raises(ZeroDivisionError), rc.no_grad():
        rc.grad(lambda t: 1 / 0)(x)
    assert (x * 2).requires_grad
    assert x.grad is None


# ------------------------------------------------------------------------------------ long, wide and freed


def test_a_chain_of_ten_thousand_steps(backend: str) -> None:
    """Neither the walk nor the release of the graph recurses."""
    x = leaf(1.0)
    y = x
    for _ in range(10_000):
        y = y * 1.0
    y.backward()
    assert grad_of(x) == 1.0
    first = weakref.ref(y)
    del y
    assert first() is None


def test_a_longer_chain_is_freed_on_a_small_stack() -> None:
    """Of one megabyte, the smallest that is common; in a process of its own, which an overflow would kill."""
    code = """
import threading, rcmlrs_core as rc
threading.stack_size(1024 * 1024)
def work():
    x = rc.tensor(1.0, "python", requires_grad=True)
    y = x
    for _ in range(30_000):
        y = -y
    y.backward(create_graph=True)
    x.grad = None
    del y
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("freed")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "freed\n"), done.stderr


def test_many_diamonds_are_walked_once_each(backend: str) -> None:
    """2^60 paths lead from the output to the leaf; every operation is visited once."""
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = (y + y) * 0.5
    y.backward()
    assert grad_of(x) == 1.0


def garbage_of(work: Callable[[], Any]) -> list[Any]:
    """What of the tape only the collector of cycles can free after ``work``."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        work()
        gc.collect()
        return [x for x in gc.garbage if isinstance(x, rc.RamTensor | Node)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_a_graph_is_freed_with_its_output(backend: str) -> None:
    x = leaf([1.0, 2.0])
    hidden = x * 2
    output = (hidden * hidden).sum()
    watched = weakref.ref(hidden)
    del hidden
    assert watched() is not None
    output.backward()
    gc.disable()
    try:
        del output
        assert watched() is None
    finally:
        gc.enable()


def test_no_cycles_are_left(backend: str) -> None:
    def train() -> None:
        w, x = leaf([[0.5, -1.0]]), rc.tensor([[1.0, 2.0], [3.0, 4.0]])
        for _ in range(2):
            loss = x.linear(w).tanh().mse_loss(rc.ones((2, 1)))
            loss.backward()
            with rc.no_grad():
                w.replace_(w - 0.1 * w.grad)
            w.grad = None

    def differentiate() -> None:
        rc.grad(rc.grad(lambda t: t.tanh().sum()))(rc.tensor(1.0))
        rc.value_and_grad(lambda t: t[:, 0].softmax().max())(rc.ones((2, 2)))

    def fail() -> None:
        with pytest.raises(rc.GradientError):
            (leaf([1.0, 2.0]) * 2).backward()

    for work in (train, differentiate, fail):
        assert garbage_of(work) == []


def test_a_cycle_would_be_noticed() -> None:
    """The test above can fail."""

    def cycle() -> None:
        x = leaf(1.0)
        x.grad = x * 2

    assert garbage_of(cycle)


def test_a_value_that_is_kept_keeps_no_graph(backend: str) -> None:
    """A list of losses over a training is a list of numbers."""
    watched: list[Any] = []

    def loss(t: rc.RamTensor) -> rc.RamTensor:
        hidden = t * 2
        watched.append(weakref.ref(hidden))
        return hidden.sum()

    values = [rc.value_and_grad(loss)(rc.ones(3))[0] for _ in range(3)]
    assert [value.item() for value in values] == [6.0] * 3
    assert [reference() for reference in watched] == [None] * 3


def test_graphs_in_several_threads_do_not_disturb_each_other() -> None:
    found: dict[int, Any] = {}

    def work(number: int) -> None:
        x = rc.tensor([float(number)], "python", requires_grad=True)
        y = x
        for _ in range(200):
            y = y + x
        y.backward()
        found[number] = grad_of(x)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [201.0] for number in range(8)}


def test_the_tape_has_the_same_bits_on_both_backends() -> None:
    """A small network with everything at once, gradients and gradients of gradients."""
    digests = set()
    for name in BACKENDS:
        with rc.use_backend(name):
            x = (rc.arange(12).reshape((4, 3)) - 5.3) * 0.37
            w, v = leaf([[0.3, -0.7, 0.11]] * 5), leaf([[0.21, -0.4, 0.9, 0.77, -0.123]])
            hidden = x.linear(w).tanh()
            output = (hidden.softmax() * hidden.gelu()).linear(v)
            output.square().mean().backward(create_graph=True)
            assert w.grad is not None
            assert v.grad is not None
            digests.add((w.grad.digest(), v.grad.digest()))
            first, w.grad, v.grad = w.grad, None, None
            first.square().sum().backward()
            digests.add((w.grad.digest(), v.grad.digest(), copy.copy(w).digest()))
    assert len(digests) == 2


def test_the_gradient_that_is_passed_in_is_not_handed_on() -> None:
    seed = rc.tensor([1.0, 1.0], requires_grad=True)
    x = rc.tensor([1.0, 2.0], requires_grad=True)
    (x + 0.0).backward(seed)
    assert x.grad is not seed
    assert x.grad is not None
    assert not x.grad.requires_grad
    x.grad = None
    x.backward(x)
    assert x.grad is not x


def test_a_gradient_of_another_backend_is_refused() -> None:
    x = rc.tensor([1.0, 2.0], backend="numpy", requires_grad=True)
    with pytest.raises(rc.BackendMismatchError, match=r"move it with \.to\('numpy'\)"):
        (x + 1.0).backward(rc.tensor([1.0, 1.0], backend="python"))


@pytest.mark.parametrize("function", [lambda w: w.std(), lambda w: w.exp().sum(), lambda w: (w * w).sum()])
def test_a_module_that_moves_between_forward_and_backward(function: Callable[[rc.RamTensor], rc.RamTensor]) -> None:
    """The operations go back where they ran; what comes of it is where the parameter is now."""
    layer = rc.nn.Linear(2, 2, bias=False).to("numpy")
    stays = copy.deepcopy(layer)
    function(stays.weight).backward()
    result = function(layer.weight)
    layer.to("python")
    result.backward()
    assert layer.weight.grad is not None
    assert stays.weight.grad is not None
    assert layer.weight.grad.backend == "python"
    assert layer.weight.grad.tobytes() == stays.weight.grad.tobytes()
