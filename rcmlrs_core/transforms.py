"""Functions of functions: gradients, products with the Jacobian, Jacobians and Hessians, under the names of JAX.

All are linked to an outer tape: what they return is on it where the function depends on anything that requires a
gradient besides the arguments that it is differentiated in, or one of these does. So they nest.
"""

from collections.abc import Callable, Sequence
from typing import Any

from rcmlrs_core.autograd import gradients, link, set_grad_enabled, walk_from
from rcmlrs_core.errors import GradientError, ShapeError
from rcmlrs_core.plain import FLOAT32, INT32, check_memory
from rcmlrs_core.tensor import RamTensor, grad_enabled

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def grad(function: Function, argnums: Argnums = 0) -> Function:
    """The function that computes the gradient of a scalar ``function`` in its argument ``argnums`` (or several).

    ``rc.grad(f)(x)`` is df/dx at x, a tensor like x; ``rc.grad(rc.grad(f))`` is the second derivative.
    """
    both = value_and_grad(function, argnums)

    def gradient(*arguments: Any, **keywords: Any) -> Any:
        return both(*arguments, **keywords)[1]

    return gradient


def value_and_grad(function: Function, argnums: Argnums = 0) -> Function:
    """The function that computes the value of a scalar ``function`` and its gradient, as a pair."""

    def both(*arguments: Any, **keywords: Any) -> tuple[RamTensor, Any]:
        traced = _Traced("grad", function, argnums, arguments, keywords)
        value = traced.value
        if not isinstance(value, RamTensor) or value.size != 1 or value.dtype != FLOAT32:
            got = f"{value.dtype} of shape {value.shape}" if isinstance(value, RamTensor) else type(value).__name__
            raise GradientError(f"grad: the function must return a float32 tensor of one element, got {got}")
        found = gradients(value, traced.inputs, create_graph=traced.outer)
        return traced.shown(value), found[0] if isinstance(argnums, int) else tuple(found)

    return both


def vjp(function: Function, *primals: RamTensor) -> tuple[Any, Function]:
    """``function(*primals)``, and the function that multiplies a cotangent by its Jacobian: backpropagation.

    ``value, pull = rc.vjp(f, x, y)``; ``pull(v)``, with v of the shape of the value (a tuple, where f returns one),
    returns a tuple: the sum over i of v_i dvalue_i/dx, and likewise for y. It may be called again.
    """
    traced = _Traced("vjp", function, range(len(primals)), primals, {})
    outputs = traced.outputs()

    def pull(*cotangents: Any) -> tuple[RamTensor, ...]:
        given = _like("vjp", "cotangent", outputs, cotangents)
        graph = grad_enabled.get() and (traced.outer or any(v.requires_grad for v in given))
        return tuple(walk_from(outputs, given, traced.inputs, create_graph=graph, retain_graph=True))

    return traced.shown(traced.value), pull


def jvp(function: Function, primals: Sequence[RamTensor], tangents: Sequence[RamTensor]) -> tuple[Any, Any]:
    """``function(*primals)``, and its Jacobian times ``tangents``: the derivative in a direction.

    One tangent for each primal, of its shape. Found by differentiating backpropagation, which is linear in the
    cotangent, once more (J. Townsend, A new trick for calculating Jacobian vector products, 2017): every operation's
    gradient is a composition of operations, so there is nothing to be stated for it.
    """
    if len(primals) != len(tangents):
        raise GradientError(f"jvp: {len(primals)} primals and {len(tangents)} tangents; give one for each")
    traced = _Traced("jvp", function, range(len(primals)), tuple(primals), {})
    outputs = traced.outputs()
    given = _like("jvp", "tangent", list(primals), tuple(tangents))
    outer = grad_enabled.get() and (traced.outer or any(t.requires_grad for t in given))
    with set_grad_enabled(True):
        cotangents = [output.detach().full_like(0.0).requires_grad_() for output in outputs]
        pulled = walk_from(outputs, cotangents, traced.inputs, create_graph=True, retain_graph=True)
    pushed = walk_from(pulled, given, cotangents, create_graph=outer, retain_graph=outer)
    return traced.shown(traced.value), tuple(pushed) if isinstance(traced.value, tuple) else pushed[0]


def jacobian(function: Function, argnums: Argnums = 0) -> Function:
    """The function that computes all partial derivatives: of the value's shape followed by the argument's.

    Row by row, by backpropagation. With several ``argnums`` it returns a tuple with one for each; of a function that
    returns a tuple, a tuple with that for each part.
    """

    def whole(*arguments: Any, **keywords: Any) -> Any:
        traced = _Traced("jacobian", function, argnums, arguments, keywords)
        parts = tuple(_rows(traced, output) for output in traced.outputs())
        found = tuple(part[0] for part in parts) if isinstance(argnums, int) else parts
        return found if isinstance(traced.value, tuple) else found[0]

    return whole


def hessian(function: Function, argnums: Argnums = 0) -> Function:
    """The function that computes the second derivatives of a scalar ``function``: the Jacobian of its gradient.

    Of shape ``x.shape + x.shape``; with several ``argnums``, a tuple of tuples with a block for each pair.
    """
    return jacobian(grad(function, argnums), argnums)


def _rows(traced: "_Traced", output: RamTensor) -> tuple[RamTensor, ...]:
    """The Jacobian of one output in every input."""
    from rcmlrs_core.creation import tensor

    for x in traced.inputs:
        check_memory(traced.name, (output.size, x.size), 4)
    rows: list[list[RamTensor]] = [[] for _ in traced.inputs]
    for i in range(output.size):
        one = tensor([i], output._backend, dtype=INT32).one_hot(classes=output.size).reshape(output.shape)
        found = walk_from([output], [one], traced.inputs, create_graph=traced.outer, retain_graph=True)
        for row, part in zip(rows, found, strict=True):
            row.append(part)
    shapes = [output.shape + x.shape for x in traced.inputs]
    return tuple(
        row[0].stack(*row[1:]).reshape(shape) if row else x.full_like(0.0).broadcast_to(shape)
        for row, shape, x in zip(rows, shapes, traced.inputs, strict=True)
    )


class _Traced:
    """``function`` run on its arguments, of which those in ``argnums`` are tensors of their own on the tape.

    So the function's use of an argument is told from any other use of that tensor; and they are linked to an outer
    tape. ``outer`` says whether there is one.
    """

    def __init__(
        self, name: str, function: Function, argnums: Argnums, arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> None:
        self.name = name
        given = list(arguments)
        self.inputs: list[RamTensor] = []
        for position in (argnums,) if isinstance(argnums, int) else argnums:
            if not -len(given) <= position < len(given):
                raise GradientError(f"{name}: there is no argument {position} among {len(given)}; see argnums")
            x = given[position]
            if not isinstance(x, RamTensor) or x.dtype != FLOAT32:
                got = f"a tensor of {x.dtype}" if isinstance(x, RamTensor) else type(x).__name__
                raise GradientError(f"{name}: argument {position} must be a float32 tensor, got {got}")
            with set_grad_enabled(True):
                given[position] = x.reshape(x.shape) if x.requires_grad else x.detach().requires_grad_()
            self.inputs.append(given[position])
        with set_grad_enabled(True):
            self.value = function(*given, **keywords)
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        tensors = [value for value in values if isinstance(value, RamTensor)]
        self.outer = grad_enabled.get() and link(tensors, self.inputs)

    def outputs(self) -> list[RamTensor]:
        """What the function returned, as a list of tensors."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        for value in values:
            if not isinstance(value, RamTensor) or value.dtype != FLOAT32:
                got = f"a tensor of {value.dtype}" if isinstance(value, RamTensor) else type(value).__name__
                raise GradientError(
                    f"{self.name}: the function must return a float32 tensor or a tuple of them, got {got}"
                )
        return list(values)

    def shown(self, value: Any) -> Any:
        """The value as the caller gets it: without a tape where nobody can ask for it."""
        if self.outer:
            return value
        return tuple(part.detach() for part in value) if isinstance(value, tuple) else value.detach()


def _like(name: str, what: str, tensors: Sequence[RamTensor], given: tuple[Any, ...]) -> list[RamTensor]:
    """``given``, one float32 tensor for each of ``tensors`` and of its shape; one tuple may hold them all."""
    if len(given) == 1 and isinstance(given[0], tuple | list):
        given = tuple(given[0])
    if len(given) != len(tensors):
        raise GradientError(f"{name}: {len(tensors)} {what}s are wanted, one for each tensor; got {len(given)}")
    for x, v in zip(tensors, given, strict=True):
        if not isinstance(v, RamTensor) or v.dtype != FLOAT32:
            got = f"a tensor of {v.dtype}" if isinstance(v, RamTensor) else type(v).__name__
            raise GradientError(f"{name}: a {what} is a float32 tensor, got {got}; make it one with rc.tensor(...)")
        if v.shape != x.shape:
            raise ShapeError(f"{name}: the {what} has shape {v.shape}, its tensor {x.shape}; they must be equal")
    return list(given)
