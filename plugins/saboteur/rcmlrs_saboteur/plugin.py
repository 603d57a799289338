"""A plugin that is the Python backend but for one fault, and the decorators that make one."""

from collections.abc import Callable
from typing import Any

from rcmlrs_core import hookimpl
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import INT32
from rcmlrs_core.registry import KernelTable, get_backend
from rcmlrs_saboteur.formulas import COMPOSED

Kernel = Callable[..., Any]
Fault = Callable[[Kernel], Kernel]


class Saboteur:
    """The hooks. ``operations`` get the kernels that ``fault`` makes of the right ones; ``compositions`` likewise.

    ``caught_at`` is the level of the suite that must catch it, and ``clause`` the clause that it breaks. ``subjects``
    are those of the suite that try it.
    """

    def __init__(self, name: str, about: str, caught_at: str, clause: str) -> None:
        self.name = name
        self.about = about
        self.caught_at = caught_at
        self.clause = clause
        self.subjects: tuple[str, ...] = ()
        self.operations: tuple[str, ...] = ()
        self.compositions: tuple[str, ...] = ()
        self.fault: Fault = lambda kernel: kernel
        self.storage: Storage | None = None
        self.kind = ""
        """What the suite must call a bad behaviour."""
        self.told = ""
        """The stream of which the suite must tell that something was printed."""

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        """The Python backend's, unless the fault is there."""
        return self.storage or get_backend("python").storage

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        """The spoilt compositions; a spoilt kernel is derived, since it runs the right one."""
        for name in self.compositions:
            table.register_fused(name, self.fault(COMPOSED[name]))

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


MOST_SUBJECTS = 12
"""A fault of many operations shows in a few of them."""

FAULTS: dict[str, Saboteur] = {}
"""Every fault by its name."""

BEHAVIOURS: dict[str, Saboteur] = {}
"""Every bad behaviour by its name: such a backend can take down the process that it runs in."""


def _made(name: str, documentation: str | None, caught_at: str, clause: str) -> Saboteur:
    about = (documentation or "").partition("\n")[0].rstrip(".")
    FAULTS[name] = Saboteur(name, about, caught_at, clause)
    return FAULTS[name]


def fault(*operations: str, clause: str, caught_at: str = "smoke") -> Callable[[Fault], Saboteur]:
    """``@fault("sum", clause="N3.1")``: the function below makes wrong kernels of right ones, and names the backend."""

    def make(function: Fault) -> Saboteur:
        plugin = _made(function.__name__, function.__doc__, caught_at, clause)
        plugin.operations, plugin.fault = operations, function
        plugin.subjects = operations[:MOST_SUBJECTS]
        return plugin

    return make


def fused_fault(*compositions: str, clause: str, caught_at: str = "smoke") -> Callable[[Fault], Saboteur]:
    """The same for kernels of whole compositions."""

    def make(function: Fault) -> Saboteur:
        plugin = _made(function.__name__, function.__doc__, caught_at, clause)
        plugin.compositions = plugin.subjects = compositions
        plugin.fault = function
        return plugin

    return make


def storage_fault(*, clause: str, caught_at: str = "smoke") -> Callable[[type[Storage]], Saboteur]:
    """The same for a class of storage."""

    def make(storage: type[Storage]) -> Saboteur:
        plugin = _made(storage.__name__, storage.__doc__, caught_at, clause)
        plugin.storage = storage()
        plugin.subjects = ("storage",)
        return plugin

    return make


def behaviour(*operations: str, kind: str, told: str = "", caught_at: str = "smoke") -> Callable[[Fault], Saboteur]:
    """``@behaviour("neg", kind="no answer")``: as :func:`fault`, for kernels that behave badly."""

    def make(function: Fault) -> Saboteur:
        plugin = _behaving(function.__name__, function.__doc__, kind, told, caught_at)
        plugin.operations, plugin.fault = operations, function
        return plugin

    return make


def storage_behaviour(*, kind: str) -> Callable[[type[Storage]], Saboteur]:
    """The same for a class of storage."""

    def make(storage: type[Storage]) -> Saboteur:
        plugin = _behaving(storage.__name__, storage.__doc__, kind, "", "smoke")
        plugin.storage = storage()
        return plugin

    return make


def _behaving(name: str, documentation: str | None, kind: str, told: str, caught_at: str) -> Saboteur:
    about = (documentation or "").partition("\n")[0].rstrip(".")
    plugin = BEHAVIOURS[name] = Saboteur(name, about, caught_at, "")
    plugin.kind, plugin.told = kind, told
    return plugin
