"""Backends whose results are right and whose behaviour is not: they crash, hang, take memory, print.

Each does it in ``neg`` or ``relu``, and only there; the suite must tell so, and check all others nevertheless.
The tests run them in processes of their own.
"""

import ctypes
import os
import sys
import time
from typing import Any

from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.plain import PlainArray, Shape
from rcmlrs_saboteur.plugin import BEHAVIOURS, Kernel, behaviour, storage_behaviour

__all__ = ["BEHAVIOURS"]

FATAL = (17,)
"""The shape of the operand at which the fatal ones strike: one case of ``neg/lengths`` has it."""


@behaviour("neg", kind="the process died")
def segfaults(kernel: Kernel) -> Kernel:
    """Reads at address 0."""
    return struck(kernel, lambda: ctypes.string_at(0))


@behaviour("neg", kind="the process died")
def aborts(kernel: Kernel) -> Kernel:
    """A failed assertion in C."""
    return struck(kernel, os.abort)


@behaviour("neg", kind="the process died")
def exits(kernel: Kernel) -> Kernel:
    """Ends the process, in so many words."""
    return struck(kernel, lambda: os._exit(3))


@behaviour("neg", kind="the process died")
def gives_up(kernel: Kernel) -> Kernel:
    """Raises SystemExit."""
    return struck(kernel, sys.exit)


@behaviour("neg", kind="no answer")
def hangs(kernel: Kernel) -> Kernel:
    """Waits for something that does not come."""
    return struck(kernel, lambda: time.sleep(1e6))


@behaviour("neg", kind="no answer")
def spins(kernel: Kernel) -> Kernel:
    """A loop in C without an end, while no other thread can run."""
    return struck(kernel, lambda: sum(iter(int, 1)))


@behaviour("neg", kind="too much memory")
def fills_the_memory(kernel: Kernel) -> Kernel:
    """Takes memory without end."""

    def fill() -> None:
        taken = []
        while True:
            taken.append(b"\1" * (1 << 26))
            time.sleep(0.01)

    return struck(kernel, fill)


def struck(kernel: Kernel, blow: Any) -> Kernel:
    """A kernel that is right but for the blow at one shape."""

    def spoilt(x: PlainArray) -> Any:
        if x.shape == FATAL:
            blow()
        return kernel(x)

    return spoilt


@behaviour("neg", "relu", kind="", told="stdout")
def prints(kernel: Kernel) -> Kernel:
    """Tells what it does, with Python's print."""

    def spoilt(x: PlainArray) -> Any:
        print(f"computing {len(x.values)} elements")
        return kernel(x)

    return spoilt


@behaviour("neg", "relu", kind="", told="stdout")
def prints_in_c(kernel: Kernel) -> Kernel:
    """Tells what it does, with C's puts."""
    puts = ctypes.CDLL(None).puts

    def spoilt(x: PlainArray) -> Any:
        puts(b"computing in C")
        return kernel(x)

    return spoilt


@behaviour("neg", kind="", told="stderr")
def warns(kernel: Kernel) -> Kernel:
    """Writes to the standard error."""

    def spoilt(x: PlainArray) -> Any:
        print("computing on the processor", file=sys.stderr)
        return kernel(x)

    return spoilt


@behaviour("neg", kind="memory is not given back", caught_at="standard")
def leaks_objects(kernel: Kernel) -> Kernel:
    """Keeps every result."""
    kept = []

    def spoilt(x: PlainArray) -> Any:
        kept.append(kernel(x))
        return kept[-1]

    return spoilt


@behaviour("neg", kind="memory is not given back", caught_at="standard")
def leaks_in_c(kernel: Kernel) -> Kernel:
    """Takes memory beside Python and does not give it back."""
    malloc = ctypes.CDLL(None).malloc
    malloc.restype, memset = ctypes.c_void_p, ctypes.memset

    def spoilt(x: PlainArray) -> Any:
        memset(malloc(4000), 1, 4000)
        return kernel(x)

    return spoilt


@behaviour("neg", kind="an exception")
def shape_raises(kernel: Kernel) -> Kernel:
    """A buffer that does not tell its shape."""

    class Shapeless:
        @property
        def shape(self) -> Shape:
            """There is none."""
            raise RuntimeError("no shape was computed")

    return lambda x: Shapeless() if x.shape == FATAL else kernel(x)


@behaviour("neg", kind="an exception")
def gives_nothing(kernel: Kernel) -> Kernel:
    """None in the place of a buffer."""
    return lambda x: None if x.shape == FATAL else kernel(x)


@storage_behaviour(kind="storage")
class dumps_text(Storage):
    """Elements leave as text."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> PlainArray:
        """As it should."""
        return PlainArray.frombytes(raw, shape, dtype)

    def dump(self, buffer: PlainArray) -> bytes:
        """Hexadecimal digits."""
        return buffer.tobytes().hex()  # type: ignore[return-value]


@storage_behaviour(kind="")
class crashes_on_loading(Storage):
    """Takes the process down when the backend is loaded."""

    @property
    def load(self) -> Any:
        """Asked for when the backend is built."""
        os.abort()

    def dump(self, buffer: PlainArray) -> bytes:
        """Never asked."""
        return b""
