"""Gradients: the tape is walked backwards, and the contributions to each tensor are joined by one exact sum (N7).

The gradient of an operation is a composition of operations (it stands in the operation's file), so gradients have
gradients. The walk goes by the order in which operations ran, from last to first, with a heap and no recursion.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rcmlrs_core.errors import BackendMismatchError, GradientError, ShapeError
from rcmlrs_core.ops.op import NoGradient
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.tensor import Node, RamTensor, grad_enabled


@contextmanager
def no_grad() -> Iterator[None]:
    """``with rc.no_grad(): ...``: operations inside are not put on the tape."""
    token = grad_enabled.set(False)
    try:
        yield
    finally:
        grad_enabled.reset(token)


@contextmanager
def _grad(enabled: bool) -> Iterator[None]:
    token = grad_enabled.set(enabled)
    try:
        yield
    finally:
        grad_enabled.reset(token)


def backward(output: RamTensor, gradient: RamTensor | None, *, create_graph: bool) -> None:
    """Add to ``.grad`` of the leaves: ``RamTensor.backward``."""
    if not output.requires_grad:
        if output.dtype != FLOAT32:
            raise GradientError(f"backward: a tensor of {output.dtype} has no gradient; only float32 tensors have")
        raise GradientError(
            "backward: this tensor depends on nothing that requires a gradient; call .requires_grad_() on the "
            "parameters before they are used (and not under rc.no_grad())"
        )
    leaves, totals = _walk(output, _seed("backward", output, gradient, create_graph), create_graph)
    with _grad(create_graph):
        for key, leaf in leaves.items():
            total = totals[key].to(leaf._backend)  # a leaf may have moved since it was used
            leaf.grad = _own(total) if leaf.grad is None else leaf.grad.add(total)


def gradients(
    output: RamTensor, inputs: Sequence[RamTensor], gradient: RamTensor | None = None, *, create_graph: bool = False
) -> list[RamTensor]:
    """The gradients of ``output`` in ``inputs``, zeros where it does not depend on one; no ``.grad`` is touched."""
    if not output.requires_grad:
        return [x.full_like(0.0) for x in inputs]
    _, totals = _walk(output, _seed("gradients", output, gradient, create_graph), create_graph, keep=inputs)
    return [_own(totals[_key(x)]) if _key(x) in totals else x.full_like(0.0) for x in inputs]


def _own(total: RamTensor) -> RamTensor:
    """A gradient as a tensor of its own, to change in place: another tensor may have received the same one."""
    return total if total.requires_grad else total.detach()


def _seed(name: str, output: RamTensor, gradient: Any, create_graph: bool) -> RamTensor:
    if gradient is None:
        if output.size != 1:
            raise GradientError(
                f"{name}: a tensor of shape {output.shape} has no single gradient; reduce it to one number (.sum(), "
                ".mean()) or pass the gradient that it receives"
            )
        return output.detach().full_like(1.0)
    if not isinstance(gradient, RamTensor) or gradient.dtype != FLOAT32:
        got = f"a tensor of {gradient.dtype}" if isinstance(gradient, RamTensor) else type(gradient).__name__
        raise GradientError(f"{name}: the gradient is a float32 tensor, got {got}; make it one with rc.tensor(...)")
    if gradient.shape != output.shape:
        raise ShapeError(
            f"{name}: the gradient has shape {gradient.shape}, the tensor {output.shape}; they must be equal"
        )
    if gradient._backend is not output._backend:
        raise BackendMismatchError(
            f"{name}: the gradient is on the backend {gradient.backend}, the tensor on {output.backend}; "
            f"move it with .to({output.backend!r})"
        )
    return gradient if create_graph else gradient.detach()


def _key(tensor: RamTensor) -> int:
    """What a tensor is on the tape: the operation that made it, or itself."""
    return id(tensor._node) if tensor._node is not None else id(tensor)


def _walk(
    output: RamTensor, seed: RamTensor, create_graph: bool, keep: Sequence[RamTensor] = ()
) -> tuple[dict[int, RamTensor], dict[int, RamTensor]]:
    """Walk back from ``output``. Returns the leaves by key, and the total gradients of the leaves and of ``keep``."""
    contributions: dict[int, list[RamTensor]] = {_key(output): [seed]}
    leaves: dict[int, RamTensor] = {}
    totals: dict[int, RamTensor] = {}
    kept = {_key(x) for x in keep}
    heap: list[tuple[int, Node]] = []
    if output._node is None:
        leaves[_key(output)] = output
    else:
        heap.append((-output._node.sequence, output._node))
    with _grad(create_graph):
        while heap:
            _, node = heapq.heappop(heap)
            total = _join(contributions.pop(id(node)))
            if id(node) in kept:
                totals[id(node)] = total
            for operand, contribution in zip(node.operands, _contributions(node, total), strict=True):
                if not operand.requires_grad:
                    continue
                key = _key(operand)
                if contribution is None:
                    raise GradientError(f"{node.operation.name}: the gradient of one of its operands is not stated")
                if key not in contributions:
                    contributions[key] = []
                    if operand._node is None:
                        leaves[key] = operand
                    else:
                        heapq.heappush(heap, (-operand._node.sequence, operand._node))
                contributions[key].append(contribution)
        for key in leaves:
            totals[key] = _join(contributions[key])
    return leaves, totals


def _contributions(node: Node, total: RamTensor) -> tuple[RamTensor | None, ...]:
    gradient = node.operation.gradient
    if isinstance(gradient, NoGradient):
        raise GradientError(
            f"{node.operation.name} is not differentiable: {gradient.reason}; use .detach() on its operand to say that "
            "no gradient flows there"
        )
    return gradient(total, node.result(), *node.seen(), **node.attributes)


def _join(contributions: list[RamTensor]) -> RamTensor:
    """One exact sum, so that the order of traversal cannot matter (N7)."""
    first = contributions[0]
    return first if len(contributions) == 1 else first.add_n(*contributions[1:])


def grad(function: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that computes the gradient of a scalar ``function`` in its argument ``argnums`` (or several).

    ``rc.grad(f)(x)`` is df/dx at x, a tensor like x; ``rc.grad(rc.grad(f))`` is the second derivative.
    """
    both = value_and_grad(function, argnums)

    def gradient(*arguments: Any, **keywords: Any) -> Any:
        return both(*arguments, **keywords)[1]

    return gradient


def value_and_grad(function: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that computes the value of a scalar ``function`` and its gradient, as a pair.

    Both are on the tape where anything beside the arguments in ``argnums`` requires a gradient, or one of these does.
    """
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def both(*arguments: Any, **keywords: Any) -> tuple[RamTensor, Any]:
        inputs = list(arguments)
        fresh = set()
        for position in positions:
            if not -len(inputs) <= position < len(inputs):
                raise GradientError(f"grad: there is no argument {position} among {len(inputs)}; see argnums")
            x = inputs[position]
            if not isinstance(x, RamTensor) or x.dtype != FLOAT32:
                got = f"a tensor of {x.dtype}" if isinstance(x, RamTensor) else type(x).__name__
                raise GradientError(f"grad: argument {position} must be a float32 tensor, got {got}")
            # A tensor of its own on the tape, so that f's use of x is told from any other; linked to an outer tape.
            with _grad(True):
                inputs[position] = x.reshape(x.shape) if x.requires_grad else x.detach().requires_grad_()
            fresh.add(_key(inputs[position]))
        with _grad(True):
            value = function(*inputs, **keywords)
        if not isinstance(value, RamTensor) or value.size != 1 or value.dtype != FLOAT32:
            got = f"{value.dtype} of shape {value.shape}" if isinstance(value, RamTensor) else type(value).__name__
            raise GradientError(f"grad: the function must return a float32 tensor of one element, got {got}")
        outer = grad_enabled.get() and any(_key(leaf) not in fresh for leaf in _leaves(value))
        found = gradients(value, [inputs[position] for position in positions], create_graph=outer)
        return value if outer else value.detach(), found[0] if isinstance(argnums, int) else tuple(found)

    return both


def _leaves(output: RamTensor) -> Iterator[RamTensor]:
    """The leaves that require a gradient and on which ``output`` depends."""
    seen: set[int] = set()
    stack = [output]
    while stack:
        tensor = stack.pop()
        if tensor.requires_grad and _key(tensor) not in seen:
            seen.add(_key(tensor))
            if tensor._node is None:
                yield tensor
            else:
                stack += tensor._node.operands
