"""The NumPy backend: binary64 BLAS and vectorised formulas, with the rounding test over blocks that stay in the cache.

Its kernels are those that ``rcmlrs_backend_array_api`` derives for any array library, and NumPy's shortcuts: see
``elementwise`` (binary32 operations that are right as they stand, blocks), ``contraction`` (matmul, linear), ``conv``,
``sums`` (sum, mean, add_n), ``moves`` (views, indices), ``order`` (max, argmax, median), ``draws`` (randomness).
"""

from typing import Any

import numpy

from rcmlrs_backend_array_api.derive import derive
from rcmlrs_backend_numpy import contraction, conv, draws, elementwise, moves, order, probes, sums, threads
from rcmlrs_backend_numpy.rounding import round_decided
from rcmlrs_core import hookimpl
from rcmlrs_core.derive import Kernel
from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops.op import Elementwise, Operation
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, Shape
from rcmlrs_core.registry import KernelTable

_LITTLE_ENDIAN = {FLOAT32: numpy.dtype("<f4"), INT32: numpy.dtype("<i4"), BOOL: numpy.dtype("?")}


WHOLE = {"argmax", "argmin", "bitwise_invert", "maximum", "minimum"}
"""Operations whose kernels here take int32 as they take float32."""


class NumpyStorage:
    """Buffers are ``numpy.ndarray``."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> Any:
        """A copy of the bytes, in the machine's byte order."""
        array = numpy.frombuffer(bytearray(raw), _LITTLE_ENDIAN[dtype]).reshape(shape)
        return array.astype(dtype, copy=False)

    def dump(self, buffer: Any) -> bytes:
        """The elements in row-major order, every NaN as 0x7fc00000."""
        name = buffer.dtype.name
        array = numpy.ascontiguousarray(buffer, _LITTLE_ENDIAN[name])
        if name == FLOAT32:
            nan = numpy.isnan(array)
            if nan.any():
                array = numpy.where(nan, numpy.float32(numpy.nan), array).astype("<f4")
        return array.tobytes()

    def view(self, buffer: Any) -> memoryview | None:
        """The elements where they lie, if that is in row-major order and there is no NaN to be made the one NaN."""
        if not buffer.flags.c_contiguous or (buffer.dtype.name == FLOAT32 and numpy.isnan(buffer).any()):
            return None
        return memoryview(buffer).toreadonly()

    def share(self, source: Any) -> Any:
        """The source's memory; not of bools of which some byte is neither 0 nor 1, as C programs may leave them."""
        try:
            array = numpy.from_dlpack(source)
        except (BufferError, TypeError, ValueError, RuntimeError):
            return None
        if array.dtype.kind == "b" and (array.view("u1") > 1).any():
            return None
        return array if array.dtype.name in _LITTLE_ENDIAN and array.dtype.isnative else None


class Plugin:
    """The hooks."""

    @hookimpl
    def rcmlrs_storage(self) -> Storage:
        """ndarray."""
        return NumpyStorage()

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        """NumPy's shortcuts."""
        for module in (elementwise, contraction, conv, sums, moves, order):
            for name, kernel in module.KERNELS.items():
                table.register(name, kernel, integers=name in WHOLE)
        for name, fused in draws.FUSED.items():
            table.register_fused(name, fused)

    @hookimpl
    def rcmlrs_derive(self, operation: Operation) -> Kernel | None:
        """As for any array library, in blocks."""
        if isinstance(operation, Elementwise):
            return elementwise.blocked(operation)
        kernel = derive(operation, numpy, round_decided, elementwise.BLOCK)
        return None if kernel is None else elementwise.quiet(kernel)

    @hookimpl
    def rcmlrs_probe(self) -> list[str]:
        """What ``probes`` finds."""
        return probes.problems()

    @hookimpl
    def rcmlrs_threads(self, count: int) -> int | None:
        """Those of the BLAS, where there is threadpoolctl to set them."""
        return threads.set_threads(count)

    @hookimpl
    def rcmlrs_about(self) -> str:
        """NumPy, its BLAS and the processor features that it uses."""
        return probes.about()


plugin = Plugin()
