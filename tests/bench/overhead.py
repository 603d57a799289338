"""The way of an operation, without its kernel: tensors of 4 x 4 on a backend whose kernels do nothing."""

from collections.abc import Callable, Iterator
from typing import Any

from rcmlrs_core.ops import KERNELS
from rcmlrs_core.plain import FLOAT32, Shape
from rcmlrs_core.registry import Backend, get_backend
from rcmlrs_core.tensor import RamTensor, wrap
from tests.bench.measure import Effort, Result, beyond

GROUP = "overhead"
WITHOUT_TAPE, WITH_TAPE = 3.0, 6.0
"""Microseconds."""

Call = Callable[[RamTensor], Any]

# The operation, how it is called on tensors, and what its kernel is called with.
CASES: dict[str, tuple[str, Call, int, dict[str, Any]]] = {
    "x.add(x)": ("add", lambda x: x.add(x), 2, {}),
    "x + 1.5": ("add", lambda x: x + 1.5, 2, {}),
    "x.gelu()": ("gelu", lambda x: x.gelu(), 1, {}),
    "x.sum(axis=0)": ("sum", lambda x: x.sum(axis=0), 1, {"axis": (0,), "keepdims": False}),
    "x @ x": ("matmul", lambda x: x @ x, 2, {}),
    "x.reshape((2, 8))": ("reshape", lambda x: x.reshape((2, 8)), 1, {"shape": (2, 8)}),
}


def results(effort: Effort) -> Iterator[Result]:
    """With the tape and without it; the peer is the call of the kernel alone."""
    shape: Shape = (4, 4)
    source = get_backend("numpy")
    buffer = source.storage.load(bytes(64), shape, FLOAT32)

    def nothing(*buffers: Any, **attributes: Any) -> Any:
        return buffer

    backend = Backend("no-op", source.storage, dict.fromkeys(KERNELS, nothing), dict(source.origins), "does nothing")
    for tape in (False, True):
        x = wrap(buffer, shape, FLOAT32, backend).requires_grad_(tape)
        for case, (name, call, count, attributes) in CASES.items():
            kernel, buffers = backend.kernels[name], [buffer] * count
            yield beyond(
                GROUP,
                case + (", with tape" if tape else ""),
                lambda call=call, x=x: call(x),  # type: ignore[misc]
                lambda kernel=kernel, buffers=buffers, attributes=attributes: kernel(*buffers, **attributes),  # type: ignore[misc]
                effort,
                WITH_TAPE if tape else WITHOUT_TAPE,
            )
