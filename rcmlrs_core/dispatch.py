"""From the table of operations: functions, ``rc.gelu(x)``, and methods, ``x.gelu()``."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from rcmlrs_core.methods import Methods
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Operand, Operation, unknown_attribute
from rcmlrs_core.tensor import RamTensor, itself, run, run_one, run_two

Function = Callable[..., Any]


def function_of(operation: Operation) -> Function:
    """The function that a user calls for ``operation``: operands first, attributes by name (or in their order)."""
    if isinstance(operation, Composition):
        function = _of_known_attributes(operation.function, operation.name)
    elif operation.variadic:
        function = _of_any_number(operation)
    elif _takes_operands_alone(operation):
        function = _of_one(operation) if operation.arity == 1 else _of_two(operation)
    else:
        function = _of_operands_and_attributes(operation)
    function.__name__ = function.__qualname__ = operation.name
    function.__doc__ = operation.documentation
    if not isinstance(operation, Composition):
        function.__signature__ = operation.signature  # type: ignore[attr-defined]
    return function


def _takes_operands_alone(operation: Operation) -> bool:
    """One or two of them, each of which must be given, and no attributes."""
    parameters = operation.signature.parameters
    return len(parameters) == operation.arity <= 2 and all(p.default is p.empty for p in parameters.values())


def _of_any_number(operation: Operation) -> Function:
    def function(*xs: Any, **given: Any) -> RamTensor:
        return run(operation, _one_by_one(xs), given)

    return function


def _one_by_one(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands of an operation that takes any number: also in one list or tuple, as other libraries take them."""
    return tuple(xs[0]) if len(xs) == 1 and isinstance(xs[0], list | tuple) else xs


def _of_one(operation: Operation) -> Function:
    def function(x: Any) -> RamTensor:
        return run_one(operation, x)

    return function


def _of_two(operation: Operation) -> Function:
    def function(x: Any, y: Any) -> RamTensor:
        return run_two(operation, x, y)

    return function


def _of_operands_and_attributes(operation: Operation) -> Function:
    name = operation.name
    parameters = operation.signature.parameters
    attributes = [key for key, p in parameters.items() if p.annotation is not Operand]
    operands = [key for key, p in parameters.items() if p.annotation is Operand]
    required = sum(parameters[key].default is inspect.Parameter.empty for key in operands)
    arity, most = len(operands), len(operands) + len(attributes)

    def function(*arguments: Any, **given: Any) -> RamTensor:
        count = len(arguments)
        if count == arity and (arity == required or arguments[-1] is not None):  # the usual call
            return run(operation, arguments, given)
        if count > most:
            if attributes not in (["shape"], ["axes"]) or not all(isinstance(n, int) for n in arguments[arity:]):
                raise TypeError(f"{name}: takes {', '.join(parameters)}; got {count} arguments; see help(rc.{name})")
            arguments = (*arguments[:arity], arguments[arity:])  # x.reshape(2, 3) is x.reshape((2, 3))
        xs = list(arguments[:arity])
        for key in operands[count:]:
            if key in given:
                xs.append(given.pop(key))
            elif len(xs) < required:
                raise TypeError(f"{name}: the operand {key!r} is missing; see help(rc.{name})")
        for key, value in zip(attributes, arguments[arity:], strict=False):
            if key in given:
                raise TypeError(f"{name}: {key} is given twice")
            given[key] = value
        if len(xs) > required and xs[-1] is None:  # an optional operand that is left out
            xs.pop()
        return run(operation, tuple(xs), given)

    return function


def _of_known_attributes(composition: Function, name: str) -> Function:
    """A composition whose error for an attribute that there is not, is the one of every other operation.

    Where nothing is to be done its function may return the operand; the user gets a tensor of its own, so that a change
    of the one in place is none of the other.
    """
    parameters = list(inspect.signature(composition).parameters)

    @functools.wraps(composition)
    def function(*arguments: Any, **given: Any) -> Any:
        for key in given:
            if key not in parameters:
                raise unknown_attribute(name, key, parameters)
        result = composition(*arguments, **given)
        return itself(result) if arguments and result is arguments[0] else result

    return function


def _of_tensors(composition: Function, name: str, text_first: bool) -> Function:
    """A composition as a function asks for a tensor first, or for text and a tensor; as a method it has one."""
    parameters = inspect.signature(composition).parameters
    first = next(iter(parameters))
    several = parameters[first].kind is inspect.Parameter.VAR_POSITIONAL

    @functools.wraps(composition)
    def function(*arguments: Any, **given: Any) -> Any:
        if not arguments and first in given:
            arguments = (given.pop(first),)
        if several:
            arguments = _one_by_one(arguments)
        tensors = arguments[1:] if text_first and arguments and isinstance(arguments[0], str) else arguments
        if tensors and not isinstance(tensors[0], RamTensor):
            got = type(tensors[0]).__name__
            raise TypeError(f"{name}: takes tensors, got {got}; make them with rc.tensor(...)")
        return composition(*arguments, **given)

    return function


def add_function(operation: Operation) -> dict[str, Function]:
    """Make the function and the method of ``operation``; returns the function by name, aliases included."""
    method = function_of(operation)
    function = (
        _of_tensors(method, operation.name, operation.text_first) if isinstance(operation, Composition) else method
    )
    made = dict.fromkeys((operation.name, *operation.aliases), function)
    for name in made:
        if name in FUNCTIONS:
            raise RuntimeError(f"two operations are called {name!r}: {operation.module} is the second")
        setattr(Methods, name, method)
    FUNCTIONS.update(made)
    return made


FUNCTIONS: dict[str, Function] = {}
"""By name, aliases included."""

for _operation in TABLE.values():
    add_function(_operation)
