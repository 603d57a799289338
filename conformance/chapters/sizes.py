"""Family ``sizes``: calls as large as those for which a backend has blocks, tiles and threads, against the definitions.

Definitions are slow, so most of these repeat a small call along axes whose elements know nothing of each other: what is
right of the small one, repeated, is right of the large one. What is a sum, or moves elements, is judged as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from random import Random

from rcmlrs_core.creation import from_plain
from rcmlrs_core.errors import IntegerRangeError
from rcmlrs_core.ops.calls import Bools, Call, Ints, call, product
from rcmlrs_core.ops.op import Composition, Elementwise, Operation, Reduction
from rcmlrs_core.plain import FLOAT32, INT32, ITEMSIZE, PlainArray, Shape

from ..bits import floats
from ..examine import Examiner
from ..inputs.elements import EDGES
from ..inputs.generators import LONGEST_SQUARE, accepted, attribute_samples, drawn
from ..inputs.samples import filled, operand
from ..inputs.trial import Trial, array_of, size
from ..judge.definition import Outcome, expected
from ..subjects import Case, Cases, Level
from .relations import LAYER, Cut, Relation, along, results_of, results_on

SIZES = "sizes"
"""The family, from the standard level on."""

MANY = {"standard": (1 << 15) + (1 << 13), "deep": (1 << 17) + (1 << 13)}
"""About so many elements has what is repeated: more than whoever cuts has in one piece."""

LONG = {"standard": 1500, "deep": 5000}
"""Elements of a row."""

LESS_LONG = {"prod_derivative": 70}
"""Of these, whose definition takes a product of all others for each element."""

_ROWS = Cut((0, None), 0)
_COLUMNS = Cut((None, 1), 1)

REPEATED: dict[str, tuple[tuple[Call, tuple[Cut, ...]], ...]] = {
    "matmul": (
        (product((7, 33), (33, 5)), (_ROWS, _COLUMNS)),
        (product((3, 7, 33), (3, 33, 5)), (Cut((0, 0), 0),)),
        (product((3, 7, 9), (9, 5)), (Cut((1, None), 1), Cut((None, 1), 2))),
        (product((9,), (9, 5)), (Cut((None, 1), 0),)),
        (product((7, 9), (9,)), (Cut((0, None), 0),)),
        (product((1, 9), (9, 5)), (_COLUMNS,)),
        (product((7, 9), (9, 1)), (_ROWS,)),
    ),
    "linear": tuple((call((7, 33), (5, 33), *bias), LAYER) for bias in ([(5,)], [])),
    "conv": (
        (call((2, 3, 5, 4), (3, 3, 3, 2), (3,)), LAYER),
        (call((2, 16, 5, 5), (2, 16, 3, 3)), LAYER),
        (call((2, 3, 5, 5), (3, 3, 1, 1), (3,), stride=2), LAYER),
        (call((2, 4, 9), (4, 2, 3), (4,), groups=2, dilation=2), LAYER[:1]),
    ),
    "where": ((call(Bools((7, 1)), (7, 5), (5,)), (Cut((0, 0, None), 0), Cut((None, 1, 0), 1))),),
    "take": ((call((7, 5), Ints((9,), 0, 7)), (Cut((None, 0), 0), Cut((1, None), 1))),),
    "scatter_add": ((call((5, 3), Ints((9, 3), 0, 5), (9, 3), axis=0), (Cut((1, 1, 1), 1),)),),
    "segment_sum": ((call((9, 3), Ints((9,), 0, 4), num_segments=4), (Cut((1, None), 1),)),),
    "one_hot": ((call(Ints((9,), 0, 7), classes=7), (Cut((0,), 0),)),),
}
"""Small calls, and how each may be cut: so it may be repeated."""

AS_IT_IS: dict[str, tuple[Call, ...]] = {
    "matmul": (
        product((2, 1500), (1500, 3)),
        product((1500,), (1500,)),
        product((5, 1, 9, 17), (3, 17, 2)),
        product((2, 1, 2, 3, 4), (3, 1, 4, 2)),
    ),
    "linear": (call((2, 3, 700), (3, 700), (3,)),),
    "conv": (
        call((1, 70, 3, 3), (2, 70, 3, 3)),
        call((1, 16, 5), (16, 1, 3), groups=16),
        call((2, 3, 9, 1), (2, 3, 3, 1), (2,)),
        call((1, 2, 9, 9), (3, 2, 5, 5), (3,), stride=(2, 1), dilation=(1, 2)),
    ),
    "scatter_add": (call((300, 2), Ints((900, 2), 0, 300), (900, 2), axis=0),),
    "segment_sum": (call((900, 2), Ints((900,), 0, 300), num_segments=300),),
    "gather": (
        call((40, 70), Ints((30, 70), 0, 40), axis=0),
        call((9, 300), Ints((9, 500), 0, 300), axis=1),
        call((2, 3, 4, 5), Ints((2, 3, 4, 5), 0, 4), axis=2),
    ),
    "take": (call((70, 40), Ints((5, 30), 0, 40), axis=1), call((2, 3, 4, 5), Ints((9,), 0, 4), axis=2)),
    "concat": (
        call(*[(33, n) for n in (17, 1, 40, 0, 65)], axis=1),
        call(*[(2, 3, n, 5) for n in (4, 1, 2)], axis=2),
        call(*[(700,)] * 5),
    ),
    "transpose": (
        call((70, 131)),
        call((3, 33, 40), axes=(1, 2, 0)),
        call((5, 4, 17, 9), axes=(2, 0, 3, 1)),
        call((2, 3, 4, 5, 3), axes=(4, 1, 3, 0, 2)),
    ),
    "reshape": (call((70, 131), shape=(131, 70)), call((2, 3, 4, 5, 3), shape=(9, 40))),
    "broadcast_to": (call((1, 70), shape=(60, 70)), call((70, 1), shape=(70, 65)), call((1, 4, 1), shape=(5, 3, 4, 7))),
    "roll": (
        call((5000,), shift=1234),
        call((40, 70), shift=33, axis=1),
        call((2, 3, 4, 5), shift=(1, -2), axis=(0, 3)),
    ),
    "repeat": (call((700,), repeats=7), call((40, 7), repeats=9, axis=1), call((2, 3, 4, 3), repeats=2, axis=2)),
    "tile": (call((700,), repetitions=7), call((40, 7), repetitions=(3, 9)), call((2, 3, 4), repetitions=(2, 1, 3, 2))),
    "slice": (
        call((5000,), start=(3,), stop=(4990,), step=(7,)),
        call((70, 90), start=(1, 2), stop=(66, 89), step=(3, 2)),
        call((3, 4, 5, 6), start=(1, 0, 1, 2), stop=(3, 4, 5, 6), step=(1, 3, 2, 2)),
    ),
    "flip": (call((5000,)), call((40, 70), axis=1), call((2, 3, 4, 5, 2), axis=(1, 3))),
    "pad": (call((40, 70), widths=((1, 2), (3, 1))), call((2, 3, 4), widths=1, interior=(1, 0, 2))),
    "subscript": (
        call((5000,), items=((4990, 3, -7),)),
        call((70, 90), items=((1, 65, 3), (None, None, 2))),
        call((3, 4, 5, 6), items=(1, (None, None, -1), (1, 5, 2), ...)),
        call((2, 3, 4, 5, 3), items=(..., 1, (0, 3, 2))),
    ),
    "astype": tuple(call(kind, dtype="float32") for kind in (Ints((5000,), -(2**31), 2**31), Bools((70, 71)))),
    "where": (call(Bools((2, 1, 4, 1)), (3, 1, 5), (2, 3, 4, 5)),),
}
"""Calls that the definitions are quick enough for: long sums, and what moves elements in many ways."""


def families(operation: Operation, level: Level) -> dict[str, Cases]:
    """One, of what has a kernel: compositions are made of these."""
    if not level.reaches("standard") or isinstance(operation, Composition):
        return {}
    described = isinstance(operation, Elementwise | Reduction) and not operation.calls
    if not described and operation.name not in {"searchsorted", *REPEATED, *AS_IT_IS}:
        return {}
    return {SIZES: lambda seed, level: _cases(operation, seed, level)}


def _cases(operation: Operation, seed: int, level: Level) -> Iterator[Case]:
    rng = Random(f"rcmlrs conformance {seed} {operation.name} {SIZES}")
    many = level.of(MANY)
    for how, cuts in REPEATED.get(operation.name, ()):
        yield Repeated(filled(rng, operation, how), cuts, many)
    for how in AS_IT_IS.get(operation.name, ()):
        family = "moved" if operation.data == "moves" else "gaussian"
        yield Trial(operation, SIZES, drawn(rng, family, how), dict(how.attributes))
    if operation.name == "searchsorted":
        yield from _places(rng, operation)
    if isinstance(operation, Elementwise) and not operation.calls:
        yield from _elementwise(rng, operation, many)
    elif isinstance(operation, Reduction) and not operation.calls:
        yield from _reduction(rng, operation, many, level.of(LONG))


@dataclass(frozen=True, eq=False)
class Repeated(Relation):
    """A call that is repeated along ``cuts``, until it has about ``many`` elements, gives its result so repeated."""

    cuts: tuple[Cut, ...]
    many: int
    kind = "a result that depends on the size"

    def hold(self, examiner: Examiner) -> None:
        """The definition's result of the small call, and the backend's of the large one."""
        (want,) = examiner.expected(self.trial)
        operands = self.trial.operands
        told = []
        times = round((self.many / max(1, size(want.shape))) ** (1 / len(self.cuts)))
        for cut in self.cuts:
            operands = along(operands, cut.operands, partial(_repeated, times=times))
            raw = _repeated_bytes(want.raw, want.shape, cut.result, times, ITEMSIZE[want.dtype])
            want = Outcome(_longer(want.shape, cut.result, times), want.dtype, raw)
            told.append(f"{times} times along axis {cut.result}")
        large = Trial(self.trial.operation, SIZES, operands, self.trial.attributes)
        got = results_of(large)
        examiner.saw(*got)
        self.same(examiner, f"the result of this, {' and '.join(told)},", (want,), got)


def _places(rng: Random, operation: Operation) -> Iterator[Case]:
    """In a long sorted row, of which many elements are equal."""
    some = operand(rng, (70,), FLOAT32)
    x = PlainArray.of(sorted(rng.choices(some.values, k=900)), (900,))
    for side in ("left", "right"):
        yield Trial(operation, SIZES, (x, some), {"side": side})


@dataclass(frozen=True, eq=False)
class OneOperand(Relation):
    """A call of which one tensor is every operand."""

    kind = "a result that depends on whether operands are one tensor"

    def hold(self, examiner: Examiner) -> None:
        """The definition's result, and the backend's."""
        want = examiner.expected(self.trial)
        got = results_on(self.trial, [from_plain(self.trial.operands[0])] * len(self.trial.operands))
        examiner.saw(*got)
        self.same(examiner, "the result with one tensor in the place of each operand", want, got)


def _repeated(x: PlainArray, axis: int, times: int) -> PlainArray:
    """The operand, again and again along an axis."""
    raw = _repeated_bytes(x.values.tobytes(), x.shape, axis, times, x.values.itemsize)
    return PlainArray.frombytes(raw, _longer(x.shape, axis, times), x.dtype)


def _repeated_bytes(raw: bytes, shape: Shape, axis: int, times: int, itemsize: int) -> bytes:
    row = itemsize * size(shape[axis:])
    return b"".join(raw[start : start + row] * times for start in range(0, len(raw), row or 1))


def _longer(shape: Shape, axis: int, times: int) -> Shape:
    return (*shape[:axis], shape[axis] * times, *shape[axis + 1 :])


# -------------------------------------------------------------------------------------------------- by their form

BROADCAST: tuple[tuple[tuple[Shape, ...], tuple[Cut, ...]], ...] = (
    (((5, 1), (1, 7), ()), (Cut((0, None, None), 0), Cut((None, 1, None), 1))),
    (((5, 7), (7,), (5, 1)), (Cut((0, None, 0), 0), Cut((1, 0, None), 1))),
    (((5, 7), (5, 1), ()), (Cut((0, 0, None), 0), Cut((1, None, None), 1))),
    (((37,), (), ()), (Cut((0, None, None), 0),)),
    (((), (37,), (37,)), (Cut((None, 0, 0), 0),)),
    (((3, 1, 7), (3, 5, 1), (7,)), (Cut((0, 0, None), 0), Cut((2, None, 0), 2))),
    (((2, 1, 3, 1, 2), (1, 4, 1, 3, 2), ()), (Cut((0, None, None), 0), Cut((None, 3, None), 3))),
)
"""Shapes that broadcast, and how they may be cut."""


def _elementwise(rng: Random, operation: Elementwise, many: int) -> Iterator[Case]:
    arity = operation.arity or 3
    every = (0,) * arity
    layouts: list[tuple[tuple[Shape, ...], tuple[Cut, ...]]] = [
        (((37,),) * arity, (Cut(every, 0),)),
        (((2, 3, 17),) * arity, (Cut(every, 0),)),
    ]
    if arity > 1:
        layouts += [(shapes[:arity], cuts) for shapes, cuts in BROADCAST]
    for dtype in operation.takes:
        for shapes, cuts in layouts:
            operands = tuple(_operand(rng, shape, dtype) for shape in shapes)
            yield Repeated(_called(rng, operation, operands), cuts, many)
        if arity > 1:
            x = floats(rng.sample(EDGES, 37), (37,)) if dtype == FLOAT32 else _operand(rng, (37,), dtype)
            operands = (x,) * arity
            yield OneOperand(_called(rng, operation, operands))


def _called(rng: Random, operation: Elementwise, operands: tuple[PlainArray, ...]) -> Trial:
    """With attributes that give a result: of integers to a negative power, say, there is none."""
    samples = attribute_samples(operation)
    for attributes in rng.sample(samples, len(samples)):
        trial = Trial(operation, SIZES, operands, attributes)
        try:
            expected(trial)
        except IntegerRangeError:
            continue
        return trial
    raise AssertionError(f"no sample of {operation.name} has a result")


def _operand(rng: Random, shape: Shape, dtype: str) -> PlainArray:
    """Of int32, numbers by which one may divide, too."""
    if dtype == INT32:
        return array_of([rng.randint(1, 7) for _ in range(size(shape))], shape, dtype)
    return operand(rng, shape, dtype)


def _reduction(rng: Random, operation: Reduction, many: int, long: int) -> Iterator[Case]:
    """Many short rows, a few long ones; rows that are several axes of more."""

    def of(shape: Shape, axis: int | tuple[int, ...], dtype: str) -> Trial:
        x = _operand(rng, shape, dtype)
        return Trial(operation, SIZES, (x,), accepted(rng, operation, x, {"axis": axis}))

    n = LONGEST_SQUARE if operation.squares else LESS_LONG.get(operation.name, long)
    for dtype in operation.takes:
        yield Repeated(of((3, 5), 1, dtype), (Cut((0,), 0),), many)
        if not operation.squares:
            yield Repeated(of((5, 3), 0, dtype), (Cut((1,), 1 if operation.maps else 0),), many)
        yield of((2, n), 1, dtype)
        yield of((n, 2), 0, dtype)
        yield of((2, 3, 4, 5), 2, dtype)
        if not operation.one_axis:
            for shape in ((3, 4, 5), (3, 4, 2, 5)):
                for count in range(2, len(shape)):
                    yield from (of(shape, axes, dtype) for axes in combinations(range(len(shape)), count))
