"""Products with Jacobians, Jacobians and Hessians: against each other, against arithmetic, and nested."""

from typing import Any

import pytest

import rcmlrs_core as rc
from tests.installed import BACKENDS


@pytest.fixture(params=BACKENDS, autouse=True)
def backend(request: pytest.FixtureRequest) -> Any:
    with rc.use_backend(request.param):
        yield request.param


def cubes(x: rc.RamTensor) -> rc.RamTensor:
    return x * x * x


X = [1.0, -2.0, 3.0]


def test_vjp() -> None:
    x = rc.tensor(X)
    value, pull = rc.vjp(cubes, x)
    assert value.tolist() == [1.0, -8.0, 27.0]
    assert not value.requires_grad
    (found,) = pull(rc.tensor([1.0, 10.0, 100.0]))
    assert found.tolist() == [3.0, 120.0, 2700.0]
    (again,) = pull(rc.tensor([0.0, 0.0, 1.0]))
    assert again.tolist() == [0.0, 0.0, 27.0]


def test_vjp_of_several_arguments_and_results() -> None:
    def function(x: rc.RamTensor, y: rc.RamTensor) -> tuple[rc.RamTensor, rc.RamTensor]:
        return x * y, x.sum()

    value, pull = rc.vjp(function, rc.tensor([2.0, 3.0]), rc.tensor([5.0, 7.0]))
    assert [part.tolist() for part in value] == [[10.0, 21.0], 5.0]
    expected = [[5.0 + 10.0, 70.0 + 10.0], [2.0, 30.0]]
    assert [g.tolist() for g in pull(rc.tensor([1.0, 10.0]), rc.tensor(10.0))] == expected
    assert [g.tolist() for g in pull((rc.tensor([1.0, 10.0]), rc.tensor(10.0)))] == expected


def test_jvp_is_the_derivative_in_a_direction() -> None:
    value, tangent = rc.jvp(cubes, [rc.tensor(X)], [rc.tensor([1.0, 10.0, 100.0])])
    assert value.tolist() == [1.0, -8.0, 27.0]
    assert tangent.tolist() == [3.0, 120.0, 2700.0]


def test_jvp_of_several_arguments_and_results() -> None:
    (product, total), (dp, dt) = rc.jvp(
        lambda x, y: (x * y, x.sum()),
        (rc.tensor([2.0, 3.0]), rc.tensor([5.0, 7.0])),
        (rc.tensor([1.0, 0.0]), rc.tensor([0.0, 10.0])),
    )
    assert (product.tolist(), total.tolist()) == ([10.0, 21.0], 5.0)
    assert (dp.tolist(), dt.tolist()) == ([5.0, 30.0], 1.0)


def test_jvp_of_what_does_not_depend_on_it() -> None:
    value, tangent = rc.jvp(lambda x: rc.ones(2), [rc.tensor(X)], [rc.tensor(X)])
    assert (value.tolist(), tangent.tolist()) == ([1.0, 1.0], [0.0, 0.0])


def test_jvp_where_the_function_is_infinite() -> None:
    """The cotangent that it differentiates by is zero: 0 times infinity must not get in."""
    _, tangent = rc.jvp(lambda x: x.exp(), [rc.tensor([0.0, 100.0])], [rc.tensor([1.0, 1.0])])
    assert tangent.tolist() == [1.0, float("inf")]


def test_jacobian() -> None:
    x = rc.tensor([[1.0, 2.0], [3.0, 4.0]])
    found = rc.jacobian(lambda t: t.square().sum(axis=1))(x)
    assert found.shape == (2, 2, 2)
    assert found.tolist() == [[[2.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [6.0, 8.0]]]


def test_jacobian_and_products_with_it_agree() -> None:
    w = rc.tensor([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]])

    def function(x: rc.RamTensor) -> rc.RamTensor:
        return w.matmul(x).tanh()

    x, v, u = rc.tensor(X) * 0.25, rc.tensor([1.0, -0.5, 0.25]), rc.tensor([2.0, 3.0])
    whole = rc.jacobian(function)(x)
    (left,) = rc.vjp(function, x)[1](u)
    right = rc.jvp(function, [x], [v])[1]
    for got, want in ((left, u.matmul(whole)), (right, whole.matmul(v))):
        assert all(abs(a - b) < 2.0**-20 for a, b in zip(got.tolist(), want.tolist(), strict=True))


def test_jacobian_in_several_arguments() -> None:
    in_x, in_y = rc.jacobian(lambda x, y: x * y, argnums=(0, 1))(rc.tensor([2.0, 3.0]), rc.tensor([5.0, 7.0]))
    assert in_x.tolist() == [[5.0, 0.0], [0.0, 7.0]]
    assert in_y.tolist() == [[2.0, 0.0], [0.0, 3.0]]


def test_jacobian_of_a_function_that_returns_a_tuple() -> None:
    first, second = rc.jacobian(lambda x: (x.sum(), x * 2))(rc.tensor([1.0, 2.0]))
    assert (first.tolist(), second.tolist()) == ([1.0, 1.0], [[2.0, 0.0], [0.0, 2.0]])


def test_jacobian_of_nothing() -> None:
    assert rc.jacobian(lambda x: x[:0])(rc.tensor(X)).shape == (0, 3)


def test_hessian() -> None:
    found = rc.hessian(lambda x: (x * x * x).sum() + x[0] * x[1])(rc.tensor(X))
    assert found.tolist() == [[6.0, 1.0, 0.0], [1.0, -12.0, 0.0], [0.0, 0.0, 18.0]]


def test_hessian_in_two_arguments() -> None:
    blocks = rc.hessian(lambda x, y: (x * x * y).sum(), (0, 1))(rc.tensor([2.0]), rc.tensor([5.0]))
    assert [[block.tolist() for block in row] for row in blocks] == [[[[10.0]], [[4.0]]], [[[4.0]], [[0.0]]]]


def test_nested_in_an_outer_gradient() -> None:
    """d/dw of the squared norm of a Jacobian that depends on w."""
    w = rc.tensor([2.0, 3.0], requires_grad=True)
    whole = rc.jacobian(lambda x: x * w)(rc.tensor([1.0, 1.0]))
    assert whole.requires_grad
    whole.square().sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [4.0, 6.0]


def test_a_product_of_the_hessian_and_a_vector() -> None:
    """Forward over reverse, without the Hessian."""
    gradient = rc.grad(lambda x: (x * x * x).sum())
    assert rc.jvp(gradient, [rc.tensor(X)], [rc.tensor([1.0, 1.0, 1.0])])[1].tolist() == [6.0, -12.0, 18.0]


def test_a_jvp_can_be_differentiated() -> None:
    def speed(x: rc.RamTensor) -> rc.RamTensor:
        tangent: rc.RamTensor = rc.jvp(cubes, [x], [rc.ones(3)])[1]
        return tangent.sum()

    assert rc.grad(speed)(rc.tensor(X)).tolist() == [6.0, -12.0, 18.0]


def test_stop_gradient() -> None:
    assert rc.grad(lambda x: (x * rc.stop_gradient(x)).sum())(rc.tensor(X)).tolist() == X


def test_the_tape_can_be_turned_on_within() -> None:
    x = rc.tensor(X, requires_grad=True)
    with rc.no_grad():
        with rc.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    with rc.set_grad_enabled(False):
        assert not (x * 2).requires_grad

    @rc.no_grad()
    def twice(t: rc.RamTensor) -> rc.RamTensor:
        return t * 2

    assert not twice(x).requires_grad
    assert not twice(x).requires_grad, "as a decorator it works more than once"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: rc.vjp(cubes, x)[1](rc.ones(2)), rc.ShapeError, r"cotangent has shape \(2,\), its tensor \(3,\)"),
        (lambda x: rc.vjp(cubes, x)[1](), rc.GradientError, "1 cotangents are wanted"),
        (lambda x: rc.vjp(cubes, x)[1](1.0), rc.GradientError, "a cotangent is a float32 tensor, got float"),
        (lambda x: rc.vjp(lambda t: 1.0, x), rc.GradientError, "must return a float32 tensor or a tuple"),
        (lambda x: rc.vjp(cubes, 1.0), rc.GradientError, "argument 0 must be a float32 tensor, got float"),
        (lambda x: rc.jvp(cubes, [x], []), rc.GradientError, "1 primals and 0 tangents"),
        (lambda x: rc.jvp(cubes, [x], [rc.ones(1)]), rc.ShapeError, "the tangent has shape"),
        (lambda x: rc.jacobian(cubes, 1)(x), rc.GradientError, "no argument 1 among 1"),
        (lambda x: rc.jacobian(lambda t: t > 0)(x), rc.GradientError, "got a tensor of bool"),
        (lambda x: rc.hessian(cubes)(x), rc.GradientError, "one element, got float32 of shape"),
    ],
)
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call(rc.tensor(X))
