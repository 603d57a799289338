"""From the table of operations: functions, ``rc.gelu(x)``, and methods, ``x.gelu()``."""

import inspect
from collections.abc import Callable
from typing import Any

from rcmlrs_core.methods import Methods
from rcmlrs_core.ops import TABLE
from rcmlrs_core.ops.op import Composition, Elementwise, Operand, Operation
from rcmlrs_core.tensor import RamTensor, run


def function_of(operation: Operation) -> Callable[..., Any]:
    """The function that a user calls for ``operation``: operands first, attributes by name (or in their order)."""
    if isinstance(operation, Composition):
        operation.function.__name__ = operation.function.__qualname__ = operation.name
        operation.function.__doc__ = operation.documentation
        return operation.function
    name, variadic = operation.name, operation.variadic
    parameters = operation.signature.parameters
    attributes = [key for key, p in parameters.items() if p.annotation is not Operand and p.kind is not p.KEYWORD_ONLY]
    operands = [key for key, p in parameters.items() if p.annotation is Operand and p.kind is not p.VAR_POSITIONAL]
    required = sum(parameters[key].default is inspect.Parameter.empty for key in operands)
    most, arity = len(operands) + len(attributes), len(operands)

    if variadic:

        def function(*xs: Any, **given: Any) -> RamTensor:
            return run(operation, xs, given)

    elif isinstance(operation, Elementwise) and arity == 1 and most == len(parameters) == 1:

        def function(x: Any) -> RamTensor:
            return run(operation, (x,), {})

    elif isinstance(operation, Elementwise) and arity == 2 and most == len(parameters) == 2:

        def function(x: Any, y: Any) -> RamTensor:
            return run(operation, (x, y), {})

    else:

        def function(*arguments: Any, **given: Any) -> RamTensor:
            count = len(arguments)
            if count > most:
                raise TypeError(f"{name}: takes at most {most} positional arguments, got {count}; see help(rc.{name})")
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
            if xs and xs[-1] is None:  # an optional operand that is left out
                xs.pop()
            return run(operation, tuple(xs), given)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = operation.documentation
    function.__signature__ = operation.signature  # type: ignore[attr-defined]
    return function


def _make() -> dict[str, Callable[..., Any]]:
    made: dict[str, Callable[..., Any]] = {}
    for operation in TABLE.values():
        function = function_of(operation)
        for name in (operation.name, *operation.aliases):
            if name in made:
                raise RuntimeError(f"two operations are called {name!r}: {operation.module} is the second")
            made[name] = function
            setattr(Methods, name, function)
    return made


FUNCTIONS = _make()
"""By name, aliases included."""
