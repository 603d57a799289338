"""A plugin that is the Python backend but for one fault, and the decorators that make one."""

from collections.abc import Callable
from typing import Any

from rcmlrs_core import hookimpl
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import INT32
from rcmlrs_core.registry import get_backend

Kernel = Callable[..., Any]
Fault = Callable[[Kernel], Kernel]


class Saboteur:
    """The hooks. ``operations`` get the kernels that ``fault`` makes of the right ones.

    ``caught_at`` is the level of the suite that must catch it, and ``clause`` the clause that it breaks.
    """

    def __init__(self, name: str, about: str, caught_at: str, clause: str) -> None:
        self.name = name
        self.about = about
        self.caught_at = caught_at
        self.clause = clause
        self.operations: tuple[str, ...] = ()
        self.fault: Fault = lambda kernel: kernel
        self.storage: Storage | None = None

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        """The Python backend's, unless the fault is there."""
        return self.storage or get_backend("python").storage

    @hookimpl
    def rcmlrs_derive(self, operation: Operation) -> Kernel:
        """The core's kernel, which is right, or the spoilt one: that is made of the right one, and so not its own."""
        right = plain_kernel(operation)
        if operation.name not in self.operations:
            return right
        python = get_backend("python")
        spoilt, of_integers = self.fault(python.kernels[operation.name]), python.integer_kernel(operation.name)
        if operation.integers is None:
            return spoilt
        return lambda *operands, **attributes: (of_integers if operands[0].dtype == INT32 else spoilt)(
            *operands, **attributes
        )

    @hookimpl
    def rcmlrs_about(self) -> str:
        """What is wrong with it."""
        return f"wrong on purpose: {self.about}"


FAULTS: dict[str, Saboteur] = {}
"""Every fault by its name."""


def _made(name: str, documentation: str | None, caught_at: str, clause: str) -> Saboteur:
    about = (documentation or "").partition("\n")[0].rstrip(".")
    FAULTS[name] = Saboteur(name, about, caught_at, clause)
    return FAULTS[name]


def fault(*operations: str, clause: str, caught_at: str = "smoke") -> Callable[[Fault], Saboteur]:
    """``@fault("sum", clause="N3.1")``: the function below makes wrong kernels of right ones, and names the backend."""

    def make(function: Fault) -> Saboteur:
        plugin = _made(function.__name__, function.__doc__, caught_at, clause)
        plugin.operations, plugin.fault = operations, function
        return plugin

    return make


def storage_fault(*, clause: str, caught_at: str = "smoke") -> Callable[[type[Storage]], Saboteur]:
    """The same for a class of storage."""

    def make(storage: type[Storage]) -> Saboteur:
        plugin = _made(storage.__name__, storage.__doc__, caught_at, clause)
        plugin.storage = storage()
        return plugin

    return make
