"""Backends: how one is found, built and chosen.

A backend is found by its entry point (group ``rcmlrs.backends``) or as ``module:attribute``, built once, and from
then on is a table of kernels: pluggy builds the table and is never in the path of an operation. A broken backend
breaks nobody else; nothing falls back in silence, since the table knows of each kernel whether it is the backend's
own or derived.
"""

import importlib
import os
import re
import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, TracebackType
from typing import Any
from weakref import WeakSet

import pluggy

from rcmlrs_core import hookspecs
from rcmlrs_core.derive import Kernel, plain_kernel
from rcmlrs_core.errors import BackendError
from rcmlrs_core.fused import FUSED
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops import KERNELS, TABLE
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import PlainArray, Shape, scalar_bytes

ENTRY_POINTS = "rcmlrs.backends"
MAKERS = "rcmlrs.backend_makers"
"""Entry points of functions that make a plugin of what follows their name and a colon: ``array_api:NAMESPACE``."""

VARIABLE = "RCMLRS_BACKEND"

PREFERENCE = ("native", "numpy", "python")
"""The default is the first of these that is installed and healthy. Any other backend is chosen by name."""

OWN, DERIVED, UNSUPPORTED = "own", "derived", "unsupported"
"""Where a kernel comes from; or that there is none, since the backend declares that it does not have the operation."""


class KernelTable:
    """Where a backend registers its kernels, while it is built."""

    def __init__(self, backend: str, operations: Mapping[str, Operation]) -> None:
        self.backend = backend
        self.operations = operations
        self.kernels: dict[str, Kernel] = {}
        self.fused: dict[str, Callable[..., tuple[Any, ...]]] = {}
        self.fused_derived: set[str] = set()
        self.for_integers: set[str] = set()
        self.unsupported: dict[str, str] = {}

    def register(self, name: str, kernel: Kernel, *, integers: bool = False) -> None:
        """Register ``kernel`` for the operation ``name``; once, and for an operation that exists.

        Where an operation has another formula for int32 (``Operation.integers``), ``kernel`` is asked only for float32,
        and int32 goes to a derived kernel; unless ``integers`` says that ``kernel`` takes both.
        """
        if name not in self.operations:
            close = get_close_matches(name, self.operations, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            if name in TABLE:
                raise BackendError(
                    f"backend {self.backend!r} registers a kernel for {name!r}, which is a composition of "
                    "operations: it takes none, and runs on the kernels of those"
                )
            raise BackendError(f"backend {self.backend!r} registers a kernel for {name!r}, which is no operation{hint}")
        if name in self.unsupported:
            raise BackendError(f"backend {self.backend!r} registers a kernel for {name!r}, and declares it unsupported")
        if name in self.kernels:
            raise BackendError(f"backend {self.backend!r} registers two kernels for {name!r}; register it once")
        if not callable(kernel):
            raise BackendError(
                f"backend {self.backend!r}: the kernel for {name!r} is {kernel!r}, which is not callable"
            )
        self.kernels[name] = kernel
        if integers:
            self.for_integers.add(name)

    def declare_unsupported(self, name: str, reason: str) -> None:
        """Declare that the backend does not have the operation ``name``, and why: calls are refused with the reason.

        Without this an operation that has no kernel gets a derived one, which runs on copies of the data; a backend
        that would rather refuse than leave its device says so here. The conformance suite reports it as unsupported.
        """
        if name not in self.operations or name in self.kernels or name in self.unsupported or not reason.strip():
            raise BackendError(
                f"backend {self.backend!r} declares {name!r} unsupported ({reason!r}); it takes the name of an "
                "operation for which it registers no kernel, once, and a reason"
            )
        self.unsupported[name] = reason

    def register_fused(self, name: str, kernel: Callable[..., tuple[Any, ...]], *, derived: bool = False) -> None:
        """Register ``kernel`` for one of the compositions in :mod:`rcmlrs_core.fused`, whose bits it has (N5).

        ``derived`` says that it is no kernel of the backend's own: another backend's does the work.
        """
        if name not in FUSED or name in self.fused or not callable(kernel):
            raise BackendError(
                f"backend {self.backend!r} registers {kernel!r} for the composition {name!r}; it takes one "
                f"callable for each of {', '.join(FUSED)}"
            )
        self.fused[name] = kernel
        if derived:
            self.fused_derived.add(name)


class Backend:
    """A backend that is built: its storage and, for every operation, a kernel and where it comes from.

    ``fused`` holds its kernels for whole compositions, of which it need not have any; those in ``fused_derived`` are
    not its own. ``derive`` makes kernels for operations that are added later. ``integer_kernels`` are those for int32
    operands, where another one is asked. ``unsupported`` gives the reason for each operation that it declares not to
    have; ``waivers`` is the text of what it says of the conformance suite.
    ``set_threads`` sets the number of threads and returns the former, where the backend can do that.
    """

    def __init__(
        self,
        name: str,
        storage: Storage,
        kernels: dict[str, Kernel],
        origins: dict[str, str],
        about: str,
        fused: Mapping[str, Callable[..., tuple[Any, ...]]] = MappingProxyType({}),
        derive: Callable[[Operation], Kernel] | None = None,
        integer_kernels: Mapping[str, Kernel] = MappingProxyType({}),
        unsupported: Mapping[str, str] = MappingProxyType({}),
        waivers: str = "",
        fused_derived: Collection[str] = (),
        set_threads: Callable[[int], int | None] | None = None,
    ) -> None:
        self.name = name
        self.storage = storage
        self.kernels = kernels
        self.origins = origins
        self.about = about
        self.fused = fused
        self.fused_derived = fused_derived
        self.unsupported = unsupported
        self.waivers = waivers
        self.set_threads = set_threads
        self._integer_kernels = integer_kernels
        self._scalars: dict[tuple[Any, str], Any] = {}
        self._derive = derive
        if derive is not None:
            _derivers.add(self)

    def integer_kernel(self, name: str) -> Kernel:
        """The kernel of the operation ``name`` where the first operand is int32."""
        return self._integer_kernels.get(name) or self.kernels[name]

    def kernel_of(self, operation: Operation) -> Kernel:
        """The kernel of ``operation``; one that was added after the backend was built is derived now."""
        kernel = self.kernels.get(operation.name)
        if kernel is None:
            if self._derive is None:
                raise BackendError(f"backend {self.name!r} has no kernel for {operation.name!r}")
            kernel = self.kernels[operation.name] = self._derive(operation)
            self.origins[operation.name] = DERIVED
        return kernel

    def scalar(self, value: Any, dtype: str) -> Any:
        """A buffer of shape () that holds a number, rounded once (N6); the common ones are kept."""
        key = (value or repr(value), dtype)  # 0.0 and -0.0 are equal as keys, and not as numbers
        buffer = self._scalars.get(key)
        if buffer is None:
            if len(self._scalars) >= 1024:
                self._scalars.clear()
            buffer = self._scalars[key] = self.storage.load(scalar_bytes(value, dtype), (), dtype)
        return buffer

    def to_plain(self, buffer: Any, shape: Shape, dtype: str) -> PlainArray:
        """A buffer's elements in pure Python."""
        if isinstance(buffer, PlainArray):
            return buffer
        return PlainArray.frombytes(self.storage.dump(buffer), shape, dtype)

    def __repr__(self) -> str:
        own, derived = (sum(origin == of for origin in self.origins.values()) for of in (OWN, DERIVED))
        less = f", {len(self.unsupported)} unsupported" if self.unsupported else ""
        return f"<backend {self.name}: {self.about}; {own} kernels of its own, {derived} derived{less}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return get_backend, (self.name,)


@dataclass(frozen=True)
class BackendStatus:
    """What is known of a backend, and ``why``: ``state`` is healthy, broken, a word of ``STATES`` or ``NOT_LOADED``.

    ``optional`` says that nobody has asked for it yet, and nobody need have its library.
    """

    name: str
    state: str
    why: str
    own: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    fused: tuple[str, ...] = ()
    is_default: bool = False
    optional: bool = False
    unsupported: Mapping[str, str] = field(default_factory=dict)
    """The operations that it declares not to have, and why."""


_lock = threading.RLock()
_built: dict[str, Backend] = {}
_failed: dict[str, BackendError] = {}
_active: "ContextVar[tuple[use_backend, ...]]" = ContextVar("rcmlrs_backend", default=())
"""What this thread or task has entered and not left; the last one counts."""
_default: tuple[Backend, str | None] | None = None


def _installed() -> dict[str, list[EntryPoint]]:
    """Entry points by name, read from metadata: no backend is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINTS):
        # A distribution may be seen twice (an editable install beside its metadata): equal values are one point.
        if all(point.value != other.value for other in found.setdefault(point.name, [])):
            found[point.name].append(point)
    return dict(sorted(found.items()))


def get_backend(name: str | Backend) -> Backend:
    """The backend called ``name`` (or at ``module:attribute``), built on first use. Raises :class:`BackendError`."""
    if isinstance(name, Backend):
        return name
    if not isinstance(name, str):
        raise BackendError(
            f"a backend is named by a string, got {name!r}; if that is a length, write the shape as one tuple"
        )
    backend = _built.get(name)
    if backend is not None:
        return backend
    for in_use in _active.get():  # one that nobody has installed, such as the definitions of the conformance suite
        if in_use.backend.name == name:
            return in_use.backend
    with _lock:
        if name in _built:
            return _built[name]
        if name in _failed:
            raise _failed[name].with_traceback(None)  # it would grow by every time that it is raised
        try:
            _built[name] = _build(name, _load_plugin(name))
        except BackendError as error:
            _failed[name] = error
            raise
        except (Exception, SystemExit) as error:  # an attribute that raises when it is looked at, say
            _failed[name] = BackendError(f"backend {name!r} cannot be built: {type(error).__name__}: {error}")
            raise _failed[name] from error
        return _built[name]


def built_backends() -> list[Backend]:
    """The backends that are built by now; one that has two names may be among them twice."""
    return list(_built.values())


def _load_plugin(name: str) -> Any:
    points = _installed().get(name, [])
    if len(points) > 1:
        values = " and ".join(f"{point.value} ({point.dist.name if point.dist else '?'})" for point in points)
        raise BackendError(f"backend {name!r} is registered twice: {values}; uninstall one of them")
    try:
        if points:
            return points[0].load()
        module, colon, attribute = name.partition(":")
        if not colon:
            raise BackendError(_unknown(name))
        for maker in (point for point in entry_points(group=MAKERS) if point.name == module):
            return maker.load()(attribute)
        imported = importlib.import_module(module)
        return getattr(imported, attribute) if attribute else imported
    except BackendError:
        raise
    except ImportError as error:
        missing = error.name or ""
        hint = f"; install it: pip install 'rcmlrs[{name}]'" if missing.partition(".")[0] == name else ""
        kind = BackendNotInstalledError if hint else BackendError
        raise kind(f"backend {name!r} cannot be imported: {error}{hint}") from error
    except (Exception, SystemExit) as error:  # a module that gives up must not take the program with it
        raise BackendError(f"backend {name!r} fails on import: {type(error).__name__}: {error}") from error


def _unknown(name: str) -> str:
    lines = [f"there is no backend {name!r}"]
    close = get_close_matches(name, _installed(), n=1)
    if close:
        lines[0] += f"; did you mean {close[0]!r}?"
    for status in backends():
        lines.append(f"  {status.name}: {status.state}" + (f" ({status.why})" if status.state != "healthy" else ""))
    lines.append(
        f"install the package that provides it, or name it as module:attribute, or as module: if the module itself is "
        f"the plugin (entry points: {ENTRY_POINTS})"
    )
    return "\n".join(lines)


def _build(name: str, plugin: Any) -> Backend:
    """Ask the plugin for its parts. pluggy checks the hooks; whatever goes wrong names the plugin and the hook."""
    if isinstance(plugin, type):
        raise BackendError(f"backend {name!r} is the class {plugin.__name__}; name an instance of it, or a module")
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        known = sorted(hook for hook in vars(hookspecs) if hook.startswith("rcmlrs_"))
        close = [meant for word in re.findall(r"rcmlrs_\w+", str(error)) for meant in get_close_matches(word, known, 1)]
        hint = f"did you mean {close[0]}? " if close and close[0] not in str(error).split() else ""
        raise BackendError(
            f"backend {name!r} has a hook that does not fit: {error}; {hint}the hooks are: {', '.join(known)}"
        ) from error
    hook = manager.hook

    def ask(which: str, **arguments: Any) -> Any:
        try:
            answer = getattr(hook, which)(**arguments)
            if which == "rcmlrs_probe":
                return [answer] if isinstance(answer, str) else [*map(str, answer or ())]  # a generator raises here
            return str(answer or "no description") if which == "rcmlrs_about" else answer
        except BackendError:
            raise
        except (Exception, SystemExit) as error:  # a hook that gives up must not take the program with it
            raise BackendError(f"backend {name!r} fails in {which}: {type(error).__name__}: {error}") from error

    problems = ask("rcmlrs_probe")
    if problems:
        raise BackendUnhealthyError(f"backend {name!r} would give wrong bits here: {'; '.join(problems)}")
    storage = ask("rcmlrs_storage")
    if storage is None:
        raise BackendError(
            f"backend {name!r} implements no rcmlrs_storage, which says how elements are loaded and dumped; "
            "a hook is a function marked with @rcmlrs_core.hookimpl"
        )
    for method in ("load", "dump"):
        if not callable(getattr(storage, method, None)):
            raise BackendError(f"backend {name!r}: rcmlrs_storage returns {storage!r}, which has no method {method}")
    table = KernelTable(name, KERNELS)
    ask("rcmlrs_register", table=table)
    kernels, origins = dict(table.kernels), dict.fromkeys(table.kernels, OWN)

    def derive(operation: Operation) -> Kernel:
        derived = ask("rcmlrs_derive", operation=operation)
        if derived is not None and not callable(derived):
            raise BackendError(
                f"backend {name!r}: rcmlrs_derive returns {derived!r} for {operation.name!r}; it returns a kernel, "
                "or None"
            )
        return derived or _on_copies(operation, storage)

    def set_threads(count: int) -> int | None:
        former: int | None = ask("rcmlrs_threads", count=count)
        return former

    for key, reason in table.unsupported.items():
        kernels[key], origins[key] = _refusing(name, key, reason), UNSUPPORTED
    for key, operation in KERNELS.items():
        if key not in kernels:
            kernels[key], origins[key] = derive(operation), DERIVED
    integer_kernels = {
        key: derive(operation)
        for key, operation in KERNELS.items()
        if operation.integers and origins[key] == OWN and key not in table.for_integers
    }
    waivers = ask("rcmlrs_waivers")
    if not isinstance(waivers, str | None):
        raise BackendError(
            f"backend {name!r}: rcmlrs_waivers returns {waivers!r}; it returns the text of a file waivers.toml"
        )
    return Backend(
        name,
        storage,
        kernels,
        origins,
        ask("rcmlrs_about"),
        table.fused,
        derive,
        integer_kernels,
        table.unsupported,
        waivers or "",
        table.fused_derived,
        set_threads,
    )


_derivers: "WeakSet[Backend]" = WeakSet()
"""The backends that are built and can derive a kernel for an operation that is added later."""


def add_to_backends(operation: Operation) -> None:
    """Derive the kernel of ``operation`` for every backend that is built already: all of them get it, or none."""
    with _lock:
        backends = list(_derivers)
        try:
            for backend in backends:
                backend.kernel_of(operation)
        except BaseException:
            for backend in backends:
                backend.kernels.pop(operation.name, None)
                backend.origins.pop(operation.name, None)
            raise


class UnsupportedOperationError(BackendError):
    """An operation that the backend declares not to have: ``operation`` is its name."""

    def __init__(self, message: str, operation: str = "") -> None:
        super().__init__(message)
        self.operation = operation


def _refusing(backend: str, operation: str, reason: str) -> Kernel:
    """The kernel of an operation that the backend does not have."""

    def kernel(*buffers: Any, **attributes: Any) -> Any:
        raise UnsupportedOperationError(
            f"backend {backend!r} does not have {operation}: {reason}; compute it on another one, with .to('python')",
            operation,
        )

    return kernel


class BackendUnhealthyError(BackendError):
    """A backend whose probe found that this machine or library would give wrong bits."""


class BackendNotInstalledError(BackendError):
    """A backend whose own library is not there: an extra that nobody asked for, and no defect."""


class BackendNotBuiltError(BackendError):
    """A backend whose compiled part is not there. Its plugin raises this on import, and says how to build it."""


STATES: tuple[tuple[type[BackendError], str], ...] = (
    (BackendUnhealthyError, "unhealthy"),
    (BackendNotInstalledError, "not installed"),
    (BackendNotBuiltError, "not built"),
)
"""What ``rcmlrs backends`` says of a backend that raises one of these; of any other error, that it is broken."""

NOT_LOADED = "not loaded"
"""What it says of a backend whose library takes long to import, until it is chosen."""


def _on_copies(operation: Operation, storage: Storage) -> Kernel:
    """The core's pure Python kernel, for a backend that knows only to load and dump."""
    plain = plain_kernel(operation)

    def kernel(*buffers: Any, **attributes: Any) -> Any:
        operands = []
        for b in buffers:
            shape, dtype = tuple(b.shape), str(b.dtype).rpartition(".")[2]
            operands.append(PlainArray.frombytes(storage.dump(b), shape, dtype))
        result = plain(*operands, **attributes)
        return storage.load(result.tobytes(), result.shape, result.dtype)

    return kernel


def current_backend() -> Backend:
    """The backend of new tensors: ``use_backend``'s, else that of the environment variable, else the default."""
    active = _active.get()
    return active[-1].backend if active else _default_backend()


def _default_backend() -> Backend:
    global _default
    wanted = os.environ.get(VARIABLE) or None
    if _default is None:
        with _lock:
            if _default is None:
                _default = (get_backend(wanted) if wanted else _first_healthy(), wanted)
    backend, chosen_by = _default
    if wanted != chosen_by:
        _default = (backend, wanted)  # said once
        if wanted is not None and wanted != backend.name:
            warnings.warn(
                f"{VARIABLE}={wanted} was set after backend {backend.name!r} was chosen and has no effect; "
                f"set it before the first tensor is made, or use rc.use_backend({wanted!r})",
                stacklevel=4,
            )
    return backend


def _first_healthy() -> Backend:
    installed = _installed()
    reasons = []
    for name in PREFERENCE:
        if name in installed:
            try:
                return get_backend(name)
            except BackendError as error:
                reasons.append(str(error))
    raise BackendError("no backend is installed and healthy: " + ("; ".join(reasons) or "reinstall rcmlrs"))


class use_backend:
    """``with rc.use_backend("python"): ...`` makes new tensors on that backend, in this thread or task.

    An unknown or unhealthy backend is refused at once. None is the one that is in use: for an option that may be left
    out.
    """

    def __init__(self, name: str | Backend | None) -> None:
        self.backend = current_backend() if name is None else get_backend(name)

    def __enter__(self) -> Backend:
        _active.set((*_active.get(), self))
        return self.backend

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        active = _active.get()
        for place in reversed(range(len(active))):
            if active[place] is self:
                _active.set(active[:place] + active[place + 1 :])
                return
        raise BackendError(
            f"use_backend({self.backend.name!r}) is left more often than this thread or task has entered it; "
            "write: with rc.use_backend(...)"
        )


@contextmanager
def standing_in(backend: Backend) -> Iterator[Backend]:
    """Inside, ``backend`` is what its name means, and what new tensors are made on.

    For one that is made of another one, and takes its place also where code asks for a backend by a tensor's.
    """
    before = _built.get(backend.name)
    _built[backend.name] = backend
    try:
        with use_backend(backend):
            yield backend
    finally:
        _built.pop(backend.name)
        if before is not None:
            _built[backend.name] = before


def backends() -> list[BackendStatus]:
    """Every installed backend and its state; one that is broken says why.

    Builds those that are not yet built, but for those whose library takes long to import: they are built when chosen.
    """
    return list(_statuses())


def _statuses() -> Iterator[BackendStatus]:
    default = None
    for name in sorted(_installed(), key=lambda n: (PREFERENCE.index(n) if n in PREFERENCE else len(PREFERENCE), n)):
        preview = _preview(name)
        if preview is not None:
            yield preview
            continue
        try:
            backend = get_backend(name)
        except BackendError as error:
            state = next((state for kind, state in STATES if isinstance(error, kind)), "broken")
            yield BackendStatus(name, state, str(error))
            continue
        if default is None and name in PREFERENCE:
            default = name
        yield status_of(name, backend, is_default=default == name)


def status_of(name: str, backend: Backend, *, is_default: bool = False) -> BackendStatus:
    """The state of a backend that is built, and so healthy."""
    own, derived = (tuple(key for key, origin in backend.origins.items() if origin == of) for of in (OWN, DERIVED))
    fused, unsupported = tuple(backend.fused), backend.unsupported
    return BackendStatus(name, "healthy", backend.about, own, derived, fused, is_default, unsupported=unsupported)


def _preview(name: str) -> BackendStatus | None:
    """What a backend says that is not to be built for a list alone; None for one that is, or was built already."""
    if name in _built or name in _failed:
        return None
    try:
        preview = getattr(_load_plugin(name), "rcmlrs_preview", None)
        return None if preview is None else BackendStatus(name, NOT_LOADED, str(preview()), optional=True)
    except BackendNotInstalledError as error:
        return BackendStatus(name, "not installed", str(error), optional=True)
    except Exception:
        return None  # what is wrong shows again when it is built
