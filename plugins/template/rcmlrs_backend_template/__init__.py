"""A backend for RCMLRS: the hooks, which are all that RCMLRS knows of it.

The module itself is the plugin: each function below that is marked with ``hookimpl`` is a hook. A misspelt one is an
error when the backend is loaded; only ``rcmlrs_storage`` is required.
"""

from array import array
from importlib.resources import files

from rcmlrs_backend_template import kernels
from rcmlrs_backend_template.storage import ArrayStorage
from rcmlrs_core import hookimpl
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.registry import KernelTable


@hookimpl
def rcmlrs_storage() -> Storage:
    """How elements come into buffers and out of them."""
    return ArrayStorage()


@hookimpl
def rcmlrs_register(table: KernelTable) -> None:
    """The kernels of its own. Whatever is not registered is derived by RCMLRS."""
    table.register("relu", kernels.relu)
    table.register("sqrt", kernels.sqrt)
    table.register("mul", kernels.mul)


@hookimpl
def rcmlrs_probe() -> list[str]:
    """What is wrong with this machine for this backend; an empty list when nothing is."""
    if array("f", [2.0**-149])[0] != 2.0**-149:
        return ["subnormal numbers are flushed to zero in this thread"]
    return []


@hookimpl
def rcmlrs_about() -> str:
    """One line for people."""
    return "array.array, three kernels of its own"


@hookimpl
def rcmlrs_waivers() -> str:
    """The cases of the conformance suite that it is known to get wrong."""
    return files(__name__).joinpath("waivers.toml").read_text(encoding="utf-8")
