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
from rcmlrs_core.registry import get_backend

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


def start(code: str, *words: str, **environment: str) -> "subprocess.Popen[str]":
    """A new interpreter that runs the head and ``code``."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEAD + code, *words],
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
        with pytest.raises(rc.ShapeError, match="more than any memory"):
            one.broadcast_to(shape)
        with pytest.raises(MemoryError, match="an address can count"):  # the kernel, which others may call
            get_backend("native").kernels["broadcast_to"](one._buffer, shape=shape)
    many = one.broadcast_to((1 << 59,))
    for joined in ((many,) * 2, (many,) * 16):
        with pytest.raises((MemoryError, rc.ShapeError)):
            rc.concat(*joined)
    assert one.reshape((1,)).pad(1, interior=(1 << 64) - 1).tolist() == [0.0, 1.0, 0.0]


def test_a_batch_of_more_products_than_there_is_memory_for_is_refused() -> None:
    x = rc.ones((2, 2), backend="native").broadcast_to((1 << 40, 2, 2))
    with pytest.raises(MemoryError):
        x @ x


SHORT_OF_MEMORY = """
import resource

def array(values, dtype="f4"):
    return native.from_buffer(numpy.ascontiguousarray(values, dtype))

n = 1 << 18
row = generator.normal(size=n).astype("f4")
hard = numpy.concatenate([row, -row, numpy.float32(2.0 ** numpy.arange(-149, -85))])  # sums that nothing rough decides
tall = array(numpy.stack([hard[:n], -hard[:n]], axis=1)[::-1])  # columns
along, all_of = {"axis": (0,), "keepdims": False}, {"axis": (0, 1), "keepdims": False}
many = native.from_buffer(numpy.broadcast_to(generator.normal(size=(2, 1, 2, 1, 3)).astype("f4"), (2, n, 2, 3, 3)))
places = array(generator.integers(0, 1 << 10, size=n), "i4")
half, odd = array(row), bytearray(4 * n + 1)
odd[1:] = row.tobytes()
odd = numpy.frombuffer(odd, "f4", n, 1)  # not aligned
cases = {
    "scatter_add": lambda k: k["scatter_add"](half, places, half, axis=0),
    "scatter_add to one": lambda k: k["scatter_add"](array([1]), array(numpy.zeros(n), "i4"), half, axis=0),
    "median": lambda k: k["median"](half, **along),
    "median of columns": lambda k: k["median"](tall, **along),
    "argsort": lambda k: k["argsort"](half, axis=(0,), descending=False, stable=True),
    "argsort of columns": lambda k: k["argsort"](tall, axis=(0,), descending=True, stable=True),
    "sort": lambda k: k["sort"](half, axis=(0,), descending=False, stable=True),
    "cumsum": lambda k: k["cumsum"](tall, axis=(0,)),
    "sum": lambda k: k["sum"](array(hard), **along),
    "sum of columns": lambda k: k["sum"](tall, **along),
    "sum of a view": lambda k: k["sum"](native.from_buffer(numpy.asarray(half)[::-2]), **along),
    "sum of many stretches": lambda k: k["sum"](many, axis=(1, 3), keepdims=False),
    "mean": lambda k: k["mean"](tall, **all_of),
    "var": lambda k: k["var"](tall, **along, correction=0.0),
    "std": lambda k: k["std"](array(hard), **along, correction=1.0),
    "max": lambda k: k["max"](tall, **along),
    "argmax": lambda k: k["argmax"](half, **along),
    "softmax": lambda k: k["softmax"](tall, axis=(0,)),
    "log_softmax": lambda k: k["log_softmax"](half, axis=(0,)),
    "logsumexp": lambda k: k["logsumexp"](tall, axis=(1,), keepdims=False),
    "softmax_derivative": lambda k: k["softmax_derivative"](array(row[:700]), axis=(0,)),
    "add_n": lambda k: k["add_n"](half, half, half),
    "concat": lambda k: k["concat"](tall, tall, axis=1),
    "take": lambda k: k["take"](half, places, axis=0),
    "one_hot": lambda k: k["one_hot"](places, classes=1 << 10),
    "exp": lambda k: k["exp"](half),
    "powf": lambda k: k["powf"](half, half),
    "from_buffer": lambda k: native.from_buffer(odd),
}

def limited(room):
    # So many bytes more than what there is now.
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))

for name, case in cases.items():
    right, refused, room = native.dump(case(native.KERNELS)), 0, 1 << 18
    while True:
        native.trim()
        limited(room)
        try:
            result = case(native.KERNELS)
        except MemoryError:
            result, refused = None, refused + 1
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if result is not None:
            break
        room += 1 << 18
    assert native.dump(result) == right, name
    del result
    print(name, refused, flush=True)
assert work() == want
print("right")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_where_memory_is_short_an_operation_is_refused_and_the_next_is_right() -> None:
    """With a little more room at each attempt, so that every allocation on the way is the one that fails."""
    # What is freed goes back to the system, where it counts as room no more.
    printed = python(SHORT_OF_MEMORY, MALLOC_MMAP_THRESHOLD_="65536", MALLOC_ARENA_MAX="1").splitlines()
    assert printed.pop() == "right"
    refused = {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in printed}
    small = {"sum", "sum of columns", "mean", "var", "std", "max", "argmax"}  # which take next to no memory
    assert {name for name, count in refused.items() if count == 0} <= small, refused


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


ENDLESS = """
numbers = numpy.random.default_rng(2).normal(size=1 << 12).astype("f4")
views = {  # in every way to lie, and for most of them minutes of work or hours
    "one row of many stretches": (numpy.broadcast_to(numbers, (1 << 36, 1 << 12)), (0, 1)),
    "many rows": (numpy.broadcast_to(numbers, (1 << 24, 1 << 12, 1 << 12)), (1, 2)),
    "short rows": (numpy.broadcast_to(numbers, (1 << 11, 1 << 14, 1 << 12)), (2,)),
    "few long columns": (numpy.broadcast_to(numbers, (1 << 36, 1 << 12)), (0,)),
    "many columns": (numpy.broadcast_to(numbers, (1 << 13, 1 << 16, 1 << 12)), (1,)),
    "narrow columns": (numpy.broadcast_to(numbers[:4], (1 << 22, 1 << 12, 4)), (1,)),
    "columns of a few": (numpy.broadcast_to(numbers[:16], (1 << 20, 1 << 4, 16)), (1,)),
}
view, axes = views[sys.argv[1]]
big, kernel = native.from_buffer(view), native.KERNELS[sys.argv[2]]
more = {"correction": 1.0} if sys.argv[2] == "var" else {}
print("ready", flush=True)
try:
    while True:
        kernel(big, axis=axes, keepdims=False, **more)
except KeyboardInterrupt:
    print("stopped", work() == want, flush=True)
"""


@pytest.mark.parametrize("name", ["sum", "var"])
@pytest.mark.parametrize(
    "lies",
    [
        "one row of many stretches",
        "many rows",
        "short rows",
        "few long columns",
        "many columns",
        "narrow columns",
        "columns of a few",
    ],
)
def test_ctrl_c_ends_a_reduction_of_more_elements_than_anybody_waits_for(lies: str, name: str) -> None:
    process = start(ENDLESS, lies, name)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    try:
        out, errors = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("it goes on") from None
    assert (process.returncode, out) == (0, "stopped True\n"), errors


def test_a_handler_that_raises_nothing_lets_a_reduction_go_on() -> None:
    code = """
heard = []
signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
big = native.from_buffer(numpy.broadcast_to(numpy.ones(1 << 12, "f4"), (1 << 19, 1 << 12)))
total = native.dump(native.KERNELS["sum"](big, axis=(0, 1), keepdims=False))
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(heard) > 0, total == numpy.float32(2.0**31).tobytes())
"""
    assert python(code) == "True True\n"


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
        "conv": (
            native.from_buffer(bits.view("f4").reshape(2, 1, -1)),
            native.from_buffer(numpy.random.default_rng(5).normal(size=(40, 1, 30)).astype("f4")),
        ),
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
        "conv": {"stride": (1,), "dilation": (1,), "groups": 1},
    }

    def work() -> dict[str, Any]:
        return {name: native.KERNELS[name](*calls[name], **attributes.get(name, {})) for name in calls}

    wanted = {name: native.dump(y) for name, y in work().items()}
    with flags(*which):
        found = work()
    assert {name: native.dump(y) for name, y in found.items()} == wanted


SUBNORMAL = 2.0**-149
ADAM = dict.fromkeys(("lr", "beta1", "beta2", "rest1", "rest2", "eps"), SUBNORMAL) | {"unbias1": 1.0, "unbias2": 1.0}


@pytest.mark.parametrize(
    ("name", "operands", "numbers"),
    [
        ("leaky_relu", 1, {"slope": SUBNORMAL}),
        ("leaky_relu_derivative", 1, {"slope": SUBNORMAL}),
        ("leaky_relu_derivative", 1, {"slope": 1 + 2.0**-24 + 2.0**-40}),  # rounded up, and never down
        ("var", 1, {"axis": (0,), "keepdims": False, "correction": 1 + 2.0**-24 + 2.0**-40}),
        ("std", 1, {"axis": (0,), "keepdims": False, "correction": 1 + 2.0**-24 - 2.0**-40}),
        ("sgd_update", 3, {"lr": SUBNORMAL, "momentum": 1.0, "nesterov": False, "weight_decay": None}),
        ("adam_update", 4, ADAM | {"weight_decay": None}),
        ("adam_update", 4, ADAM | {"lr": 1.0, "weight_decay": SUBNORMAL}),
    ],
)
@pytest.mark.parametrize("which", [(FLUSH_TO_ZERO, DENORMALS_ARE_ZERO), (ROUND_DOWN,), (ROUND_TO_ZERO,)])
def test_a_number_of_pythons_is_rounded_once_whatever_flags_are_set(
    which: tuple[int, ...], name: str, operands: int, numbers: dict[str, Any]
) -> None:
    """Python hands over binary64: to narrow it to a subnormal binary32 is arithmetic, too."""
    kernel = (native.KERNELS | native.FUSED)[name]
    generator = numpy.random.default_rng(5)
    xs = [native.from_buffer((1e3 * generator.normal(size=40)).astype("f4")) for _ in range(operands)]
    if name in native.FUSED:  # or what is added to the parameter and to the squares would be lost there
        xs[0], xs[-1] = native.from_buffer(numpy.zeros(40, "f4")), native.from_buffer(numpy.zeros(40, "f4"))
        xs[1] = native.from_buffer((1e3 * generator.normal(size=40)).astype("f4"))
    if "correction" in numbers:
        xs = [native.from_buffer(numpy.array([1, 2.0**-20], "f4"))]

    def results() -> tuple[Any, ...]:
        found = kernel(*xs, **numbers)
        return found if isinstance(found, tuple) else (found,)

    wanted = list(map(native.dump, results()))
    with flags(*which):
        found = results()
    assert list(map(native.dump, found)) == wanted


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


def test_a_kernel_that_is_given_another_element_type_says_so() -> None:
    """The framework has looked before; who calls a kernel past it gets the framework's error, and no panic."""
    of = {dtype: native.load(bytes(4 * 4), (4,), dtype) for dtype in ("float32", "int32")}
    of["bool"] = native.load(bytes(4), (4,), "bool")
    along: dict[str, Any] = {"axis": (0,), "keepdims": False}
    attributes: dict[str, dict[str, Any]] = {
        **{key: {"slope": 0.5} for key in ("leaky_relu", "leaky_relu_derivative")},
        **dict.fromkeys(("sum", "mean", "max", "min", "argmax", "argmin", "median", "logsumexp"), along),
        **dict.fromkeys(("var", "std"), along | {"correction": 1.0}),
        **{key: {"axis": (0,)} for key in ("softmax", "log_softmax", "softmax_derivative")},
        "cumsum": {"axis": (0,)},
        **{key: {"axis": (0,), "descending": False, "stable": True} for key in ("argsort", "sort")},
        "powi": {"n": 1},
        "one_hot": {"classes": 4},
        **{key: {"axis": 0} for key in ("gather", "take", "scatter_add")},
    }
    of_any = {"astype", "broadcast_to", "concat", "flip", "pad", "reshape", "slice", "transpose", "where"}
    of_any |= {"equal", "greater", "greater_equal", "less", "less_equal", "not_equal", "isfinite", "isinf", "isnan"}
    of_any |= {"bitwise_and", "bitwise_or", "bitwise_xor"}
    taken = {"one_hot": "int32", **dict.fromkeys(("logical_and", "logical_not", "logical_or", "logical_xor"), "bool")}
    f, i, b = of["float32"], of["int32"], of["bool"]
    with pytest.raises(rc.DTypeError, match="takes an array of float32, got one of int32"):
        native.KERNELS["exp"](i)
    for name, kernel in native.KERNELS.items():
        wrong = [(b,), (i,), (b, f), (f, b), (f, i), (f, i, b), (i, f, f), (b, f, f)]
        accepted = 0
        for operands in wrong:
            try:
                kernel(*operands, **attributes.get(name, {}))
            except (rc.DTypeError, TypeError):
                continue  # a plain TypeError: another number of operands
            accepted += {x.dtype for x in operands} != {taken.get(name, "float32")}
        assert accepted == 0 or name in of_any | {"gather", "take"}, name
    for name, operands in (
        ("where", (b, f, i)),
        ("where", (i, f, f)),
        ("equal", (f, i)),
        ("gather", (f, b)),
        ("isnan", (b,)),
    ):
        with pytest.raises(rc.DTypeError):
            native.KERNELS[name](*operands, **attributes.get(name, {}))
    with pytest.raises(rc.DTypeError):
        native.KERNELS["concat"](f, i, axis=0)
    with pytest.raises(rc.DTypeError, match="float32 does not become int32"):
        native.KERNELS["astype"](f, dtype="int32")
    with pytest.raises(rc.DTypeError):
        native.FUSED["sgd_update"](f, i, lr=1.0, momentum=None, nesterov=False, weight_decay=None)
    with pytest.raises(rc.ShapeError, match="lengths 4 and 3 must be equal or 1"):
        native.KERNELS["add"](f, native.load(bytes(12), (3,), "float32"))


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
