"""The backend that is made of a library: its hooks, its storage, and the factory that makes one of any namespace."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from rcmlrs_backend_array_api import contraction, conv, indices, kernels, moves, order, probes
from rcmlrs_backend_array_api.library import Buffer, Library
from rcmlrs_core import hookimpl
from rcmlrs_core.derive import Kernel
from rcmlrs_core.errors import BackendError
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import Shape
from rcmlrs_core.registry import BackendNotInstalledError, KernelTable


class LibraryStorage:
    """Buffers are :class:`Buffer`: an array of the library, and the shape and the type of its elements."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> Buffer:
        """A copy of the bytes."""
        with self.library.scope():
            return self.library.load(raw, shape, dtype)

    def dump(self, buffer: Buffer) -> bytes:
        """The elements in row-major order, every NaN as 0x7fc00000."""
        with self.library.scope():
            return self.library.plain(buffer).tobytes()


class ArrayBackend:
    """The hooks of a backend whose library is imported, and examined, when the backend is chosen.

    ``make()`` imports the library. ``package`` is what has to be installed for that, and ``extra`` the extra of RCMLRS
    that installs it; without a ``package`` the library is there already.
    """

    def __init__(self, make: Callable[[], Library], about: str, package: str = "", extra: str = "") -> None:
        self._make = make
        self._about = about
        self._package = package
        self._extra = extra
        self._library: Library | None = None
        self._notes: list[str] = []

    @property
    def library(self) -> Library:
        """The library, imported."""
        if self._library is None:
            self.rcmlrs_preview()
            try:
                self._library = self._make()
            except ImportError as error:
                hint = f"; install it: pip install 'rcmlrs[{self._extra}]'" if self._extra else ""
                raise BackendError(f"{self._about} cannot be imported: {error}{hint}") from error
        return self._library

    @hookimpl
    def rcmlrs_preview(self) -> str:
        """What there is before the library is imported; its absence is an error that says what to install."""
        if not self._package:
            return ""
        if find_spec(self._package) is None:
            hint = f"pip install 'rcmlrs[{self._extra}]'" if self._extra else f"install {self._package}"
            raise BackendNotInstalledError(f"{self._package} is not installed: {hint}")
        return f"{self._about}, imported when it is chosen"

    @hookimpl
    def rcmlrs_probe(self) -> list[str]:
        """What ``probes`` finds and has no work-around for."""
        problems, self._notes = probes.examine(self.library)
        return problems

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        """Arrays of the library."""
        return LibraryStorage(self.library)

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        """What no family derives: products, convolutions, indices, order; and moves that the library has itself."""
        library = self.library
        for module in (contraction, conv, indices, moves, order):
            for name, kernel in module.kernels(library).items():
                if name in table.operations:
                    table.register(name, kernels.within(library, kernel))

    @hookimpl
    def rcmlrs_derive(self, operation: Operation) -> Kernel | None:
        """By the operation's family."""
        kernel = kernels.derive(operation, self.library)
        return None if kernel is None else kernels.within(self.library, kernel)

    @hookimpl
    def rcmlrs_about(self) -> str:
        """The library, its version, and what is worked around."""
        version = getattr(self.library.xp, "__version__", "")
        if not version and self._package:
            version = import_module(self._package).__version__
        name = f"{self._about} {version}".strip()
        return f"{name} ({'; '.join(self._notes)})" if self._notes else name


def namespace_of(name: str) -> Any:
    """The namespace called ``name``; array-api-compat's one of it, where there is one, for a library that follows the
    standard only through that."""
    module = import_module(name)
    if hasattr(module, "__array_namespace_info__") or hasattr(module, "__array_api_version__"):
        return module
    try:
        return import_module(f"array_api_compat.{name}")
    except ImportError:
        return module


def backend_of(namespace: Any, **options: Any) -> ArrayBackend:
    """A backend made of an array namespace, for ``RCMLRS_BACKEND=your_module:plugin`` or an entry point.

    ``namespace`` is a module (or object) that follows the Array API standard, or the name of one to import later:
    ``plugin = backend_of("cubed.array_api")``. ``options`` are those of :class:`Library`: ``scope``, a context manager
    in which all use of the library takes place; ``compiles``, for one that compiles for each new shape; ``evaluate``,
    which computes a lazy array. Without options, ``RCMLRS_BACKEND=array_api:cubed.array_api`` is the same.

    Nothing has to be promised of the library: what it cannot do is found when the backend is loaded, and worked around
    or refused with the reason.
    """
    if isinstance(namespace, str):
        return ArrayBackend(lambda: Library(namespace_of(namespace), **options), namespace)
    name = getattr(namespace, "__name__", type(namespace).__name__)
    return ArrayBackend(lambda: Library(namespace, **options), str(name))
