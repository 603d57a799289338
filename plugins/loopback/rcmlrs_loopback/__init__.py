"""A backend that forwards to another one and counts the calls: ``rcmlrs_loopback:plugin``.

Its buffers are marked as its own, so that a buffer of another backend that reaches a kernel by mistake is noticed.
"""

import os
from collections import Counter
from typing import Any

from rcmlrs_core import hookimpl
from rcmlrs_core.derive import Kernel
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import INT32, Shape
from rcmlrs_core.registry import Backend, get_backend

VARIABLE = "RCMLRS_LOOPBACK"


class Buffer:
    """A buffer of the other backend, marked."""

    __slots__ = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @property
    def shape(self) -> Shape:
        """The inner buffer's."""
        return tuple(self.inner.shape)

    @property
    def dtype(self) -> Any:
        """The inner buffer's."""
        return self.inner.dtype


class Loopback(Storage):
    """The hooks, and the storage that they hand out. ``calls`` counts kernels by operation."""

    def __init__(self, target: str | None = None) -> None:
        self._target = target
        self.calls: Counter[str] = Counter()
        self.loads = 0
        self.dumps = 0

    @property
    def target(self) -> Backend:
        """The backend that does the work."""
        return get_backend(self._target or os.environ.get(VARIABLE) or "python")

    def reset(self) -> None:
        """Count from zero."""
        self.calls.clear()
        self.loads = self.dumps = 0

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> Buffer:
        """By the other backend."""
        self.loads += 1
        return Buffer(self.target.storage.load(raw, shape, dtype))

    def dump(self, buffer: Buffer) -> bytes:
        """By the other backend."""
        self.dumps += 1
        return self.target.storage.dump(buffer.inner)

    def forward(self, name: str, kernel: Kernel, integer_kernel: Kernel) -> Kernel:
        """A kernel that counts, and calls the other backend's."""

        def counted(*buffers: Buffer, **attributes: Any) -> Buffer:
            self.calls[name] += 1
            for buffer in buffers:
                if not isinstance(buffer, Buffer):
                    raise TypeError(f"{name} was given a {type(buffer).__name__}, which is no buffer of this backend")
            chosen = integer_kernel if str(buffers[0].dtype).endswith(INT32) else kernel
            return Buffer(chosen(*(buffer.inner for buffer in buffers), **attributes))

        return counted

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        """The plugin itself."""
        return self

    @hookimpl
    def rcmlrs_derive(self, operation: Operation) -> Kernel:
        """The kernel of the other backend, that for int32 where the first operand is; none is this one's own."""
        kernel = self.target.kernel_of(operation)
        return self.forward(operation.name, kernel, self.target.integer_kernel(operation.name))

    @hookimpl
    def rcmlrs_about(self) -> str:
        """What it forwards to."""
        return f"forwards to {self.target.name} and counts"


plugin = Loopback()
