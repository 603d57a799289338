"""The one table of what to call where an operation's form does not say it: shapes and attributes, by operation.

``ATTRIBUTES`` are the attributes to try for operations whose operands are drawn by their form (functions of an element
or of a row). ``PLANS`` are whole calls for all others, the elements of which the families of ``rows`` fill in;
``LENGTHS`` says which of a call's lengths is that of a sum. An operation that is in no table has its own cases tried
only, and the report says so; a test sees to it that no operation of the core is in that state.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from rcmlrs_core.plain import PlainArray, Shape

from .bits import floats
from .elements import EDGES


class Data(NamedTuple):
    """A float32 operand; rows of the family lie along ``axis``."""

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
class Setup:
    """One call: operands to be filled, or as they are, and attributes as a user gives them."""

    operands: tuple[Data | Ints | Bools | PlainArray, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


def call(*operands: Any, **attributes: Any) -> Setup:
    """A :class:`Setup`; a bare shape is a float32 operand of it."""
    given = (Data(x) if isinstance(x, tuple) and not isinstance(x, Data | Ints | Bools) else x for x in operands)
    return Setup(tuple(given), attributes)


def product(x: Shape, y: Shape) -> Setup:
    """Two matrices (or vectors): the families' rows are the rows of the first and the columns of the second."""
    return call(x, Data(y, -2 if len(y) > 1 else -1))


@dataclass(frozen=True)
class Plan:
    """The calls of an operation, and the families that fill their operands."""

    setups: Callable[[Random], Iterator[Setup]]
    families: Sequence[str]


SUMS = (
    "gaussian", "integers", "large_integers", "bf16", "one_hot", "half_zero", "zeros", "cancellation", "mixed",
    "subnormals", "huge", "ties", "specials", "edges", "bits",
)  # fmt: skip
"""Families for operations that add products or elements."""

MOVES = ("moved", "int32", "bool")
"""Families for operations that move elements of any type."""

FLOAT_MOVES = ("moved",)
"""Families for operations that move elements of float32."""

FEW = ("gaussian", "integers", "specials")
"""Families for compositions, whose operations are tried one by one elsewhere."""


def always(*setups: Setup, families: Sequence[str] = SUMS) -> Plan:
    """The same calls each time."""
    return Plan(lambda rng: iter(setups), families)


ATTRIBUTES: dict[str, list[dict[str, Any]]] = {
    "leaky_relu": [{}, *({"slope": slope} for slope in (0.2, 0.0, 1.0, -0.5, 2.0**-149))],
    "leaky_relu_derivative": [{}, {"slope": 0.2}, {"slope": 0.0}, {"slope": -1.0}],
    "std": [{}, {"correction": 1}],
    "var": [{}, {"correction": 1}, {"correction": 0.5}],
    "powi": [{"n": n} for n in (2, 3, -1, 0, 1, -2, 4, 7, -150, 2**31 - 1, -(2**31))],
}

LOSS = always(
    call((7,), (7,)),
    call((3, 4), (3, 4), reduction="sum"),
    call((2, 3), (2, 3), reduction="none"),
    families=FEW,
)

PLANS: dict[str, Plan] = {
    # ------------------------------------------------------------------------------------------ sums of products
    "matmul": always(
        product((1, 1), (1, 1)),
        product((3, 4), (4, 5)),
        product((5, 17), (17, 3)),
        product((7,), (7,)),
        product((3,), (3, 2)),
        product((4, 9), (9,)),
        product((2, 3, 4), (4, 2)),
        product((2, 1, 2, 3), (3, 3, 2)),
        product((2,), (3, 2, 2)),
        product((2, 0), (0, 3)),
        product((0, 3), (3, 2)),
        product((0,), (0,)),
        product((9, 33), (33, 9)),
    ),
    "linear": always(
        call((1, 1), (1, 1), (1,)),
        call((3, 4), (5, 4), (5,)),
        call((3, 4), (5, 4)),
        call((7,), (2, 7), (2,)),
        call((2, 3, 5), (4, 5), (4,)),
        call((2, 0), (3, 0), (3,)),
        call((0, 3), (2, 3), (2,)),
        call((9, 33), (9, 33), (9,)),
    ),
    "add_n": always(
        call((7,)),
        call((7,), (7,)),
        call((2, 3), (2, 3), (2, 3)),
        call((), (), (), ()),
        call((3, 1), (4,), ()),
        call((0,), (0,)),
        call(*[(5,)] * 9),
    ),
    "scatter_add": always(
        call((5,), Ints((9,), 0, 5), (9,), axis=0),
        call((4, 3), Ints((7, 3), 0, 4), (7, 3), axis=0),
        call((4, 3), Ints((2, 8), 0, 3), (2, 8), axis=1),
        call((2, 3, 2), Ints((2, 5, 1), 0, 3), (2, 5, 1), axis=-2),
        call((3,), Ints((0,), 0, 3), (0,), axis=0),
        call((2,), Ints((33,), 0, 2), (33,), axis=0),
    ),
    # ------------------------------------------------------------------------------------------------------ moves
    "broadcast_to": always(
        call((), shape=(2, 3)),
        call((3,), shape=(2, 3)),
        call((3, 1), shape=(2, 3, 4)),
        call((1, 1), shape=(33, 17)),
        call((1,), shape=(0,)),
        call((2, 3), shape=(2, 3)),
        families=MOVES,
    ),
    "concat": always(
        call((3,), (0,), (5,)),
        call((2, 3), (1, 3)),
        call((2, 3), (2, 1), (2, 4), axis=1),
        call((2, 1, 3), (2, 5, 3), axis=-2),
        call((7,)),
        families=MOVES,
    ),
    "flip": always(
        call((7,)),
        call((2, 3), axis=0),
        call((2, 3, 4), axis=(0, -1)),
        call((33, 2), axis=0),
        call(()),
        call((0, 2)),
        families=MOVES,
    ),
    "pad": always(
        call((3,), widths=2),
        call((2, 3), widths=((1, 0), (0, 2)), value=1),
        call((2, 3, 1), widths=(1, 2)),
        call((2, 3), widths=1, interior=(2, 1)),
        call((0, 2), widths=1),
        call((17,), widths=(0, 33)),
        call(floats(EDGES), widths=1, value=-0.0),
        families=MOVES,
    ),
    "reshape": always(
        call((6,), shape=(2, 3)),
        call((2, 3, 4), shape=(4, -1)),
        call((), shape=(1, 1)),
        call((1,), shape=()),
        call((0, 3), shape=(3, 0)),
        call((5, 13), shape=(65,)),
        families=MOVES,
    ),
    "slice": always(
        call((9,), start=(2,), stop=(7,)),
        call((9,), start=(1,), stop=(None,), step=(3,)),
        call((4, 5), start=(-3, None), stop=(-1, 9), step=(1, 2)),
        call((4, 5, 2), start=(1,), stop=(3,)),
        call((4, 5), start=(2, 3), stop=(2, 1)),
        call((70, 3), start=(5, 0), stop=(69, 3), step=(7, 2)),
        families=MOVES,
    ),
    "transpose": always(
        call(()),
        call((0,)),
        call((5,)),
        call((2, 3)),
        call((17, 33)),
        call((3, 0, 2)),
        call((2, 3, 4), axes=(1, 2, 0)),
        call((2, 3, 1, 4), axes=(-1, 0, 2, 1)),
        families=MOVES,
    ),
    # ------------------------------------------------------------------------- elements that an index or a mask takes
    "astype": always(
        *(
            call(operand, dtype=dtype)
            for operand, dtype in (
                (Data((17,)), "float32"),
                (Ints((2, 9), -(2**31), 2**31), "float32"),
                (Ints((65,), 2**24, 2**25), "float32"),
                (Ints((5,), -(2**31), 2**31), "int32"),
                (Bools((2, 3)), "float32"),
                (Bools((7,)), "int32"),
                (Bools((7,)), "bool"),
                (Ints((), 0, 9), "float32"),
                (Ints((0,), 0, 9), "float32"),
            )
        ),
        families=FLOAT_MOVES,
    ),
    "where": always(
        call(Bools((7,)), (7,), (7,)),
        call(Bools((3, 1)), (1, 4), (4,)),
        call(Bools(()), (5,), (5,)),
        call(Bools((2, 3)), (), (3,)),
        call(Bools((0,)), (0,), (1,)),
        call(Bools((65,)), (65,), ()),
        families=MOVES,
    ),
    "take": always(
        call((5,), Ints((7,), 0, 5)),
        call((4, 3), Ints((2, 3), 0, 4)),
        call((4, 3), Ints((5,), 0, 3), axis=1),
        call((2, 3, 4), Ints((), 0, 3), axis=-2),
        call((3, 4), Ints((0,), 0, 3)),
        call((3, 0), Ints((2,), 0, 3)),
        call((33, 5), Ints((65,), 0, 33)),
        families=MOVES,
    ),
    "gather": always(
        call((5,), Ints((7,), 0, 5), axis=0),
        call((4, 3), Ints((2, 3), 0, 4), axis=0),
        call((4, 3), Ints((4, 5), 0, 3), axis=1),
        call((4, 3), Ints((2, 1), 0, 3), axis=-1),
        call((2, 3, 4), Ints((2, 2, 4), 0, 3), axis=1),
        call((3, 4), Ints((3, 0), 0, 4), axis=1),
        families=MOVES,
    ),
    "one_hot": always(
        call(Ints((7,), 0, 5), classes=5),
        call(Ints((2, 3), 0, 4), classes=9),
        call(Ints((), 0, 1), classes=1),
        call(Ints((0,), 0, 1), classes=3),
        call(Ints((65,), 0, 10), classes=10),
        families=FLOAT_MOVES,
    ),
    # ------------------------------------------------------------------------------------------------ compositions
    "cross_entropy": always(
        call((3, 4), Ints((3,), 0, 4)),
        call((5, 2), Ints((5,), 0, 2), reduction="sum"),
        call((2, 3), Ints((2,), 0, 3), reduction="none"),
        families=FEW,
    ),
    "dot": always(call((7,), (7,)), call((1,), (1,)), call((33,), (33,)), call((0,), (0,)), families=SUMS),
    "expand_dims": always(
        call((3,), axis=0), call((2, 3), axis=(0, -1)), call((), axis=0), call((0, 2), axis=1), families=MOVES
    ),
    "flatten": always(
        call((2, 3, 4)),
        call((2, 3, 4), start_axis=1),
        call((2, 3, 4), start_axis=0, end_axis=1),
        call((0, 3)),
        families=MOVES,
    ),
    **dict.fromkeys(("mae_loss", "mae_loss_derivative", "mse_loss", "mse_loss_derivative"), LOSS),
    "matrix_transpose": always(call((2, 3)), call((2, 3, 4)), call((0, 2)), families=MOVES),
    **{
        name: always(call((7,)), call((3, 4), axis=0), call((3, 4), axis=1), call((2, 3)), families=FEW)
        for name in ("min_max", "z_score")
    },
    **{name: always(call((2, 3)), call(()), call((0,)), families=MOVES) for name in ("ones_like", "zeros_like")},
    "pad_matmul_to_another": always(call((2, 3), (4, 2)), call((3, 2), (4, 5)), call((2, 2), (2, 2)), families=FEW),
    "restore_axes": always(
        call((2,), shape=(2, 3), axis=1),
        call((3,), shape=(2, 3, 4), axis=(0, -1)),
        call((), shape=(2, 3)),
        call((2, 1), shape=(2, 3), axis=1, keepdims=True),
        families=MOVES,
    ),
    "squeeze": always(call((1, 3, 1)), call((1, 3, 1), axis=0), call((2, 1), axis=-1), call((3,)), families=MOVES),
    "stack": always(call((3,), (3,)), call((2, 3), (2, 3), (2, 3), axis=1), call((), ()), call((5,)), families=MOVES),
    "sum_to": always(
        call((2, 3), shape=(3,)), call((2, 3), shape=(2, 1)), call((4, 2, 3), shape=()), call((3,), shape=(3,))
    ),
}

LENGTHS: dict[str, Callable[[int], Setup]] = {
    "matmul": lambda n: product((2, n), (n, 3)),
    "linear": lambda n: call((2, n), (3, n), (3,)),
    "add_n": lambda n: call(*[(2,)] * n),
    "scatter_add": lambda n: call((2,), Ints((n,), 0, 2), (n,), axis=0),
}
"""A call whose sums have n terms (or whose blocks end at n)."""
