"""Ordinary calls of any operation, small and large: for what is true of every call, whatever the elements are.

The elements are of ordinary size, from 2^-6 to 2^6 and of either sign, with every bit of the significand drawn: nothing
overflows, nearly every result has to be rounded, and drawing thousands of them costs little.
"""

from collections.abc import Iterator
from random import Random

from rcmlrs_core.ops.calls import Bools, Call, Ints, call, product
from rcmlrs_core.ops.op import Elementwise, Operation, Reduction
from rcmlrs_core.plain import BOOL, FLOAT32, PlainArray, Shape

from ..subjects import Level
from .generators import LONGEST_SQUARE, accepted, attribute_samples, integers
from .trial import Trial, array_of, size

_HIGH_BYTES = bytes((0x3C + i % 6) | (0x80 if i % 12 > 5 else 0) for i in range(256))
"""The sign and all but the last bit of the exponent, for any byte."""


def ordinary(rng: Random, shape: Shape) -> PlainArray:
    """Numbers of ordinary size."""
    raw = bytearray(rng.randbytes(4 * size(shape)))
    raw[3::4] = raw[3::4].translate(_HIGH_BYTES)
    return PlainArray.frombytes(bytes(raw), shape, FLOAT32)


def operand(rng: Random, shape: Shape, dtype: str) -> PlainArray:
    """Of another element type: integers that are small enough to be added, multiplied and shifted."""
    if dtype == FLOAT32:
        return ordinary(rng, shape)
    return array_of([rng.randrange(2 if dtype == BOOL else 8) for _ in range(size(shape))], shape, dtype)


def filled(rng: Random, operation: Operation, how: Call) -> Trial:
    """A call with its operands."""
    operands = []
    for data in how.operands:
        if isinstance(data, Ints):
            operands.append(integers(rng, data))
        else:
            operands.append(operand(rng, data.shape, BOOL if isinstance(data, Bools) else FLOAT32))
    return Trial(operation, "samples", tuple(operands), dict(how.attributes))


def of_shape(rng: Random, operation: Elementwise, shape: Shape) -> Trial:
    """A function of one element, on operands of one shape."""
    operands = tuple(operand(rng, shape, operation.takes[0]) for _ in range(operation.arity or 3))
    return Trial(operation, "samples", operands, rng.choice(attribute_samples(operation)))


def of_rows(rng: Random, operation: Reduction, shape: Shape, axis: int) -> Trial:
    """A function of a row, along one axis."""
    if operation.squares:
        shape = tuple(min(n, LONGEST_SQUARE) if i == axis % len(shape) else n for i, n in enumerate(shape))
    x = operand(rng, shape, operation.takes[0])
    return Trial(operation, "samples", (x,), accepted(rng, operation, x, {"axis": axis}))


def small(rng: Random, operation: Operation) -> Iterator[Trial]:
    """Calls of few elements: of every kind that the operation's form or its file knows."""
    if operation.calls:
        for how in operation.calls:
            if all(size(data.shape) for data in how.operands):
                yield filled(rng, operation, how)
    elif isinstance(operation, Elementwise):
        yield of_shape(rng, operation, (2, 3))
        yield of_shape(rng, operation, (7,))
    elif isinstance(operation, Reduction):
        yield of_rows(rng, operation, (2, 5), -1)
        yield of_rows(rng, operation, (4, 2), 0)


LARGE: dict[str, tuple[Call, Call]] = {
    "matmul": (product((9, 70), (70, 35)), product((70, 130), (130, 67))),
    "linear": (call((9, 70), (35, 70), (35,)), call((70, 130), (67, 130), (67,))),
    "conv": (call((3, 4, 40), (9, 4, 5), (9,)), call((5, 9, 33, 18), (17, 9, 3, 3), (17,))),
    "quantile": (call((5, 70), q=0.3, axis=-1), call((9, 700), q=0.3, axis=-1)),
    "vecdot": (call((5, 70), (5, 70)), call((9, 700), (9, 700))),
    "dot": (call((300,), (300,)), call((4097,), (4097,))),
    "add_n": (call((300,), (300,), (300,)), call((4097,), (4097,), (4097,), (4097,))),
    "where": (call(Bools((300,)), (300,), (300,)), call(Bools((4097,)), (4097,), (4097,))),
    "scatter_add": (
        call((9, 5), Ints((70, 5), 0, 9), (70, 5), axis=0),
        call((30, 9), Ints((700, 9), 0, 30), (700, 9), axis=0),
    ),
    "segment_sum": (
        call((70, 5), Ints((70,), 0, 9), num_segments=9),
        call((700, 9), Ints((700,), 0, 30), num_segments=30),
    ),
}
"""For the smoke level, and for those above it: of sizes at which a backend cuts what it does into blocks."""


def large(rng: Random, operation: Operation, level: Level) -> Trial | None:
    """A call of enough elements for blocks and threads; of an operation that no form describes, its largest call."""
    thorough = level.reaches("standard")
    if operation.name in LARGE:
        return filled(rng, operation, LARGE[operation.name][thorough])
    if operation.calls:
        most = max(operation.calls, key=lambda how: sum(size(data.shape) for data in how.operands))
        return filled(rng, operation, most)
    if isinstance(operation, Elementwise):
        return of_shape(rng, operation, (4097,) if thorough else (300,))
    if isinstance(operation, Reduction):
        return of_rows(rng, operation, (9, 700) if thorough else (5, 70), -1)
    return None
