"""Backpropagation: the tape is walked backwards; contributions to a tensor are joined by one exact sum (N7).

The gradient of an operation is a composition of operations (it stands in the operation's file), so gradients have
gradients. The walk goes by the order in which operations ran, from last to first, with a heap and no recursion.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rcmlrs_core.errors import BackendMismatchError, GradientError, ShapeError
from rcmlrs_core.ops.op import NoGradient, Operation
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.tensor import Node, RamTensor, grad_enabled


@contextmanager
def set_grad_enabled(enabled: bool) -> Iterator[None]:
    """``with rc.set_grad_enabled(flag): ...``: whether operations inside are put on the tape."""
    token = grad_enabled.set(enabled)
    try:
        yield
    finally:
        grad_enabled.reset(token)


def no_grad() -> AbstractContextManager[None]:
    """``with rc.no_grad(): ...`` (or ``@rc.no_grad()``): operations inside are not put on the tape."""
    return set_grad_enabled(False)


def enable_grad() -> AbstractContextManager[None]:
    """``with rc.enable_grad(): ...``: operations inside are put on the tape, also within ``rc.no_grad()``."""
    return set_grad_enabled(True)


def stop_gradient(x: RamTensor) -> RamTensor:
    """The same elements, through which no gradient flows: ``x.detach()``, under the name that JAX has for it."""
    return x.detach()


def backward(
    output: RamTensor, gradient: RamTensor | None, *, create_graph: bool = False, retain_graph: bool | None = None
) -> None:
    """Add to ``.grad`` of the leaves: ``RamTensor.backward``."""
    if not output.requires_grad:
        if output.dtype != FLOAT32:
            raise GradientError(f"backward: a tensor of {output.dtype} has no gradient; only float32 tensors have")
        raise GradientError(
            "backward: this tensor depends on nothing that requires a gradient; call .requires_grad_() on the "
            "parameters before they are used (and not under rc.no_grad())"
        )
    keeps = create_graph if retain_graph is None else retain_graph
    backward_from([(output, _seed("backward", output, gradient, create_graph))], create_graph, keeps)


def backward_from(
    seeds: Iterable[tuple[RamTensor, RamTensor]], create_graph: bool = False, keep_graph: bool = False
) -> None:
    """Add to ``.grad`` of the leaves below some tensors, each with what it receives: one walk, sums joined once."""
    leaves, totals = _walk(seeds, create_graph, keep_graph)
    with set_grad_enabled(create_graph):
        for key, leaf in leaves.items():
            total = totals[key].to(leaf._backend)  # a leaf may have moved since it was used
            leaf.grad = _own(total) if leaf.grad is None else leaf.grad.add(total)


def gradients(
    output: RamTensor,
    inputs: Sequence[RamTensor],
    gradient: RamTensor | None = None,
    *,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> list[RamTensor]:
    """The gradients of ``output`` in ``inputs``, zeros where it does not depend on one; no ``.grad`` is touched."""
    if not output.requires_grad:
        return [x.full_like(0.0) for x in inputs]
    seed = _seed("gradients", output, gradient, create_graph)
    keeps = create_graph if retain_graph is None else retain_graph
    return walk_from([output], [seed], inputs, create_graph=create_graph, retain_graph=keeps)


def walk_from(
    outputs: Sequence[RamTensor],
    received: Sequence[RamTensor],
    inputs: Sequence[RamTensor],
    *,
    create_graph: bool,
    retain_graph: bool,
) -> list[RamTensor]:
    """What each of ``inputs`` receives when ``outputs`` receive ``received``: one walk for all, sums joined once."""
    seeds = [(y, v if create_graph else v.detach()) for y, v in zip(outputs, received, strict=True) if y.requires_grad]
    _, totals = _walk(seeds, create_graph, retain_graph, inputs)
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
    seeds: Iterable[tuple[RamTensor, RamTensor]],
    create_graph: bool,
    keep_graph: bool,
    keep: Sequence[RamTensor] = (),
) -> tuple[dict[int, RamTensor], dict[int, RamTensor]]:
    """Walk back from outputs and what each receives; returns the leaves by key, and the totals of them and of ``keep``.

    Nodes come from the heap in the reverse of the order in which they were made, so all that a tensor receives is there
    when its node comes. What a :class:`Joint` gives may be newer than everything on the heap (a checkpoint runs again):
    that comes first then, and the same holds.
    """
    contributions: dict[int, list[RamTensor]] = {}
    leaves: dict[int, RamTensor] = {}
    totals: dict[int, RamTensor] = {}
    kept = {_key(x) for x in keep}
    heap: list[tuple[int, int, Node]] = []  # the second number tells the results of a joint apart

    def add(tensor: RamTensor, contribution: RamTensor) -> None:
        key = _key(tensor)
        if key not in contributions:
            contributions[key] = []
            if tensor._node is None:
                leaves[key] = tensor
            else:
                heapq.heappush(heap, (-tensor._node.sequence, id(tensor._node), tensor._node))
        contributions[key].append(contribution)

    def total_of(node: Node) -> RamTensor:
        total = join(contributions.pop(id(node)))
        if id(node) in kept:
            totals[id(node)] = total
        return total

    for output, seed in seeds:
        add(output, seed)
    with set_grad_enabled(create_graph):
        while heap:
            node = heapq.heappop(heap)[2]
            if node.released:
                raise GradientError(
                    f"{node.operation.name}: an earlier backward has freed this part of the tape; pass "
                    "retain_graph=True to that one, or add up what you differentiate first"
                )
            passed = [node]
            if node.joint is None:
                received: Iterable[Any] = zip(
                    node.operands,
                    rule_of(node.operation, total_of(node), node.result(), node.seen(), node.attributes),
                    strict=True,
                )
            else:  # its other results have the same number
                while heap and heap[0][2].joint is node.joint:
                    passed.append(heapq.heappop(heap)[2])
                received = node.joint.contributions({one.index: total_of(one) for one in passed})  # type: ignore[attr-defined]
            for operand, contribution in received:
                if operand.requires_grad:
                    if contribution is None:
                        raise GradientError(f"{node.operation.name}: the gradient of one of its operands is not stated")
                    add(operand, contribution)
            if not keep_graph:
                for one in passed:
                    one.release()
        for key in leaves:
            totals[key] = join(contributions[key])
    return leaves, totals


def rule_of(
    operation: Operation,
    total: RamTensor,
    result: RamTensor,
    operands: Sequence[RamTensor],
    attributes: Mapping[str, Any],
) -> tuple[RamTensor | None, ...]:
    """What the operands of an operation receive, when its result receives ``total``."""
    gradient = operation.gradient
    if isinstance(gradient, NoGradient):
        raise GradientError(
            f"{operation.name} is not differentiable: {gradient.reason}; use .detach() on its operand to say that "
            "no gradient flows there"
        )
    return gradient(total, result, *operands, **attributes)


def join(contributions: list[RamTensor]) -> RamTensor:
    """One exact sum, so that the order of traversal cannot matter (N7)."""
    first = contributions[0]
    return first if len(contributions) == 1 else first.add_n(*contributions[1:])


def boundary(outputs: Sequence[RamTensor], first: int) -> tuple[RamTensor, ...]:
    """The tensors that ``outputs`` depend on, that require a gradient, and have no node or one older than ``first``."""
    found: dict[int, RamTensor] = {}
    seen: set[int] = set()
    stack = list(outputs)
    while stack:
        tensor = stack.pop()
        key = _key(tensor)
        if tensor.requires_grad and key not in seen:
            seen.add(key)
            if tensor._node is None or tensor._node.sequence < first:
                found[key] = tensor
            else:
                stack += tensor._node.operands
    return tuple(found.values())


def link(outputs: Sequence[RamTensor], inputs: Sequence[RamTensor]) -> bool:
    """Whether ``outputs`` depend on a leaf that requires a gradient and is not one of ``inputs``."""
    fresh = {_key(x) for x in inputs}
    return any(_key(leaf) not in fresh for leaf in boundary(outputs, 0))  # no node is older than the first
