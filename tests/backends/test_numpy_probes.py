"""The NumPy backend's probes find what they look for, and a backend that they find unfit is refused."""

import ctypes
import mmap
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import numpy
import pytest

from rcmlrs_backend_numpy import contraction, probes
from rcmlrs_core import registry
from rcmlrs_core.errors import BackendError

Array = Any

# The bits of the control register of SSE arithmetic (Intel SDM, volume 1, 10.2.3).
DENORMALS_ARE_ZERO, FLUSH_TO_ZERO = 1 << 6, 1 << 15
ROUND_DOWN, ROUND_TO_ZERO = 1 << 13, 3 << 13


def control_register() -> tuple[Callable[[], int], Callable[[int], None]]:
    """To get and to set this thread's register, in machine code: no compiler is needed for three bytes."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("knows the control register of x86-64 only")
    try:
        memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except (AttributeError, OSError) as error:
        pytest.skip(f"this system gives no memory to execute: {error}")
    # [rdi], the first argument of System V's calling convention.
    stmxcsr, ldmxcsr = b"\x0f\xae\x1f\xc3", b"\x0f\xae\x17\xc3"
    memory.write(stmxcsr + ldmxcsr)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    prototype = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint32))
    store, load = prototype(address), prototype(address + len(stmxcsr))

    def get() -> int:
        value = ctypes.c_uint32()
        store(ctypes.byref(value))
        return value.value

    def put(value: int) -> None:
        load(ctypes.byref(ctypes.c_uint32(value)))

    get.memory = put.memory = memory  # type: ignore[attr-defined]  # lives as long as they do
    return get, put


@contextmanager
def flags(*which: int) -> Iterator[None]:
    """The flags set in this thread, for a while."""
    get, put = control_register()
    before = get()
    try:
        for flag in which:
            put(get() | flag)
        yield
    finally:
        put(before)


def test_nothing_is_wrong_here() -> None:
    assert probes.problems() == []


@pytest.mark.parametrize("flag", [FLUSH_TO_ZERO, DENORMALS_ARE_ZERO, FLUSH_TO_ZERO | DENORMALS_ARE_ZERO])
def test_flushed_subnormals(flag: int) -> None:
    with flags(flag):
        found = probes.problems()
    assert any("flush" in problem for problem in found)
    assert probes.problems() == []


@pytest.mark.parametrize("flag", [ROUND_DOWN, ROUND_TO_ZERO])
def test_another_direction_of_rounding(flag: int) -> None:
    with flags(flag):
        found = probes.problems()
    assert any("ties to even" in problem for problem in found)


def test_flags_of_another_thread_are_not_this_ones() -> None:
    found: list[list[str]] = []

    def flushing() -> None:
        with flags(FLUSH_TO_ZERO, DENORMALS_ARE_ZERO):
            found.append(probes.problems())

    control_register()  # skips here, where it must
    thread = Thread(target=flushing)
    thread.start()
    thread.join()
    assert any("in this thread" in problem for problem in found[0])
    assert probes.problems() == []


ORIGINAL = numpy.matmul


def given_out(function: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    """With the parameter that numpy.matmul has."""

    def matmul(x: Array, y: Array, out: Array | None = None) -> Array:
        result = function(x, y)
        if out is None:
            return result
        out[...] = result
        return out

    return matmul


def in_binary32(x: Array, y: Array) -> Array:
    return ORIGINAL(x.astype(numpy.float32), y.astype(numpy.float32)).astype(numpy.float64)


def with_operands_in_binary32(x: Array, y: Array) -> Array:
    """As an emulation that keeps too few pieces of its operands."""
    return ORIGINAL(x.astype(numpy.float32).astype(numpy.float64), y.astype(numpy.float32).astype(numpy.float64))


def scaled_to_the_whole_matrix(x: Array, y: Array) -> Array:
    """Fixed-point emulation with one exponent for all: what is small beside the largest loses its bits."""

    def fixed(a: Array) -> Array:
        step = numpy.abs(a).max() * 2.0**-53
        return numpy.round(a / step) * step if step > 0 and numpy.isfinite(step) else a

    return ORIGINAL(fixed(x), fixed(y))


def strassen(x: Array, y: Array) -> Array:
    """One level of Strassen's scheme (Gaussian elimination is not optimal, 1969), where the lengths are even."""
    if any(length % 2 for length in (*x.shape, *y.shape)):
        return ORIGINAL(x, y)
    (m, k), n = x.shape, y.shape[1]
    a, b, c, d = x[: m // 2, : k // 2], x[: m // 2, k // 2 :], x[m // 2 :, : k // 2], x[m // 2 :, k // 2 :]
    e, f, g, h = y[: k // 2, : n // 2], y[: k // 2, n // 2 :], y[k // 2 :, : n // 2], y[k // 2 :, n // 2 :]
    p1, p2, p3, p4 = ORIGINAL(a + d, e + h), ORIGINAL(c + d, e), ORIGINAL(a, f - h), ORIGINAL(d, g - e)
    p5, p6, p7 = ORIGINAL(a + b, h), ORIGINAL(c - a, e + f), ORIGINAL(b - d, g + h)
    return numpy.block([[p1 + p4 - p5 + p7, p3 + p5], [p2 + p4, p1 - p2 + p3 + p6]])


@pytest.mark.parametrize("wrong", [in_binary32, with_operands_in_binary32, scaled_to_the_whole_matrix, strassen])
def test_a_blas_outside_of_the_error_bound(
    wrong: Callable[[Array, Array], Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numpy, "matmul", given_out(wrong))
    assert any("error bound" in problem for problem in probes.problems())


def test_a_blas_that_skips_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    def skipping(x: Array, y: Array) -> Array:
        return ORIGINAL(x, numpy.where((x == 0).all(axis=0)[:, None], 0.0, y))

    monkeypatch.setattr(numpy, "matmul", given_out(skipping))
    assert probes.problems() == ["the BLAS takes 0 * inf for 0"]


def test_a_blas_that_multiplies_its_output_by_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    def keeping(x: Array, y: Array, out: Array | None = None) -> Array:
        result = ORIGINAL(x, y)
        if out is None:
            return result
        out[...] = result + 0.0 * out
        return out

    monkeypatch.setattr(numpy, "matmul", keeping)
    assert probes.problems() == ["the BLAS lets the old content of its output through"]


def test_another_order_of_summation_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_halves(x: Array, y: Array) -> Array:
        half = x.shape[1] // 2
        return ORIGINAL(x[:, half:], y[half:]) + ORIGINAL(x[:, :half], y[:half])

    monkeypatch.setattr(numpy, "matmul", given_out(by_halves))
    assert probes.problems() == []


def test_the_probe_and_the_kernel_ask_the_same_of_the_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = set()

    def noting(x: Array, y: Array, out: Array | None = None) -> Array:
        lengths.add(x.shape[1])
        return ORIGINAL(x, y, out=out)

    monkeypatch.setattr(numpy, "matmul", noting)
    probes.problems()
    assert lengths == {contraction.PIECE}


def test_a_backend_that_is_unfit_here_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_built", {})
    monkeypatch.setattr(registry, "_failed", {})
    monkeypatch.setattr(numpy, "matmul", given_out(in_binary32))
    with pytest.raises(BackendError, match="would give wrong bits here: the BLAS does not keep the error bound"):
        registry.get_backend("numpy")


def test_about_names_the_blas() -> None:
    assert probes.about().startswith(f"NumPy {numpy.__version__}, ")
