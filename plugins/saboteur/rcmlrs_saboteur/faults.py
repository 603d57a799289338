"""The faults: each has bitten somebody. A docstring's first line is what the backend says of itself."""

import math
from array import array
from collections.abc import Callable, Iterable
from typing import Any

from rcmlrs_core.hookspecs import Storage
from rcmlrs_core.ops import KERNELS
from rcmlrs_core.ops.op import Elementwise, Reduction, spread
from rcmlrs_core.ops.shapes import broadcast_shapes
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape, broadcast_offsets
from rcmlrs_saboteur.plugin import FAULTS, Kernel, fault, storage_fault

__all__ = ["FAULTS"]

SMALLEST_NORMAL = 2.0**-126

ROUNDING_ELEMENTWISE = tuple(
    name
    for name, operation in KERNELS.items()
    if isinstance(operation, Elementwise) and operation.exact and not operation.variadic
)


def single(x: float) -> float:
    """x, rounded to binary32."""
    return array("f", [x])[0]


def mapped(function: Callable[[float], float], x: PlainArray) -> PlainArray:
    """A function of one number, on every element."""
    return PlainArray.of(map(function, x.values), x.shape)


def by_rows(name: str, row: Callable[..., Any]) -> Kernel:
    """A kernel that reduces every row by ``row``."""
    operation = KERNELS[name]
    assert isinstance(operation, Reduction)
    return lambda x, **attributes: operation.by_rows(x, row, **attributes)


def of_pairs(function: Callable[[float, float], float]) -> Kernel:
    """A kernel that is a function of two numbers."""

    def kernel(x: PlainArray, y: PlainArray) -> PlainArray:
        shape = broadcast_shapes("", x.shape, y.shape)
        return PlainArray.of(map(function, spread(x, shape), spread(y, shape)), shape)

    return kernel


def of_matrices(dot: Callable[[list[float], list[float]], float]) -> Callable[[Kernel], Kernel]:
    """A matmul of which every element is ``dot`` of a row and a column; vectors are left to the right kernel."""

    def spoil(kernel: Kernel) -> Kernel:
        def matmul(x: PlainArray, y: PlainArray) -> Any:
            if len(x.shape) != 2 or len(y.shape) != 2:
                return kernel(x, y)
            (m, k), n = x.shape, y.shape[1]
            a, b = x.values.tolist(), y.values.tolist()
            return PlainArray.of(
                (dot(a[i * k : i * k + k], b[j::n] if k else []) for i in range(m) for j in range(n)), (m, n)
            )

        return matmul

    return spoil


# ---------------------------------------------------------------------------------------------- rounding


@fault("sum", clause="N3.1")
def sum_in_float32(kernel: Kernel) -> Kernel:
    """Every partial sum is rounded to binary32, in the order of the elements."""
    return by_rows("sum", _running_sum)


def _running_sum(values: Iterable[float]) -> float:
    total = 0.0
    for value in values:
        total = single(total + value)
    return total + 0.0


@fault("sum", clause="N3.1")
def sum_in_another_order(kernel: Kernel) -> Kernel:
    """Halves are added to each other in binary32, as vector units do: fewer errors than in a row, and not none."""

    def row(values: list[float]) -> float:
        while len(values) > 1:
            half = len(values) // 2
            joined = [single(a + b) for a, b in zip(values[:half], values[half : 2 * half], strict=True)]
            values = joined + values[2 * half :]
        return sum(values)

    return by_rows("sum", row)


@fault("fma", clause="N2.1")
def fma_rounds_twice(kernel: Kernel) -> Kernel:
    """x y + z as a product and a sum, each rounded."""

    def fma(*operands: PlainArray) -> PlainArray:
        shape = broadcast_shapes("", broadcast_shapes("", operands[0].shape, operands[1].shape), operands[2].shape)
        rows = zip(*(spread(x, shape) for x in operands), strict=True)
        return PlainArray.of((single(x * y) + z for x, y, z in rows), shape)

    return fma


@fault("sum", clause="N3.1")
def sum_rounds_twice(kernel: Kernel) -> Kernel:
    """The exact sum is rounded to binary64 first and then to binary32."""

    def row(values: list[float]) -> float:
        try:
            return math.fsum(values) + 0.0
        except ValueError:
            return math.nan

    return by_rows("sum", row)


@fault("mean", clause="N3.1")
def mean_rounds_twice(kernel: Kernel) -> Kernel:
    """The sum is rounded to binary32 before it is divided."""
    exact_sum = KERNELS["sum"]
    assert isinstance(exact_sum, Reduction)
    return by_rows("mean", lambda values: exact_sum.row(values) / len(values))


@fault("mul", clause="N2.1")
def mul_ties_away(kernel: Kernel) -> Kernel:
    """Ties are rounded away from zero instead of to even."""

    def product(x: float, y: float) -> float:
        exact = x * y
        rounded = single(exact)
        if math.isinf(rounded) or exact != exact or abs(rounded) >= abs(exact):
            return rounded
        (away,) = array("f", [math.nextafter(2 * exact - rounded, math.copysign(math.inf, exact))])
        return away if away - exact == exact - rounded else rounded

    return of_pairs(product)


@fault("gelu", clause="N2.1")
def gelu_in_pieces(kernel: Kernel) -> Kernel:
    """The formula of the textbook, each of its pieces rounded to binary32."""
    slope = single(math.sqrt(2 / math.pi))

    def gelu(x: float) -> float:
        if not math.isfinite(x) or abs(x) > 1e10:
            return x if x > 0 or x != x else -0.0
        cube = single(single(x * x) * x)
        inner = single(slope * single(x + single(single(0.044715) * cube)))
        return single(single(0.5 * x) * single(1.0 + single(math.tanh(inner))))

    return lambda x: mapped(gelu, x)


@fault("tanh", clause="N2.1", caught_at="standard")
def tanh_off_at_one_input(kernel: Kernel) -> Kernel:
    """One ulp too much, at one argument out of 2^32."""
    argument = 2.0**-7

    def tanh(x: PlainArray) -> Any:
        right = kernel(x)
        values = zip(x.values, right.values, strict=True)
        return PlainArray.of((y + 2.0**-31 if a == argument else y for a, y in values), x.shape)

    return tanh


@fault("softmax", clause="N3.3")
def softmax_overflows(kernel: Kernel) -> Kernel:
    """e^x over the sum of e^x, as it is written: beyond 709 it is inf / inf."""

    def row(values: list[float]) -> list[float]:
        try:
            powers = [math.exp(value) for value in values]
            total = math.fsum(powers)
            return [power / total for power in powers]
        except (OverflowError, ZeroDivisionError, ValueError):
            return [math.nan] * len(values)

    return by_rows("softmax", row)


@fault("linear", clause="N3.1")
def linear_adds_bias_afterwards(kernel: Kernel) -> Kernel:
    """The product is rounded before the bias is added to it."""

    def linear(x: PlainArray, weight: PlainArray, *bias: PlainArray) -> Any:
        product = kernel(x, weight)
        if not bias:
            return product
        addends = [bias[0].values[i] for i in broadcast_offsets(bias[0].shape, product.shape)]
        return PlainArray.of((p + b for p, b in zip(product.values, addends, strict=True)), product.shape)

    return linear


@fault("matmul", clause="N3.1")
def matmul_in_binary64(kernel: Kernel) -> Kernel:
    """A binary64 sum of the products, in their order: right on random data, nearly always."""
    return of_matrices(lambda row, column: sum(map(float.__mul__, row, column)) + 0.0)(kernel)


# ------------------------------------------------------------------------------- zeros, NaN, subnormals


@fault("tanh", "gelu", "abs", "neg", clause="N2.3")
def minus_zero_lost(kernel: Kernel) -> Kernel:
    """A zero loses its sign."""
    return lambda x: mapped(lambda value: value + 0.0, kernel(x))


@fault("sum", clause="N3.2")
def sum_of_minus_zeros(kernel: Kernel) -> Kernel:
    """The sum of nothing but -0 is -0."""

    def spoilt(x: PlainArray, **attributes: Any) -> Any:
        result = kernel(x, **attributes)
        negative = x.values and all(value == 0 and math.copysign(1, value) < 0 for value in x.values)
        return mapped(lambda value: -0.0, result) if negative else result

    return spoilt


@fault("max", clause="N2.3")
def max_drops_nan(kernel: Kernel) -> Kernel:
    """NaN is passed over, as by C's fmax."""
    row = KERNELS["max"]
    assert isinstance(row, Reduction)
    return by_rows("max", lambda values: row.row([v for v in values if v == v] or values))


@fault("maximum", clause="N2.3")
def maximum_ignores_sign_of_zero(kernel: Kernel) -> Kernel:
    """max(-0, +0) is whichever comes first."""
    return of_pairs(lambda x, y: x if x >= y or x != x else y)


@fault(*ROUNDING_ELEMENTWISE, clause="N1.1")
def subnormals_flushed(kernel: Kernel) -> Kernel:
    """Results below the smallest normal number become zero."""

    def flushed(*operands: PlainArray, **attributes: Any) -> Any:
        return mapped(
            lambda value: value if abs(value) >= SMALLEST_NORMAL or value != value else math.copysign(0.0, value),
            kernel(*operands, **attributes),
        )

    return flushed


@fault("sqrt", "log", clause="N1.1")
def subnormals_read_as_zero(kernel: Kernel) -> Kernel:
    """Arguments below the smallest normal number count as zero."""

    def spoilt(x: PlainArray) -> Any:
        return kernel(mapped(lambda v: v if abs(v) >= SMALLEST_NORMAL or v != v else math.copysign(0.0, v), x))

    return spoilt


# --------------------------------------------------------------------------------- places and orders


@fault("matmul", clause="N3.1")
def matmul_transposed(kernel: Kernel) -> Kernel:
    """The elements of the product lie column after column."""

    def matmul(x: PlainArray, y: PlainArray) -> Any:
        product = kernel(x, y)
        if len(product.shape) != 2:
            return product
        m, n = product.shape
        return PlainArray.of((product.values[i * n + j] for j in range(n) for i in range(m)), (m, n))

    return matmul


@fault("matmul", clause="N3.1")
def matmul_loses_a_tail(kernel: Kernel) -> Kernel:
    """A block of eight and one more: the one is left out."""

    def dot(row: list[float], column: list[float]) -> float:
        k = len(row)
        if k % 8 == 1 and k > 1:
            row, column = row[:-1], column[:-1]
        return float(kernel(PlainArray.of(row, (len(row),)), PlainArray.of(column, (len(row),))).values[0])

    return of_matrices(dot)(kernel)


@fault("argmax", clause="N4.2")
def argmax_takes_the_last(kernel: Kernel) -> Kernel:
    """The last index among equals."""

    def row(values: list[float]) -> int:
        if any(v != v for v in values):
            return next(i for i, v in enumerate(values) if v != v)
        return max(range(len(values)), key=lambda i: (values[i], i))

    return by_rows("argmax", row)


@fault("argsort", clause="N4.2")
def argsort_mixes_zeros(kernel: Kernel) -> Kernel:
    """-0 and +0 count as equal, so +0 may come first."""

    def row(values: list[float], *, descending: bool, stable: bool) -> list[int]:
        return sorted(range(len(values)), key=lambda i: (values[i] != values[i], values[i]), reverse=descending)

    return by_rows("argsort", row)


@fault("take", clause="N4.1")
def take_from_the_end(kernel: Kernel) -> Kernel:
    """A negative index counts from the end, instead of being refused."""

    def take(x: PlainArray, indices: PlainArray, *, axis: int) -> Any:
        wrapped = PlainArray.of((i % x.shape[axis] for i in indices.values), indices.shape, "int32")
        return kernel(x, wrapped, axis=axis)

    return take


# ---------------------------------------------------------------------------- shapes, types, memory


@fault("less", clause="N1.1")
def less_gives_numbers(kernel: Kernel) -> Kernel:
    """A comparison gives 1.0 and 0.0 instead of bools."""
    return lambda x, y: PlainArray.of(kernel(x, y).values, kernel(x, y).shape, FLOAT32)


@fault("sum", clause="")
def empty_sum_refused(kernel: Kernel) -> Kernel:
    """A sum of no elements raises an exception."""

    def spoilt(x: PlainArray, **attributes: Any) -> Any:
        if not x.values:
            raise ValueError("zero-size array to reduction operation")
        return kernel(x, **attributes)

    return spoilt


@fault("max", clause="")
def max_forgets_keepdims(kernel: Kernel) -> Kernel:
    """The reduced axes vanish even where they are to be kept."""
    return lambda x, *, axis, keepdims: kernel(x, axis=axis, keepdims=False)


@fault("relu", clause="")
def operand_overwritten(kernel: Kernel) -> Kernel:
    """The result is written into the operand's memory."""

    def relu(x: PlainArray) -> PlainArray:
        x.values[:] = kernel(x).values
        return x

    return relu


@fault("neg", clause="")
def scratch_memory_shared(kernel: Kernel) -> Kernel:
    """Every result lies in the same scratch memory, which the next call writes over."""
    scratch = array("f")

    def neg(x: PlainArray) -> PlainArray:
        values = kernel(x).values
        scratch[: len(values)] = values
        return _Window(scratch, x.shape)

    return neg


class _Window(PlainArray):
    """The first elements of memory that somebody else owns."""

    __slots__ = ()

    def tobytes(self) -> bytes:
        """Those of this result."""
        return PlainArray(self.values[: math.prod(self.shape)], self.shape).tobytes()


@fault("sum", clause="N3.1")
def order_of_the_day(kernel: Kernel) -> Kernel:
    """Partial sums in binary32, in an order that changes from one call to the next with the same operand."""
    previous: list[PlainArray] = []

    def spoilt(x: PlainArray, **attributes: Any) -> Any:
        again = any(operand is x for operand in previous)
        previous[:] = [x]
        if not again:
            return kernel(x, **attributes)
        return by_rows("sum", lambda values: _running_sum(reversed(values)))(x, **attributes)

    return spoilt


@storage_fault(clause="N1.2")
class nan_payload_shown(Storage):
    """A NaN leaves with the payload that it had."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> PlainArray:
        """As it comes."""
        return PlainArray.frombytes(raw, shape, dtype)

    def dump(self, buffer: PlainArray) -> bytes:
        """As it is."""
        return buffer.values.tobytes()


@storage_fault(clause="N1.1")
class subnormals_lost_in_storage(Storage):
    """Loading flushes subnormal numbers to zero."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> PlainArray:
        """Flushed."""
        loaded = PlainArray.frombytes(raw, shape, dtype)
        if dtype != FLOAT32:
            return loaded
        return mapped(lambda v: v if abs(v) >= SMALLEST_NORMAL or v != v else math.copysign(0.0, v), loaded)

    def dump(self, buffer: PlainArray) -> bytes:
        """Its bytes."""
        return buffer.tobytes()


@storage_fault(clause="")
class memory_borrowed(Storage):
    """A loaded buffer keeps the caller's memory instead of a copy."""

    def load(self, raw: bytes | memoryview, shape: Shape, dtype: str) -> PlainArray:
        """Borrowed, where the memory can change."""
        return _Borrowed(raw, shape, dtype) if isinstance(raw, memoryview) else PlainArray.frombytes(raw, shape, dtype)

    def dump(self, buffer: PlainArray) -> bytes:
        """What is there now."""
        return buffer.tobytes()


class _Borrowed(PlainArray):
    """An array that reads its memory when it is asked."""

    __slots__ = ("memory",)

    def __init__(self, memory: memoryview, shape: Shape, dtype: str) -> None:
        super().__init__(PlainArray.frombytes(memory, shape, dtype).values, shape)
        self.memory = memory

    def tobytes(self) -> bytes:
        """The memory's."""
        return PlainArray.frombytes(self.memory, self.shape, self.dtype).tobytes()
