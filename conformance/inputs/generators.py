"""Which trials an operation gets, by its form or by the calls that its file lists.

``families_of`` lists for an operation the families of trials that there are for it, by name. Each has randomness of its
own, made of the seed, the operation and the family, so that any of them can be run alone and gives the same arguments.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from rcmlrs_core.errors import AttributeValueError, IntegerRangeError
from rcmlrs_core.ops.calls import Call, Floats, Ints
from rcmlrs_core.ops.op import Composition, Elementwise, Operation, Reduction
from rcmlrs_core.plain import BOOL, FLOAT32, INT32, PlainArray, Shape

from ..bits import floats
from ..subjects import Level
from . import elements, rows
from .trial import Trial, array_of, plain, size

Trials = Callable[[Random, Level], Iterator[Trial]]


def families_of(operation: Operation) -> dict[str, Trials]:
    """The families of trials of ``operation``: its cases, if it has any, and what its form or its calls give."""
    found: dict[str, Trials] = {}
    if operation.cases:
        found["cases"] = lambda rng, level: cases(operation)
    if operation.calls:
        found |= _called(operation)
    elif isinstance(operation, Elementwise):
        found |= _elementwise(operation)
    elif isinstance(operation, Reduction):
        found |= _reduction(operation)
    return found


def has_random_trials(operation: Operation) -> bool:
    """Whether anything but the operation's own cases is tried."""
    return bool(families_of(operation).keys() - {"cases"})


def trials(operation: Operation, family: str, level: Level, seed: int) -> Iterator[Trial]:
    """The trials of one family, the same ones for the same seed and level, whatever else is run."""
    rng = Random(f"rcmlrs conformance {seed} {operation.name} {family}")
    return families_of(operation)[family](rng, level)


def cases(operation: Operation) -> Iterator[Trial]:
    """The operation's own cases."""
    for case in operation.cases:
        operands = tuple(plain(x) for x in case.inputs if x is not None)
        yield Trial(operation, "cases", operands, case.attributes, want=case.want, note=case.note)


# ----------------------------------------------------------------------------------------------- elementwise

UNARY_SHAPES: tuple[tuple[Shape, ...], ...] = (((),), ((0,),), ((1,),), ((2, 3),), ((2, 0, 3),), ((3, 1, 2, 2),))
BROADCAST_SHAPES: tuple[tuple[Shape, ...], ...] = (
    ((), ()),
    ((), (5,)),
    ((5,), ()),
    ((0,), (1,)),
    ((3,), (3,)),
    ((3, 1), (1, 4)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((1, 1), (7,)),
    ((4, 1, 2), (3, 1)),
    ((2, 0), (2, 1)),
    ((1, 2, 1, 3), (2, 1, 5, 1)),
)


def _elementwise(operation: Elementwise) -> dict[str, Trials]:
    found: dict[str, Trials] = {}
    for dtype in operation.takes:
        for name, family in ELEMENT_FAMILIES[dtype].items():
            if name != "neighbours" or operation.arity > 1:
                label = name if dtype == operation.takes[0] else f"{dtype}-{name}"
                found[label] = _in_one_row(operation, label, dtype, family)
    found["lengths"] = _lengths(operation)
    found["shapes"] = _shapes(operation)
    return found


ELEMENT_FAMILIES = {FLOAT32: elements.FAMILIES, INT32: elements.INT32_FAMILIES, BOOL: elements.BOOL_FAMILIES}


def _in_one_row(operation: Elementwise, label: str, dtype: str, family: elements.Family) -> Trials:
    def make(rng: Random, level: Level) -> Iterator[Trial]:
        samples = attribute_samples(operation)
        for attributes in samples:
            columns = family(rng, max(level.elements // len(samples), 16), operation.arity)
            for some in fitting_and_not(operation, columns, attributes, dtype):
                operands = tuple(array_of(column, (len(column),), dtype) for column in some)
                yield Trial(operation, label, operands, attributes)

    return make


REFUSED = 3
"""Trials of a row of int32 elements of which the last has no result."""


def fitting_and_not(
    operation: Elementwise, columns: elements.Columns, attributes: dict[str, Any], dtype: str
) -> Iterator[elements.Columns]:
    """Where results are int32 and may not fit: the elements whose results do; and some rows of which one does not."""
    if dtype != INT32 or operation.integers is None:
        yield columns
        return
    fitting: list[tuple[int, ...]] = []
    refused: list[tuple[int, ...]] = []
    for words in zip(*columns, strict=True):
        (fitting if fits(operation, words, attributes) else refused).append(words)
    yield elements.columns(fitting, operation.arity)
    for words in evenly(refused, REFUSED):
        yield elements.columns([*fitting[:2], words], operation.arity)


def evenly(items: list[Any], count: int) -> list[Any]:
    """Some of the items, evenly spaced: it takes nothing of the randomness that the next trials have."""
    return items[:: max(1, len(items) // count)][:count]


def fits(operation: Elementwise, words: tuple[int, ...], attributes: dict[str, Any]) -> bool:
    """Whether the result of these int32 elements is an int32."""
    operands = [array_of([word], (1,), INT32) for word in words]
    normal = operation.check(*operands, **attributes).attributes
    try:
        operation.define(*operands, **normal)
    except (IntegerRangeError, AttributeValueError):
        return False
    return True


def _lengths(operation: Elementwise) -> Trials:
    """Every length up to some ends of blocks: a kernel that works on blocks has tails."""

    def make(rng: Random, level: Level) -> Iterator[Trial]:
        dtype, samples = operation.takes[0], attribute_samples(operation)
        longest = max(level.lengths)
        families = [*ELEMENT_FAMILIES[dtype].values()]
        columns: elements.Columns = [[] for _ in range(operation.arity)]
        attributes = samples[0] if dtype == INT32 else {}
        while len(columns[0]) < longest:
            drawn = rng.choice(families)(rng, 8, operation.arity)
            some = next(fitting_and_not(operation, drawn, attributes, dtype))
            for column, more in zip(columns, some, strict=True):
                column += more[:8]
        attributes = attributes or rng.choice(samples)
        whole = Trial(operation, "lengths", _row_operands(columns, longest, dtype), attributes)
        for n in level.lengths:
            yield Trial(operation, "lengths", _row_operands(columns, n, dtype), whole.attributes, prefix_of=whole)

    return make


def _row_operands(columns: elements.Columns, n: int, dtype: str) -> tuple[PlainArray, ...]:
    return tuple(array_of(column[:n], (n,), dtype) for column in columns)


def _shapes(operation: Elementwise) -> Trials:
    """Shapes of no, one and several axes, empty ones, and operands that broadcast against each other."""

    def make(rng: Random, level: Level) -> Iterator[Trial]:
        arity, dtype = operation.arity, operation.takes[0]
        samples = attribute_samples(operation)
        family = [*ELEMENT_FAMILIES[dtype].values()][-1 if dtype != FLOAT32 else 4]
        for shapes in UNARY_SHAPES if arity == 1 else BROADCAST_SHAPES:
            chosen = [shapes[i % len(shapes)] for i in range(arity)]
            operands = tuple(array_of(family(rng, size(s), 1)[0][: size(s)], s, dtype) for s in chosen)
            yield Trial(operation, "shapes", operands, rng.choice(samples))

    return make


def attribute_samples(operation: Operation) -> list[dict[str, Any]]:
    """Values of the attributes to try."""
    return list(operation.samples)


# ------------------------------------------------------------------------------------------------ reductions


def _reduction(operation: Reduction) -> dict[str, Trials]:
    found = {name: _row_family(operation, name) for name in rows.FAMILIES}
    found["lengths"] = _row_lengths(operation)
    found["axes"] = _axes(operation)
    if INT32 in operation.takes or BOOL in operation.takes:
        found["types"] = _other_types(operation)
    return found


LONGEST_SQUARE = 9
"""The rows of operations that give a row for each element."""


def _usable(operation: Reduction, lengths: tuple[int, ...]) -> list[int]:
    return [n for n in lengths if (n or not operation.empty) and not (operation.squares and n > LONGEST_SQUARE)]


def accepted(rng: Random, operation: Reduction, x: PlainArray, given: dict[str, Any]) -> dict[str, Any]:
    """``given`` and attributes drawn from the samples: such as rows of this length take (a correction may not)."""
    samples = attribute_samples(operation)
    for attributes in rng.sample(samples, len(samples)):
        try:
            operation.check(x, **given, **attributes)
        except AttributeValueError:
            continue
        return given | attributes
    return given


def _row_family(operation: Reduction, name: str) -> Trials:
    """Rows of one family, along the last axis, the first, and one in the middle."""

    def make(rng: Random, level: Level) -> Iterator[Trial]:
        lengths = [n for n in _usable(operation, level.lengths) if n]
        layouts: tuple[tuple[Callable[[int], Shape], int], ...] = (
            (lambda n: (3, n), -1),
            (lambda n: (n, 2), 0),
            (lambda n: (n,), 0),
            (lambda n: (2, n, 2), 1),
        )
        for i in range(level.few_lengths * level.rounds):
            shape, axis = layouts[i % len(layouts)]
            n = rng.choice(lengths)
            x = filled(rng, rows.FAMILIES[name], shape(n), axis)
            yield Trial(operation, name, (x,), accepted(rng, operation, x, {"axis": axis}))

    return make


def _row_lengths(operation: Reduction) -> Trials:
    """A row of every length, each of a family drawn at random."""

    def make(rng: Random, level: Level) -> Iterator[Trial]:
        for n in _usable(operation, level.lengths):
            x = filled(rng, rows.FAMILIES[rng.choice(STEADY)], (n,), 0)
            yield Trial(operation, "lengths", (x,), accepted(rng, operation, x, {"axis": 0}))

    return make


STEADY = ("gaussian", "large_integers", "bf16", "ties", "cancellation", "exponents", "few")
"""Families in which every element of a row matters to the result."""


def _axes(operation: Reduction) -> Trials:
    """Every axis, several axes, all of them; kept and not; empty shapes, where they are not refused."""

    def make(rng: Random, level: Level) -> Iterator[Trial]:
        for shape in ((), (4,), (2, 3), (2, 3, 2), (1, 1), (0,), (0, 2), (2, 0), (2, 1, 0)):
            for axis in _axis_choices(operation, shape):
                reduced = shape if axis is None else [shape[a] for a in (axis if isinstance(axis, tuple) else (axis,))]
                length = size(tuple(reduced))
                if (length == 0 and operation.empty) or (operation.squares and length > LONGEST_SQUARE):
                    continue
                given = {"axis": axis} | ({"keepdims": bool(rng.getrandbits(1))} if operation.keeps else {})
                x = filled(rng, rows.near_one, shape)
                yield Trial(operation, "axes", (x,), accepted(rng, operation, x, given))

    return make


def _axis_choices(operation: Reduction, shape: Shape) -> list[Any]:
    rank = len(shape)
    choices: list[Any] = [*range(-rank, rank)]
    if rank == 1 or not operation.needs_axis:
        choices.append(None)
    if not operation.one_axis and rank > 1:
        choices += [(0, rank - 1), tuple(range(rank))]
    return choices


def _other_types(operation: Reduction) -> Trials:
    """Operands of int32 and bool, where they are taken."""

    def make(rng: Random, level: Level) -> Iterator[Trial]:
        for dtype in operation.takes:
            if dtype != FLOAT32:
                for n in (1, 2, 5, 17):
                    words = [rng.getrandbits(1) if dtype == BOOL else rng.randint(0, 5) for _ in range(2 * n)]
                    x = array_of(words, (2, n), dtype)
                    yield Trial(operation, "types", (x,), accepted(rng, operation, x, {"axis": 1}))
                    if dtype == INT32:
                        words = [rng.getrandbits(32) if rng.getrandbits(3) else 1 << 31 for _ in range(2 * n)]
                        x = array_of(words, (n, 2), dtype)
                        yield Trial(operation, "types", (x,), accepted(rng, operation, x, {"axis": 0}))

    return make


def filled(rng: Random, family: rows.Family, shape: Shape, axis: int = -1) -> PlainArray:
    """A float32 array whose lines along ``axis`` are rows of the family."""
    if not shape:
        return floats(family(rng, 1), ())
    axis %= len(shape)
    length, inner = shape[axis], size(shape[axis + 1 :])
    words = [0] * size(shape)
    for start in range(0, len(words), max(1, length * inner)):
        for offset in range(inner):
            words[start + offset : start + length * inner : inner] = family(rng, length)
    return floats(words, shape)


# -------------------------------------------------------------------------------------- by calls: everything else

SUMS = (
    "gaussian", "integers", "large_integers", "bf16", "one_hot", "half_zero", "zeros", "cancellation", "mixed",
    "subnormals", "huge", "ties", "specials", "edges", "bits",
)  # fmt: skip

KINDS = {
    "sums": SUMS,
    "moves": ("moved", "int32", "bool"),
    "float_moves": ("moved",),
    "few": ("gaussian", "integers", "specials"),
}
"""The families that fill an operation's calls, by the kind of data that its file asks for."""


def _called(operation: Operation) -> dict[str, Trials]:
    found = {name: _calls(operation, name) for name in KINDS[operation.data]}
    if operation.of_length:
        found["lengths"] = _lengths_of_calls(operation.of_length, operation)
    return found


def _calls(operation: Operation, name: str) -> Trials:
    def make(rng: Random, level: Level) -> Iterator[Trial]:
        for _ in range(level.rounds if not isinstance(operation, Composition) else max(1, level.rounds // 2)):
            for call in operation.calls:
                yield Trial(operation, name, drawn(rng, name, call), call.attributes)

    return make


def _lengths_of_calls(of_length: Callable[[int], Call], operation: Operation) -> Trials:
    def make(rng: Random, level: Level) -> Iterator[Trial]:
        for n in level.lengths:
            if n:
                call = of_length(n)
                yield Trial(operation, "lengths", drawn(rng, rng.choice(STEADY), call), call.attributes)

    return make


def drawn(rng: Random, family: str, call: Call) -> tuple[PlainArray, ...]:
    """Operands as the call asks for: the first of float32 of the family, the others of what stands beside it."""
    operands: list[PlainArray] = []
    first = True
    for data in call.operands:
        if isinstance(data, Floats):
            if family in MOVED_TYPES:
                operands.append(
                    array_of(MOVED_TYPES[family][1](rng, size(data.shape)), data.shape, MOVED_TYPES[family][0])
                )
                continue
            chosen = rows.FAMILIES[family] if first else rows.BESIDE.get(family, rows.FAMILIES[family])
            operands.append(filled(rng, chosen, data.shape, data.axis))
            first = False
        elif isinstance(data, Ints):
            operands.append(integers(rng, data))
        else:
            operands.append(PlainArray.of([rng.getrandbits(1) for _ in range(size(data.shape))], data.shape, BOOL))
    return tuple(operands)


def integers(rng: Random, data: Ints) -> PlainArray:
    """An int32 operand of a call."""
    return PlainArray.of([rng.randrange(data.low, data.high) for _ in range(size(data.shape))], data.shape, INT32)


MOVED_TYPES: dict[str, tuple[str, rows.Family]] = {
    "moved": (FLOAT32, lambda rng, n: elements.random_bits(rng, n, 1)[0]),
    "int32": (INT32, lambda rng, n: elements.random_bits(rng, n, 1)[0]),
    "bool": (BOOL, lambda rng, n: [rng.getrandbits(1) for _ in range(n)]),
}
"""Families for operations that move elements of every type: any bits, of each type."""
