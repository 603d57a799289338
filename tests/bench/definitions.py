"""The Python backend: how much of Gaussian data its derived kernels leave to the definition; and how long an epoch of
the demonstration takes, on every backend."""

from collections.abc import Iterator
from random import Random
from statistics import median
from typing import Any

from rcmlrs_core.data.csv import read_csv
from rcmlrs_core.data.shipped import path_of
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Elementwise, Operation, Reduction
from rcmlrs_core.plain import FLOAT32, PlainArray
from rcmlrs_core.registry import DERIVED, backends, get_backend
from rcmlrs_core.train.forecast import Settings, forecast
from tests.bench.measure import Effort, Result, Spread

GROUP = "python"
GOAL = 1e-4
"""The share of elements."""

POSITIVE = ("log", "log1p", "powf")
ROW = 64
ATTRIBUTES: dict[str, dict[str, Any]] = {"powi": {"n": 3}, "var": {"correction": 0.0}, "std": {"correction": 0.0}}


def results(effort: Effort) -> Iterator[Result]:
    """Shares first, then epochs."""
    origins = get_backend("python").origins
    for operation in KERNELS.values():
        if _rounds(operation) and origins[operation.name] == DERIVED:
            yield share(operation, 100_000 if effort.rounds > 1 else 10_000)
    yield from epochs(6 if effort.rounds > 1 else 2)


def _rounds(operation: Operation) -> bool:
    """Whether it has a formula and a rounding test."""
    if isinstance(operation, Elementwise):
        return operation.bound != 0 and operation.gives == FLOAT32
    return isinstance(operation, Reduction) and operation.binary64 is not None and operation.bound(ROW) != 0


def share(operation: Elementwise | Reduction | Any, elements: int) -> Result:
    """Of the results, how many the rounding test left to the definition."""
    seen = [0, 0]

    def watch(name: str, undecided: int, results: int) -> None:
        seen[0] += undecided
        seen[1] += results

    random = Random(operation.name)
    attributes = dict(ATTRIBUTES.get(operation.name, {}))
    if isinstance(operation, Reduction):
        rows = elements // ROW
        attributes["axis"] = (1,)
        if operation.keeps:
            attributes["keepdims"] = False
        if operation.squares:
            rows //= ROW
        operands = [PlainArray.of((random.gauss(0, 1) for _ in range(rows * ROW)), (rows, ROW))]
    else:
        operands = [
            PlainArray.of((random.gauss(0, 1) for _ in range(elements)), (elements,))
            for _ in range(3 if operation.variadic else operation.arity)
        ]
    if operation.name in POSITIVE:
        operands[0] = PlainArray.of(map(abs, operands[0].values), operands[0].shape)
    plain_kernel(operation, watch)(*operands, **attributes)
    found = seen[0] / seen[1]
    return Result(GROUP, f"to the definition: {operation.name}", Spread(found, found, found), "share", goal=GOAL)


def epochs(count: int) -> Iterator[Result]:
    """Seconds of one epoch of the demonstration, on every healthy backend."""
    series = read_csv(path_of("sunspots"))["sunspots"]
    for status in backends():
        if status.state == "healthy":
            run = forecast(series, Settings(epochs=count + 1), status.name, progress=False)
            times = [epoch.seconds for epoch in run.history.epochs[1:]]
            yield Result(GROUP, f"an epoch of the demonstration: {status.name}", Spread.of(times), "s", median(times))
