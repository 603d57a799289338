"""Faults that no single call on fresh operands shows: of the batch, the order of a sum, threads, memory, and of where a
kernel comes from. Nearly all are right in small calls, so that only comparing calls with each other tells.
"""

from array import array
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from rcmlrs_core import hookimpl
from rcmlrs_core.derive import plain_kernel
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape
from rcmlrs_core.registry import KernelTable, get_backend
from rcmlrs_saboteur.faults import by_rows, mapped, single
from rcmlrs_saboteur.formulas import COMPOSED
from rcmlrs_saboteur.plugin import FAULTS, Kernel, Saboteur, fault, fused_fault

Kernels = Mapping[str, Kernel]


class Together(Saboteur):
    """A fault of several kernels that know of each other. ``own`` says that they are registered as its own."""

    kernels: Kernels
    own = False
    threads = 1

    @hookimpl
    def rcmlrs_register(self, table: KernelTable) -> None:
        """The spoilt kernels, if they are called its own."""
        if self.own:
            for name, kernel in self.kernels.items():
                table.register(name, kernel)

    @hookimpl
    def rcmlrs_derive(self, operation: Operation) -> Kernel:
        """The spoilt kernel, or the right one."""
        return self.kernels.get(operation.name) or plain_kernel(operation)

    @hookimpl
    def rcmlrs_threads(self, count: int) -> int:
        """A number that is remembered."""
        former, self.threads = self.threads, count
        return former


def together(*subjects: str, clause: str, own: bool = False) -> Callable[[Callable[[Together], Kernels]], Together]:
    """``@together("matmul", clause="N3.1")``: the function below makes the wrong kernels, which ``subjects`` show."""

    def make(function: Callable[[Together], Kernels]) -> Together:
        about = (function.__doc__ or "").partition("\n")[0].rstrip(".")
        plugin = Together(function.__name__, about, "smoke", clause)
        plugin.subjects, plugin.own, plugin.kernels = subjects, own, function(plugin)
        FAULTS[plugin.name] = plugin
        return plugin

    return make


def right(name: str) -> Kernel:
    """The kernel that is spoilt."""
    return plain_kernel(KERNELS[name])


class _View(PlainArray):
    """An array that remembers where it came from: the memory it is a view of, or the element at which it begins."""

    __slots__ = ("exact", "memory", "start")

    def __init__(self, whole: PlainArray, *, memory: Any = None, start: int = 0, exact: Any = None) -> None:
        super().__init__(whole.values, whole.shape)
        self.memory, self.start, self.exact = memory, start, exact


@together("matmul", clause="N7")
def transposition_forgotten(plugin: Together) -> Kernels:
    """A product reads a transposed operand as it lies in memory."""

    def transpose(x: PlainArray, *, axes: Shape) -> PlainArray:
        return _View(right("transpose")(x, axes=axes), memory=x.values)

    def as_it_lies(x: PlainArray) -> PlainArray:
        return PlainArray(x.memory, x.shape) if isinstance(x, _View) and x.memory else x

    return {"transpose": transpose, "matmul": lambda x, y: right("matmul")(as_it_lies(x), as_it_lies(y))}


@together("cosh", clause="N2.1")
def odd_beginning_rounded_apart(plugin: Together) -> Kernels:
    """The first elements go by a rougher formula where the operand begins at an odd place of larger memory."""

    def subscript(x: PlainArray, *, items: Any) -> PlainArray:
        places = KERNELS["subscript"].source(x.shape, items=items)  # type: ignore[attr-defined]
        return _View(right("subscript")(x, items=items), start=places[0] if places else 0)

    def cosh(x: PlainArray) -> PlainArray:
        result = right("cosh")(x)
        return rougher(result, 0, x.start % 8) if isinstance(x, _View) else result

    return {"subscript": subscript, "cosh": cosh}


@together("sin", "sinh", "gelu", clause="N7")
def fused_without_rounding(plugin: Together) -> Kernels:
    """A product takes the other function's value as it was before it was rounded: each is right alone."""

    def unrounded(name: str) -> Kernel:
        def kernel(x: PlainArray) -> PlainArray:
            result = right(name)(x)
            return _View(result, exact=[value * (1 + 2.0**-25) for value in result.values])  # it would round to that

        return kernel

    def mul(x: PlainArray, y: PlainArray) -> Any:
        if x.shape == y.shape and isinstance(y, _View) and y.exact:
            return PlainArray.of(map(float.__mul__, x.values, y.exact), x.shape)
        return right("mul")(x, y)

    return {name: unrounded(name) for name in ("cos", "cosh", "gelu_derivative")} | {"mul": mul}


@together("sum", clause="N3.1")
def threads_round_their_share(plugin: Together) -> Kernels:
    """With more than one thread, each adds up a share, which is rounded to binary32."""

    def row(values: list[float]) -> float:
        exact = KERNELS["sum"].row  # type: ignore[attr-defined]
        shares = [values[i :: plugin.threads] for i in range(plugin.threads)]
        return float(exact([exact(share) for share in shares]))

    def total(x: PlainArray, **attributes: Any) -> Any:
        return (by_rows("sum", row) if x.dtype == FLOAT32 else right("sum"))(x, **attributes)

    return {"sum": total}


@together("gelu", clause="", own=True)
def falls_back_in_silence(plugin: Together) -> Kernels:
    """A kernel that is called the backend's own runs the one that the core derives."""
    return {"gelu": lambda x: right("gelu")(x)}


@together("matmul", clause="", own=True)
def another_backends_kernel(plugin: Together) -> Kernels:
    """A kernel that is called the backend's own runs one of the Python backend."""
    return {"matmul": lambda x, y: get_backend("python").kernels["matmul"](x, y)}


@fault("matmul", clause="N3.1")
def operands_cut_to_tf32(kernel: Kernel) -> Kernel:
    """The operands of a product keep ten bits of their fractions."""

    def cut(x: PlainArray) -> PlainArray:
        bits = array("I", x.values.tobytes())
        kept = array("I", [word & 0xFFFFE000 if word & 0x7FFFFFFF < 0x7F800000 else word for word in bits])
        values = array("f")
        values.frombytes(kept.tobytes())
        return PlainArray(values, x.shape)

    return lambda x, y: kernel(cut(x), cut(y))


@fault("sigmoid", clause="N2.1")
def blocks_rounded_apart(kernel: Kernel) -> Kernel:
    """Whole blocks of 128 elements go by a rougher formula; what is left over is right."""

    def sigmoid(x: PlainArray) -> PlainArray:
        result = kernel(x)
        return rougher(result, 0, len(result.values) // 128 * 128)

    return sigmoid


def rougher(x: PlainArray, start: int, stop: int) -> PlainArray:
    """The elements from ``start`` to ``stop`` rounded twice: to a multiple of 3 * 2^-26 of them before."""
    values = x.values[:]
    for i in range(start, stop):
        values[i] = single(single(values[i] * 3.0) / 3.0 * (1 + 2.0**-24))
    return PlainArray(values, x.shape)


@fault("sum", clause="N3.1")
def long_sums_in_pieces(kernel: Kernel) -> Kernel:
    """Rows of more than 65 elements are added up in pieces of 64, each of which is rounded to binary32."""
    exact = KERNELS["sum"].row  # type: ignore[attr-defined]

    def row(values: list[float]) -> float:
        if len(values) <= 65:
            return float(exact(values))
        return float(exact([exact(values[i : i + 64]) for i in range(0, len(values), 64)]))

    return by_rows("sum", row)


@fault("square", clause="")
def few_places_for_results(kernel: Kernel) -> Kernel:
    """There is memory for five results; the sixth lies where the first one was."""
    places: deque[PlainArray] = deque(maxlen=5)

    def square(x: PlainArray) -> PlainArray:
        result = mapped(lambda value: value, kernel(x))
        if len(places) == places.maxlen and len(places[0].values) == len(result.values):
            places[0].values[:] = result.values
        places.append(result)
        return result

    return square


@fused_fault("sgd_update", clause="N4.1")
def parameters_updated_where_they_lie(kernel: Kernel) -> Kernel:
    """A step writes the new parameters into the memory of the old ones, of which there may be views."""
    return lambda p, g, *memory, **numbers: _in_place(p, COMPOSED["sgd_update"](p, g, *memory, **numbers))


def _in_place(p: PlainArray, results: tuple[PlainArray, ...]) -> tuple[PlainArray, ...]:
    p.values[:] = results[0].values
    return (p, *results[1:])


parameters_updated_where_they_lie.subjects = ("reshape", "transpose", "squeeze", "flatten", "expand_dims", "slice")
