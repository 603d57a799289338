"""A trial: one call of one operation, with the family that its arguments come from; and how much is tried."""

from dataclasses import dataclass, field
from typing import Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape
from rcmlrs_core.tensor import RamTensor

from .bits import floats
from .definition import DEFINITION


@dataclass(frozen=True)
class Level:
    """How much is tried: elements in a family of single elements, rounds of the calls, lengths of rows."""

    name: str
    elements: int
    rounds: int
    lengths: tuple[int, ...]
    few_lengths: int


LEVELS = {
    level.name: level
    for level in (
        Level("smoke", 40, 1, (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 31, 33, 65), 2),
        Level("standard", 400, 2, tuple(range(71)), 6),
        Level("deep", 8000, 20, (*range(71), 127, 128, 129, 255, 256, 257, 511, 513), 8),
    )
}


@dataclass(frozen=True, eq=False)
class Trial:
    """``operation`` on ``operands``, with ``attributes`` as a user gives them.

    ``prefix_of`` says that the operands are the first elements of another trial's, and so is the result. ``want`` is
    the result that an operation's own case states.
    """

    operation: Operation
    family: str
    operands: tuple[PlainArray, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    prefix_of: "Trial | None" = None
    want: Any = None
    note: str = ""


def array_of(words: list[int], shape: Shape, dtype: str) -> PlainArray:
    """An array of these bits."""
    if dtype == FLOAT32:
        return floats(words, shape)
    return PlainArray.of([w - (1 << 32) if w >= 1 << 31 else w for w in words], shape, dtype)


def size(shape: Shape) -> int:
    """The number of elements."""
    n = 1
    for length in shape:
        n *= length
    return n


def plain(x: Any, dtype: str | None = None) -> PlainArray:
    """The operand that a case states: nested lists, a number, or an array whose element type matters."""
    if isinstance(x, PlainArray):
        return x
    if isinstance(x, RamTensor):
        return x.plain()
    return tensor(x, backend=DEFINITION, dtype=dtype).plain()
