"""The pure Python backend: no compiled dependency, readable, and the definition come alive.

Its buffers are :class:`rcmlrs_core.plain.PlainArray`. Nearly all of its kernels are derived from the operations' files
(binary64 formula, rounding test, exact definition); ``kernels`` holds those that a few lines make much faster.
"""

import platform
import struct
from array import array
from collections.abc import Iterator

from rcmlrs_backend_python import kernels
from rcmlrs_core import hookimpl
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.plain import PlainArray, Shape
from rcmlrs_core.registry import KernelTable


class PlainStorage:
    """Bytes in, bytes out."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> PlainArray:
        """A PlainArray of these bytes."""
        return PlainArray.frombytes(raw, shape, dtype)

    def dump(self, buffer: PlainArray) -> bytes:
        """Its bytes."""
        return buffer.tobytes()


class Plugin:
    """The hooks."""

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        """PlainArray."""
        return PlainStorage()

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        """What ``kernels`` lists."""
        for kernel in kernels.KERNELS:
            table.register(kernel.__name__, kernel)

    @hookimpl
    def rcmlrs_probe(self) -> Iterator[str]:
        """Python's float must be binary64, and storing into an array must round and keep subnormals."""
        if struct.pack("<d", 1.5) != b"\0\0\0\0\0\0\xf8\x3f":
            yield "Python's float is not binary64"
        if array("f", [2.0**-149])[0] != 2.0**-149 or array("f", [2.0**-149])[0] * 0.5 != 2.0**-150:
            yield "subnormal numbers are flushed to zero in this thread (some library has set the processor's flag)"
        if array("f", [1.0 + 2.0**-24, 1.0 + 3 * 2.0**-24]).tolist() != [1.0, 1.0 + 2.0**-22]:
            yield "storing binary64 as binary32 does not round to nearest, ties to even"

    @hookimpl
    def rcmlrs_about(self) -> str:
        """Which Python."""
        return f"{platform.python_implementation()} {platform.python_version()}, no compiled dependency"


plugin = Plugin()
