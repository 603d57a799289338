"""Checkpoints have the bits of what they stand for and less memory; a gradient of one's own is used."""

import gc
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import rcmlrs_core as rc
from rcmlrs_core import joint
from tests.installed import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Any:
    with rc.use_backend(request.param):
        yield request.param


def step(w: rc.RamTensor, h: rc.RamTensor) -> rc.RamTensor:
    return h.matmul(w).tanh() + h * 0.1


def weights() -> tuple[rc.RamTensor, rc.RamTensor]:
    w = rc.random.normal((4, 4), seed=1).requires_grad_()
    return w, rc.random.normal((3, 4), seed=2).requires_grad_()


def loss_of(steps: int, each: Callable[..., rc.RamTensor]) -> tuple[str, ...]:
    """Digests of a loss and its gradients, of a recurrence that uses one weight within and without."""
    w, x = weights()
    h = x
    for _ in range(steps):
        h = each(step, w, h)
    loss = (h.matmul(w) + h).square().sum() + w.sum()
    loss.backward()
    assert w.grad is not None
    assert x.grad is not None
    return loss.digest(), w.grad.digest(), x.grad.digest()


def test_a_checkpoint_changes_no_bit(backend: str) -> None:
    plain = loss_of(5, lambda f, *arguments: f(*arguments))
    assert loss_of(5, rc.checkpoint) == plain
    assert loss_of(5, lambda f, w, h: rc.checkpoint(lambda t: f(w, t), h)) == plain, "parameters by closure"
    assert loss_of(5, lambda f, w, h: rc.checkpoint(lambda t: rc.checkpoint(f, w, t), h)) == plain, "nested"


def test_a_checkpoint_of_several_results(backend: str) -> None:
    def both(a: rc.RamTensor, b: rc.RamTensor) -> tuple[rc.RamTensor, rc.RamTensor, rc.RamTensor]:
        hidden = a.tanh() * b
        return hidden.square(), hidden.exp(), a

    def run(around: Callable[..., Any]) -> list[str]:
        a, b = (rc.random.normal((5,), seed=s).requires_grad_() for s in (1, 2))
        first, second, third = around(both, a, b)
        ((first * second).sum() + second.sum() + third.sum()).backward()
        return [x.grad.digest() for x in (a, b)]

    assert run(rc.checkpoint) == run(lambda f, *arguments: f(*arguments))


def test_a_checkpoint_keeps_nothing_of_what_is_between(backend: str) -> None:
    seen: list[Any] = []

    def function(x: rc.RamTensor) -> rc.RamTensor:
        hidden = x.exp()
        seen.append(weakref.ref(hidden))
        return hidden.square()

    x = rc.tensor([1.0, 2.0], requires_grad=True)
    y = rc.checkpoint(function, x)
    gc.disable()
    try:
        assert [reference() for reference in seen] == [None]
        y.sum().backward()
        assert len(seen) == 2
        assert [reference() for reference in seen] == [None, None]
    finally:
        gc.enable()


def test_checkpoints_need_less_memory() -> None:
    def peak(around: Callable[..., rc.RamTensor]) -> int:
        with rc.use_backend("python"):
            x = rc.random.normal((2000,), seed=1).requires_grad_()
            tracemalloc.start()
            h = x
            for _ in range(24):
                h = around(lambda t: (((t * 0.5).tanh() * 0.5).tanh() * 0.5).tanh(), h)
            h.sum().backward()
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found

    assert peak(rc.checkpoint) < 0.6 * peak(lambda f, x: f(x))


def test_a_checkpoint_draws_the_same_random_numbers_again(backend: str) -> None:
    def dropout(x: rc.RamTensor) -> rc.RamTensor:
        mask: rc.RamTensor = rc.random.default_generator().uniform(x.shape) < 0.5
        return mask.where(x.square(), 0.0)

    def run(around: Callable[..., rc.RamTensor]) -> tuple[str, int]:
        rc.manual_seed(3)
        x = rc.random.normal((50,), seed=1).requires_grad_()
        (around(dropout, x) + around(dropout, x)).sum().backward()
        assert x.grad is not None
        return x.grad.digest(), rc.random.default_generator().stream

    assert run(rc.checkpoint) == run(lambda f, x: f(x))


def test_other_threads_draw_on_while_a_checkpoint_runs_again() -> None:
    """The default generator is rewound for nobody else."""
    entered, leave, x = threading.Event(), threading.Event(), rc.tensor([1.0], requires_grad=True)

    def function(t: rc.RamTensor) -> rc.RamTensor:
        factor = rc.random.uniform(t.shape)
        if entered.is_set() or not first:
            entered.set()
            leave.wait(20)
        return t * factor

    first = [True]
    y = rc.checkpoint(function, x)
    first.clear()
    walk = threading.Thread(target=y.sum().backward)
    walk.start()
    assert entered.wait(20)
    drawn = rc.random.default_generator().stream
    rc.random.uniform((1,))
    leave.set()
    walk.join()
    assert x.grad is not None
    assert rc.random.default_generator().stream == drawn + 1


def test_a_function_that_changes_is_refused(backend: str) -> None:
    factors, x = [2.0, 5.0], rc.tensor([3.0], requires_grad=True)
    y = rc.checkpoint(lambda t: t * factors.pop(), x)
    with pytest.raises(rc.GradientError, match="gave another result"):
        y.backward()


@pytest.mark.parametrize("given", [True, False], ids=["an argument", "a parameter"])
def test_what_has_changed_in_place_is_refused_where_the_result_is_the_same(given: bool, backend: str) -> None:
    x, w = rc.tensor([0.0], requires_grad=True), rc.tensor([1.0], requires_grad=not given)
    y = rc.checkpoint(lambda t, v: t * v, x, w) if given else rc.checkpoint(lambda t: t * w, x)
    with rc.no_grad():
        w[0] = 5.0  # 0 * 5 is 0 * 1, but its derivative another
    with pytest.raises(rc.GradientError, match="changed in place since the function ran"):
        y.backward()


def test_a_checkpoint_in_a_gradient_of_a_gradient(backend: str) -> None:
    def function(x: rc.RamTensor) -> rc.RamTensor:
        y: rc.RamTensor = rc.checkpoint(lambda t: t.exp().square().sum(), x)
        return y

    x = rc.tensor([0.5, -1.0])
    plain = rc.grad(lambda t: rc.grad(lambda u: u.exp().square().sum())(t).sum())(x)
    assert rc.grad(lambda t: rc.grad(function)(t).sum())(x).digest() == plain.digest()


def test_a_checkpoint_without_a_tape_just_runs(backend: str) -> None:
    with rc.no_grad():
        assert rc.checkpoint(lambda x: x * 2, rc.tensor([1.0], requires_grad=True)).tolist() == [2.0]
    assert not rc.checkpoint(lambda x: x * 2, rc.tensor([1.0])).requires_grad
    with pytest.raises(rc.GradientError, match="must return a tensor or a tuple of tensors, got float"):
        rc.checkpoint(lambda: 1.0)


# ------------------------------------------------------------------------------------------ custom gradients


@rc.custom_gradient
def step_function(x: rc.RamTensor) -> Any:
    """1 above zero, and the gradient of a sigmoid."""
    return (x > 0.0).astype("float32"), lambda g: g * x.sigmoid_derivative()


def test_a_gradient_of_ones_own(backend: str) -> None:
    x = rc.tensor([-1.0, 0.5], requires_grad=True)
    y = step_function(x)
    assert y.tolist() == [0.0, 1.0]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.digest() == x.detach().sigmoid_derivative().digest()
    assert step_function.__doc__ == "1 above zero, and the gradient of a sigmoid."
    assert not step_function(rc.tensor([1.0])).requires_grad


def test_it_can_be_differentiated_again(backend: str) -> None:
    x = rc.tensor([0.5])
    second = rc.grad(lambda t: rc.grad(lambda u: step_function(u).sum())(t).sum())(x)
    assert second.digest() == rc.grad(lambda t: t.sigmoid_derivative().sum())(x).digest()


def test_several_arguments_and_results(backend: str) -> None:
    received: list[Any] = []

    @rc.custom_gradient
    def function(x: rc.RamTensor, y: rc.RamTensor, scale: float) -> Any:
        def pull(first: rc.RamTensor, second: rc.RamTensor) -> Any:
            received.append((first.tolist(), second.tolist()))
            return first * scale, None

        return (x + y, x * y), pull

    x, y = rc.tensor([1.0], requires_grad=True), rc.tensor([2.0], requires_grad=True)
    total, product = function(x, y, 10.0)
    (total * 3 + product * 0).sum().backward()
    assert received == [([3.0], [0.0])]
    assert x.grad is not None
    assert (x.grad.tolist(), y.grad) == ([30.0], None)
    total, _ = function(x, y, 10.0)
    total.sum().backward()
    assert received[1] == ([1.0], [0.0]), "a result that nobody uses receives zeros"


def test_another_thread_between_two_results_changes_nothing(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a number of the tape just then; the gradient is still asked for once, and not once for each result."""

    @rc.custom_gradient
    def function(x: rc.RamTensor) -> Any:
        return (x * 1.0, x * 2.0), lambda a, b: (a + b) * 0.1

    def gradient() -> str:
        x = rc.tensor([3.0], requires_grad=True)
        others.clear()
        first, second = function(x)
        (first * 1.3 + second * 0.7 + w.mul(sum(others[1:], others[0]) if others else 1.0)).sum().backward()
        assert x.grad is not None
        return x.grad.digest()

    def with_another(*arguments: Any) -> Any:
        made = result(*arguments)
        others.append(w * 2.0)
        return made

    others: list[rc.RamTensor] = []
    w = rc.tensor([1.0], requires_grad=True)
    alone, result = gradient(), joint._result
    monkeypatch.setattr(joint, "_result", with_another)
    assert gradient() == alone


@pytest.mark.parametrize(
    ("pull", "error", "words"),
    [
        (lambda g: (g, g), rc.GradientError, "returns 2 parts for 1 tensors"),
        (lambda g: g.sum(), rc.ShapeError, r"a tensor of shape \(2,\) is a tensor of shape \(\)"),
        (lambda g: 1.0, rc.ShapeError, r"is 1\.0"),
        (lambda g: g.zeros_like(dtype="int32"), rc.DTypeError, "is a float32 tensor, got one of int32"),
        (lambda g: g.to("python"), rc.BackendMismatchError, "is on python"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused(pull: Any, error: type[Exception], words: str) -> None:
    x = rc.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(error, match=words):
        rc.custom_gradient(lambda t: (t * 1, pull))(x).sum().backward()


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(rc.GradientError, match="takes a function, got int"):
        rc.custom_gradient(3)  # type: ignore[arg-type]


def test_a_function_without_a_gradient_is_refused() -> None:
    with pytest.raises(rc.GradientError, match="returns a value and a function, as a pair"):
        rc.custom_gradient(lambda t: t * 2)(rc.tensor([1.0]))
