"""Operations from outside: a package of anyone's adds one, and it is an operation like the others.

It gets its function ``rc.NAME``, its method, its gradient, a kernel on every backend (derived from its file), its page
(``help(rc.NAME)``) and its part of the conformance suite. A package says by an entry point where it is::

    [project.entry-points."rcmlrs.operations"]
    logit = "acme_operations.logit"          # a module with ``operation``, as the files in rcmlrs_core/ops are

or a program calls :func:`register_operation` itself. What comes by entry point is there after ``import rcmlrs_core``;
one that cannot be loaded is told by a warning, and breaks nothing else.
"""

import sys
import warnings
from importlib.metadata import EntryPoint, entry_points
from keyword import iskeyword
from types import ModuleType
from typing import Any
from unicodedata import normalize

from rcmlrs_core.dispatch import add_function
from rcmlrs_core.errors import OperationError
from rcmlrs_core.ops import KERNELS, TABLE
from rcmlrs_core.ops.op import Composition, Operation
from rcmlrs_core.registry import add_to_backends
from rcmlrs_core.tensor import RamTensor

ENTRY_POINTS = "rcmlrs.operations"


def register_operation(operation: Operation | ModuleType) -> Operation:
    """Add ``operation`` (or the one of a module) to the table; returns it.

    Its name is the last part of its ``module``. Raises :class:`OperationError` for what is no operation, or has a name
    that is taken: by an operation, by anything else in ``rcmlrs_core``, or by an attribute of tensors.
    """
    found = getattr(operation, "operation", operation)
    if not isinstance(found, Operation):
        raise OperationError(
            f"an operation is one of the families in rcmlrs_core.ops.op (or a module with one, called 'operation'), "
            f"got {operation!r}"
        )
    if TABLE.get(found.name) is found:
        return found
    names = (found.name, *found.aliases)
    if isinstance(found.aliases, str) or len(set(names)) < len(names):
        raise OperationError(
            f"{found.module}: aliases are a sequence of names other than {found.name!r}, each of them once, got "
            f"{found.aliases!r}"
        )
    core: Any = sys.modules["rcmlrs_core"]
    for name in names:
        if not _is_public(name):
            raise OperationError(f"an operation cannot be called {name!r}: that is no public name in Python")
        taken = f"the operation of {TABLE[name].module}" if name in TABLE else ""
        if not taken and (name in vars(core) or name in core.__all__ or hasattr(RamTensor, name)):
            taken = f"rcmlrs_core.{name}" if name in core.__all__ or name in vars(core) else f"RamTensor.{name}"
        if taken:
            raise OperationError(f"{found.module}: the name {name!r} is taken by {taken}; choose another one")
    if not isinstance(found, Composition):
        add_to_backends(found)
        KERNELS[found.name] = found  # and a backend that is built from now on asks for it
    TABLE[found.name] = found
    for name, function in add_function(found).items():
        for module in (core, core.functions):
            setattr(module, name, function)
            module.__all__.append(name)
    return found


def _is_public(name: Any) -> bool:
    """Whether ``rc.NAME`` can be written: Python reads a name in its normal form, and keeps some words for itself."""
    if not isinstance(name, str) or name.startswith("_") or iskeyword(name):
        return False
    return name.isidentifier() and normalize("NFKC", name) == name


def load_operations() -> None:
    """Register what the installed packages' entry points name; what fails is told by a warning."""
    seen = set()
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value)):
        if point.value not in seen:  # an editable install may be seen twice
            seen.add(point.value)
            _load(point)


def _load(point: EntryPoint) -> None:
    whose = f"of the package {point.dist.name!r}" if point.dist else f"({point.value})"
    try:
        operation = register_operation(point.load())
        if operation.name != point.name:
            _warn(f"the entry point {point.name!r} {whose} gives an operation called {operation.name!r}")
    except (Exception, SystemExit) as error:  # a module that gives up must not take the program with it
        _warn(f"the operation {point.name!r} {whose} cannot be used: {type(error).__name__}: {error}")


def _warn(text: Any) -> None:
    warnings.warn(text, OperationWarning, stacklevel=2)


class OperationWarning(UserWarning):
    """An operation of an installed package that cannot be used."""
