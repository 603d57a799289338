"""Calls of an operation that the conformance suite tries at random: shapes and attributes; the suite fills in elements.

An operation whose form does not say how it is called (anything but a function of an element or of a row) lists some in
its file: ``calls=(call((3, 4), (4, 5)), call((2,), Ints((5,), 0, 2)))``. Its ``data`` is the kind of elements that make
it hard, one of ``KINDS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rcmlrs_core.plain import Shape

KINDS: Mapping[str, str] = {
    "sums": "what sums of elements or products go wrong on: ties, cancellation, grids, sparse rows, every exponent",
    "moves": "any bits of every element type, since nothing is computed",
    "float_moves": "any bits of float32",
    "few": "ordinary numbers, integers and special values: for compositions, whose operations are tried elsewhere",
}
"""The kinds of data that an operation may ask for, and what they are."""


class Floats(NamedTuple):
    """A float32 operand; the rows of data that are hard together lie along ``axis``."""

    shape: Shape
    axis: int = -1


class Ints(NamedTuple):
    """An int32 operand with elements in [low, high)."""

    shape: Shape
    low: int
    high: int


class Bools(NamedTuple):
    """A bool operand."""

    shape: Shape


@dataclass(frozen=True)
class Call:
    """One call: operands to be filled, and attributes as a user gives them."""

    operands: tuple[Floats | Ints | Bools, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


def call(*operands: Any, **attributes: Any) -> Call:
    """A :class:`Call`; a bare shape is a float32 operand of it."""
    return Call(tuple(x if isinstance(x, Floats | Ints | Bools) else Floats(x) for x in operands), attributes)


def product(x: Shape, y: Shape) -> Call:
    """Two matrices (or vectors): the hard rows are the rows of the first and the columns of the second."""
    return call(x, Floats(y, -2 if len(y) > 1 else -1))
