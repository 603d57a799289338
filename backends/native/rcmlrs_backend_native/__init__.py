"""The native backend: kernels in Rust, at the speed of the machine, with the bits of the contract.

``_native`` is the compiled module; it has a kernel for every operation that ``rcmlrs backends`` lists as its own. Two
environment variables choose how it runs, and change no bit: ``RCMLRS_NUM_THREADS`` (1 means none) and
``RCMLRS_NATIVE_LEVEL`` (``avx512``, ``avx2`` or ``portable``; the default is the best that the machine has).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rcmlrs_core import hookimpl
from rcmlrs_core.derive import Kernel
from rcmlrs_core.errors import BackendError
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import Shape
from rcmlrs_core.random import DRAWS
from rcmlrs_core.registry import BackendNotBuiltError, KernelTable, get_backend

AGAIN = (
    "build it: install Rust (https://rustup.rs), and then RCMLRS again; in a clone, make demo does that, or "
    "pip install --editable ."
)

try:
    import rcmlrs_backend_native._native as _native  # from ... import would not tell a missing file from a bad one
except ModuleNotFoundError as error:
    if error.name != f"{__name__}._native":
        raise
    note = Path(__file__).with_name("not_built.txt")  # setup.py leaves it, and knows why
    why = note.read_text(encoding="utf-8").strip() if note.is_file() else f"it was never built; {AGAIN}"
    raise BackendNotBuiltError(f"backend 'native' has no compiled module: {why}") from None
except ImportError as error:
    raise BackendNotBuiltError(f"backend 'native': its compiled module cannot be loaded: {error}; {AGAIN}") from error


class NativeStorage:
    """Buffers are ``NativeArray``: views of memory that Rust owns."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> Any:
        """A copy of the bytes."""
        return _native.load(raw, shape, dtype)

    def dump(self, buffer: Any) -> bytes:
        """The elements in row-major order, every NaN as 0x7fc00000."""
        return _native.dump(buffer)

    def view(self, buffer: Any) -> memoryview | None:
        """The elements where they lie, if that is in row-major order."""
        view = memoryview(buffer)
        return view if view.c_contiguous else None

    def dlpack(self, buffer: Any) -> Any:
        """The buffer, which knows DLPack itself."""
        return buffer

    def share(self, source: Any) -> Any:
        """The source's memory."""
        try:
            return _native.from_dlpack(source)
        except (BufferError, TypeError, ValueError):
            return None


def _numpys_draws() -> dict[str, Callable[..., tuple[Any, ...]]]:
    """Randomness by NumPy, where there is NumPy: Rust takes the memory."""
    try:
        numpys = get_backend("numpy").fused
    except BackendError:
        return {}

    def over(draw: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        return lambda **attributes: tuple(map(_native.from_buffer, draw(**attributes)))

    return {name: over(numpys[name]) for name in DRAWS}


class Plugin:
    """The hooks."""

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        """NativeArray."""
        return NativeStorage()

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        """All kernels of the compiled module."""
        for name, kernel in _native.KERNELS.items():
            table.register(name, kernel)
        for name, fused in _native.FUSED.items():
            table.register_fused(name, fused)
        for name, draw in _numpys_draws().items():
            table.register_fused(name, draw, derived=True)

    @hookimpl
    def rcmlrs_derive(self, operation: Operation) -> Kernel | None:
        """What has no kernel in Rust runs by NumPy's, on views of the same memory, where there is NumPy."""
        try:
            numpys = get_backend("numpy")
            kernel, integer_kernel = numpys.kernel_of(operation), numpys.integer_kernel(operation.name)
        except BackendError:
            return None  # the core's pure Python on copies
        import numpy

        def derived(*buffers: Any, **attributes: Any) -> Any:
            arrays = [*map(numpy.asarray, buffers)]
            chosen = integer_kernel if arrays[0].dtype == numpy.int32 else kernel
            return _native.from_buffer(chosen(*arrays, **attributes))

        return derived

    @hookimpl
    def rcmlrs_probe(self) -> list[str]:
        """Whether the level that the environment asks for is to be had."""
        return _native.problems()

    @hookimpl
    def rcmlrs_threads(self, count: int) -> int:
        """Those of the compiled module."""
        former = _native.thread_count()
        _native.set_thread_count(count)
        return former

    @hookimpl
    def rcmlrs_about(self) -> str:
        """The level and the number of threads."""
        count, problem = _native.thread_count(), _native.thread_problem()
        return f"Rust, {_native.level()}, {count} thread{'s' * (count != 1)}" + (f" ({problem})" if problem else "")


plugin = Plugin()
