"""Functions whose gradient is not that of their operations, one by one: checkpoints, and gradients of a user's own."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from rcmlrs_core.autograd import boundary, no_grad, set_grad_enabled
from rcmlrs_core.errors import BackendMismatchError, DTypeError, GradientError, ShapeError
from rcmlrs_core.ops.op import NoGradient, Operation
from rcmlrs_core.plain import FLOAT32
from rcmlrs_core.registry import current_backend, use_backend
from rcmlrs_core.tensor import Joint, JointNode, RamTensor, as_operand, grad_enabled

Function = Callable[..., Any]


def checkpoint(function: Function, *arguments: Any, **keywords: Any) -> Any:
    """``function(*arguments, **keywords)``, of which the tape keeps nothing but that it is to be run again.

    Its intermediate results are freed at once, and computed a second time when a gradient is asked for: a model of n
    such parts needs the memory of its n results and of one part. The bits are those without it, of values and of
    gradients (N7: what a tensor receives inside and outside is still joined by one sum). The function may use
    parameters that are not among its arguments. It must give the same result again: draws from the default generator
    are repeated; one that draws from another generator, or that uses what has changed since, is refused when its
    result is found to differ, and in any case where an argument or a parameter has changed in place. Returns what the
    function returns, a tensor or a tuple of tensors.
    """
    if not grad_enabled.get():
        return function(*arguments, **keywords)
    again = _Again(function, arguments, keywords)
    value = again.run()
    results = value if isinstance(value, tuple) else (value,)
    for result in results:
        if not isinstance(result, RamTensor):
            raise GradientError(
                f"checkpoint: the function must return a tensor or a tuple of tensors, got {type(result).__name__}"
            )
    again.buffers = [result._buffer for result in results]
    inputs = boundary(results, again.first)
    again.used += [(x, x._buffer) for x in inputs]
    made = tuple(
        # What the function did not make (an argument, say), or what requires no gradient, needs no tape.
        result
        if result._node is None or result._node.sequence < again.first
        else _result(_CHECKPOINT, again, index, inputs, result)
        for index, result in enumerate(results)
    )
    return made if isinstance(value, tuple) else made[0]


class _Again(Joint):
    """A function to be run again, as it was run."""

    def __init__(self, function: Function, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        from rcmlrs_core.random import default_generator

        self.function = function
        self.arguments = arguments
        self.keywords = keywords
        self.backend = current_backend()
        generator = default_generator()
        self.draws = generator.seed, generator.stream
        self.first = next(JointNode.numbers)
        """Of the numbers of nodes: what has a lower one was there before."""
        self.used = [(x, x._buffer) for x in (*arguments, *keywords.values()) if isinstance(x, RamTensor)]
        """Tensors that the function depends on, and the elements that they had."""
        self.buffers: list[Any] = []
        """The elements of the results."""

    def run(self) -> Any:
        """The function, on the backend that was chosen the first time."""
        with use_backend(self.backend), set_grad_enabled(True):
            return self.function(*self.arguments, **self.keywords)

    def contributions(self, totals: dict[int, RamTensor]) -> Iterable[tuple[RamTensor, RamTensor]]:
        """The results anew, with a tape: the walk goes on from there."""
        if any(x._buffer is not buffer for x, buffer in self.used):  # its gradient may differ where its result does not
            raise GradientError(
                "checkpoint: an argument or a parameter has changed in place since the function ran, which must run "
                "again for its gradient; differentiate before the change"
            )
        from rcmlrs_core.random import draws_again

        with draws_again(*self.draws):
            value = self.run()
        results = value if isinstance(value, tuple) else (value,)
        for index, total in totals.items():
            first, backend = self.buffers[index], total._backend
            if index >= len(results) or backend.storage.dump(results[index]._buffer) != backend.storage.dump(first):
                raise GradientError(
                    "checkpoint: run again for its gradient, the function gave another result; it must depend on "
                    "nothing that has changed since: a parameter updated in place, a generator that has moved on"
                )
        return [(results[index], total) for index, total in totals.items()]


_CHECKPOINT = Operation(module=f"{__name__}.checkpoint", gradient=NoGradient("it is run again"))


def custom_gradient(function: Function) -> Function:
    """A function with a gradient of the user's own; a decorator, as in JAX and TensorFlow.

    ``function(*arguments)`` returns a pair: its value (a tensor, or a tuple of them), and ``pull``. Given what the
    value receives (one tensor for each part), that returns what each tensor among the positional arguments receives:
    a tensor, or a tuple of tensors with None for one that receives nothing::

        @rc.custom_gradient
        def straight_through(x):
            return x.round(), lambda g: g  # as if it were not rounded

    The function itself runs without a tape. For a derivative of the derivative, ``pull`` computes from the arguments.
    """

    @wraps(function)
    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        with no_grad():
            found = function(*arguments, **keywords)
        if not isinstance(found, tuple) or len(found) != 2 or not callable(found[1]):
            raise GradientError(f"{name}: a function with a custom gradient returns a value and a function, as a pair")
        value, pull = found
        inputs = tuple(x for x in arguments if isinstance(x, RamTensor))
        results = value if isinstance(value, tuple) else (value,)
        if not grad_enabled.get() or not any(x.requires_grad for x in inputs):
            return value
        joint = _Own(name, pull, inputs, results)
        made = tuple(_result(operation, joint, index, inputs, result) for index, result in enumerate(results))
        return made if isinstance(value, tuple) else made[0]

    if not callable(function):
        raise GradientError(f"custom_gradient: takes a function, got {type(function).__name__}")
    name = getattr(function, "__name__", "custom_gradient")
    module = getattr(function, "__module__", __name__)
    operation = Operation(module=f"{module}.{name}", gradient=NoGradient("it has one of its own"))
    return wrapped


class _Own(Joint):
    """A gradient of the user's own."""

    def __init__(
        self, name: str, pull: Function, inputs: tuple[RamTensor, ...], results: tuple[RamTensor, ...]
    ) -> None:
        self.name = name
        self.pull = pull
        self.first = next(JointNode.numbers)
        self.inputs = inputs
        self.shapes = [result._shape for result in results]

    def contributions(self, totals: dict[int, RamTensor]) -> Iterable[tuple[RamTensor, RamTensor]]:
        """What ``pull`` says; a result to which nothing flows receives zeros."""
        zero = as_operand(0.0, next(iter(totals.values())))
        given = [totals[i] if i in totals else zero.broadcast_to(shape) for i, shape in enumerate(self.shapes)]
        received = self.pull(*given)
        parts = received if isinstance(received, tuple | list) else (received,)
        if len(parts) != len(self.inputs):
            raise GradientError(
                f"{self.name}: its gradient returns {len(parts)} parts for {len(self.inputs)} tensors; "
                "return one for each, and None for one that receives nothing"
            )
        for x, part in zip(self.inputs, parts, strict=True):
            if part is not None and (not isinstance(part, RamTensor) or part.shape != x.shape):
                got = f"a tensor of shape {part.shape}" if isinstance(part, RamTensor) else repr(part)
                raise ShapeError(f"{self.name}: its gradient for a tensor of shape {x.shape} is {got}")
            if part is not None and part.dtype != FLOAT32:
                raise DTypeError(f"{self.name}: its gradient is a float32 tensor, got one of {part.dtype}")
            if part is not None and part._backend is not x._backend:
                raise BackendMismatchError(
                    f"{self.name}: its gradient for a tensor on the backend {x.backend} is on {part.backend}; "
                    f"move it with .to({x.backend!r})"
                )
        return [(x, part) for x, part in zip(self.inputs, parts, strict=True) if part is not None]


def _result(
    operation: Operation, joint: Joint, index: int, inputs: tuple[RamTensor, ...], result: RamTensor
) -> RamTensor:
    """The result, on the tape as one of those of ``joint``."""
    made = result.detach()
    if made.dtype == FLOAT32:
        made.requires_grad = True
        made._node = JointNode(operation, joint, index, inputs, made)
    return made
