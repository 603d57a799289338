"""A trial: one call of one operation, with the family that its arguments come from."""

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from rcmlrs_core.creation import tensor
from rcmlrs_core.ops.op import Operation
from rcmlrs_core.plain import FLOAT32, PlainArray, Shape
from rcmlrs_core.tensor import RamTensor

from ..bits import floats
from ..judge.definition import DEFINITION

if TYPE_CHECKING:
    from ..examine import Examiner, Finding


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

    def examine(self, examiner: "Examiner") -> "Finding | None":
        """What is wrong with the call, if anything is."""
        return examiner.try_call(self)


def array_of(words: list[int], shape: Shape, dtype: str) -> PlainArray:
    """An array of these bits."""
    if dtype == FLOAT32:
        return floats(words, shape)
    return PlainArray.of([w - (1 << 32) if w >= 1 << 31 else w for w in words], shape, dtype)


def size(shape: Shape) -> int:
    """The number of elements."""
    return prod(shape)


def plain(x: Any, dtype: str | None = None) -> PlainArray:
    """The operand that a case states: nested lists, a number, or an array whose element type matters."""
    if isinstance(x, PlainArray):
        return x
    if isinstance(x, RamTensor):
        return x.plain()
    return tensor(x, backend=DEFINITION, dtype=dtype).plain()
