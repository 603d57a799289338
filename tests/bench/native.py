"""The native backend beside NumPy's binary32 and beside what the machine can do: multiply-adds, copies.

NumPy's own binary32 `@` and `add` are what a user would have without the contract: they round at every step. Where a
case names its threads, both have as many.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy
from threadpoolctl import threadpool_limits

from rcmlrs_core.errors import BackendError
from rcmlrs_core.registry import Backend, get_backend
from rcmlrs_core.tensor import wrap
from tests.bench.data import KINDS, gaussian
from tests.bench.elementwise import OF_POSITIVE, UNARY
from tests.bench.measure import Effort, Result, Spread, alternate, calls_for, compared, seconds, undisturbed

Array = Any

GROUP = "native"
CRATE = Path(__file__).parents[2] / "backends/native"
SIZE = 10**6

SHARE_OF_PEAK = 0.75
SHARE_OF_CONVOLUTIONS = 0.6
RATIO = {"avx512": 1.3, "avx2": 2.1, "portable": None}
"""Of the time of NumPy's binary32 product."""
REST = 0.1
"""Seconds after which the threads of a BLAS have stopped to spin: until then they take the core that ours would use."""
NANOSECONDS = {"avx512": 1.2, "avx2": 3.0, "portable": None}
"""An element of a function."""
OF_A_COPY = 0.7
OF_SOFTMAX = 3.0
OF_GAUSSIAN = 1.5
OF_A_CALL = 0.5

FUNCTIONS = ("exp", "tanh", "sigmoid", "gelu", "swish", "expm1", "softplus", *(n for n in UNARY if "_derivative" in n))


def results(effort: Effort) -> Iterator[Result]:
    """Everything, where there is a native backend."""
    try:
        backend = get_backend("native")
    except BackendError as error:
        print(f"{GROUP}: {error}")
        return
    from rcmlrs_backend_native import _native

    best, threads = _native.level(), _native.thread_count()
    try:
        for count in sorted({1, threads}):
            with _threads(count):
                yield from products(backend, best, count, effort)
                yield from convolutions(backend, count, effort)
        yield from small(backend, best, effort)
        yield from calls(backend, effort)
        with _threads(1):
            yield from structured(backend, effort)
            yield from memory(backend, effort)
            for level in _native.levels():
                _native.set_level(level)
                yield from functions(backend, level, effort)
    finally:
        _native.set_level(best)
        _native.set_thread_count(threads)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """As many threads of ours and of the BLAS."""
    from rcmlrs_backend_native import _native

    before = _native.thread_count()
    _native.set_thread_count(count)
    try:
        with threadpool_limits(count, user_api="blas"):
            yield
    finally:
        _native.set_thread_count(before)


def load(backend: Backend, x: Array) -> Any:
    """An array as a buffer of the backend."""
    return backend.storage.load(x.tobytes(), x.shape, x.dtype.name)


def peak(threads: int) -> float:
    """GFLOP/s that the machine reaches in multiply-adds alone, at this moment."""
    _build()
    told = subprocess.run(
        [CRATE / "target/release/examples/peak", str(threads), "0.1"], capture_output=True, text=True, check=True
    )
    return float(told.stdout)


_built: list[bool] = []


def _build() -> None:
    if not _built:
        subprocess.run(
            [
                "cargo",
                "build",
                "--quiet",
                "--release",
                "-p",
                "rcmlrs-kernels",
                "--example",
                "peak",
                "--target-dir",
                "target",
            ],
            cwd=CRATE,
            check=True,
        )
        _built.append(True)


def products(backend: Backend, level: str, threads: int, effort: Effort) -> Iterator[Result]:
    """Square matrices: beside NumPy's binary32, and as a share of the peak at the same time."""
    matmul = backend.kernels["matmul"]
    word = "one thread" if threads == 1 else f"{threads} threads"
    for n in (512, 1024, 2048):
        x, y = gaussian(n, n, seed=1), gaussian(n, n, seed=2)
        a, b = load(backend, x), load(backend, y)
        yield compared(
            GROUP,
            f"matmul n = {n}, {word}",
            lambda a=a, b=b: matmul(a, b),
            lambda x=x, y=y: x @ y,
            effort,
            RATIO[level],
            REST if threads > 1 else 0,
        )
        case = f"matmul n = {n}, {word}"
        yield share_of_peak(case, lambda a=a, b=b: matmul(a, b), 2 * n**3, threads, effort, SHARE_OF_PEAK)


def convolutions(backend: Backend, threads: int, effort: Effort) -> Iterator[Result]:
    """3 x 3 on (32, 16, 28, 28) with 32 filters, padded before; and the convolutions that its gradients are."""
    conv, transpose = backend.kernels["conv"], backend.kernels["transpose"]
    attributes: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "groups": 1}
    x, g = load(backend, gaussian(32, 16, 30, 30, seed=1)), load(backend, gaussian(32, 32, 28, 28, seed=2))
    weight, bias = load(backend, gaussian(32, 16, 3, 3, seed=3)), load(backend, gaussian(32, seed=4))
    padded, turned = load(backend, gaussian(32, 32, 30, 30, seed=2)), load(backend, gaussian(16, 32, 3, 3, seed=3))
    exchanged = [transpose(each, axes=(1, 0, 2, 3)) for each in (x, g)]
    word = "one thread" if threads == 1 else f"{threads} threads"
    operations = 2 * (32 * 28 * 28) * (32 * 16 * 3 * 3)
    for case, goal, operands in (
        ("3 x 3, 16 to 32 channels", SHARE_OF_CONVOLUTIONS, (x, weight, bias)),
        ("its gradient for x", None, (padded, turned)),
        ("its gradient for the weight", None, exchanged),
    ):

        def work(operands: Any = operands) -> Any:
            return conv(*operands, **attributes)

        yield share_of_peak(f"conv {case}, {word}", work, operations, threads, effort, goal)


def share_of_peak(
    case: str, work: Callable[[], Any], operations: int, threads: int, effort: Effort, goal: float | None
) -> Result:
    """The rate as a share of what the machine reaches in multiply-adds before and after."""
    shares = []
    with undisturbed():
        for _ in range(effort.pairs):
            before = peak(threads)
            rate = operations / seconds(work, calls_for(work, effort.least)) / 1e9
            shares.append(rate / max(before, peak(threads)))
    return at_least(f"{case}, of the multiply-add peak", shares, "of peak", goal)


def at_least(case: str, figures: list[float], unit: str, goal: float | None) -> Result:
    """A figure of which more is better."""
    return Result(GROUP, case, Spread.of(figures), unit, goal=goal, best=max(figures), at_least=True)


def small(backend: Backend, level: str, effort: Effort) -> Iterator[Result]:
    """What a recurrent network multiplies, from the call to the result."""
    matmul, linear = backend.kernels["matmul"], backend.kernels["linear"]
    x, y, bias = gaussian(32, 64, seed=1), gaussian(64, 64, seed=2), gaussian(64, seed=3)
    a, b, c = (load(backend, each) for each in (x, y, bias))
    yield compared(GROUP, "(32, 64) @ (64, 64)", lambda: matmul(a, b), lambda: x @ y, effort, 1.5)
    s, t = (wrap(buffer, array.shape, "float32", backend) for buffer, array in ((a, x), (b, y)))
    yield compared(GROUP, "(32, 64) @ (64, 64), of tensors", lambda: s @ t, lambda: x @ y, effort, 1.5)
    yield compared(GROUP, "linear (32, 64), 64 to 64", lambda: linear(a, b, c), lambda: x @ y.T + bias, effort)


def calls(backend: Backend, effort: Effort) -> Iterator[Result]:
    """The way into native and back: 4 x 4 numbers are added at once."""
    x = gaussian(4, 4)
    a = load(backend, x)
    add, tensor = backend.kernels["add"], wrap(a, (4, 4), "float32", backend)
    for case, work in (
        ("the kernel of a 4 x 4 add", lambda: add(a, a)),
        ("a 4 x 4 add of tensors", lambda: tensor.add(tensor)),
    ):
        yield timed(case, work, effort, 1e6, "us", OF_A_CALL)


def timed(case: str, work: Callable[[], Any], effort: Effort, factor: float, unit: str, goal: float | None) -> Result:
    """Time alone, in a unit of which a second has so many."""
    with undisturbed():
        times = calls_for(work, effort.least)
        taken = [seconds(work, times) for _ in range(effort.rounds * effort.pairs)]
    figures = [t * factor for t in taken]
    return Result(GROUP, case, Spread.of(figures), unit, median(taken), goal=goal, best=min(figures))


def structured(backend: Backend, effort: Effort) -> Iterator[Result]:
    """Data whose sums lie on ties, beside Gaussian data of the same size."""
    matmul, n = backend.kernels["matmul"], 512
    pairs = {
        kind: (load(backend, left(n, n, seed=1)), load(backend, right(n, n, seed=2)))
        for kind, (left, right) in KINDS.items()
    }
    plain = pairs.pop("Gaussian")
    for kind, pair in pairs.items():
        yield compared(
            GROUP,
            f"matmul n = {n}, {kind} beside Gaussian",
            lambda p=pair: matmul(*p),
            lambda: matmul(*plain),
            effort,
            OF_GAUSSIAN,
        )


def memory(backend: Backend, effort: Effort) -> Iterator[Result]:
    """What is bound by memory, beside a plain copy of as many bytes; and softmax."""
    x = gaussian(1000, 1000, seed=1)
    a, to = load(backend, x), numpy.empty_like(x)
    attributes: dict[str, Any] = {"axis": (0, 1), "keepdims": False}
    for name, more in (("sum", {}), ("mean", {}), ("max", {}), ("var", {"correction": 0.0})):
        kernel, given = backend.kernels[name], attributes | more
        # A copy of n bytes reads n and writes n: a sum, which only reads, moves half as much.
        pairs = alternate(lambda k=kernel, g=given: k(a, **g), lambda: numpy.copyto(to, x), effort)
        goal = OF_A_COPY if name in ("sum", "mean") else None
        yield at_least(f"{name} of a million", [t / 2 / s for s, t in pairs], "of a copy's bandwidth", goal)
    for name, axis in (("softmax", {}), ("log_softmax", {}), ("logsumexp", {"keepdims": False})):
        kernel = backend.kernels[name]
        yield timed(
            f"{name}, rows of 1000", lambda k=kernel, g=axis: k(a, axis=(1,), **g), effort, 1e9 / SIZE, "ns", OF_SOFTMAX
        )
    for name in ("add", "mul", "div"):
        kernel = backend.kernels[name]
        yield compared(
            GROUP,
            f"{name} of a million",
            lambda k=kernel: k(a, a),
            lambda n=name: getattr(numpy, NUMPY[n])(x, x),
            effort,
        )


NUMPY = {"add": "add", "mul": "multiply", "div": "divide"}


def functions(backend: Backend, level: str, effort: Effort) -> Iterator[Result]:
    """A million Gaussian elements on one thread; magnitudes where negative ones have no result."""
    x = gaussian(SIZE, seed=1)
    of = {name: load(backend, x) for name in FUNCTIONS} | {name: load(backend, abs(x)) for name in OF_POSITIVE}
    for name, operand in of.items():
        kernel = backend.kernels[name]
        yield timed(f"{name}, {level}", lambda k=kernel, o=operand: k(o), effort, 1e9 / SIZE, "ns", NANOSECONDS[level])
