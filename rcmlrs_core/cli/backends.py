"""``rcmlrs backends``: what is installed, what is healthy, and which kernels are whose."""

import os
from typing import Annotated

import typer
from rich.table import Table

from rcmlrs_core.cli.console import PlainConsole
from rcmlrs_core.errors import BackendError
from rcmlrs_core.fused import FUSED
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.registry import DERIVED, OWN, UNSUPPORTED, VARIABLE, BackendStatus, current_backend, status_of
from rcmlrs_core.registry import backends as statuses


def backends(
    why: Annotated[
        bool, typer.Option("--why", help="Say why one is chosen, why others are not, and whose kernels run.")
    ] = False,
) -> None:
    """List the backends: state, description, and how many kernels are a backend's own."""
    console = PlainConsole()
    backend = None
    try:
        backend = current_backend()  # before the list, which builds no backend whose library takes long to import
    except BackendError as error:
        console.say(str(error).splitlines()[0], style="red")
    chosen = backend.name if backend else None
    found = statuses()
    if backend and all(status.name != chosen for status in found):  # named as module:attribute
        found.append(status_of(backend.name, backend))
    table = Table("backend", "state", "own kernels", "derived", "what it is", box=None, pad_edge=False)
    for status in found:
        mark = " *" if status.name == chosen else ""
        own, derived = (str(len(status.own)), str(len(status.derived))) if status.state == "healthy" else ("", "")
        about = status.why if status.state == "healthy" or status.optional else "see below"
        table.add_row(status.name + mark, status.state, own, derived, about)
    console.table(table)
    for status in found:
        if status.state != "healthy" and not status.optional:
            console.say(f"{status.name}: {status.state}: {status.why}", style="yellow")
    console.say(f"* the backend of new tensors here. Choose another with {VARIABLE}=NAME or rc.use_backend(NAME).")
    if why:
        wanted = os.environ.get(VARIABLE)
        default = next((status.name for status in found if status.is_default), None)
        reason = f"{VARIABLE}={wanted} says so" if wanted else "it is the fastest that is installed and healthy"
        console.say(f"\n{chosen or 'None'} is chosen because {reason}; the default is {default}.")
        healthy = [status for status in found if status.state == "healthy"]
        kernels = Table("operation", *(status.name for status in healthy), box=None, pad_edge=False)
        for name in KERNELS:
            kernels.add_row(name, *(_origin(name, status) for status in healthy))
        for name in FUSED:
            kernels.add_row(name, *("fused" if name in status.fused else "composed" for status in healthy))
        console.table(kernels)
        for status in healthy:
            for name, reason in status.unsupported.items():
                console.say(f"{status.name} does not have {name}: {reason}", style="yellow")
        console.say(
            "own: a kernel of the backend. derived: the binary64 formula of the operation's file, the rounding test, "
            "and the exact definition for what stays undecided. fused: one kernel for a composition of operations. "
            "The bits are the same. unsupported: the backend declares that it does not have the operation."
        )


def _origin(operation: str, status: BackendStatus) -> str:
    """Whose kernel runs."""
    if operation in status.unsupported:
        return UNSUPPORTED
    return OWN if operation in status.own else DERIVED
