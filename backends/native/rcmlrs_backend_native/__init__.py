"""The native backend: kernels in Rust, at the speed of the machine, with the bits of the contract.

``_native`` is the compiled module; it has a kernel for every operation that ``rcmlrs backends`` lists as its own. Two
environment variables choose how it runs, and change no bit: ``RCMLRS_NUM_THREADS`` (1 means none) and
``RCMLRS_NATIVE_LEVEL`` (``avx512``, ``avx2`` or ``portable``; the default is the best that the machine has).
"""

from typing import Any

from rcmlrs_backend_native import _native
from rcmlrs_core import hookimpl
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.plain import Shape
from rcmlrs_core.registry import KernelTable


class NativeStorage:
    """Buffers are ``NativeArray``: views of memory that Rust owns."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> Any:
        """A copy of the bytes."""
        return _native.load(raw, shape, dtype)

    def dump(self, buffer: Any) -> bytes:
        """The elements in row-major order, every NaN as 0x7fc00000."""
        return _native.dump(buffer)


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

    @hookimpl
    def rcmlrs_probe(self) -> list[str]:
        """Whether the level that the environment asks for is to be had."""
        return _native.problems()

    @hookimpl
    def rcmlrs_about(self) -> str:
        """The level and the number of threads."""
        return f"Rust, {_native.level()}, {_native.thread_count()} threads"


plugin = Plugin()
