"""The hooks through which a backend comes in (pluggy). The built-in backends use these and nothing else.

A backend is an object (a module, as a rule) that implements some of these hooks, named by an entry point in the group
``rcmlrs.backends``. Only ``rcmlrs_storage`` is required: with it alone every operation works, by kernels that are
derived from the operations' own files and run on copies. A misspelt hook, or one with an argument that is not listed
here, is an error when the backend is loaded.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

from rcmlrs_core.plain import Shape

if TYPE_CHECKING:
    from rcmlrs_core.ops.op import Operation
    from rcmlrs_core.registry import KernelTable

PROJECT = "rcmlrs"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Mark a hook's implementation: ``@rcmlrs_core.hookimpl``."""


class Storage(Protocol):
    """How elements come into a backend's buffers and out of them again.

    A buffer is whatever the backend computes on. It has ``shape`` and ``dtype``, as arrays do; RCMLRS looks at nothing
    else of it. It is not changed after it is made.

    A storage may have further methods, each of which saves a copy:

    * ``view(buffer)``, for ``t.memoryview()`` and ``t.numpy()``: a read-only memoryview of the elements where they lie,
      with their shape, in row-major order and the machine's byte order, of format ``f``, ``i`` or ``?``, every NaN as
      0x7fc00000; or None where there is none, and they are dumped.
    * ``dlpack(buffer)``: an object whose ``__dlpack__`` gives the elements likewise.
    * ``share(source)``, for ``rc.from_dlpack``: a buffer on the memory of an object with ``__dlpack__``; None where it
      is of no use here (another device, another element type), and its elements are copied.
    """

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> Any:
        """A buffer from row-major little-endian bytes: binary32, int32, or bool as one byte 0 or 1."""

    def dump(self, buffer: Any) -> bytes:
        """The bytes of a buffer, laid out likewise, every NaN as 0x7fc00000 (N1.2)."""


@hookspec(firstresult=True)
def rcmlrs_storage() -> Storage:  # type: ignore[empty-body]
    """Return the backend's :class:`Storage`. Required."""


@hookspec
def rcmlrs_register(table: "KernelTable") -> None:
    """Register the backend's own kernels: ``table.register("gelu", kernel)``.

    ``kernel(*buffers, **attributes)`` returns a buffer; the attributes are in the normal form of the operation's
    ``check``. A name that is no operation, or that is registered twice, is an error. A kernel for a whole composition,
    of those in ``rcmlrs_core.fused``, is registered likewise with ``table.register_fused``.
    """


@hookspec(firstresult=True)
def rcmlrs_derive(operation: "Operation") -> Any:
    """Return a kernel for an operation that has none of its own, or None to leave it to the pure Python of the core."""


@hookspec(firstresult=True)
def rcmlrs_probe() -> Iterable[str]:  # type: ignore[empty-body]
    """Return what is wrong with this machine or library for this backend, a sentence each; nothing when it is healthy.

    Flushed subnormals, binary64 that is switched off, reduced-precision products: a backend that would give wrong bits
    must say so here, and is then refused. It is asked once, when the backend is built and in the thread that builds it.
    """


@hookspec(firstresult=True)
def rcmlrs_threads(count: int) -> int | None:
    """Compute with ``count`` threads from now on (1 means none beside the caller's), and return how many it was before.

    Optional: for a backend whose number of threads can be set while it runs. The conformance suite asks, to see that no
    bit depends on it. None says that it cannot be set here.
    """


@hookspec(firstresult=True)
def rcmlrs_about() -> str:  # type: ignore[empty-body]
    """Return one line for people: the library behind the backend, its version, what it runs on."""


@hookspec(firstresult=True)
def rcmlrs_preview() -> str:  # type: ignore[empty-body]
    """Return one line to list a backend by, if importing its library takes long: it is then built only when chosen.

    A library that is not there is a ``rcmlrs_core.registry.BackendNotInstalledError``, which says what to install.
    """


@hookspec(firstresult=True)
def rcmlrs_waivers() -> str:  # type: ignore[empty-body]
    """Return the text of the backend's ``waivers.toml``: the cases of the conformance suite that it knows to be wrong.

    Each names one case, the reason, and a link to where it is dealt with (``rcmlrs_conformance.waivers`` tells the
    form). A case that is waived is reported as waived, never as right; a waiver of a case that is right is an error.
    """
