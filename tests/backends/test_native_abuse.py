"""The native backend in bad company: no memory, signals, forks, threads, other libraries' flags, wrong settings."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest
from compiled import native
from test_numpy_probes import DENORMALS_ARE_ZERO, FLUSH_TO_ZERO, ROUND_DOWN, ROUND_TO_ZERO, flags

import rcmlrs_core as rc

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

HEAD = """
import os, signal, sys, threading, time
import numpy, rcmlrs_core as rc
from rcmlrs_backend_native import _native as native

generator = numpy.random.default_rng(1)
x = rc.from_bytes(generator.normal(size=1 << 20).astype("f4").tobytes(), (1 << 10, 1 << 10), "native")

def work():
    # What has a kernel of its own runs in Rust, long enough for all threads; digests say whether the bits are right.
    return [NAMES[name](x).digest() for name in NAMES if name in native.KERNELS and name != STUB]

NAMES = {
    "add": lambda x: x + x.T, "mul": lambda x: x * x, "sqrt": lambda x: x.abs().sqrt(), "exp": lambda x: x.exp(),
    "sum": lambda x: x.sum(axis=0), "matmul": lambda x: x @ x, "softmax": lambda x: x.softmax(axis=-1),
}
STUB = "exp" if "add" not in native.KERNELS else None  # of which nothing is decided in Rust
want = work()
"""


def start(code: str, **environment: str) -> "subprocess.Popen[str]":
    """A new interpreter that runs the head and ``code``."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEAD + code],
        env={**os.environ, "RCMLRS_NUM_THREADS": "2", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def python(code: str, status: int = 0, **environment: str) -> str:
    """What it prints; it does not hang."""
    process = start(code, **environment)
    try:
        out, errors = process.communicate(timeout=100)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"it hangs: {process.communicate()}") from None
    assert process.returncode == status, out + errors
    return out


# --------------------------------------------------------------------------------------- sizes and memory


def test_no_elements() -> None:
    """Every kernel of one operand takes an array without elements, or refuses it in words."""
    for shape in ((0,), (3, 0), (0, 3), (2, 0, 4)):
        x = rc.zeros(shape, backend="native")
        for result in (x.exp(), x + x, x * 2, -x, x.relu(), x.T.T, x.reshape(shape), x.concat(x)):
            assert result.size == 0
        assert x.sum().item() == 0
        assert (x.digest(), x.tolist()) == (rc.zeros(shape, backend="python").digest(), x.tolist())
        with pytest.raises(rc.RcmlrsError):
            x.max()


ENORMOUS = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (64 << 30, 64 << 30))  # also where the system promises more than it has
many = native.from_buffer(numpy.broadcast_to(numpy.float32(0.5), (1 << 40,)))
attributes = {"powi": {"n": 2}, "powf": {}, "leaky_relu": {"slope": 0.01}}
touched = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
refused = []
for name in ("exp", "neg", "abs", "sqrt", "square", "log", "tanh", "relu"):
    if name in native.KERNELS:
        try:
            native.KERNELS[name](many)
        except MemoryError as error:
            refused.append(name)
            said = str(error)
try:
    native.load(b"", (1 << 62, 1 << 62), "float32")
except MemoryError as error:
    refused.append("load")
for take in (bytes, native.dump):
    try:
        take(many)
    except MemoryError:
        refused.append(take.__name__)
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - touched < 20 << 10
assert work() == want
print(refused, said)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_more_elements_than_there_is_memory_for_are_refused_and_nothing_is_touched() -> None:
    printed = python(ENORMOUS)
    assert "'exp'" in printed
    for refused in ("'load'", "'bytes'", "'dump'"):
        assert refused in printed
    assert f"cannot allocate {1 << 42} bytes" in printed


def test_a_view_of_more_elements_than_can_be_counted_is_refused() -> None:
    """It would have no elements, modulo 2^64, and so a sum of 0."""
    one = rc.ones((), backend="native")
    for shape in ((1 << 61,), (1 << 32, 1 << 32), (1 << 40, 1 << 40)):
        with pytest.raises(MemoryError, match="an address can count"):
            one.broadcast_to(shape)
    many = one.broadcast_to((1 << 60,))
    for joined in ((many,) * 2, (many,) * 16):
        with pytest.raises(MemoryError, match="an address can count"):
            rc.concat(*joined)
    assert one.reshape((1,)).pad(1, interior=(1 << 64) - 1).tolist() == [0.0, 1.0, 0.0]


def test_a_batch_of_more_products_than_there_is_memory_for_is_refused() -> None:
    x = rc.ones((2, 2), backend="native").broadcast_to((1 << 40, 2, 2))
    with pytest.raises(MemoryError):
        x @ x


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_resident_memory_of_tensors() -> None:
    """4n bytes and a small constant each, as the system counts."""
    code = """
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")

for size, count, most in ((1 << 20, 50, 1.02), (1, 50_000, None)):
    raw = b"\\1" * (4 * size)
    native.load(raw, (size,), "float32")
    before = resident()
    held = [native.load(raw, (size,), "float32") for _ in range(count)]
    each = (resident() - before) / count
    assert each < (4 * size * most if most else 600), each
    del held
"""
    python(code)


# ---------------------------------------------------------------------------------------- threads and forks


def test_threads_of_python_at_once() -> None:
    generator = numpy.random.default_rng(2)
    x = rc.from_bytes(generator.normal(size=1 << 16).astype("f4").tobytes(), (1 << 8, 1 << 8), "native")
    x = x.abs()

    def work(_: int) -> list[str]:
        return [y.digest() for y in (x + x.T, x * x, x.sqrt(), x.sum(axis=1))]

    want = work(0)
    with ThreadPoolExecutor(4) as pool:
        assert all(got == want for got in pool.map(work, range(40)))


def test_ctrl_c_in_the_middle_is_answered_and_the_bits_are_right() -> None:
    code = """
print("ready", flush=True)
rounds = 0
try:
    while True:
        assert work() == want
        rounds += 1
except KeyboardInterrupt:
    assert work() == want
    print("stopped", flush=True)
"""
    process = start(code)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "stopped\n"), errors


FORK = """
def forked(check):
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if check() else 3)
        except BaseException:
            os._exit(4)
    return child

def right():
    return work() == want and native.thread_count() == 2

def wait(child):
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return "hangs"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_after_the_pool_has_started() -> None:
    code = """
def grandchild():
    return right() and wait(forked(right)) == 0
child = forked(grandchild)
assert right()
assert wait(child) == 0, wait(child)
assert right()
print("right")
"""
    assert python(FORK + code) == "right\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_forks_while_another_thread_is_inside_a_kernel() -> None:
    code = """
stop = threading.Event()
wrong = []
def busy():
    while not stop.is_set():
        if work() != want:
            wrong.append(1)
threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads:
    thread.start()
statuses = [wait(forked(right)) for _ in range(8)]
stop.set()
for thread in threads:
    thread.join()
print(statuses, wrong)
"""
    assert python(FORK + code) == f"{[0] * 8} []\n"


def test_the_interpreter_ends_while_threads_live_and_work() -> None:
    python("")
    python("native.set_thread_count(4); work(); sys.exit(0)")
    python("work(); sys.exit(7)", status=7)
    code = """
def busy():
    while True:
        work()
for _ in range(2):
    threading.Thread(target=busy, daemon=True).start()
time.sleep(0.2)
"""
    python(code)


def test_threads_that_have_nothing_to_do_leave_the_cores_alone() -> None:
    code = """
native.set_thread_count(4)
for _ in range(3):
    work()
    used = time.process_time()
    time.sleep(0.3)
    used = time.process_time() - used
    assert used < 0.03, f"{used} s in 0.3 s of sleep"
"""
    python(code)


# ------------------------------------------------------------------------------ the floating-point environment


@pytest.mark.parametrize("which", [(FLUSH_TO_ZERO, DENORMALS_ARE_ZERO), (ROUND_DOWN,), (ROUND_TO_ZERO,)])
@pytest.mark.parametrize("size", [100, 1 << 17])
def test_flags_that_another_library_has_set_change_no_bit(which: tuple[int, ...], size: int) -> None:
    """Of what runs in Rust: operands are made before, and bits looked at after."""
    bits = numpy.random.default_rng(3).integers(0, 1 << 24, size, dtype=numpy.uint32)  # subnormals, half of them
    tiny = native.from_buffer(bits.view("f4"))
    large = native.from_buffer(numpy.random.default_rng(4).normal(size=size).astype("f4"))
    third = native.load(numpy.float32(1 / 3).tobytes(), (), "float32")
    calls: dict[str, tuple[Any, ...]] = {
        "add": (tiny, tiny),
        "sub": (tiny, large),
        "mul": (tiny, third),
        "div": (tiny, large),
        "sqrt": (tiny,),
        "square": (large,),
        "neg": (tiny,),
        "relu": (tiny,),
        "maximum": (tiny, third),
        "equal": (tiny, third),
        "exp": (native.from_buffer(numpy.linspace(-104, -87, 64, dtype="f4")),),
        "log1p": (tiny,),
        "tanh": (tiny,),
        "add_n": (tiny, third, tiny),
        "powf": (large, native.load(numpy.float32(1e-40).tobytes(), (), "float32")),
        "powi": (tiny,),
        "matmul": (tiny, tiny),
        "scatter_add": (tiny, native.load(bytes(4 * size), (size,), "int32"), tiny),
        **dict.fromkeys(("sum", "mean", "var", "median", "max", "softmax", "log_softmax", "logsumexp"), (tiny,)),
        "pad": (tiny,),
    }
    along: dict[str, Any] = {"axis": (0,), "keepdims": False}
    attributes: dict[str, dict[str, Any]] = {
        "powi": {"n": 1},
        "scatter_add": {"axis": 0},
        **dict.fromkeys(("sum", "mean", "median", "max", "logsumexp"), along),
        "var": along | {"correction": 1.0},
        "softmax": {"axis": (0,)},
        "log_softmax": {"axis": (0,)},
        "pad": {"widths": ((1, 1),), "value": 2.0**-149, "interior": (0,)},
    }

    def work() -> dict[str, Any]:
        return {name: native.KERNELS[name](*calls[name], **attributes.get(name, {})) for name in calls}

    wanted = {name: native.dump(y) for name, y in work().items()}
    with flags(*which):
        found = work()
    assert {name: native.dump(y) for name, y in found.items()} == wanted


# ----------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("value", "about"),
    [
        ("1", "1 thread"),
        ("3", "3 threads"),
        ("1000", "1000 threads"),
        ("", "threads"),
        ("0", "RCMLRS_NUM_THREADS=0 is no number from 1 to 1024"),
        ("abc", "RCMLRS_NUM_THREADS=abc is no number from 1 to 1024"),
        ("-1", "is no number"),
        ("1e3", "is no number"),
        ("1000000", "is no number"),
    ],
)
def test_the_number_of_threads_changes_no_bit_and_a_bad_one_is_told(value: str, about: str) -> None:
    code = "print(rc.registry.get_backend('native').about, want, sep='\\n')"
    told, digests = python(code, RCMLRS_NUM_THREADS=value).splitlines()
    assert about in told
    assert digests == python(code).splitlines()[1]


@pytest.mark.parametrize("value", ["wrong", "AVX512", "sse2"])
def test_a_level_that_is_none_is_unhealthy_and_says_why(value: str) -> None:
    code = """
import rcmlrs_core as rc
(status,) = [status for status in rc.backends() if status.name == "native"]
print(status.state, status.why, rc.zeros(2).backend)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "RCMLRS_NATIVE_LEVEL": value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    why = f"RCMLRS_NATIVE_LEVEL={value}: the levels are avx512, avx2 and portable"
    assert run.stdout == f"unhealthy backend 'native' would give wrong bits here: {why} numpy\n", run.stderr


def test_arguments_of_the_module_that_make_no_sense() -> None:
    x = native.load(bytes(8), (2,), "float32")
    for call, kind in (
        (lambda: native.load(bytes(7), (2,), "float32"), ValueError),
        (lambda: native.load(bytes(8), (2,), "float64"), ValueError),
        (lambda: native.load(memoryview(bytes(16))[::2], (2,), "float32"), (ValueError, BufferError)),
        (lambda: native.load(bytes(8), (-2,), "float32"), OverflowError),
        (lambda: native.with_elements(x, [2], [1.0]), ValueError),
        (lambda: native.with_elements(x, [0, 1], [1.0]), ValueError),
        (lambda: native.set_level("fast"), ValueError),
        (lambda: native.set_thread_count(-1), OverflowError),
        (lambda: native.dump(b"1234"), TypeError),  # type: ignore[arg-type]
        (lambda: native.KERNELS["exp"](numpy.zeros(3, "f4")), TypeError),
        (lambda: native.KERNELS["exp"](), TypeError),
    ):
        with pytest.raises(kind):
            call()
